"""What every reporter is made of: numbers, words, tables, plots, the page."""
