"""Dialects: the requests and responses of each API, one file per family."""
