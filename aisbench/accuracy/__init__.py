"""Accuracy of answers: the tasks, how an answer is extracted, and how it is scored. Nothing here sends a request."""
