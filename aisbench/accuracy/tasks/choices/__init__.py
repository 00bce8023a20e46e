"""Data sets of multiple-choice questions."""
