"""Sessions: requests of one user or agent that build on each other, and the files they are read from."""
