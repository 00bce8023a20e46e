"""The rules of AISBench 3.1, for comparison with its scores."""
