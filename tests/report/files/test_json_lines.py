"""Lines of JSON that are joined from columns, against orjson's encoding row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pytest
from numpy.typing import NDArray

from aisbench.report.files.json_lines import json_lines

Column = tuple[str, bytes, bytes, NDArray[np.bool_] | None]


def column(name: str, values: list[Any], between: bytes = b",") -> Column:
    """A column of `values`, in which None is written as 0 and marked as not known."""
    known = np.array([value is not None for value in values])
    text = between.join(orjson.dumps(0 if value is None else value) for value in values)
    return name, text, between, None if known.all() else known


@pytest.mark.parametrize("count", [0, 1, 2, 1000])
def test_lines_are_those_of_orjson(count: int) -> None:
    numbers = np.random.default_rng(count)
    columns: dict[str, list[Any]] = {
        "slot": list(range(count)),
        "ms": [None if value < -1 else value for value in numbers.normal(size=count).tolist()],
        'of "é"': numbers.integers(-(2**63), 2**63 - 1, count).tolist(),
        "gaps": [numbers.random(at % 4).tolist() for at in range(count)],
        "text": ['a,"b"\n{' * (at % 3) + "é" for at in range(count)],
        "never": [None] * count,
    }
    names = {name: orjson.dumps(name)[1:-1].decode() for name in columns}
    separated = {"gaps": b"\n", "text": b"\n"}
    lines = json_lines(
        [column(names[name], values, separated.get(name, b",")) for name, values in columns.items()], count
    )
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    assert bytes(lines) == b"".join(orjson.dumps(row) + b"\n" for row in rows)


@pytest.mark.parametrize(
    "wrong",
    [
        ("b", b"1,2", b",", None),
        ("b", b"1,2,3,4", b",", None),
        ("b", b"", b",", None),
        ("b", b"1,2,3", b"\n", None),
        ("b", b"1,2,3", b",", np.array([True, False])),
    ],
)
def test_a_column_of_another_length_is_refused(wrong: Column) -> None:
    right = ("a", b"1,2,3", b",", None)
    for columns in ([right, wrong], [wrong, right]):
        with pytest.raises(ValueError, match=r"^the column b "):
            json_lines(columns, 3)
