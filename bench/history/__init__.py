"""Runs of one scenario at different times: what has changed from one to the next."""
