"""The server on real sockets: endpoints, streams, connections."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from aisbench.simulator.process import SimulatorProcess
from tests.simulator.client import (
    CHAT,
    COMPLETIONS,
    chat,
    connected,
    raw_request,
    read_all,
    read_until,
    request,
)
from tests.simulators import start_simulator

LAST = b"\r\n0\r\n\r\n"
PROMPT = {"prompt": "a b c", "max_tokens": 2}


@pytest.fixture
def simulator(quick_simulator: SimulatorProcess) -> SimulatorProcess:
    quick_simulator.reset()
    return quick_simulator


def test_a_chat_streams(simulator: SimulatorProcess) -> None:
    *chunks, usage, done = chat(simulator.port, 5, 6, stream_options={"include_usage": True}).events
    assert done == "[DONE]"
    assert usage["usage"] == {"prompt_tokens": 5, "completion_tokens": 6, "total_tokens": 11}
    deltas = [c["choices"][0]["delta"] for c in chunks]
    assert deltas[0] == {"role": "assistant", "content": ""}
    assert all(delta["content"].strip() for delta in deltas[1:])
    assert len(deltas) == 7
    truth = simulator.truth()
    assert (truth["requests"], truth["done"], truth["active"]) == (1, 1, 0)
    assert (truth["prompt_tokens"], truth["tokens"]) == (5, 6)
    assert (truth["ttft"]["n"], truth["itl"]["n"]) == (1, 5)


def test_completions_stream_without_usage_unless_asked(simulator: SimulatorProcess) -> None:
    body = {"prompt": [1, 2, 3, 4], "max_tokens": 3, "stream": True}
    *chunks, done = request(simulator.port, "POST", COMPLETIONS, body).events
    assert done == "[DONE]"
    assert len([c["choices"][0]["text"] for c in chunks]) == 3
    assert chunks[-1]["choices"][0]["finish_reason"] == "length"
    assert {c["usage"] for c in chunks} == {None}
    assert simulator.truth()["prompt_tokens"] == 4


def test_without_stream_one_body_comes(simulator: SimulatorProcess) -> None:
    answered = chat(simulator.port, 4, 5, stream=False)
    assert answered.content_type == "application/json"
    assert len(answered.json["choices"][0]["message"]["content"].split()) == 5
    assert answered.json["usage"]["total_tokens"] == 9


def test_the_control_plane(simulator: SimulatorProcess) -> None:
    port = simulator.port
    (model,) = request(port, "GET", "/v1/models").json["data"]
    assert model["id"] == "simulated-8b"
    assert model["max_model_len"] == 32768
    health = request(port, "GET", "/health?probe=1")
    assert (health.status, health.body) == (200, b"")
    missing = request(port, "POST", "/v1/chat", {})
    assert (missing.status, missing.json) == (404, {"detail": "Not Found"})
    assert request(port, "GET", CHAT).status == 405


@pytest.mark.parametrize(
    ("body", "status"), [(b"{nope", 400), (b"", 400), ({**PROMPT, "model": "gpt-9"}, 404)]
)
def test_bad_requests_get_an_error_object(simulator: SimulatorProcess, body: object, status: int) -> None:
    answered = request(simulator.port, "POST", COMPLETIONS, body)
    assert answered.status == status
    assert answered.json["error"]["code"] == status


def test_what_is_no_http_is_told_so_and_closed(simulator: SimulatorProcess) -> None:
    with connected(simulator.port) as client:
        client.sendall(b"this is no HTTP\r\n\r\n")
        assert read_all(client).startswith(b"HTTP/1.1 400 ")


def test_a_connection_is_used_again(simulator: SimulatorProcess) -> None:
    with connected(simulator.port) as client:
        for _ in range(3):
            client.sendall(
                raw_request(CHAT, {"messages": [{"content": "a"}], "max_tokens": 2, "stream": True})
            )
            assert read_until(client, LAST).startswith(b"HTTP/1.1 200 OK\r\n")


def test_pipelined_requests_are_answered_in_order_however_they_are_split(
    simulator: SimulatorProcess,
) -> None:
    bodies = [{"prompt": "a " * n, "max_tokens": 2} for n in (1, 2, 3)]
    data = b"".join(raw_request(COMPLETIONS, body) for body in bodies)
    data += b"GET /health HTTP/1.1\r\n\r\n"
    with connected(simulator.port) as client:
        for begin in range(0, len(data), 7):
            client.sendall(data[begin : begin + 7])
        answers = read_until(client, b"text/plain\r\ncontent-length: 0\r\n\r\n")
    assert re.findall(rb'"prompt_tokens":(\d)', answers) == [b"1", b"2", b"3"]
    assert simulator.truth()["peak_concurrency"] == 1


def test_a_connection_that_asks_to_be_closed_is(simulator: SimulatorProcess) -> None:
    with connected(simulator.port) as client:
        client.sendall(raw_request(COMPLETIONS, {**PROMPT, "stream": True}, "connection: close"))
        assert read_all(client).endswith(LAST)
    with connected(simulator.port) as client:
        client.sendall(b"GET /health HTTP/1.0\r\n\r\n")
        assert read_all(client).startswith(b"HTTP/1.1 200 ")


def test_an_offer_to_upgrade_is_ignored(simulator: SimulatorProcess) -> None:
    with connected(simulator.port) as client:
        client.sendall(b"GET /health HTTP/1.1\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n")
        assert read_until(client, b"\r\n\r\n").startswith(b"HTTP/1.1 200 ")


def test_a_slow_reader_gets_every_byte() -> None:
    # One event far larger than the socket's buffers, then others behind it.
    flags = ["--fault", "huge-event:1", "--huge-event-bytes", "20000000", "--decode-base-ms", "1"]
    with start_simulator(flags) as simulator, connected(simulator.port) as client:
        client.sendall(raw_request(COMPLETIONS, {"prompt": "a", "max_tokens": 9, "stream": True}))
        head = read_until(client, b"data: ")
        # Every other token has been generated by the time that another request is through.
        chat(simulator.port, 1, 30)
        body = head + read_until(client, LAST)
    assert body.count(b"data: ") == 10
    assert body.count(b"x") > 19_999_000
    assert body.endswith(LAST)


@pytest.fixture(scope="module")
def single() -> Iterator[SimulatorProcess]:
    """One slot, and steps so slow that a long answer never ends within a test."""
    with start_simulator(["--max-num-seqs", "1", "--decode-base-ms", "20"]) as simulator:
        yield simulator


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_frees_its_slot(single: SimulatorProcess, stream: bool) -> None:
    single.reset()
    with connected(single.port) as leaver:
        leaver.sendall(raw_request(COMPLETIONS, {"prompt": "a", "max_tokens": 20_000, "stream": stream}))
        if stream:
            read_until(leaver, b"data: ")
        with connected(single.port) as other:
            other.sendall(raw_request(COMPLETIONS, {"prompt": "a", "max_tokens": 2, "stream": True}))
            leaver.close()
            # The leaver's answer would take 400 s.
            read_until(other, LAST)
    truth = single.truth()
    assert (truth["requests"], truth["done"], truth["active"]) == (2, 1, 0)
    assert b"vllm:num_requests_running" in single.get("/metrics")
    assert re.search(rb"kv_cache_usage_perc\{[^}]*\} 0\.0\n", single.get("/metrics"))


def test_one_that_leaves_the_queue_is_never_run(single: SimulatorProcess) -> None:
    single.reset()
    with connected(single.port) as runner:
        runner.sendall(raw_request(COMPLETIONS, {"prompt": "a", "max_tokens": 5, "stream": True}))
        read_until(runner, b"data: ")
        with connected(single.port) as waiter:
            waiter.sendall(raw_request(COMPLETIONS, {"prompt": "a b c", "max_tokens": 5}))
        read_until(runner, LAST)
    assert single.truth()["tokens"] == 5


def test_the_key_is_asked_for() -> None:
    with start_simulator(["--api-key", "secret"]) as simulator:
        port = simulator.port
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "secret"}):
            refused = request(port, "POST", COMPLETIONS, PROMPT, **headers)
            assert (refused.status, refused.json) == (401, {"error": "Unauthorized"})
        assert request(port, "GET", "/v1/models").status == 401
        assert request(port, "GET", "/health").status == 200
        assert request(port, "POST", COMPLETIONS, PROMPT, Authorization="Bearer secret").status == 200
        message = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1}
        assert request(port, "POST", "/v1/messages", message, **{"x-api-key": "secret"}).status == 200


def test_early_ends_are_geometric_and_honour_ignore_eos() -> None:
    flags = ["--stop-early", "0.2", "--decode-base-ms", "0.1", "--decode-per-seq-us", "0", "--seed", "4"]
    with start_simulator(flags) as simulator:
        ends = [chat(simulator.port, 1, 40, stream=False).json for _ in range(150)]
        kept = chat(simulator.port, 1, 40, stream=False, ignore_eos=True).json
    lengths = [end["usage"]["completion_tokens"] for end in ends]
    # The mean of the law is 5, its standard deviation 4.5, so that of the mean of 150 is 0.37.
    assert 3.5 < sum(lengths) / len(lengths) < 6.5
    for end, length in zip(ends, lengths, strict=True):
        assert end["choices"][0]["finish_reason"] == ("stop" if length < 40 else "length")
    assert kept["usage"]["completion_tokens"] == 40


def test_reasoning_tokens() -> None:
    with start_simulator(["--reasoning-tokens", "2", "--decode-base-ms", "1"]) as simulator:
        events = chat(simulator.port, 1, 4).events
    fields = [next(iter(e["choices"][0]["delta"])) for e in events[1:-1]]
    assert fields == ["reasoning_content"] * 2 + ["content"] * 2
