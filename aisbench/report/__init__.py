"""Numbers for people and files: console, live view, files, HTML."""
