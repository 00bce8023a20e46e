"""Masks secrets in whatever is written or shown."""
