"""What an answer says in the end, extracted from a model's output by documented rules."""
