"""The data sets with known answers, one file each or one per family."""
