"""`python -m aisbench` is `aisbench`."""

from aisbench.cli.main import main

if __name__ == "__main__":
    main()
