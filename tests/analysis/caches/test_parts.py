"""What the model reads of a body, whatever its API."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from aisbench.analysis.caches.parts import CONTINUED, HOLE, parts_of
from aisbench.backends.prompt import ANSWER, PREVIOUS, live_turn
from aisbench.workload.build import with_holes


def read(body: dict[str, Any]) -> list[Any]:
    return [
        part.tolist() if isinstance(part, np.ndarray) else part
        for part in parts_of(with_holes(json.dumps(body).encode())).parts
    ]


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        ({"model": "m", "prompt": "a b", "max_tokens": 3}, ["a b"]),
        ({"prompt": [5, 6, 7]}, [[5, 6, 7]]),
        ({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]}, ["s", "u"]),
        # As a template puts them: tools, the system prompt, then the messages.
        (
            {
                "messages": [{"role": "user", "content": [{"type": "text", "text": "u"}]}],
                "system": "s",
                "tools": [{"type": "function", "function": {"name": "look"}}],
            },
            ["look", "s", "u"],
        ),
        ({"instructions": "i", "input": "x"}, ["i", "x"]),
        ({"inputs": "x", "parameters": {"max_new_tokens": 2}}, ["x"]),
        ({"input_ids": [1, 2]}, [[1, 2]]),
        ({"text_input": "x"}, ["x"]),
    ],
)
def test_every_api(body: dict[str, Any], parts: list[Any]) -> None:
    assert read(body) == parts


def test_answers_of_earlier_turns_are_holes() -> None:
    body = {"messages": [{"role": "user", "content": "u"}, {"role": "assistant", "content": ANSWER}]}
    assert read(body) == ["u", HOLE]
    live = {"messages": [live_turn([{"name": "look", "content": "found"}]), {"role": "user", "content": "v"}]}
    assert read(live) == [HOLE, "found", "v"]
    assert read({"input": "u", "previous_response_id": PREVIOUS}) == [CONTINUED, "u"]
    assert read({"prompt": f"u {ANSWER} v"}) == ["u ", HOLE, " v"]


def test_salts_and_adapters_share_nothing() -> None:
    scopes = [
        parts_of(json.dumps({"prompt": "a", **more}).encode()).scope
        for more in ({}, {"cache_salt": "x"}, {"cache_salt": "y"}, {"model": "lora"})
    ]
    assert len(set(scopes)) == 4


def test_a_body_of_an_unknown_form_is_a_text() -> None:
    assert parts_of(b"not JSON").parts == ("not JSON",)
    assert parts_of(b'{"question": "a"}').parts == ('{"question": "a"}',)
    assert parts_of(b"[1]").parts == ("[1]",)
