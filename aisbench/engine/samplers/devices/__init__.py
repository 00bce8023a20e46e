"""What accelerators say of themselves while a run goes on: load, memory, power."""
