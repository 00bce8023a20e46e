"""What OpenAI-style APIs have in common, as vLLM words it."""

from __future__ import annotations

from typing import Any

import orjson

from aisbench.simulator.asked import Refusal


def refuse(refusal: Refusal) -> tuple[int, bytes]:
    error = {
        "message": refusal.message,
        "type": refusal.kind,
        "param": refusal.param,
        "code": refusal.status,
    }
    return refusal.status, orjson.dumps({"error": error})


def usage(prompt_tokens: int, generated: int) -> dict[str, Any]:
    return {
        "prompt_tokens": prompt_tokens,
        "total_tokens": prompt_tokens + generated,
        "completion_tokens": generated,
    }
