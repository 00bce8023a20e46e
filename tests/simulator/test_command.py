"""`aisbench simulate` as a process: what it prints, how it ends, what it refuses."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from aisbench.cli.main import main
from aisbench.errors import BadInput
from aisbench.simulator.process import start_simulator
from tests.simulator.client import COMPLETIONS, connected, raw_request, read_until, request
from tests.waiting import readable

SIMULATE = [sys.executable, "-m", "aisbench", "simulate"]


def start(*flags: str) -> tuple[subprocess.Popen[str], list[str], int]:
    """The process, the lines that it printed before the last, and the port from the last."""
    process = subprocess.Popen(
        [*SIMULATE, "--port", "0", *flags],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        if line.startswith("listening on http://127.0.0.1:"):
            return process, lines, int(line.rpartition(":")[2])
        lines.append(line.rstrip())
    raise AssertionError(process.communicate()[1])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_tells_what_it_is_and_ends_cleanly_in_the_middle_of_a_stream(number: signal.Signals) -> None:
    process, lines, port = start("--max-num-seqs", "17", "--api-key", "very-secret", "--fault", "cut:0.25")
    said = "\n".join(lines)
    assert "max-num-seqs 17" in said
    assert "fault cut:0.25" in said
    assert "very-secret" not in said
    assert max(map(len, lines)) <= 100
    # Overwritten in the process list, which everyone may read.
    assert "very-secret" not in Path(f"/proc/{process.pid}/cmdline").read_text()
    # What it refuses, or cannot read, it does not log.
    for key, content in (("other-secret", "{}"), ("very-secret", '{"api_key": "other-secret"')):
        with connected(port) as client:
            given = f"authorization: Bearer {key}\r\ncontent-length: {len(content)}"
            client.sendall(f"POST {COMPLETIONS} HTTP/1.1\r\nhost: x\r\n{given}\r\n\r\n{content}".encode())
            answer = read_until(client, b"}")
        assert b"other-secret" not in answer, answer
        assert answer.startswith(b"HTTP/1.1 4")
    with connected(port) as client:
        body = {"prompt": "a", "max_tokens": 20_000, "stream": True}
        client.sendall(raw_request(COMPLETIONS, body, "authorization: Bearer very-secret"))
        read_until(client, b"data: ")
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--max-num-seqs", "0"], ["--max-num-seqs must be", "at least 1", "got 0"]),
        (["--kv-tokens", "-5"], ["--kv-tokens must be", "got -5"]),
        (["--kv-tokens", "many"], ["--kv-tokens", "many"]),
        (["--decode-base-ms", "nan"], ["--decode-base-ms must be", "at least 0", "got nan"]),
        (["--decode-per-seq-us", "inf"], ["--decode-per-seq-us must be", "got inf"]),
        (["--prefill-us-per-token", "-1"], ["--prefill-us-per-token must be", "got -1"]),
        (["--prefill-fixed-ms", "nan"], ["--prefill-fixed-ms must be", "got nan"]),
        (["--jitter", "30"], ["--jitter must be", "from 0 to 2", "got 30"]),
        (["--stop-early", "1"], ["--stop-early must be", "below 1", "got 1"]),
        (["--max-batched-tokens", "10"], ["--max-batched-tokens 10", "--max-num-seqs 256"]),
        (["--fault", "cut"], ["--fault must be KIND:SHARE", "got 'cut'"]),
        (["--fault", "cut:nan"], ["--fault cut", "from 0 to 1", "got nan"]),
        (["--fault", "fire:0.1"], ["--fault", "'fire'", "http-500"]),
        (["--fault", "cut:0.7", "--fault", "html:0.7"], ["--fault", "at most 1", "got 1.4"]),
        (["--fault", "cut:0.1", "--fault", "cut:0.1"], ["--fault cut", "twice"]),
        (["--port", "70000"], ["--port must be", "65535", "got 70000"]),
        (["--host", "no.such.host.invalid"], ["--host", "no.such.host.invalid"]),
        (["--api-key", ""], ["--api-key"]),
        (["--announce", "7777"], ["--announce 7777"]),
        (["--lifeline", "7777"], ["--lifeline 7777"]),
    ],
)
def test_bad_input_is_one_line_that_names_the_flag(
    flags: list[str],
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["aisbench", "simulate", "--port", "0", *flags])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert ended.value.code == 2
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("error: ")
    for word in words:
        assert word in line


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run([*SIMULATE, "--port", port], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert f"--port {port}" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_block_ends_it_and_stop_may_come_before() -> None:
    with start_simulator([]) as simulator:
        assert request(simulator.port, "GET", "/health").status == 200
        assert simulator.url == f"http://127.0.0.1:{simulator.port}"
        assert simulator.stop() == 0
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", simulator.port))
    assert simulator.stop() == 0


def test_one_that_does_not_start_says_why() -> None:
    with pytest.raises(BadInput, match="did not start: --jitter"), start_simulator(["--jitter", "-1"]):
        pass


def test_it_does_not_outlive_its_parent() -> None:
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from aisbench.simulator.process import start_simulator\n"
            "with start_simulator([]) as s: print(s.pid, flush=True); input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    child = os.pidfd_open(int(parent.stdout.readline()))
    try:
        parent.kill()
        parent.communicate()
        # Readable once that process has ended.
        assert readable(child, 30.0)
    finally:
        os.close(child)
