"""Scores of the answers at each load of a search."""
