"""The words of published posts, by which a search that finds nothing guesses what was meant."""
