"""Verbs that measure, or say what would be."""
