"""Declares options: one entry gives an option's flags, checks, help and documentation."""
