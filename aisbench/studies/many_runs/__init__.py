"""What studies of several runs share: one run after another on the same servers, and going on after an interruption."""
