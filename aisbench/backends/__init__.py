"""How it is asked, and how the answer streams: one file per API family, one registry."""
