"""The commands that measure accuracy."""
