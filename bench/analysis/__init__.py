"""What the records mean: pure functions from records to estimates, comparisons and findings."""
