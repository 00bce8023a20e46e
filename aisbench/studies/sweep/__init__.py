"""Runs a load at every point of a grid of options, and shows which points no other beats."""
