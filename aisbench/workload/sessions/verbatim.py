"""Sends recorded request bodies, changed only where this run could not use them otherwise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aisbench.backends.backend import Backend, BodyOptions
from aisbench.backends.prompt import Prompt
from aisbench.workload.datasets.recorded.exported import LENGTH_NAMES, asked
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.sessions.session import Turn

_OF_THE_RUN = ("stream", "stream_options")


def asked_of(body: Mapping[str, Any]) -> str:
    """The prompt of a body as text; empty if it holds token ids, or nothing that is known."""
    return asked(dict(body))[0]


def length_in(body: Mapping[str, Any]) -> int | None:
    """The longest answer that a body asks for."""
    lengths = (body.get(name) for name in LENGTH_NAMES)
    return next((one for one in lengths if isinstance(one, int) and one > 0), None)


def verbatim_prompt(turn: Turn, tokens: int, options: WorkloadOptions, backend: Backend) -> Prompt:
    """The prompt that sends a turn's body. The run's options for bodies apply to it, and it streams as the run does."""
    assert turn.body is not None
    standard = backend.fields(Prompt("x", 1, 1), BodyOptions(options.model, stream=options.stream))
    body = dict(turn.body)
    if "model" in standard and (options.model_is_named or "model" not in body):
        body["model"] = options.model
    for name in _OF_THE_RUN:
        body.pop(name, None)
    body |= {name: standard[name] for name in _OF_THE_RUN if name in standard}
    if options.temperature is not None:
        body["temperature"] = options.temperature
    extra = options.extra_body or {}
    out = {*options.omit_field, *(name for name, value in extra.items() if value is None)}
    body = {name: value for name, value in backend.merged(body, extra).items() if name not in out}
    text, ids = asked(body)
    return Prompt(
        text,
        tokens or len(ids or ()),
        length_in(body) or turn.output_tokens,
        ids,
        body=json.dumps(body).encode(),
    )
