"""Evaluates a served model: asks the questions of tasks through the load engine, and scores the answers."""
