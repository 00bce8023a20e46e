"""The samples of tests/data/accuracy in every layout that a task names."""
