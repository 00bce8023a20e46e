"""Metrics that need more than an equal answer: run code, follow instructions, overlap of texts."""
