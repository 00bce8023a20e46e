"""Reads the answers that a run has recorded so far, while it goes on, after it ended, or after it was killed."""

from __future__ import annotations

from pathlib import Path

from aisbench._native.protocol.finish import FINISHES
from aisbench.accuracy.question import Answer
from aisbench.backends.tool_calls import in_chat_form
from aisbench.errors import BadInput
from aisbench.records.run import Run
from aisbench.records.texts import KeptAnswer, parse_answer


class Harvest:
    """Returns each answer of the run in `folder` once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._taken: set[int] = set()

    def new(self) -> dict[int, Answer]:
        """The answers that arrived since the last call, by their place in the plan. Failed requests have none."""
        try:
            run = Run.load(self._folder)
        except BadInput:
            # The run has not begun.
            return {}
        found = {}
        done = run.has_status("ok")
        for at in done.nonzero()[0]:
            row = run.rows[at]
            slot = int(row["slot"])
            if slot in self._taken:
                continue
            kept = self._text(
                run, int(run.row_workers[at]), int(row["text_log_at"]), int(row["text_log_bytes"])
            )
            if kept is None:
                continue
            self._taken.add(slot)
            said = parse_answer(kept) if kept else KeptAnswer()
            calls = in_chat_form(said.tool_calls)
            found[slot] = Answer(said.content, said.reasoning, FINISHES[row["finish"]], calls)
        return found

    @staticmethod
    def _text(run: Run, worker: int, at: int, size: int) -> bytes | None:
        """None if the text is not on disk yet: workers write texts once a second."""
        if at < 0 or size == 0:
            return b""
        try:
            with (run.records / f"text-{worker}.bin").open("rb") as file:
                file.seek(at)
                kept = file.read(size)
        except FileNotFoundError:
            return None
        return kept if len(kept) == size else None
