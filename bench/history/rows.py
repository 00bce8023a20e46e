"""The file of figures: one row for each commit, figure and machine."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from aisbench.atomic import write_text
from aisbench.errors import BadInput


@dataclass(frozen=True)
class Row:
    """`date`: of the measurement, as 2026-01-31. `commit`: its short hash, with a + if files had changed since."""

    date: str
    commit: str
    figure: str
    value: str
    unit: str
    machine: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What there is only one row of."""
        return self.commit, self.figure, self.machine


HEAD = [field.name for field in fields(Row)]


def text_of(value: float) -> str:
    """At most four decimals, without trailing zeros."""
    # Adding 0 turns -0.0 into 0.0.
    return f"{round(value, 4) + 0.0:.4f}".rstrip("0").rstrip(".")


def merged(kept: Iterable[Row], new: Iterable[Row]) -> list[Row]:
    """All rows in their order; a new one replaces that of the same commit, figure and machine."""
    rows = {row.key: row for row in kept}
    rows.update((row.key, row) for row in new)
    return list(rows.values())


def read(path: Path) -> list[Row]:
    """The rows of a file; none if it does not exist. Raises BadInput for a file that is not one of figures."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        lines = list(csv.reader(file))
    if not lines or lines[0] != HEAD:
        raise BadInput(f"{path} does not begin with {','.join(HEAD)}; give a file of figures, or a new one")
    for number, line in enumerate(lines[1:], 2):
        if len(line) != len(HEAD):
            raise BadInput(
                f"{path}: line {number} has {len(line)} fields, not {len(HEAD)}; mend or delete it"
            )
    return [Row(*line) for line in lines[1:]]


def write(path: Path, rows: Iterable[Row]) -> None:
    """Replaces the file as a whole."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([HEAD, *map(astuple, rows)])
    write_text(text.getvalue(), path)
