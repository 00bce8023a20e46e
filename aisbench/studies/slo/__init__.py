"""Bounds on what runs measured (`--slo`): their language, and whether figures keep them."""
