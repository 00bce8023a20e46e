"""Backends: how each API is asked and how its answer streams, one file per API family, one registry."""
