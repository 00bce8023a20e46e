"""Results of several runs, of this program or of others, side by side."""
