"""Reasons to distrust a number, one small function each; ``bench.analysis.validity`` lists them."""
