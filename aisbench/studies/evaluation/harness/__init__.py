"""Runs tasks of lm-evaluation-harness, which makes the requests and the scores; the load engine sends the requests."""
