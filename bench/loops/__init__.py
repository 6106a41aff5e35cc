"""Event loops, one file each."""
