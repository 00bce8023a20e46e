"""The fuzzers, for a few seconds: the saved inputs, new ones from a fixed seed, and faults that they must find."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from random import Random
from typing import Any

import pytest

from aisbench._native.protocol.http import frame
from aisbench._native.protocol.sse import parse
from tests.fuzz import whatwg
from tests.fuzz.__main__ import main
from tests.fuzz.corpus import FOLDER, committed
from tests.fuzz.engine import Check, LastInput, Outcome, Target, fuzz, problem_of, smaller
from tests.fuzz.log import append, table
from tests.fuzz.mutations import LONGEST, mutated
from tests.fuzz.reads import splits
from tests.fuzz.targets import TARGETS

# How many inputs take a second or two.
RUNS = {
    "http": 2000,
    "sse": 2000,
    "decode": 1200,
    "lines": 600,
    "exchange": 200,
    "conversation": 100,
    "tunnel": 60,
    "tls": 60,
    "files": 40,
    "records": 4,
}


@pytest.mark.parametrize("name", TARGETS)
def test_saved_and_new_inputs_are_treated_rightly(name: str) -> None:
    pool = committed(name)
    assert pool
    outcome = fuzz(TARGETS[name], pool, seed=1, runs=len(pool) + RUNS[name])
    assert (outcome.found, outcome.problem) == (None, "")
    assert outcome.runs == len(pool) + RUNS[name]


def one_byte_less(pieces: Any, closed: bool) -> Any:
    status, body, *rest = frame(pieces, closed)
    return (status, body[:-1] if body.endswith(b"x") else body, *rest)


def differs_when_split(pieces: Any, closed: bool) -> Any:
    status, body, *rest = frame(pieces, closed)
    return (status, body + b"!" if len(pieces) == 2 and body else body, *rest)


def not_after_cr(pieces: Any, *args: Any, **more: Any) -> Any:
    return parse([piece.replace(b"\r\n", b"\n").replace(b"\r", b"") for piece in pieces], *args, **more)


class Wrong:
    """A decoder that misreads one thing: `name` of what it says."""

    def __init__(self, rules: Any, name: str, value: Any) -> None:
        from aisbench._native.protocol.decode import Decoder

        self._decoder, self._name, self._value = Decoder(rules), name, value

    def explain(self, data: bytes, slowly: bool = False) -> Any:
        said = self._decoder.explain(data, slowly)
        return said if said is None or said[self._name] != "x" else {**said, self._name: self._value}


@pytest.mark.parametrize(
    ("name", "replaced", "fault"),
    [
        ("http", "frame", one_byte_less),
        ("http", "frame", differs_when_split),
        ("sse", "parse", not_after_cr),
        # Both paths are wrong alike, so that only the plain reading of the rules tells.
        ("decode", "Decoder", lambda rules: Wrong(rules, "content", "y")),
    ],
)
def test_a_fault_is_found(name: str, replaced: str, fault: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"tests.fuzz.targets.{name}.{replaced}", fault)
    outcome = fuzz(TARGETS[name], (), seed=1, runs=3000)
    assert outcome.found is not None
    assert outcome.problem.startswith("AssertionError: ")


def test_a_failure_that_is_not_reported_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.native.servers._noting", lambda failures: lambda *_: None)
    outcome = fuzz(TARGETS["exchange"], (), seed=1, runs=100)
    assert outcome.found is not None


def test_a_check_that_does_not_end_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.engine._MOST_S", 0.05)

    def endless(data: bytes) -> None:
        if data:
            threading.Event().wait()

    assert problem_of(endless, b"x") == "TimeoutError: this takes longer than 0.05 s"
    assert problem_of(endless, b"") == ""


def test_a_traceback_for_a_users_file_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aisbench.workload.sessions.formats.registry.first_line", lambda path: next(iter(())))
    with TARGETS["files"].opened() as check:
        assert problem_of(check, b"describe\n").startswith("StopIteration")


def test_a_wrong_figure_of_damaged_records_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aisbench.records.run.notes_on_losses", lambda *_: [])
    with TARGETS["records"].opened() as check:
        assert "nothing says so" in problem_of(check, b"7 4500 1073741824\n")


def test_sums_over_runs(tmp_path: Path) -> None:
    for outcome in (Outcome(5, 1.0, guided=True), Outcome(7, 2.5, b"x", "wrong"), Outcome(3, 0.5)):
        append(tmp_path / "log", "sse", 0, outcome)
    assert table(tmp_path / "log").splitlines()[2:] == [
        "| `sse` | plain | 10 | 3.0 s | 0 | 1 |",
        "| `sse` | with sanitizers, guided | 5 | 1.0 s | 0 | 0 |",
    ]


def refuses(data: bytes) -> None:
    assert b"\x00\r" not in data
    if b"\xff\xff" in data:
        raise KeyError


def test_what_is_found_is_made_smaller_and_stays_the_same_failure() -> None:
    large = bytes(range(1, 100)) + b"\xff\xff" + bytes(50) + b"\r" + bytes(100)
    assert problem_of(refuses, large).startswith("AssertionError")
    assert smaller(refuses, large) == b"\x00\r"
    assert smaller(refuses, large.replace(b"\r", b"")) == b"\xff\xff"


def test_the_same_seed_makes_the_same_inputs() -> None:
    def inputs(seed: int) -> list[bytes]:
        seen: list[bytes] = []
        recording = Target(
            "any", lambda: contextlib.nullcontext(seen.append), TARGETS["http"].make, TARGETS["http"].words
        )
        fuzz(recording, [b"abc", b"defg"], seed=seed, runs=50)
        return seen

    assert inputs(3) == inputs(3) != inputs(4)
    assert inputs(3)[:2] == [b"abc", b"defg"]


def test_mutations_stay_short() -> None:
    rng = Random(2)
    data = b"abc" * 4000
    for _ in range(300):
        data = mutated(data, rng, [b"word"], [b"other"])
        assert len(data) <= LONGEST


def test_splits_lose_nothing() -> None:
    for data in (b"", b"a", b"0123456789" * 100):
        for pieces in splits(data):
            assert b"".join(pieces) == data


def test_a_crash_leaves_its_input_behind(tmp_path: Path) -> None:
    last = LastInput(tmp_path / "last")
    child = os.fork()
    if child == 0:
        last.hold(b"the end")
        os._exit(1)
    os.waitpid(child, 0)
    assert LastInput.read(tmp_path / "last") == b"the end"


def test_the_standard_s_own_examples() -> None:
    """HTML Living Standard, section 9.2.6, at its end."""
    assert whatwg.events(b"data: YHOO\ndata: +2\ndata: 10\n\n") == [b"YHOO\n+2\n10"]
    stream = b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"
    assert whatwg.events(stream) == [b"first event", b"second event", b" third event"]
    assert whatwg.events(b"data\n\ndata\ndata\n\n") == [b"", b"\n"]
    assert whatwg.events(b"data:test\n\ndata: test\n\n") == [b"test", b"test"]


def test_the_corpus_is_small() -> None:
    assert {path.name for path in FOLDER.iterdir()} == TARGETS.keys()
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 200_000


def test_the_command_says_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--target", "sse", "--seconds", "0.1", "--seed", "5"], tmp_path) == 0
    begun, said = capsys.readouterr().out.splitlines()
    assert begun.startswith(f"sse: {len(committed('sse'))} inputs to begin with")
    assert " s of CPU time" in said
    # As many as it says, and none where edges are not counted.
    kept = [*(tmp_path / "sse").iterdir()]
    assert (f"{len(kept)} reached new code" in said) == bool(kept)


def test_the_command_saves_what_it_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tests.fuzz.targets.http.frame", one_byte_less)
    monkeypatch.setattr("tests.fuzz.__main__.FOLDER", tmp_path)
    assert main(["--target", "http"], tmp_path / "work") == 1
    (saved,) = (tmp_path / "http").iterdir()
    assert saved.name.startswith("found-")
    assert b"x" in saved.read_bytes()
    assert str(saved) in capsys.readouterr().out


def test_each_check_takes_any_bytes() -> None:
    for target in TARGETS.values():
        with target.opened() as check:
            opened: Check = check
            for data in (b"", b"\x00", b"\xff" * 3):
                assert problem_of(opened, data) == ""
