"""APIs that return vectors or scores: `/v1/embeddings`, `/pooling` and `/v1/rerank`, as vLLM answers them.

A request takes one step of the batch, like the first token of other requests, and is not streamed.
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
    """The tokens of each input: the words of a string, or the token ids of a list. Raises Refusal."""
    if isinstance(given, str):
        return [len(given.split())]
    if isinstance(given, list) and given:
        if all(type(item) is int for item in given):
            return [len(given)]
        if all(isinstance(item, str) for item in given):
            return [len(item.split()) for item in given]
        if all(isinstance(item, list) and all(type(i) is int for i in item) for item in given):
            return [len(item) for item in given]
    raise Refusal(400, "input must be a string, a list of token ids, or a list of these", param="input")


def _parse_rerank(fields: Fields, way: Way, parameters: Parameters) -> Asked:
    """Like a cross-encoder, which reads the query again with each document, so it counts once per document."""
    model = served_model(fields.get("model"), parameters)
    query, documents = fields.get("query"), fields.get("documents")
    if not isinstance(query, str):
        raise Refusal(400, "query must be a string", param="query")
    if not isinstance(documents, list) or not documents or not all(isinstance(d, str) for d in documents):
        raise Refusal(400, "documents must be a list of strings", param="documents")
    lengths = [len(query.split()) + len(document.split()) for document in documents]
    return asked(lengths, fields, model, parameters, tuple(documents))


def asked(
    lengths: list[int], fields: Fields, model: str, parameters: Parameters, documents: tuple[str, ...] = ()
) -> Asked:
    """The parsed request for inputs of these lengths. truncate_prompt_tokens -1 cuts them to the context.

    Raises Refusal for an empty input, or for one that is too long.
    """
    limit = parameters.context_tokens - 1
    if fields.get("truncate_prompt_tokens") == -1:
        lengths = [min(n, limit) for n in lengths]
    if min(lengths) < 1:
        raise Refusal(400, "an input is empty", param="input")
    if max(lengths) > limit:
        raise TooLong(parameters.context_tokens, max(lengths), 0, "input")
    total = sum(lengths)
    if total >= parameters.kv_tokens:
        raise Refusal(
            400, f"the inputs have {total} tokens, more than the cache of the simulated server holds"
        )
    return Asked(total, 1, model, generates=False, vectors=len(lengths), documents=documents)


@functools.cache
def _vector(size: int) -> orjson.Fragment:
    """A unit vector as JSON, the same for every input so that it costs no time."""
    return orjson.Fragment(orjson.dumps([math.sqrt(1 / size)] * size))


class _Vectors(Answer):
    """`data` has an object for each input, with its vector under `embedding` or, for /pooling, `data`."""

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
    """Earlier documents get higher scores."""

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
