"""Computes metrics, series and the verdict from the records of a run."""
