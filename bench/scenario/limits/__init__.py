"""Limits of figures: how they are written, and those that a scenario asks for."""
