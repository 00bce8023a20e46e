"""Tasks of lm-evaluation-harness: it makes the requests and the scores, the load engine asks."""
