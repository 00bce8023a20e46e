"""Flags of other clients: what they mean for a run, or what to use instead."""
