"""Finds the code in a model's answer, and runs it with tests in a confined process."""
