"""Evaluations side by side: which of two models answers the same questions better, question by question."""
