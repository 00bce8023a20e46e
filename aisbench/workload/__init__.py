"""What is asked, and when: arrival plans, prompts, encoded request bodies."""
