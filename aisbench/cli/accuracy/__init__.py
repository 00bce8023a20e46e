"""The commands on accuracy."""
