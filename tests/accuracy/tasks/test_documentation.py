"""The table of docs/accuracy.md is that of the registry. `python -m tests.accuracy.tasks.test_documentation` prints it."""

from __future__ import annotations

import re
from pathlib import Path

from aisbench.accuracy.tasks.registry import NAMES, task_named

PAGE = Path(__file__).parents[3] / "docs" / "accuracy.md"
_PATH = re.compile(r"[\w*.-]*(?:[/*_][\w*./-]*|\.(?:csv|json|jsonl|lst|tsv|parquet|txt|meta))[\w*./-]*\w")


def table() -> str:
    lines = ["| name | what it tests | files |", "|---|---|---|"]
    for name in NAMES:
        task = task_named(name)
        files = "<br>".join(_PATH.sub(lambda match: f"`{match[0]}`", line) for line in task.files)
        lines.append(f"| `{name}` | {task.about} | {files} |")
    return "\n".join(lines) + "\n"


def test_the_page_has_every_data_set() -> None:
    assert table() in PAGE.read_text()


if __name__ == "__main__":
    print(table(), end="")
