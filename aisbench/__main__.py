"""Runs `aisbench` as `python -m aisbench`."""

from aisbench.cli.main import main

if __name__ == "__main__":
    main()
