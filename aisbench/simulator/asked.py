"""A request in terms of the simulator, whatever API it came by, and refusals of those it cannot answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from aisbench.simulator.model.parameters import Parameters

Fields = dict[str, Any]
# OpenAI's default for completions; here for all.
_DEFAULT_TOKENS = 16


class Refusal(Exception):
    """An answer other than 200. Each API words it in its own way (`Dialect.refuse`)."""

    def __init__(
        self, status: int, message: str, kind: str = "BadRequestError", param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind
        self.param = param


class TooLong(Refusal):
    """More tokens, of prompt and output together, than the model has room for."""

    def __init__(self, limit: int, prompt_tokens: int, max_tokens: int, param: str) -> None:
        super().__init__(
            400,
            f"This model's maximum context length is {limit} tokens. However, you requested "
            f"{prompt_tokens + max_tokens} tokens ({prompt_tokens} in the messages, {max_tokens} in the "
            "completion). Please reduce the length of the messages or completion.",
            param=param,
        )
        self.limit = limit
        self.prompt_tokens = prompt_tokens
        self.max_tokens = max_tokens


@dataclass(frozen=True)
class Asked:
    """What counts of a request; all else in the body is ignored.

    `wants_usage`: token counts were asked for. `generates` False: only vectors or scores are wanted,
    as many as `vectors`; `documents` are what scores are for. `prompt`: what a prefix cache goes by (a text, token
    ids, messages, or a list of these), and `cached_tokens` what it had of that; None: the server has no such cache.
    """

    prompt_tokens: int
    max_tokens: int
    model: str
    stream: bool = False
    wants_usage: bool = True
    ignore_eos: bool = False
    generates: bool = True
    vectors: int = 0
    documents: tuple[str, ...] = ()
    prompt: Any = field(default=None, compare=False)
    cached_tokens: int | None = None


def parse_json(body: bytes) -> Fields:
    try:
        fields = orjson.loads(body)
    except ValueError as problem:
        raise Refusal(400, f"the body is not JSON: {problem}") from None
    if not isinstance(fields, dict):
        raise Refusal(400, "the body is not a JSON object")
    return fields


def served_model(name: Any, parameters: Parameters) -> str:
    """The model asked for, by default the first; raises Refusal for one that is not served."""
    if name is None:
        return parameters.model
    if name not in parameters.models:
        raise Refusal(404, f"The model `{name}` does not exist.", "NotFoundError", "model")
    return str(name)


def object_in(fields: Fields, name: str) -> Fields:
    """The object `name` of the body; empty where it is absent or null."""
    found = fields.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Refusal(400, f"{name} must be an object", param=name)
    return found


def wanted_tokens(fields: Fields, *names: str) -> int:
    """The longest output asked for, under the first of `names` that is there."""
    name, wanted = next(((n, fields[n]) for n in names if fields.get(n) is not None), ("", _DEFAULT_TOKENS))
    if type(wanted) is not int or wanted < 1:
        raise Refusal(400, f"{name} must be at least 1, got {wanted}.", param=name)
    return wanted


def text_tokens(fields: Fields, name: str) -> int:
    """Tokens of the text under `name`: its words."""
    text = fields.get(name)
    if not isinstance(text, str):
        raise Refusal(400, f"{name} must be a text", param=name)
    return len(text.split())


def check_length(prompt_tokens: int, max_tokens: int, parameters: Parameters, names: tuple[str, str]) -> None:
    """Raises Refusal for an empty prompt and one for which there is no room; `names` of the two fields."""
    if prompt_tokens < 1:
        raise Refusal(400, "the prompt is empty", param=names[0])
    if prompt_tokens + max_tokens > parameters.context_tokens:
        raise TooLong(parameters.context_tokens, prompt_tokens, max_tokens, names[1])
