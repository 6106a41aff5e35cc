"""How the result is told, one file for each form."""
