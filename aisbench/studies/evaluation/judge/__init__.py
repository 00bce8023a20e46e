"""Scores answers by the verdicts of a second model, the judge."""
