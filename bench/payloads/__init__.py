"""What a state looks like, one file for each kind."""
