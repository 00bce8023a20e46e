"""The answers that a run kept: their texts and tool calls, in text-W.bin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import orjson

from aisbench.backends.tool_calls import ToolCall
from aisbench.records.run import Run


class KeptAnswer(NamedTuple):
    """`reasoning`: what the server sent apart from the text. `tool_calls`: in order; see ToolCall."""

    content: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()

    @property
    def generated(self) -> str:
        """All that the model wrote, as one text."""
        calls = (call["name"] + call["arguments"] for call in self.tool_calls)
        return "".join([self.content, self.reasoning, *calls])


def each_answer(run: Run) -> Iterator[KeptAnswer]:
    """Yields the answer of each row; an empty one if none was kept."""
    files = {
        int(worker): path.open("rb")
        for worker in np.unique(run.row_workers)
        if (path := run.records / f"text-{worker}.bin").is_file()
    }
    try:
        for row, worker in zip(run.rows, run.row_workers, strict=True):
            file = files.get(int(worker))
            if file is None or row["text_log_at"] < 0 or row["text_log_bytes"] == 0:
                yield KeptAnswer()
                continue
            file.seek(int(row["text_log_at"]))
            yield parse_answer(file.read(int(row["text_log_bytes"])))
    finally:
        for file in files.values():
            file.close()


def parse_answer(raw: bytes) -> KeptAnswer:
    """The answer in a log entry, which is JSON; an empty one if a crash cut it short."""
    try:
        kept = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return KeptAnswer()
    return KeptAnswer(kept.get("content", ""), kept.get("reasoning", ""), tuple(kept.get("tool_calls", ())))
