"""Takes finished runs elsewhere: to object stores and to trackers of experiments."""
