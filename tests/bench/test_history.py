"""bench/history.csv: what a row is, which rows are replaced, and where a figure is from."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from aisbench.errors import BadInput
from bench.history import __main__ as command
from bench.history.__main__ import FILE, main
from bench.history.figures import GROUPS, Figure, Missing, Settings
from bench.history.rows import HEAD, Row, merged, read, text_of, write
from bench.history.surroundings import commit, described
from bench.instructions import inclusive_on_wake, is_worker, total
from bench.truth import errors

MACHINE = "AMD EPYC 9R14, 2 cores, Linux 6.18.5"
ROW = Row("2026-11-28", "0123456789", "cpu per event, wrk", "5.74", "us", MACHINE)


def test_rows_are_read_as_they_were_written(tmp_path: Path) -> None:
    rows = [ROW, replace(ROW, figure="error of ttft_mean", unit="ms")]
    path = tmp_path / "history.csv"
    assert read(path) == []
    write(path, rows)
    assert read(path) == rows
    first = '2026-11-28,0123456789,"cpu per event, wrk",5.74,us,"AMD EPYC 9R14, 2 cores, Linux 6.18.5"'
    assert path.read_text().splitlines()[:2] == ["date,commit,figure,value,unit,machine", first]


def test_only_the_row_of_the_same_commit_figure_and_machine_is_replaced() -> None:
    kept = [ROW] + [replace(ROW, **{name: "another"}) for name in ("commit", "figure", "machine")]
    again = replace(ROW, date="2026-11-29", value="5.80")
    assert merged(kept, [again]) == [again, *kept[1:]]
    later = replace(ROW, commit="abcdef0123")
    assert merged(kept, [later]) == [*kept, later]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n", "does not begin with date,commit,figure,value,unit,machine"),
        ("", "does not begin with"),
        ("date,commit,figure,value,unit,machine\n1,2,3\n", "line 2 has 3 fields, not 6"),
    ],
)
def test_another_file_is_refused(
    content: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "history.csv"
    path.write_text(content)
    with pytest.raises(BadInput, match=message):
        read(path)
    assert main(["--file", str(path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {path}")
    assert path.read_text() == content


@pytest.mark.parametrize(
    ("value", "text"),
    [(7.14159, "7.1416"), (6926.0, "6926"), (-0.00001, "0"), (100_000.0, "100000"), (0.25, "0.25")],
)
def test_values(value: float, text: str) -> None:
    assert text_of(value) == text


def test_the_kept_file_is_one() -> None:
    assert FILE.read_text().startswith(",".join(HEAD) + "\n")
    rows = read(FILE)
    assert merged([], rows) == rows


def test_the_machine_has_no_name() -> None:
    info = "processor\t: 0\nmodel name\t: AMD EPYC  9R14\n\nprocessor\t: 1\nmodel name\t: AMD EPYC  9R14\n"
    assert described(info, 2, "6.18.5-cloud-amd64") == MACHINE
    assert described("processor: 0\n", 4, "6.1").endswith(", 4 cores, Linux 6.1")


def test_a_changed_checkout_has_a_plus(tmp_path: Path) -> None:
    def git(*args: str) -> None:
        identity = ("-c", "user.name=n", "-c", "user.email=e@example.org")
        subprocess.run(["git", *identity, *args], cwd=tmp_path, check=True, capture_output=True)

    (tmp_path / "code.py").write_text("1")
    (tmp_path / "kept.csv").write_text("1")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "c")
    clean = commit(tmp_path, apart_from="kept.csv")
    assert len(clean) == 10
    (tmp_path / "kept.csv").write_text("2")
    (tmp_path / "new").write_text("2")
    assert commit(tmp_path, apart_from="kept.csv") == clean
    (tmp_path / "code.py").write_text("2")
    assert commit(tmp_path, apart_from="kept.csv") == clean + "+"


class TestCommand:
    """With groups that take no time."""

    @pytest.fixture(autouse=True)
    def _groups(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def good(settings: Settings) -> list[Figure]:
            return [Figure("rounds", settings.rounds, "")]

        def bad(settings: Settings) -> list[Figure]:
            raise RuntimeError("it\n broke")

        def missing(settings: Settings) -> list[Figure]:
            raise Missing("no valgrind")

        # The tests may run outside a repository.
        monkeypatch.setattr(command, "commit", lambda: ROW.commit)
        monkeypatch.setattr(command, "GROUPS", {"good": good, "bad": bad, "missing": missing})

    def test_a_group_that_fails_does_not_spoil_the_others(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "history.csv"
        assert main(["--file", str(file), "--rounds", "3"]) == 1
        (row,) = read(file)
        assert (row.figure, row.value) == ("rounds", "3")
        captured = capsys.readouterr()
        assert captured.err.splitlines() == ["bad failed: it broke", "missing is left out: no valgrind"]
        assert "| rounds | 3 |  |" in captured.out

    def test_the_same_commit_is_measured_again(self, tmp_path: Path) -> None:
        for rounds in ("1", "2"):
            assert main(["--file", str(tmp_path / "h.csv"), "--only", "good", "--rounds", rounds]) == 0
        assert [row.value for row in read(tmp_path / "h.csv")] == ["2"]

    def test_what_was_asked_for_must_not_be_left_out(self, tmp_path: Path) -> None:
        assert main(["--file", str(tmp_path / "h.csv"), "--only", "missing"]) == 1

    @pytest.mark.parametrize(
        ("args", "message"),
        [
            (["--only", "other"], "--only other: unknown figures; give some of good, bad, missing"),
            (["--rounds", "0"], "--rounds must be at least 1, got 0"),
            (["--wrk", "/nowhere/wrk"], "--wrk /nowhere/wrk is not a program"),
            (["--tokenizer", "/nowhere"], "--tokenizer /nowhere has no tokenizer.json"),
        ],
    )
    def test_bad_input(self, args: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(args) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"error: {message}")


def test_the_help_names_every_group() -> None:
    described = re.findall(r"^    (\w+)  ", command.__doc__ or "", re.MULTILINE)
    assert described == list(GROUPS)


def test_errors_are_reported_minus_true() -> None:
    truth = {"ttft_wire": {"mean_ms": 50.0, "p99_ms": 55.0}, "itl": {"mean_ms": 10.0, "p99_ms": 12.0}}
    summary = {"mean_ttft_ms": 50.5, "p99_ttft_ms": 54.0, "mean_itl_ms": 10.0, "p99_itl_ms": 12.25}
    assert errors(truth, summary) == {"ttft_mean": 0.5, "ttft_p99": -1.0, "itl_mean": 0.0, "itl_p99": 0.25}


def test_what_callgrind_writes() -> None:
    worker = (
        "version: 1\ncmd:  python -P children.py aisbench.engine.crew.worker\nsummary: 9\ntotals: 594210126\n"
    )
    assert is_worker(worker)
    assert not is_worker(worker.replace("crew.worker", "coordinator"))
    assert total(worker) == 594210126
    annotated = (
        "594,210,126 (100.0%)  PROGRAM TOTALS\n"
        " 57,625,044 ( 9.70%)  ???:__pyx_f_8aisbench_7_native_6driver_6Driver_handle [driver.so]\n"
        " 58,170,291 ( 9.79%)  ???:__pyx_pw_8aisbench_7_native_6driver_6Driver_9on_wake [driver.so]\n"
    )
    assert inclusive_on_wake(annotated) == 58170291
    with pytest.raises(RuntimeError, match=r"did not count Driver\.on_wake"):
        inclusive_on_wake("594,210,126 (100.0%)  PROGRAM TOTALS\n")
