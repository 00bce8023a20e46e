"""Parts that OpenAI-style APIs share, as vLLM words them."""

from __future__ import annotations

from typing import Any

import orjson

from aisbench.simulator.asked import Asked, Refusal


def refuse(refusal: Refusal) -> tuple[int, bytes]:
    error = {
        "message": refusal.message,
        "type": refusal.kind,
        "param": refusal.param,
        "code": refusal.status,
    }
    return refusal.status, orjson.dumps({"error": error})


def usage(asked: Asked, generated: int) -> dict[str, Any]:
    counts: dict[str, Any] = {
        "prompt_tokens": asked.prompt_tokens,
        "total_tokens": asked.prompt_tokens + generated,
        "completion_tokens": generated,
    }
    if asked.cached_tokens is not None:
        counts["prompt_tokens_details"] = {"cached_tokens": asked.cached_tokens}
    return counts
