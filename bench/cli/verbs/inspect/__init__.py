"""Verbs that show what is here."""
