"""Database servers, one file each: embedded (ours) or external (the user's)."""
