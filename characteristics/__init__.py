"""How well the gate tells a slow saver from a noisy machine, by resampling recorded trials."""
