"""A cache of prepared workloads, from which later runs with the same options begin at once."""
