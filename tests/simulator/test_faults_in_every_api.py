"""Injected faults in each API's stream and whole answers, over real sockets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from aisbench._native.protocol.sse import parse
from aisbench.backends.backend import BodyOptions
from aisbench.backends.prompt import Prompt
from aisbench.backends.registry import backend_named
from aisbench.simulator.process import SimulatorProcess
from tests.backends.reading import read_stream, read_whole
from tests.simulator.client import Answered, ask, connected, raw_request, read_all
from tests.simulator.test_endpoints import STREAMING
from tests.simulators import start_simulator

MODEL = "simulated-8b"
POOLING = ("openai-embeddings", "vllm-pooling", "vllm-rerank")
# The token that is struck is the fifth of eight.
PROMPT = Prompt("a b", 2, 8, documents=("c",))
BEFORE = 4


@contextmanager
def struck(kind: str, *flags: str) -> Iterator[SimulatorProcess]:
    with start_simulator(["--decode-base-ms", "1", "--fault", f"{kind}:1", *flags]) as simulator:
        yield simulator
        assert simulator.truth()["active"] == 0, "nothing is left behind"


def asked_by(name: str, *, stream: bool) -> tuple[str, bytes]:
    backend = backend_named(name)
    body = backend.body(PROMPT, BodyOptions(MODEL, ignore_eos=True, stream=stream))
    return backend.path_for(MODEL, stream=stream), body


def answered_by(simulator: SimulatorProcess, name: str, *, stream: bool) -> Answered:
    return ask(simulator, *asked_by(name, stream=stream))


def test_an_error_event() -> None:
    with struck("error-event") as simulator:
        for name in STREAMING:
            got = read_stream(backend_named(name).rules, answered_by(simulator, name, stream=True).stream)
            assert (got.failed, got.tokens) == (True, BEFORE), name
        for name in (*STREAMING, *POOLING):
            whole = answered_by(simulator, name, stream=False)
            assert whole.status == 500, name
            assert read_whole(backend_named(name).plain_rules, whole.body).failed, name


def test_a_malformed_event() -> None:
    with struck("malformed") as simulator:
        for name in STREAMING:
            stream = answered_by(simulator, name, stream=True).body
            events, _ = parse([stream])
            broken = [event for event in events if event != b"[DONE]" and not is_json(event)]
            assert len(broken) == 1, name
            rest = stream.replace(broken[0], b"{}").decode()
            assert read_stream(backend_named(name).rules, rest).tokens == 7, name
        for name in (*STREAMING, *POOLING):
            assert not is_json(answered_by(simulator, name, stream=False).body), name


def is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def test_a_huge_event() -> None:
    with struck("huge-event", "--huge-event-bytes", "70000") as simulator:
        for name in STREAMING:
            stream = answered_by(simulator, name, stream=True).body
            _, too_large = parse([stream], limit_bytes=60_000, end=False)
            assert too_large, name
            whole, _ = parse([stream])
            assert [len(event) for event in whole if len(event) > 60_000] == [70_000], name
            assert all(event == b"[DONE]" or is_json(event) for event in whole)
        for name in (*STREAMING, *POOLING):
            whole_answer = answered_by(simulator, name, stream=False)
            assert len(whole_answer.body) > 70_000, name
            assert whole_answer.json


def test_a_cut() -> None:
    with struck("cut") as simulator:
        for name in STREAMING:
            with connected(simulator.port) as client:
                path, body = asked_by(name, stream=True)
                client.sendall(raw_request(path, json.loads(body)))
                stream = read_all(client)
            assert stream.count(b"data:") >= BEFORE, name
            assert not stream.endswith(b"\n\n\r\n"), name
        for name in (*STREAMING, *POOLING):
            with connected(simulator.port) as client:
                path, body = asked_by(name, stream=False)
                client.sendall(raw_request(path, json.loads(body)))
                head, _, part = read_all(client).partition(b"\r\n\r\n")
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            assert 0 < len(part) < length, name


@pytest.mark.parametrize(("kind", "status"), [("http-500", 500), ("http-401", 401)])
def test_an_error_instead_of_an_answer(kind: str, status: int) -> None:
    with struck(kind) as simulator:
        for name in (*STREAMING, *POOLING):
            answered = answered_by(simulator, name, stream=name in STREAMING)
            assert answered.status == status, name
            assert read_whole(backend_named(name).plain_rules, answered.body).failed, name
