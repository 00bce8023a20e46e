"""Prompts that share prefixes, such that a prefix cache of known blocks finds a known part of them."""
