"""Tasks with known answers: how questions are read, and how answers are extracted and scored. Sends no requests."""
