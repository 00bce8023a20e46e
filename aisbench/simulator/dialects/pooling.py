"""APIs that answer with vectors or scores: `/v1/embeddings`, `/pooling`, `/v1/rerank`, as vLLM does.

Such a request takes one step of the batch, like the first token of others, and has no stream.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import orjson

from aisbench.simulator.asked import Asked, Fields, Refusal, TooLong, served_model
from aisbench.simulator.dialects.answer import Answer
from aisbench.simulator.dialects.dialect import Dialect, Way
from aisbench.simulator.dialects.openai import refuse
from aisbench.simulator.model.parameters import Parameters


def _parse_input(fields: Fields, way: Way, parameters: Parameters) -> Asked:
    model = served_model(fields.get("model"), parameters)
    return asked(_input_lengths(fields.get("input")), fields, model, parameters)


def _input_lengths(given: Any) -> list[int]:
    """Tokens of each input: texts by their words, lists of ids by their lengths."""
    if isinstance(given, str):
        return [len(given.split())]
    if isinstance(given, list) and given:
        if all(type(item) is int for item in given):
            return [len(given)]
        if all(isinstance(item, str) for item in given):
            return [len(item.split()) for item in given]
        if all(isinstance(item, list) and all(type(i) is int for i in item) for item in given):
            return [len(item) for item in given]
    raise Refusal(400, "input must be a text, a list of token ids, or a list of these", param="input")


def _parse_rerank(fields: Fields, way: Way, parameters: Parameters) -> Asked:
    """As a cross-encoder: a pass for each document, together with the query, which so counts every time."""
    model = served_model(fields.get("model"), parameters)
    query, documents = fields.get("query"), fields.get("documents")
    if not isinstance(query, str):
        raise Refusal(400, "query must be a text", param="query")
    if not isinstance(documents, list) or not documents or not all(isinstance(d, str) for d in documents):
        raise Refusal(400, "documents must be a list of texts", param="documents")
    lengths = [len(query.split()) + len(document.split()) for document in documents]
    return asked(lengths, fields, model, parameters, tuple(documents))


def asked(
    lengths: list[int], fields: Fields, model: str, parameters: Parameters, documents: tuple[str, ...] = ()
) -> Asked:
    """What is longer than the context is cut, where that is asked for by truncate_prompt_tokens -1."""
    limit = parameters.context_tokens - 1
    if fields.get("truncate_prompt_tokens") == -1:
        lengths = [min(n, limit) for n in lengths]
    if min(lengths) < 1:
        raise Refusal(400, "an input is empty", param="input")
    if max(lengths) > limit:
        raise TooLong(parameters.context_tokens, max(lengths), 0, "input")
    total = sum(lengths)
    if total >= parameters.kv_tokens:
        raise Refusal(400, f"the inputs have {total} tokens, more than the cache of the simulated server")
    return Asked(total, 1, model, generates=False, vectors=len(lengths), documents=documents)


@functools.cache
def _vector(size: int) -> orjson.Fragment:
    """A vector of length 1, as JSON: the same for every input, so that it costs nothing."""
    return orjson.Fragment(orjson.dumps([math.sqrt(1 / size)] * size))


class _Vectors(Answer):
    """`data` holds a vector for each input, under `embedding` or, for /pooling, `data`."""

    __slots__ = ()

    initials = "embd"
    kind = "embedding"
    holds = "embedding"

    def prepare(self) -> None:
        pass

    def event(self, text: str, reason: str | None = None) -> bytes:
        raise NotImplementedError("there is no stream")

    def whole(self, generated: int, reason: str, text: str | None = None) -> bytes:
        return orjson.dumps(self.body(text or "", generated, reason))

    def body(self, text: str, generated: int, reason: str) -> dict[str, Any]:
        total = self.asked.prompt_tokens
        one = _vector(self.parameters.embedding_size)
        return {
            "id": f"{self.initials}-{self.number:032x}{text}",
            "object": "list",
            "created": self.created,
            "model": self.asked.model,
            "data": [{"index": i, "object": self.kind, self.holds: one} for i in range(self.asked.vectors)],
            "usage": {
                "prompt_tokens": total,
                "total_tokens": total,
                "completion_tokens": 0,
                "prompt_tokens_details": None,
            },
        }


class _Pooled(_Vectors):
    __slots__ = ()

    initials = "pooling"
    kind = "pooling"
    holds = "data"


class _Scores(_Vectors):
    """The earlier a document stands, the better it is found to be."""

    __slots__ = ()

    def body(self, text: str, generated: int, reason: str) -> dict[str, Any]:
        total = self.asked.prompt_tokens
        return {
            "id": f"score-{self.number:032x}{text}",
            "model": self.asked.model,
            "usage": {"prompt_tokens": total, "total_tokens": total},
            "results": [
                {
                    "index": i,
                    "document": {"text": document, "multi_modal": None},
                    "relevance_score": 1 / (i + 1),
                }
                for i, document in enumerate(self.asked.documents)
            ],
        }


EMBEDDINGS = Dialect(_parse_input, _Vectors, refuse)
POOLING = Dialect(_parse_input, _Pooled, refuse)
RERANK = Dialect(_parse_rerank, _Scores, refuse)
