"""Data sets of mathematical problems."""
