"""Turns recorded requests into sessions, and sessions into a file."""
