"""The table of clients: its rows, how clients are chosen, and that one which fails or hangs does not spoil it."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest

from aisbench.errors import BadInput
from bench.cpu import ratio_to_floor
from bench.harness import end_marked, found, with_cpu_time
from bench.peers import measuring
from bench.peers.__main__ import main
from bench.peers.choosing import PEERS, add_client_options, chosen
from bench.peers.clients import Wrk, version_of
from bench.peers.load import Load, Reported
from bench.peers.measuring import Measurement, measured, shortened
from bench.peers.rows import HEAD, client_row, truth_row


def truth(ttft: float, itl: float, tokens: int = 128_000) -> dict[str, Any]:
    return {
        "ttft_wire": {"mean_ms": ttft, "p99_ms": ttft + 5},
        "itl": {"mean_ms": itl, "p99_ms": itl + 1},
        "tokens": tokens,
        "span_s": 5.0,
        "done": 1000,
    }


def of(cpu_us: float, ttft: float, **more: Any) -> Measurement:
    return Measurement(Reported(ttft, ttft + 1, 10.0, None), truth(50.0, 10.0), cpu_us, **more)


def test_a_row_has_the_medians_of_the_rounds() -> None:
    row = client_row("C", "1.2", [of(9.0, 51.0), of(7.0, 50.0), of(8.0, 53.0)])
    assert row == ["C", "1.2", "51.00", "52.00", "10.00", "-", "50.00", "25,600", "8.00 (7.00 to 9.00)", ""]
    assert len(row) == len(HEAD)


def test_a_round_that_failed_is_in_the_remark_and_in_no_figure() -> None:
    row = client_row("C", "-", [of(9.0, 51.0), Measurement(problem="it broke")])
    assert row[2:9] == ["51.00", "52.00", "10.00", "-", "50.00", "25,600", "9.00"]
    assert row[9] == "failed in 1 of 2 rounds: it broke"
    alone = client_row("C", "-", [Measurement(problem="it broke")])
    assert alone == ["C", "-", *["-"] * 7, "failed in 1 of 1 rounds: it broke"]


def test_cpu_time_that_includes_the_start_is_not_mixed_with_others() -> None:
    half = of(30.0, 51.0, with_start_up=True, problem="3840 requests: it broke")
    assert client_row("C", "-", [of(9.0, 51.0), half])[8] == "9.00"
    row = client_row("C", "-", [half])
    assert row[8:] == [
        "30.00",
        "CPU time includes the start; failed in 1 of 1 rounds: 3840 requests: it broke",
    ]


def test_the_truth_is_a_range_over_the_clients() -> None:
    one, other = Measurement(truth=truth(50.2, 10.0)), Measurement(truth=truth(51.4, 10.0))
    row = truth_row([[one, one], [other], [Measurement(problem="it broke")]], 256)
    assert row[2:8] == ["50.20 to 51.40", "55.20 to 56.40", "10.00", "11.00", "-", "24,824 at most"]
    assert truth_row([[Measurement(problem="it broke")]], 256)[2:6] == ["-"] * 4


def test_the_start_of_a_client_cancels_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes 500 ms, and an event 7 us; the third run fails."""

    def run(_: object, requests: int, *more: object) -> measuring._Run:
        if requests == 3:
            raise RuntimeError("Traceback\n  no memory\n")
        tokens = requests * 128
        return measuring._Run(500 + 0.007 * tokens, Reported(50.0 + requests), truth(50.0, 10.0, tokens))

    monkeypatch.setattr(measuring, "_run", run)
    both = measured(Wrk("wrk"), [1, 2])
    assert both.cpu_us == pytest.approx(7.0)
    assert (both.reported.ttft_mean, both.with_start_up, both.problem) == (52.0, False, "")
    half = measured(Wrk("wrk"), [2, 3])
    assert half.cpu_us == pytest.approx(7.0 + 500_000 / 256)
    assert (half.reported.ttft_mean, half.with_start_up) == (52.0, True)
    assert half.problem == "3 requests: no memory"
    assert measured(Wrk("wrk"), [3]) == Measurement(problem="3 requests: no memory")


def test_ratio_to_wrk() -> None:
    started = of(30.0, 51.0, with_start_up=True)
    assert ratio_to_floor("C", {"C": of(9.0, 51.0), "wrk": of(6.0, 51.0)}) == 1.5
    assert ratio_to_floor("C", {"C": started, "wrk": of(6.0, 51.0)}) is None
    assert ratio_to_floor("C", {"C": of(9.0, 51.0)}) is None
    assert ratio_to_floor("C", {"C": of(9.0, 51.0), "wrk": Measurement(problem="it broke")}) is None


def test_a_message_fits_a_cell() -> None:
    assert shortened("Traceback:\n  a\n\n  ValueError:  1 | 2 \n") == "ValueError: 1 / 2"
    assert shortened("x" * 500) == "..." + "x" * 120
    assert shortened("") == "no message"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own, the only one on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def program(folder: Path, name: str, script: str = "exit 0") -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def names(*args: str) -> list[str]:
    parser = argparse.ArgumentParser()
    add_client_options(parser)
    return [client.name for client in chosen(parser.parse_args(list(args)))]


def test_clients_are_those_given_or_found(programs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert names() == ["aisbench-load"]
    for name in PEERS:
        program(programs, name)
    assert names() == ["aisbench-load", "wrk"]
    assert "guidellm is left out: it needs --tokenizer FOLDER" in capsys.readouterr().err
    (programs / "tokenizer.json").write_text("{}")
    every = names("--tokenizer", str(programs))
    assert every == [
        "aisbench-load", "wrk", "vllm-rs bench serve", "vllm bench serve", "AIPerf", "GuideLLM"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--wrk", "/nowhere/wrk"], "--wrk /nowhere/wrk is not a program"),
        (["--aiperf", "{wrk}"], "--aiperf needs a tokenizer"),
        (["--aiperf", "{wrk}", "--tokenizer", "/nowhere"], "--tokenizer /nowhere has no tokenizer.json"),
        (["--rounds", "0"], "--rounds must be above 0, got 0"),
        (["--sizes", "100", "1280"], "--sizes must be two rising numbers from 256"),
    ],
)
def test_bad_input_is_one_line(
    args: list[str], message: str, programs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrk = program(programs, "wrk")
    program(programs, "perf")
    assert main([arg.format(wrk=wrk) for arg in args]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {message}")


def test_chosen_checks_the_words_that_clients_get(programs: Path) -> None:
    with pytest.raises(BadInput, match="--vllm-rs needs a tokenizer"):
        names("--vllm-rs", program(programs, "vllm-rs"))


@pytest.mark.parametrize(
    ("script", "version"),
    [
        ("echo 'guidellm version: 0.8.1'", "0.8.1"),
        ("echo 'wrk 4.1.0-3+b2 [epoll] (C) 2012'; exit 1", "4.1.0-3+b2"),
        ("echo 0.32.0+cpu", "0.32.0+cpu"),
        ("echo liba.5.1.so: not found; exit 127", "-"),
        ("echo none", "-"),
    ],
)
def test_versions(script: str, version: str, tmp_path: Path) -> None:
    assert version_of([program(tmp_path, "one", script)]) == version


def test_wrk_is_given_the_time_that_the_requests_take(tmp_path: Path) -> None:
    command = Wrk("/bin/wrk").command(Load("http://127.0.0.1:1", 3840), tmp_path)
    assert command[:4] == ["/bin/wrk", "-t1", "-c256", "-d20s"]
    assert "/v1/chat/completions" in (tmp_path / "wrk.lua").read_text()


class TestLeftRunning:
    """The commands leave a child that holds their output; reading it ends when the last process has ended."""

    SCRIPT: ClassVar[list[str]] = ["sh", "-c", "sleep 1000 & exec sleep 1000"]

    def test_a_command_and_its_children_are_ended(self) -> None:
        environment = {**os.environ, "BENCH_TEST": "this one"}
        process = subprocess.Popen(self.SCRIPT, stdout=subprocess.PIPE, env=environment)
        end_marked("BENCH_TEST=this")
        assert process.poll() is None
        end_marked("BENCH_TEST=this one")
        assert process.communicate()[0] == b""
        assert process.returncode == -9

    @pytest.mark.skipif(found("perf") is None, reason="needs perf")
    def test_a_command_that_hangs_is_an_error(self, tmp_path: Path) -> None:
        fifo = tmp_path / "fifo"
        os.mkfifo(fifo)
        # Opened at both ends first, because a reader alone would wait for the command.
        ours = os.open(fifo, os.O_RDWR)
        reader = os.open(fifo, os.O_RDONLY)
        core = str(min(os.sched_getaffinity(0)))
        with pytest.raises(RuntimeError, match=r"sh did not end within 0\.1 s"):
            with_cpu_time(
                ["sh", "-c", f"exec 9>{fifo}; sleep 1000 & exec sleep 1000"], core=core, limit_s=0.1
            )
        os.close(ours)
        assert os.read(reader, 1) == b""
        os.close(reader)

    @pytest.mark.skipif(found("perf") is None, reason="needs perf")
    def test_a_command_that_fails_is_an_error_with_its_words(self) -> None:
        core = str(min(os.sched_getaffinity(0)))
        with pytest.raises(RuntimeError, match="ended with 7: it broke"):
            with_cpu_time(["sh", "-c", "echo it broke >&2; exit 7"], core=core)
        cpu_ms, output = with_cpu_time([sys.executable, "-c", "print('done')"], core=core)
        assert (output, cpu_ms > 0) == ("done\n", True)
