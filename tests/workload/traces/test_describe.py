"""What `aisbench workload describe` says of a trace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from aisbench.cli.workload.workload import workload
from tests.workload.traces.made import written
from tests.workload.traces.test_bailian import TALK
from tests.workload.traces.test_mooncake_sessions import LENGTHS
from tests.workload.traces.test_weka import CHAIN, FORKED


def described(path: Path, *more: str) -> dict[str, Any]:
    given = ("describe", str(path), "--json", *more)
    done = CliRunner().invoke(workload, given, catch_exceptions=False, standalone_mode=False)
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def test_hits_are_those_of_an_endless_cache_and_of_the_sizes_asked_for(tmp_path: Path) -> None:
    rows = [
        {"timestamp": t, "input_length": 1536, "output_length": 2, "hash_ids": ids}
        for t, ids in enumerate(([1, 2, 3], [4, 5, 6], [1, 2, 7]))
    ]
    path = written(tmp_path / "t.jsonl", rows)
    facts = described(path, "--cache-tokens", "3072", "--cache-tokens", "2048")
    assert facts["cache_hits"] == {
        "block": 512,
        "endless": round(1024 / 4608, 6),
        "new_tokens": 3584,
        "lru": [{"tokens": 3072, "share": 0.222222}, {"tokens": 2048, "share": 0.111111}],
    }
    done = CliRunner().invoke(
        workload, ("describe", str(path), "--cache-tokens", "2048"), catch_exceptions=False
    )
    assert "22.2% of all prompt tokens, in blocks of 512, in an endless cache" in done.stdout
    assert "11.1% in a cache of 2,048 tokens (LRU)" in done.stdout


def test_traces_of_sessions_are_recognised(tmp_path: Path) -> None:
    folder = tmp_path / "weka"
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps(FORKED, indent=1))
    (folder / "b.json").write_text(json.dumps(CHAIN))
    facts = described(folder)
    assert (facts["format"], facts["sessions"], facts["requests"]) == ("trace", 2, 8)
    assert facts["graph"]["joins"] == 1
    assert facts["cache_hits"]["block"] == 64
    facts = described(written(tmp_path / "b.jsonl", TALK))
    assert (facts["sessions"], facts["requests"]) == (2, 4)
    facts = described(written(tmp_path / "m.jsonl", LENGTHS))
    assert (facts["sessions"], facts["requests"], facts["cache_hits"]) == (3, 4, None)
    assert not any(note.startswith("0 ") for note in facts["notes"])
