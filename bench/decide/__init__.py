"""A decision between savers: what drives it, how it is made, its record."""
