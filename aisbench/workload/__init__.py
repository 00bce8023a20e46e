"""Workloads: arrival plans, prompts, encoded request bodies."""
