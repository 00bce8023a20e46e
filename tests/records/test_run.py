"""Reading run folders: whole ones, crashed ones, and folders that are none."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.config.run_config import RunConfig
from aisbench.errors import BadInput
from aisbench.records.run import UNCLOSED, Run
from tests.analysis.made_runs import START_NS, base_config, fail, made_rows, write_run


def test_rows_of_all_workers_come_sorted_by_ticket(tmp_path: Path) -> None:
    rows = made_rows(np.arange(11) * 5.0)
    run = Run.load(write_run(tmp_path / "run", rows, workers=3))
    assert run.rows["slot"].tolist() == list(range(11))
    assert np.array_equal(run.rows[:], rows)
    assert run.row_workers.tolist() == [ticket % 3 for ticket in range(11)]


def test_spare_rows_at_the_end_of_a_mapped_file_do_not_count(tmp_path: Path) -> None:
    run = Run.load(write_run(tmp_path / "run", made_rows([0.0, 1.0]), spare_rows=500))
    assert len(run.rows) == 2


def test_flow_counts_every_token_of_every_worker(tmp_path: Path) -> None:
    rows = made_rows([0.0, 3.0, 40.0], ttft_ms=5, itl_ms=10, tokens=4)
    run = Run.load(write_run(tmp_path / "run", rows, workers=2))
    # First tokens at 5.1, 8.1 and 45.1 ms, each followed by three more, 10 ms apart.
    assert run.flow.tolist() == [2, 2, 2, 2, 1, 1, 1, 1]


def test_histograms_merge_over_workers(tmp_path: Path) -> None:
    run = Run.load(write_run(tmp_path / "run", made_rows(np.arange(9.0), tokens=5), workers=2))
    assert run.histograms["itl"].count == 9 * 4
    assert run.histograms["itl"].mean_ns == pytest.approx(10e6)
    assert run.histograms["ttft"].count == 9


def test_a_killed_run_is_a_failed_one(tmp_path: Path) -> None:
    rows = made_rows([0.0, 10.0, 20.0])
    rows["done_ns"][2] = 0
    rows["status"][2] = 0
    folder = write_run(tmp_path / "run", rows, outcome="running", forget=["end_ns", "workers", "start_ns"])
    run = Run.load(folder)
    assert (run.outcome, run.outcome_reason) == ("failed", UNCLOSED)
    assert run.workers == []
    assert run.start_ns == START_NS, "from the rows' header"
    assert run.last_ns == rows["last_token_ns"][2]
    assert run.has_status("in_flight").tolist() == [False, False, True]


def test_a_file_cut_short_gives_the_rows_that_it_has(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", made_rows(np.arange(5.0)), spare_rows=0)
    path = folder / "records/rows-0.bin"
    path.write_bytes(path.read_bytes()[:-100])
    assert len(Run.load(folder).rows) == 4


def test_a_run_without_any_request(tmp_path: Path) -> None:
    run = Run.load(write_run(tmp_path / "run", made_rows([])))
    assert (len(run.rows), run.duration_ns) == (0, 0)


@pytest.mark.parametrize("missing", ["folder", "run.json"])
def test_no_run_folder_is_said_so(missing: str, tmp_path: Path) -> None:
    folder = tmp_path / "not-a-run"
    if missing == "run.json":
        (folder / "records").mkdir(parents=True)
    with pytest.raises(BadInput, match=r"not-a-run is not a run folder \(it has no records/run\.json\)"):
        Run.load(folder)


def test_broken_json_another_schema_and_another_layout_are_bad_input(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", made_rows([0.0]))
    info = folder / "records/run.json"
    whole = info.read_text()
    info.write_text(whole[:40])
    with pytest.raises(BadInput, match="not readable as JSON"):
        Run.load(folder)
    info.write_text(json.dumps({**json.loads(whole), "schema": 2}))
    with pytest.raises(BadInput, match="schema"):
        Run.load(folder)
    info.write_text(whole)
    rows = folder / "records/rows-0.bin"
    rows.write_bytes(b"AISROWS9" + rows.read_bytes()[8:])
    with pytest.raises(BadInput, match="another layout"):
        Run.load(folder)


def test_planned_lengths_go_round(tmp_path: Path) -> None:
    run = Run.load(write_run(tmp_path / "run", made_rows(np.arange(5.0)), asked_input=[100, 200]))
    lengths = run.planned_lengths("prompt_tokens")
    assert lengths is not None
    assert lengths.tolist() == [100, 200, 100, 200, 100]
    bare = Run.load(write_run(tmp_path / "bare", made_rows([0.0]), prompts={}))
    assert bare.planned_lengths("prompt_tokens") is None


def test_planned_lengths_take_no_longer_for_later_tickets(tmp_path: Path) -> None:
    rows = made_rows([0, 1, 2])
    # Before, each took as many steps as its ticket has rounds: hours for these.
    rows["slot"] = np.array([3, 5 << 40, (5 << 40) + 2])
    lengths = Run.load(write_run(tmp_path, rows, asked_input=[3, 9])).planned_lengths("prompt_tokens")
    assert lengths is not None
    assert lengths.tolist() == [9, 3, 3]


def test_open_loop_is_a_rate_or_a_ramp(tmp_path: Path) -> None:
    rows = made_rows([0.0])
    fail(rows, 0, "timeout")
    ramp = {"strategy": "linear", "from_rps": 1.0, "to_rps": 9.0}
    for name, changes, is_open in (
        ("closed", {}, False),
        ("rate", {"rate": 5.0}, True),
        ("ramp", {"ramp_up": ramp}, True),
    ):
        run = Run.load(write_run(tmp_path / name, rows, config=base_config(**changes)))
        assert run.is_open_loop is is_open


def with_config(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """A run whose run.json was written otherwise."""
    write_run(folder, made_rows(np.arange(3) * 10.0))
    path = folder / "records/run.json"
    info = json.loads(path.read_text())
    change(info["config"])
    path.write_text(json.dumps(info))
    return folder


def test_what_run_json_lacks_has_its_default_and_what_is_not_known_is_kept_to_be_shown(
    tmp_path: Path,
) -> None:
    run = Run.load(with_config(tmp_path / "bare", dict.clear))
    assert run.config == RunConfig()
    run = Run.load(with_config(tmp_path / "newer", lambda config: config.update(warp=9, compat="other")))
    assert (run.config.concurrency, run.written_config["warp"]) == (None, 9)
    run = Run.load(with_config(tmp_path / "null", lambda config: config.update(burstiness=None)))
    assert run.config.burstiness == 1.0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"concurrency": "many"}, 'concurrency must be a whole number or null, got "many"'),
        ({"rate": [5]}, "rate must be a number or null, got [5]"),
        ({"percentiles": 99}, "percentiles must be a list of numbers, got 99"),
        ({"percentiles": [400]}, "--percentiles must be numbers from 0 to 100, got 400"),
        ({"save_outputs": "no"}, 'save_outputs must be true or false, got "no"'),
        ({"goodput": {"ttft": "fast"}}, 'goodput must be an object of numbers or null, got {"ttft": "fast"}'),
        ({"goodput": {"tftt": 5}}, "--goodput: unknown 'tftt'; did you mean ttft?"),
        ({"burstiness": 0}, "--burstiness must be a number above 0 or inf, got 0"),
        ({"metadata": ["gpu"]}, 'metadata must be an object, got ["gpu"]'),
    ],
)
def test_an_option_that_cannot_be_read_is_named_with_its_file(
    changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    folder = with_config(tmp_path / "run", lambda config: config.update(changes))
    with pytest.raises(BadInput) as caught:
        Run.load(folder)
    assert str(caught.value).startswith(f"{folder / 'records/run.json'}: config: {said}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("file", "kept", "note"),
    [
        ("rows-1.bin", 4096 + 2 * 232, "records/rows-1.bin is cut short: 1 of its 3 requests"),
        ("rows-1.bin", 100, None),
        ("rows-1.bin", 10, "records/rows-1.bin is cut short: the requests of worker 1 are in no figure"),
        ("flow-0.bin", 8, "token events, so the figures of tokens over time are too low"),
    ],
)
def test_what_is_missing_is_noted(file: str, kept: int, note: str | None, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", made_rows(np.arange(6.0)), workers=2, spare_rows=0)
    path = folder / "records" / file
    path.write_bytes(path.read_bytes()[:kept])
    notes = Run.load(folder).info["notes"]
    assert len(notes) == 1
    assert (note or "cut short") in notes[0]


@pytest.mark.parametrize(
    ("file", "at", "bytes_", "words"),
    [
        ("rows-0.bin", 16, b"\xff" * 8, "its header counts -1 rows"),
        ("rows-0.bin", 24, b"\x7f" * 8, "its start is not within the times of run.json"),
        ("rows-0.bin", 4096 + 32, b"\x7f" * 8, "a sent_ns is not within the times of run.json"),
        ("hist-0.bin", 4000, b"\xff" * 8, "its buckets hold"),
    ],
)
def test_damage_is_bad_input_that_names_the_file(
    file: str, at: int, bytes_: bytes, words: str, tmp_path: Path
) -> None:
    folder = write_run(tmp_path / "run", made_rows(np.arange(6.0)))
    path = folder / "records" / file
    whole = path.read_bytes()
    path.write_bytes(whole[:at] + bytes_ + whole[at + len(bytes_) :])
    with pytest.raises(BadInput, match=f"{file} is damaged: .*{words}"):
        Run.load(folder)


def test_a_histogram_that_is_cut_short_is_bad_input(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", made_rows(np.arange(6.0)), workers=2)
    path = folder / "records/hist-1.bin"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(BadInput, match=r"hist-1\.bin is cut short"):
        Run.load(folder)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY\x01\x00v\x00{'descr': '<i4'", b"PK\x03\x04"])
def test_a_broken_plan_of_lengths_is_bad_input(content: bytes, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", made_rows(np.arange(6.0)))
    run = Run.load(folder)
    (folder / "records" / run.info["prompts"]["max_tokens"]).write_bytes(content)
    with pytest.raises(BadInput, match="cannot be read"):
        run.planned_lengths("max_tokens")
