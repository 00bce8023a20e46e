"""The referee tells what it did, and ends with who started it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from aisbench.simulator import referee as module
from aisbench.simulator import referee_server as native
from aisbench.simulator.referee import RefereeProcess, start_referee


def answer(referee: RefereeProcess, tokens: int | None = None) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", referee.port, timeout=10)
    body = {"model": "referee", "stream": True} | ({} if tokens is None else {"max_tokens": tokens})
    connection.request("POST", "/v1/chat/completions", json.dumps(body))
    text = connection.getresponse().read().decode()
    connection.close()
    return text


def test_it_streams_as_told_and_tells_when_it_did() -> None:
    with start_referee(ttft_us=20_000, itl_us=5_000, tokens=4) as referee:
        events = [line for line in answer(referee).splitlines() if line.startswith("data: {")]
        assert len(events) == 1 + 4 + 1, "the role, the tokens, the usage"
        assert json.loads(events[-1][6:])["usage"]["completion_tokens"] == 4
        truth = referee.truth()
    assert (truth["requests"], truth["done"], truth["tokens"], truth["active"]) == (1, 1, 4, 0)
    # Not before they were due; how much later is the host's business.
    assert truth["ttft"]["mean_ms"] >= 20
    assert truth["ttft_wire"]["mean_ms"] >= truth["ttft"]["mean_ms"] - 0.01
    assert truth["itl"]["n"] == 3
    assert truth["e2e"]["mean_ms"] >= 20 + 3 * 5


def test_a_request_may_ask_for_fewer_tokens_and_a_reset_forgets() -> None:
    with start_referee(ttft_us=0, itl_us=0, tokens=100) as referee:
        answer(referee, tokens=2)
        assert referee.truth()["tokens"] == 2
        referee.reset()
        assert referee.truth()["requests"] == 0


def test_whoever_knows_its_port_can_connect(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Also before it serves: a busy host may let the other process run first."""
    connected = []

    def serve(*_: int) -> None:
        port = int(capfd.readouterr().out)
        with socket.create_connection(("127.0.0.1", port), timeout=10):
            connected.append(port)

    monkeypatch.setattr(native, "serve", serve)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["referee", "0", "1000", "1000", "8"])
    module.main()
    assert len(connected) == 1


def test_it_ends_with_who_started_it() -> None:
    command = [sys.executable, "-m", "aisbench.simulator.referee", "0", "1000", "1000", "8"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdout:
        assert int(process.stdout.readline()) > 0
        process.stdin.close()
        assert process.wait(20) == 0


def test_it_says_nothing_when_nobody_wants_its_port_any_more() -> None:
    command = [sys.executable, "-m", "aisbench.simulator.referee", "0", "1000", "1000", "8"]
    read, write = os.pipe()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    os.close(read)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, b"")


def test_a_taken_port_is_an_error_of_its_own() -> None:
    with start_referee(ttft_us=0, itl_us=0, tokens=1) as referee:
        command = [sys.executable, "-m", "aisbench.simulator.referee", str(referee.port), "0", "0", "1"]
        second = subprocess.run(
            command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
    assert second.returncode == 1
    with pytest.raises(OSError, match="refused"):
        answer(referee)


@pytest.fixture(scope="module")
def failing() -> Iterator[RefereeProcess]:
    with start_referee(ttft_us=0, itl_us=0, tokens=4) as referee:
        yield referee


@pytest.mark.parametrize(
    ("way", "status", "body", "ends"),
    [
        ("reset", 0, "", "reset"),
        ("http-500", 500, "broken", None),
        ("http-429", 429, "broken", None),
        ("cut", 200, "", "reset"),
        ("malformed", 200, '"content":"x', "timed out"),
        ("error-event", 200, '"error"', None),
        ("cut-chunk", 200, "", "IncompleteRead"),
        ("stall", 200, "", "timed out"),
    ],
)
def test_it_fails_as_asked_and_counts_the_others(
    way: str, status: int, body: str, ends: str | None, failing: RefereeProcess
) -> None:
    failing.reset()
    failing.fail(way, 2)
    answer(failing)
    connection = http.client.HTTPConnection("127.0.0.1", failing.port, timeout=10)
    connection.request("POST", "/v1/chat/completions", "{}")
    seen, ended = 0, None
    try:
        response = connection.getresponse()
        seen = response.status
        if ends == "timed out":
            # Nothing more will come, so that any time is long enough.
            connection.sock.settimeout(0.01)
        text = response.read().decode()
    except (OSError, http.client.HTTPException) as problem:
        ended, text = repr(problem), ""
    connection.close()
    assert seen == status
    assert (ended is None) == (ends is None)
    assert ends is None or ends in str(ended)
    assert ended is not None or body in text
    truth = failing.truth()
    assert (truth["requests"], truth["done"], truth["failed"], truth["tokens"]) == (2, 1, 1, 4)
    assert truth["ttft"]["n"] == truth["tpot"]["n"] == truth["e2e_wire"]["n"] == 1


def test_a_way_to_fail_that_it_does_not_know_is_an_error(failing: RefereeProcess) -> None:
    with pytest.raises(ValueError, match="explode"):
        failing.fail("explode", 2)
