"""Stores that are filled once, kept as templates, and copied for each trial."""
