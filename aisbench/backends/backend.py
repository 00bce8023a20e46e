"""What a backend is: a path, a body, and the rules by which its stream is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aisbench.backends.prompt import Prompt
from aisbench.backends.rules import Rules


@dataclass(frozen=True)
class BodyOptions:
    """What the bodies of all requests have in common. `temperature` None: not sent."""

    model: str
    ignore_eos: bool = False
    temperature: float | None = None
    extra_body: Mapping[str, Any] | None = None

    def tail(self) -> dict[str, Any]:
        """The fields that come last, in the order in which vLLM's client merges them.

        `extra_body` is merged last of all: where it names a field that is there already, its value
        stands, in the place of the first.
        """
        fields: dict[str, Any] = {}
        if self.ignore_eos:
            fields["ignore_eos"] = True
        if self.temperature is not None:
            fields["temperature"] = self.temperature
        return {**fields, **(self.extra_body or {})}


@dataclass(frozen=True)
class Backend:
    """One API family.

    `path`: where it is asked unless --endpoint says otherwise. `fields`: the body's fields for a
    prompt, without what all bodies share. `rules`: how its stream is read; the native decoder
    compiles them. `output_tokens_from`: in words, how output tokens are counted.
    """

    family: str
    path: str
    fields: Callable[[Prompt, BodyOptions], dict[str, Any]]
    rules: Rules
    takes_token_ids: bool
    output_tokens_from: str

    def body(self, prompt: Prompt, options: BodyOptions) -> bytes:
        """The request body, byte for byte as `vllm bench serve` 0.32 sends it for the same prompt.

        That is Python's json.dumps with its defaults: ASCII-escaped, a blank behind each comma and
        colon. Raises ValueError for NaN or infinity, which JSON does not have.
        """
        return json.dumps({**self.fields(prompt, options), **options.tail()}, allow_nan=False).encode()
