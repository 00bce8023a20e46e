"""Searches for the load at which a server saturates: measures steps, chooses the next load, and reports the answer."""
