"""Accuracy of a served model: asks the questions of tasks through the load engine, keeps and scores the answers."""
