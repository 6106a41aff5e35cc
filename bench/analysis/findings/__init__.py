"""Reasons to distrust a number, one small function each."""
