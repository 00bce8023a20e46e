"""Several models on several data sets in one command, in AISBench's ways (`ais_bench`)."""
