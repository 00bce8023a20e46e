"""Reads a whole answer by a backend's rules, the way the engine does, but slowly and plainly."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aisbench._native.protocol.decode import Decoder
from aisbench._native.protocol.finish import FINISHES, Finish
from aisbench._native.protocol.sse import parse
from aisbench.backends.backend import Backend
from aisbench.backends.event_rules import Rules


@dataclass
class Read:
    """`tokens`: events that carry something generated. `unsure`: events that the scanner left to orjson. `pieces`: those
    of tool calls."""

    tokens: int = 0
    chunks: int = 0
    text: str = ""
    reasoning: str = ""
    finish: str = ""
    prompt_tokens: int = -1
    output_tokens: int = -1
    failed: bool = False
    unsure: int = 0
    pieces: list[Any] = field(default_factory=list, compare=False)


def rules_of(backend: Backend) -> Rules:
    """The rules of a backend whose answers are streamed."""
    assert backend.rules is not None
    return backend.rules


def read_stream(rules: Rules | None, stream: str) -> Read:
    assert rules is not None
    events, too_large = parse([stream.encode()])
    assert not too_large
    return read(rules, [event for event in events if event != b"[DONE]"])


def read_whole(rules: Rules, body: bytes | str) -> Read:
    return read(rules, [body if isinstance(body, bytes) else body.encode()])


def read(rules: Rules, events: list[bytes]) -> Read:
    decoder = Decoder(rules)
    got = Read()
    for event in events:
        said = decoder.explain(event)
        assert said is not None, event
        assert said == decoder.explain(event, slowly=True), "orjson understands it otherwise"
        content = said["content"]
        if said["cumulative"]:
            assert content.startswith(got.text)
            content = content[len(got.text) :]
        got.text += content
        got.reasoning += said["reasoning"]
        got.pieces += said["calls"]
        got.tokens += bool(content or said["reasoning"] or said["tool"])
        got.chunks += said["chunk"]
        gave_up = said["finish"] == Finish.FINISH_GAVE_UP
        got.failed = got.failed or said["error"] or gave_up
        if said["finish"] != Finish.FINISH_NONE and not gave_up:
            got.finish = FINISHES[said["finish"]]
        for name in ("prompt_tokens", "output_tokens"):
            if said[name] >= 0:
                setattr(got, name, said[name])
    # Each event was decoded a second time by orjson alone.
    got.unsure = decoder.unsure - len(events)
    return got
