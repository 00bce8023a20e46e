"""Samplers of accelerators during a run: load, memory, power."""
