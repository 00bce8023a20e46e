"""Backends by name: those of `vllm bench serve --backend`, our own, and AISBench's model configurations."""

from __future__ import annotations

import difflib

from aisbench.backends.backend import Backend
from aisbench.backends.mindie import MINDIE, MINDIE_CHAT, MINDIE_INFER, MINDIE_TRITON
from aisbench.backends.openai_chat import CHAT
from aisbench.backends.openai_completions import COMPLETIONS
from aisbench.backends.openai_responses import RESPONSES
from aisbench.backends.pooling import EMBEDDINGS, POOLING, RERANK
from aisbench.backends.sglang_native import SGLANG_NATIVE
from aisbench.backends.tensorrt_llm import TENSORRT_LLM
from aisbench.backends.tgi import TGI
from aisbench.errors import BadInput

BACKENDS: dict[str, Backend] = {
    "openai": COMPLETIONS,
    "vllm": COMPLETIONS,
    "sglang": COMPLETIONS,
    "lmdeploy": COMPLETIONS,
    "scalellm": COMPLETIONS,
    "openai-chat": CHAT,
    "openai-responses": RESPONSES,
    "openai-embeddings": EMBEDDINGS,
    "vllm-pooling": POOLING,
    "vllm-rerank": RERANK,
    "tgi": TGI,
    "tensorrt-llm": TENSORRT_LLM,
    "sglang-native": SGLANG_NATIVE,
    "mindie": MINDIE,
    "mindie-chat": MINDIE_CHAT,
    "mindie-triton": MINDIE_TRITON,
    "mindie-infer": MINDIE_INFER,
}

# What AISBench calls them (--models); with _stream or without, --stream decides.
AISBENCH_NAMES: dict[str, str] = {
    "vllm_api_general": "vllm",
    "vllm_api_general_stream": "vllm",
    "vllm_api_general_chat": "openai-chat",
    "vllm_api_stream_chat": "openai-chat",
    "vllm_api_stream_chat_multiturn": "openai-chat",
    "tgi_api_general": "tgi",
    "tgi_stream_api_general": "tgi",
    # Its body has the parameters as MindIE names them, not as the ensemble of TensorRT-LLM does.
    "triton_api_general": "mindie-triton",
    "triton_stream_api_general": "mindie-triton",
    "mindie_stream_api_general": "mindie-infer",
}


# Those of vLLM's client that are missing here, and why.
_FORM = "sends a form with a file, which is not made here; sounds go into chat messages: give openai-chat"
_MESSAGES = (
    "sends chat messages to an embedding model, which is not made here; for texts give openai-embeddings"
)
_INFINITY = (
    "speaks Infinity's own API, which is not made here; it has OpenAI's as well: give openai-embeddings"
)
NOT_HERE = {
    "openai-audio": _FORM,
    "openai-embeddings-chat": _MESSAGES,
    "openai-embeddings-clip": _MESSAGES,
    "openai-embeddings-vlm2vec": _MESSAGES,
    "infinity-embeddings": _INFINITY,
    "infinity-embeddings-clip": _INFINITY,
}


def backend_named(name: str) -> Backend:
    """Raises BadInput, with the known names and the nearest, for one that is unknown."""
    known = AISBENCH_NAMES.get(name, name)
    if known in BACKENDS:
        return BACKENDS[known]
    if name in NOT_HERE:
        raise BadInput(f"--backend {name} {NOT_HERE[name]}")
    near = difflib.get_close_matches(name.lower(), [*BACKENDS, *AISBENCH_NAMES], n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise BadInput(f"--backend {name!r} is unknown; {hint}known: {', '.join(BACKENDS)}")
