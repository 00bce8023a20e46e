"""Each injected fault, as a client sees it."""

from __future__ import annotations

import json
import re
from contextlib import AbstractContextManager

import pytest

from aisbench.simulator.faults import Faults
from aisbench.simulator.model.parameters import FAULTS, Parameters
from aisbench.simulator.process import SimulatorProcess
from tests.simulator.client import (
    COMPLETIONS,
    chat,
    connected,
    raw_request,
    read_all,
    read_until,
    request,
)
from tests.simulators import start_simulator

STREAM = {"prompt": "a", "max_tokens": 8, "stream": True}
WHOLE = {"prompt": "a", "max_tokens": 8}
LAST = b"\r\n0\r\n\r\n"


def struck(kind: str, *flags: str) -> AbstractContextManager[SimulatorProcess]:
    return start_simulator(["--decode-base-ms", "1", "--fault", f"{kind}:1", *flags])


def assert_free(simulator: SimulatorProcess) -> None:
    """Nothing is left behind: no active request, no slot, no cache."""
    assert simulator.truth()["active"] == 0
    page = simulator.get("/metrics").decode()
    for name in ("num_requests_running", "num_requests_waiting", "kv_cache_usage_perc"):
        assert re.search(rf"vllm:{name}\{{[^}}]*\}} 0\.0\n", page), name


@pytest.mark.parametrize(("kind", "status"), [("http-500", 500), ("http-401", 401)])
def test_errors_instead_of_an_answer(kind: str, status: int) -> None:
    with struck(kind) as simulator:
        answered = chat(simulator.port)
        assert answered.status == answered.json["error"]["code"] == status
        assert simulator.truth()["faults"] == {kind: 1}
        assert_free(simulator)


def test_html() -> None:
    with struck("html") as simulator:
        answered = chat(simulator.port)
        assert (answered.status, answered.content_type) == (200, "text/html; charset=utf-8")
        assert_free(simulator)


def test_cut() -> None:
    with struck("cut") as simulator:
        with connected(simulator.port) as client:
            client.sendall(raw_request(COMPLETIONS, STREAM))
            stream = read_all(client)
        assert stream.count(b"data: ") == 5, "four tokens and a half"
        assert not stream.endswith(b"\n\n\r\n")
        with connected(simulator.port) as client:
            client.sendall(raw_request(COMPLETIONS, WHOLE))
            head, _, body = read_all(client).partition(b"\r\n\r\n")
        (length,) = re.findall(rb"content-length: (\d+)", head)
        assert 0 < len(body) < int(length)
        assert_free(simulator)


@pytest.mark.parametrize("body", [STREAM, WHOLE])
def test_stall(body: dict[str, object]) -> None:
    with struck("stall", "--max-num-seqs", "1") as simulator:
        with connected(simulator.port) as client, connected(simulator.port) as second:
            client.sendall(raw_request(COMPLETIONS, body))
            if "stream" in body:
                read_until(client, b"data: ", 4)
            # A second one gets as far: a stalled request holds no slot.
            second.sendall(raw_request(COMPLETIONS, STREAM))
            read_until(second, b"data: ", 4)
            assert simulator.truth()["active"] == 2
            client.settimeout(0.05)
            with pytest.raises(TimeoutError):
                client.recv(1)
        # Connections are served in the order in which they closed and came.
        assert_free(simulator)


def test_malformed() -> None:
    with struck("malformed") as simulator:
        with connected(simulator.port) as client:
            client.sendall(raw_request(COMPLETIONS, STREAM))
            events = read_until(client, LAST).split(b"data: ")[1:]
        bad = [i for i, event in enumerate(events[:-1]) if not is_json(event.partition(b"\n\n")[0])]
        assert bad == [4]
        assert len(events) == 9
        answered = request(simulator.port, "POST", COMPLETIONS, WHOLE)
        assert answered.status == 200
        assert not is_json(answered.body)
        assert_free(simulator)


def is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def test_error_event() -> None:
    with struck("error-event") as simulator:
        *tokens, error, done = request(simulator.port, "POST", COMPLETIONS, STREAM).events
        assert len(tokens) == 4
        assert error["error"]["code"] == 500
        assert done == "[DONE]"
        assert request(simulator.port, "POST", COMPLETIONS, WHOLE).status == 500
        assert_free(simulator)


def test_huge_event() -> None:
    with struck("huge-event", "--huge-event-bytes", "100000") as simulator:
        events = chat(simulator.port, 1, 4).events
        assert len(events) == 6
        sizes = [len(json.dumps(e, separators=(",", ":"))) for e in events[:-1]]
        assert [size == 100_000 for size in sizes] == [False, False, False, True, False]
        assert_free(simulator)


def test_one_token_can_be_struck() -> None:
    with struck("malformed") as simulator:
        answered = request(simulator.port, "POST", COMPLETIONS, {**STREAM, "max_tokens": 1})
        assert answered.body == b'data: {"choices": [{"text": \n\ndata: [DONE]\n\n'


def test_faults_are_drawn_with_their_shares_and_repeat_with_the_seed() -> None:
    shares = dict(zip(FAULTS, (0.05, 0.1, 0.15, 0.05, 0.1, 0.05, 0.1, 0.15), strict=True))
    parameters = Parameters(faults=shares, seed=7)
    faults = Faults(parameters)
    drawn = [faults.draw() for _ in range(20_000)]
    for kind, share in shares.items():
        assert drawn.count(kind) / len(drawn) == pytest.approx(share, abs=0.012)
    again = Faults(parameters)
    assert [again.draw() for _ in range(50)] == drawn[:50]
    assert Faults(Parameters()).draw() is None
