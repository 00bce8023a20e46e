"""Workloads that are made once: for the runs of a study, and, in a cache, for later runs with the same options."""
