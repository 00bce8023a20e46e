"""Backends by the names that `vllm bench serve --backend` uses."""

from __future__ import annotations

import difflib

from aisbench.backends.backend import Backend
from aisbench.backends.openai_chat import CHAT
from aisbench.backends.openai_completions import COMPLETIONS
from aisbench.errors import BadInput

BACKENDS: dict[str, Backend] = {
    "openai": COMPLETIONS,
    "vllm": COMPLETIONS,
    "sglang": COMPLETIONS,
    "lmdeploy": COMPLETIONS,
    "scalellm": COMPLETIONS,
    "openai-chat": CHAT,
}
# Names that vLLM's or AISBench's users know, of families that cannot be asked yet.
NOT_YET = ("tgi", "tensorrt-llm", "openai-responses", "openai-embeddings", "vllm-pooling", "vllm-rerank")


def backend_named(name: str) -> Backend:
    """Raises BadInput, with the known names and the nearest, for one that is unknown or not supported yet."""
    if name in BACKENDS:
        return BACKENDS[name]
    known = f"known: {', '.join(BACKENDS)}"
    if name in NOT_YET:
        raise BadInput(f"--backend {name} is not supported yet; {known}")
    near = difflib.get_close_matches(name.lower(), BACKENDS, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise BadInput(f"--backend {name!r} is unknown; {hint}{known}")
