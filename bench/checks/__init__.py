"""What is checked of each subject once in a run, outside the timed trials."""
