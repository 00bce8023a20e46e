"""The commands that carry out studies of several runs."""
