"""Figures of aisbench over its commits, kept in bench/history.csv: `python -m bench.history`."""
