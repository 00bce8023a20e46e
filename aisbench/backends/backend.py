"""The Backend class: an API's path, its request bodies, and the rules for reading its answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from aisbench.backends.event_rules import CHUNK, Rules
from aisbench.backends.history import AsMessages
from aisbench.backends.prompt import Prompt
from aisbench.backends.tool_calls import FromPieces, IdFromPieces
from aisbench.errors import BadInput


@dataclass(frozen=True)
class BodyOptions:
    """The part of a body that all requests share.

    `temperature`: None leaves it out. `omitted`: names of fields to leave out.
    """

    model: str
    ignore_eos: bool = False
    temperature: float | None = None
    extra_body: Mapping[str, Any] | None = None
    stream: bool = True
    omitted: tuple[str, ...] = ()

    def tail(self) -> dict[str, Any]:
        """The last fields of OpenAI's bodies, in the order of vLLM's client."""
        fields: dict[str, Any] = {}
        if self.ignore_eos:
            fields["ignore_eos"] = True
        if self.temperature is not None:
            fields["temperature"] = self.temperature
        return fields


@dataclass(frozen=True)
class Backend:
    """One API family.

    `path`: the path of requests unless --endpoint gives another; {model} stands for the model's name.
    `plain_path`: the path for answers that are not streamed, if it differs. `fields`: makes the body
    for a prompt, without the fields that --extra-body and the prompt add.

    `rules`: how to read an event of the stream; the native decoder compiles them. None: the API does
    not stream. `plain_rules`: how to read an answer that is not streamed. `generates` False: the API
    answers with vectors or scores instead of tokens, and `plain_rules` mark their array as CHUNK.
    `counts_output` False: the server does not report how many tokens it generated, so --tokenizer
    counts them. `must_finish`: a stream without a finish reason or [DONE] was cut.

    `takes_token_ids`, `takes_messages`: what the API accepts besides text. `parameters_in`: the object
    in the body that holds the sampling parameters, unless they are at the top level; --extra-body's
    object of that name is merged into it and does not replace it. `output_tokens_from`: how output
    tokens are counted, in words. `tool_calls`: makes an answer's tool calls from their pieces; None: the API has none.
    `as_messages`: makes the messages of later requests from an answer; None: the API has no messages.
    `answer_id`: takes an answer's id from its pieces, where the server can keep what was said before; a request that
    `continues` then holds only what is new, with `as_results` in place of `as_messages`.
    `takes_reasoning`: whether later requests may contain an answer's reasoning. `own_fields`: rewrites fields that data sets
    have in the chat API's form, such as `tools`.

    `key_header`: the name of the header with the API key, and what stands before the key. `headers`: others that all
    requests need.
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
    tool_calls: FromPieces | None = None
    as_messages: AsMessages | None = None
    answer_id: IdFromPieces | None = None
    continues: Mapping[str, Any] = field(default_factory=dict)
    as_results: AsMessages | None = None
    takes_reasoning: bool = True
    own_fields: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict
    key_header: tuple[str, str] = ("Authorization", "Bearer ")
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def marks_chunks(self) -> bool:
        """Whether the stream distinguishes a token chunk without text (a role alone, half a character) from other events."""
        return any(meaning == CHUNK for _, meaning in self.rules or ())

    def path_for(self, model: str, *, stream: bool) -> str:
        """The path of requests for `model`, whose name is escaped as one segment."""
        path = self.path if stream or self.plain_path is None else self.plain_path
        return path.replace("{model}", quote(model, safe=""))

    def body(self, prompt: Prompt, options: BodyOptions) -> bytes:
        """The request body; for OpenAI's and vLLM's APIs the same bytes as `vllm bench serve` 0.32 sends.

        These are json.dumps with its defaults: ASCII-escaped, a space after each comma and colon.
        `extra_body` is merged in, then the prompt's fields; a value they give for an existing field
        replaces it and keeps its position. Raises BadInput for NaN and infinity, which JSON lacks.
        """
        if prompt.body is not None:
            return prompt.body
        fields = self.fields(prompt, options)
        extra = options.extra_body or {}
        # null in --extra-body removes a field of this backend: a server that rejects the field rejects null, too.
        out = {*options.omitted, *(name for name, value in extra.items() if value is None and name in fields)}
        for more in (extra, prompt.fields):
            fields = self.merged(fields, self.own_fields(more))
        fields = {name: value for name, value in fields.items() if name not in out}
        try:
            return json.dumps(fields, allow_nan=False).encode()
        except ValueError as problem:
            raise BadInput(f"a request body cannot be written as JSON: {problem}") from None

    def merged(self, fields: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
        """`fields` with `more` merged in; an existing field keeps its position and takes the new value."""
        inner = self.parameters_in
        if inner is not None and isinstance(more.get(inner), Mapping):
            more = {**more, inner: {**fields.get(inner, {}), **more[inner]}}
        return {**fields, **more}

    def field_names(self) -> set[str]:
        """The names of the fields in a body."""
        return set(self.fields(Prompt("x", 1, 1, documents=("y",)), BodyOptions("m")))
