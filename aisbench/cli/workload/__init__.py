"""The commands about workloads: what is sent, not how fast the server answers."""
