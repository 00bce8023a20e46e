"""Measured comparisons. Each prints a table; docs/measurements.md holds what they gave, with the commands."""
