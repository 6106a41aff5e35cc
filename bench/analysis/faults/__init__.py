"""What the trials mean that were broken on purpose; none of their times is compared."""
