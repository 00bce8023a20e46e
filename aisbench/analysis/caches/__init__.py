"""The prefix cache of a run: what caches of several kinds would have found in its prompts, beside what was found."""
