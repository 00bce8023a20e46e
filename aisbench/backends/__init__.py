"""Backends: request bodies and reading rules, one file per API family, and a registry of their names."""
