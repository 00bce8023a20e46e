"""A backend: a path, a body, and the rules by which its answer is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from aisbench.backends.event_rules import CHUNK, Rules
from aisbench.backends.prompt import Prompt
from aisbench.errors import BadInput


@dataclass(frozen=True)
class BodyOptions:
    """What the bodies of all requests have in common. `temperature` None: not sent. `omitted`: fields that are left out."""

    model: str
    ignore_eos: bool = False
    temperature: float | None = None
    extra_body: Mapping[str, Any] | None = None
    stream: bool = True
    omitted: tuple[str, ...] = ()

    def tail(self) -> dict[str, Any]:
        """The fields that come last in OpenAI's bodies, in the order in which vLLM's client merges them."""
        fields: dict[str, Any] = {}
        if self.ignore_eos:
            fields["ignore_eos"] = True
        if self.temperature is not None:
            fields["temperature"] = self.temperature
        return fields


@dataclass(frozen=True)
class Backend:
    """One API family.

    `path`: where it is asked unless --endpoint says otherwise; {model} in it stands for the model's
    name. `plain_path`: the same for answers that are not streamed, where that differs. `fields`: the
    body for a prompt, without what --extra-body and the prompt itself add.

    `rules`: how an event of its stream is read; the native decoder compiles them. None: it has no
    stream. `plain_rules`: how a whole answer is read that is not streamed. `generates` False: it
    answers with vectors or scores; there are no tokens, and `plain_rules` mark their array as CHUNK.
    `counts_output` False: the server does not say how many tokens it generated; then --tokenizer counts them.
    `must_finish`: a stream that ended with neither a finish reason nor [DONE] was cut.

    `takes_token_ids`, `takes_messages`: what it can be sent beside text. `parameters_in`: the object in
    the body that holds the sampling parameters, where they are not at its top; what --extra-body has
    under that name is merged into it instead of replacing it. `output_tokens_from`: in words, how
    output tokens are counted.
    """

    family: str
    path: str
    fields: Callable[[Prompt, BodyOptions], dict[str, Any]]
    rules: Rules | None
    plain_rules: Rules
    output_tokens_from: str
    plain_path: str | None = None
    takes_token_ids: bool = False
    takes_messages: bool = False
    generates: bool = True
    counts_output: bool = True
    must_finish: bool = True
    parameters_in: str | None = None

    @property
    def marks_chunks(self) -> bool:
        """Whether its stream tells token chunks without text (a role alone, half a character) from others."""
        return any(meaning == CHUNK for _, meaning in self.rules or ())

    def path_for(self, model: str, *, stream: bool) -> str:
        """Where it is asked for `model`, whose name is escaped as one segment of the path."""
        path = self.path if stream or self.plain_path is None else self.plain_path
        return path.replace("{model}", quote(model, safe=""))

    def body(self, prompt: Prompt, options: BodyOptions) -> bytes:
        """The request body; OpenAI's and vLLM's byte for byte as `vllm bench serve` 0.32 sends them.

        That is Python's json.dumps with its defaults: ASCII-escaped, a blank after each comma and
        colon. `extra_body`, then the prompt's own fields are merged last of all: where they name a
        field that is there already, their value stands, in the place of the first. Raises BadInput
        for NaN or infinity, which JSON does not have.
        """
        if prompt.body is not None:
            return prompt.body
        fields = self.fields(prompt, options)
        extra = options.extra_body or {}
        # null for a field of this backend's own takes it out: servers that forbid one forbid its null, too.
        out = {*options.omitted, *(name for name, value in extra.items() if value is None and name in fields)}
        for more in (extra, prompt.fields):
            fields = self.merged(fields, more)
        fields = {name: value for name, value in fields.items() if name not in out}
        try:
            return json.dumps(fields, allow_nan=False).encode()
        except ValueError as problem:
            raise BadInput(f"a request body cannot be written as JSON: {problem}") from None

    def merged(self, fields: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
        """A body's fields with others in it; where they name one that is there, their value stands in its place."""
        inner = self.parameters_in
        if inner is not None and isinstance(more.get(inner), Mapping):
            more = {**more, inner: {**fields.get(inner, {}), **more[inner]}}
        return {**fields, **more}

    def field_names(self) -> set[str]:
        """What the fields of its bodies are called."""
        return set(self.fields(Prompt("x", 1, 1, documents=("y",)), BodyOptions("m")))
