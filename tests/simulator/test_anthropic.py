"""The simulator's Anthropic API: what it refuses, and how it counts a prompt with cached tokens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from aisbench.simulator.process import SimulatorProcess
from tests.simulator.client import request
from tests.simulators import start_simulator

PATH = "/v1/messages"
USER = {"role": "user", "content": " ".join(["word"] * 40)}


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with start_simulator(["--prefix-cache-tokens", "1000", "--decode-base-ms", "1"]) as running:
        yield running


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"messages": [USER]}, "max_tokens: Field required"),
        ({"messages": [], "max_tokens": 1}, "messages must be a list"),
        ({"messages": [{"role": "system", "content": "x"}], "max_tokens": 1}, "the role user or assistant"),
        ({"messages": [{"role": "assistant", "content": ""}], "max_tokens": 1}, "must be non-empty"),
        ({"messages": [{"role": "user", "content": [{"type": "x"}]}], "max_tokens": 1}, "block 'x'"),
    ],
)
def test_refusals(simulator: SimulatorProcess, body: dict[str, Any], said: str) -> None:
    answer = request(simulator.port, "POST", PATH, body)
    assert answer.status == 400
    assert (answer.json["type"], answer.json["error"]["type"]) == ("error", "invalid_request_error")
    assert said in answer.json["error"]["message"]


def test_cached_tokens_are_not_input_tokens(simulator: SimulatorProcess) -> None:
    blocks = [
        {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}},
        {"type": "text", "text": "one two"},
    ]
    results = [{"type": "tool_result", "tool_use_id": "a", "content": "three"}]
    messages = [USER, {"role": "assistant", "content": blocks}, {"role": "user", "content": results}]
    body = {"system": "be brief", "messages": messages, "max_tokens": 3}
    first, second = (request(simulator.port, "POST", PATH, body).json["usage"] for _ in range(2))
    total = first["input_tokens"]
    assert (first["cache_read_input_tokens"], first["output_tokens"]) == (0, 3)
    assert total == 2 + 40 + 2 + 3 + 1
    assert second["cache_read_input_tokens"] >= 32
    assert second["input_tokens"] + second["cache_read_input_tokens"] == total
