"""What to measure: pure data, written by people, checked when it is read."""
