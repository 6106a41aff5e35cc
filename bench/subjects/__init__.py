"""Savers under test, one file each."""
