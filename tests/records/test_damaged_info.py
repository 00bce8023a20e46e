"""A run.json in which a value has another type, or is gone, makes a report or one line that names it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.analysis.measured import Measured
from aisbench.analysis.summary import summarise
from aisbench.errors import BadInput
from aisbench.records.run import Run
from tests.analysis.made_runs import made_rows, write_run

_GONE = object()
_ODD = (_GONE, "x", -1, 1e300, True, [None], {"a": 1})


@pytest.fixture(scope="module")
def info(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    write_run(folder, made_rows(np.arange(4) * 10.0, ttft_ms=20, itl_ms=5), workers=1)
    return folder / "records" / "run.json"


def test_other_types_are_no_surprise(info: Path) -> None:
    whole = json.loads(info.read_text())
    # The configuration has a check of its own.
    parts = {name: value for name, value in whole.items() if name != "config"}
    for *within, last in _places(parts):
        for odd in _ODD:
            changed: Any = copy.deepcopy(whole)
            place = changed
            for key in within:
                place = place[key]
            if odd is _GONE:
                del place[last]
            else:
                place[last] = odd
            said = _outcome(info, changed)
            assert said == "" or (str(info.parent) in said and "\n" not in said), (within, last, odd)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"workers": [{"Worker": 0}]}, "workers[0].worker must be a whole number, got null"),
        ({"workers": [{"worker": True}]}, "workers[0].worker must be a whole number, got true"),
        ({"start_ns": "x"}, 'start_ns must be a whole number, got "x"'),
        ({"host": {"cpus": []}}, "host.cpus must be a whole number, got []"),
        ({"notes": {}}, "notes must be a list, got {}"),
        ({"date": "yesterday"}, 'date must be a date, got "yesterday"'),
    ],
)
def test_the_line_names_the_value(info: Path, changed: dict[str, Any], said: str) -> None:
    whole = json.loads(info.read_text())
    assert _outcome(info, {**whole, **changed}) == f"{info} is damaged: {said}"


def _outcome(path: Path, changed: dict[str, Any]) -> str:
    whole = path.read_bytes()
    path.write_text(json.dumps(changed))
    try:
        with np.errstate(all="ignore"):
            summarise(Measured(Run.load(path.parent.parent)))
    except BadInput as refused:
        return str(refused)
    finally:
        path.write_bytes(whole)
    return ""


def _places(value: Any) -> Iterator[tuple[Any, ...]]:
    """The paths to all values in a value."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield (key,)
        yield from ((key, *rest) for rest in _places(value[key]))
