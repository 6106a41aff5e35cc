"""Verbs that say what recorded runs mean."""
