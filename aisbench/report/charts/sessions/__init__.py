"""Charts of sessions: in lanes over time, by turn, and by how much of a prompt was cached."""
