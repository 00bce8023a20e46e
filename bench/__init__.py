"""Measured comparisons. Each prints a table; docs/measurements.md has the commands and their results."""
