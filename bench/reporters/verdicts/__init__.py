"""Verdicts on published claims, told on a screen, as Markdown and for programs."""
