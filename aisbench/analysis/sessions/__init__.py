"""Sessions: one by one, by turn, and by how much of a prompt was in the prefix cache."""
