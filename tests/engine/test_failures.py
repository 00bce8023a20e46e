"""When a run is given up, and what is kept of its failures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench._native.memory.recorder import ERRORS
from aisbench._native.memory.shared import LIVE_FIELDS
from aisbench.engine.failures import error_samples, hopeless, with_hint
from aisbench.engine.target.discovery import Model
from aisbench.records.folder import RunDirectory

CHOSEN = Model("a", None, ("b",))


def counters(**counts: Any) -> np.ndarray:
    """The live counters of two workers, all of it the first one's."""
    live = np.zeros(2, np.dtype(LIVE_FIELDS))
    for name, count in counts.items():
        if name in ERRORS:
            live["errors"][0, ERRORS.index(name)] = count
            live["failed"][0] += count
        else:
            live[name][0] = count
    return live


@pytest.mark.parametrize(
    ("counts", "ends"),
    [
        ({"connect": 100}, True),
        ({"connect": 60, "http_status": 40}, True),
        ({"connect": 99}, False),
        ({"connect": 100, "ok": 1}, False),
        ({"connect": 100, "token_events": 1}, False),
        ({"timeout": 1000, "connect": 99}, False),
    ],
)
def test_a_hundred_plain_failures_and_nothing_else_are_hopeless(
    counts: dict[str, int], ends: bool, tmp_path: Path
) -> None:
    found = hopeless(counters(**counts), tmp_path, None)
    assert (found == "stopped early: the first 100 requests all failed") is ends


def test_the_first_refusal_is_enough_where_nobody_named_the_model(tmp_path: Path) -> None:
    (tmp_path / "errors-0.jsonl").write_text(
        '{"http_status": 503, "message": "busy"}\n{"http_status": 404, "mess'
    )
    assert hopeless(counters(), tmp_path, CHOSEN) is None, "half of a line"
    (tmp_path / "errors-1.jsonl").write_text('{"http_status": 400, "message": "no\\n text"}\n')
    found = hopeless(counters(), tmp_path, CHOSEN)
    assert found == f"stopped at the first refusal: HTTP 400, no text ({CHOSEN.choice})"
    assert hopeless(counters(ok=1), tmp_path, CHOSEN) is None
    assert hopeless(counters(), tmp_path, None) is None


def test_samples_of_all_workers_are_kept_and_their_files_move_to_the_logs(tmp_path: Path) -> None:
    directory = RunDirectory.create(str(tmp_path))
    for worker, end in ((0, ""), (1, '{"kind": "cut')):
        sample = {"kind": "http_404", "http_status": 404, "slot": worker, "message": "gone"}
        path = directory.records / f"errors-{worker}.jsonl"
        path.write_text(json.dumps(sample) + "\n" + end)
    samples = error_samples(directory, "/v1/x")
    assert [sample["slot"] for sample in samples] == [0, 1]
    assert {sample["message"] for sample in samples} == {
        with_hint({"http_status": 404, "message": "gone"}, "/v1/x")
    }
    assert not any(directory.records.iterdir())
    assert sorted(path.name for path in (directory.path / "logs").iterdir()) == [
        "errors-0.jsonl",
        "errors-1.jsonl",
    ]


def test_a_404_names_the_path_unless_it_is_the_model_s() -> None:
    sample = {"http_status": 404, "message": "no such path"}
    assert with_hint(sample, "/v4/v1/x") == (
        "the server has no POST /v4/v1/x; does it use another path (--endpoint)? no such path"
    )
    for other in ({"http_status": 404, "message": "The model `m` does not exist."}, {"http_status": 500}):
        assert with_hint(other, "/x") == other.get("message", "")


def test_used_up_ports_are_named_with_what_helps() -> None:
    """What the kernel says, in a network namespace of its own: tests/system/test_ports.py."""
    for words in ("Cannot assign requested address", "Address already in use"):
        said = with_hint({"kind": "connect", "http_status": 0, "message": words}, "/v1")
        assert said.startswith(f"{words}: no local port is left")
        assert "--local-address" in said
    assert with_hint({"kind": "connect", "message": "Connection refused"}, "/v1") == "Connection refused"
