"""A decision between savers, told as an architecture decision record and on a screen."""
