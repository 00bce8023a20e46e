"""Statistics of samples, their confidence intervals, and the distributions behind both."""
