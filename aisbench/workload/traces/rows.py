"""Reads the rows of a trace one by one, and leaves out those that cannot be used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from aisbench.workload.files.bad_lines import BadLine, BadLines
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.traces.trace import Recorded


class Rows:
    """The rows of the file or folder `path`. `unit`: the word for a row."""

    def __init__(self, path: Path, options: WorkloadOptions, unit: str = "line") -> None:
        self.path = path
        self.bad = BadLines(path, strict=options.strict_dataset, unit=unit)
        self.empty = 0

    def read(self, number: int | str, row: Callable[[], None]) -> None:
        """Calls `row`, which raises BadLine for a row that cannot be used."""
        try:
            row()
        except BadLine as problem:
            self.bad.add(number, problem)
        else:
            self.bad.used += 1

    def checked(self, request: Recorded, *, may_be_empty: bool = False) -> Recorded:
        """The request, if it can be sent. `may_be_empty`: an answer without tokens becomes one of a token."""
        if request.output_tokens == 0 and may_be_empty:
            self.empty += 1
            request = replace(request, output_tokens=1)
        if request.output_tokens == 0:
            raise BadLine("an output length of 0")
        if request.input_tokens == 0:
            raise BadLine("an input length of 0")
        return request

    def notes(self) -> list[str]:
        notes = self.bad.notes()
        if self.empty:
            notes.append(f"{self.empty} answers of the trace are empty; one token each is asked for")
        return notes
