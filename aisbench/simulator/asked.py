"""A request in the simulator's own terms, common to all APIs, and the refusal of a request it cannot answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from aisbench.simulator.known_answers import KnownAnswer
from aisbench.simulator.model.parameters import Parameters

Fields = dict[str, Any]
# OpenAI's default for completions, used here for every API.
_DEFAULT_TOKENS = 16


class Refusal(Exception):
    """An HTTP status other than 200. Each API words it in its own way (`Dialect.refuse`)."""

    def __init__(
        self, status: int, message: str, kind: str = "BadRequestError", param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind
        self.param = param


class TooLong(Refusal):
    """Prompt and output together have more tokens than the model's context."""

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
    """The parts of a request that the simulator uses; the rest of the body is ignored.

    `wants_usage`: the client wants token counts. `generates`: False for embeddings, pooling and reranking, which return
    `vectors` vectors, or a score for each of `documents`. `prompt`: the key of the prefix cache (a string, token ids,
    messages, or a list of these). `cached_tokens`: how many of its tokens were cached; None without a prefix cache.
    `keeps`: later requests may continue this one by the id of its answer.
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
    known: KnownAnswer | None = None
    keeps: bool = field(default=False, compare=False)


def parse_json(body: bytes) -> Fields:
    """Parses the body of a request. Raises Refusal unless it is a JSON object."""
    try:
        fields = orjson.loads(body)
    except ValueError as problem:
        raise Refusal(400, f"the body is not JSON: {problem}") from None
    if not isinstance(fields, dict):
        raise Refusal(400, "the body is not a JSON object")
    return fields


def served_model(name: Any, parameters: Parameters) -> str:
    """The requested model, by default the first one. Raises Refusal if it is not served."""
    if name is None:
        return parameters.model
    if name not in parameters.models:
        raise Refusal(404, f"The model `{name}` does not exist.", "NotFoundError", "model")
    return str(name)


def object_in(fields: Fields, name: str) -> Fields:
    """The object in the field `name`; empty if it is absent or null. Raises Refusal for another type."""
    found = fields.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Refusal(400, f"{name} must be an object", param=name)
    return found


def wanted_tokens(fields: Fields, *names: str) -> int:
    """The requested length limit in tokens, from the first of `names` that is present. Raises Refusal below 1."""
    name, wanted = next(((n, fields[n]) for n in names if fields.get(n) is not None), ("", _DEFAULT_TOKENS))
    if type(wanted) is not int or wanted < 1:
        raise Refusal(400, f"{name} must be at least 1, got {wanted}.", param=name)
    return wanted


def text_tokens(fields: Fields, name: str) -> int:
    """The number of tokens (words) in the string field `name`. Raises Refusal if it is not a string."""
    text = fields.get(name)
    if not isinstance(text, str):
        raise Refusal(400, f"{name} must be a string", param=name)
    return len(text.split())


def check_length(prompt_tokens: int, max_tokens: int, parameters: Parameters, names: tuple[str, str]) -> None:
    """Raises Refusal if the prompt is empty or too long; `names` are the fields of prompt and length limit."""
    if prompt_tokens < 1:
        raise Refusal(400, "the prompt is empty", param=names[0])
    if prompt_tokens + max_tokens > parameters.context_tokens:
        raise TooLong(parameters.context_tokens, prompt_tokens, max_tokens, names[1])
