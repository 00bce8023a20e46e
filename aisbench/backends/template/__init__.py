"""Backends that a file describes: a TOML file with the paths of answers and a Jinja template of the bodies."""
