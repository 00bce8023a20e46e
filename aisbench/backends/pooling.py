"""APIs that answer with vectors or scores: `/v1/embeddings`, `/pooling`, `/v1/rerank`.

Source: `vllm bench serve` 0.32 (bodies) and vLLM's response classes. These APIs neither stream nor generate
tokens; a request's latency ends when the whole answer has arrived.
"""

from __future__ import annotations

from typing import Any

from aisbench.backends.backend import Backend, BodyOptions
from aisbench.backends.event_rules import CHUNK, ERROR, PROMPT_TOKENS, Rules
from aisbench.backends.prompt import Prompt
from aisbench.errors import BadInput

# As in vLLM's client: the server cuts a prompt that is longer than the model's context instead of refusing it.
_TRUNCATE = {"truncate_prompt_tokens": -1}
_NOTHING_GENERATED = "none: nothing is generated"


def inputs(prompt: Prompt) -> Any:
    """The prompt's texts, its token ids, or its one text."""
    if prompt.texts:
        return list(prompt.texts)
    return list(prompt.token_ids) if prompt.token_ids is not None else prompt.text


def _embeddings_fields(prompt: Prompt, options: BodyOptions) -> dict[str, Any]:
    return {"model": prompt.model or options.model, "input": inputs(prompt), **_TRUNCATE}


def _pooling_fields(prompt: Prompt, options: BodyOptions) -> dict[str, Any]:
    return {"model": prompt.model or options.model, **_TRUNCATE, "input": inputs(prompt)}


def _rerank_fields(prompt: Prompt, options: BodyOptions) -> dict[str, Any]:
    """Raises BadInput for a prompt without documents."""
    if not prompt.documents:
        raise BadInput(
            "--backend vllm-rerank needs documents with each query; give a --dataset that has them"
        )
    return {
        "model": prompt.model or options.model,
        "query": prompt.text,
        "documents": list(prompt.documents),
        **_TRUNCATE,
    }


_VECTORS: Rules = (("data", CHUNK), ("usage.prompt_tokens", PROMPT_TOKENS), ("error", ERROR))

EMBEDDINGS = Backend(
    family="openai-embeddings",
    path="/v1/embeddings",
    fields=_embeddings_fields,
    rules=None,
    plain_rules=_VECTORS,
    output_tokens_from=_NOTHING_GENERATED,
    takes_token_ids=True,
    generates=False,
)
POOLING = Backend(
    family="vllm-pooling",
    path="/pooling",
    fields=_pooling_fields,
    rules=None,
    plain_rules=_VECTORS,
    output_tokens_from=_NOTHING_GENERATED,
    takes_token_ids=True,
    generates=False,
)
RERANK = Backend(
    family="vllm-rerank",
    path="/v1/rerank",
    fields=_rerank_fields,
    rules=None,
    # Older vLLM reports only the total, which is the same number.
    plain_rules=(
        ("results", CHUNK),
        ("usage.prompt_tokens", PROMPT_TOKENS),
        ("usage.total_tokens", PROMPT_TOKENS),
        ("error", ERROR),
    ),
    output_tokens_from=_NOTHING_GENERATED,
    generates=False,
)
