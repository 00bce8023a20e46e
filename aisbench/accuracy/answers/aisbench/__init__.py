"""The rules of AISBench 3.1, so that old scores can be compared."""
