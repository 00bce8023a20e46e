"""Compares the results of several runs, by aisbench or by other tools."""
