"""Figures of samples, their uncertainty, and the distributions behind both."""
