"""Metrics beyond an equal answer: running code, checking instructions, comparing texts and function calls."""
