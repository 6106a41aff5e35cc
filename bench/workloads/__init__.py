"""What one client does, one file each."""
