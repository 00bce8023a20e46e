"""Compares two sweeps point by point."""
