"""Code that a model wrote: finding it in an answer, and running it with tests in a confined process."""
