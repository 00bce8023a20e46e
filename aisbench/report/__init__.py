"""Reports on a run: console text, pages, figures and files."""
