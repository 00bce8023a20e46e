"""A data set in GSM8K's format whose questions a few lines of code can answer."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.studies.evaluation.answering import Body, text_of


def write_sums(folder: Path, count: int) -> Path:
    """Question k asks what k and 100 make. Returns `folder`, which gets the file test.jsonl."""
    rows = [
        {
            "question": f"A shelf holds {number} books, and 100 more are put on it. How many books are there?",
            "answer": f"{number} + 100 = {number + 100}\n#### {number + 100}",
        }
        for number in range(count)
    ]
    folder.mkdir(parents=True)
    (folder / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def adds(body: Body) -> str:
    """The right answer."""
    number = re.search(r"holds (\d+) books", text_of(body))
    assert number is not None
    return f"That makes\n#### {int(number[1]) + 100}"
