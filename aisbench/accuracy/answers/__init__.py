"""Extracts the final answer from a model's output, by documented rules."""
