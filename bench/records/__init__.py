"""What was measured: written once by ``bench.measure``, read by everything after it."""
