"""Dialects: how each API asks and answers, one file per family."""
