"""Backends by name: the names of `vllm bench serve --backend`, ours, AISBench's model configurations, and plugins."""

from __future__ import annotations

import difflib

from aisbench import plugins
from aisbench.backends.anthropic_messages import MESSAGES
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
    "anthropic-messages": MESSAGES,
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

# The name of the backend that a file describes.
TEMPLATE = "template"

# AISBench's names (--models). Whether answers are streamed is up to --stream, not to _stream in the name.
AISBENCH_NAMES: dict[str, str] = {
    "vllm_api_general": "vllm",
    "vllm_api_general_stream": "vllm",
    "vllm_api_general_chat": "openai-chat",
    "vllm_api_stream_chat": "openai-chat",
    "vllm_api_stream_chat_multiturn": "openai-chat",
    "tgi_api_general": "tgi",
    "tgi_stream_api_general": "tgi",
    # AISBench's client sends MindIE's parameter names, not those of TensorRT-LLM's ensemble.
    "triton_api_general": "mindie-triton",
    "triton_stream_api_general": "mindie-triton",
    "mindie_stream_api_general": "mindie-infer",
}


# Backends of vLLM's client that are not available here, and what to use instead.
_FORM = (
    "uploads a file in a form, which is not supported; give openai-chat, which sends audio in chat messages"
)
_MESSAGES = (
    "sends chat messages to an embedding model, which is not supported; give openai-embeddings to embed texts"
)
_INFINITY = (
    "uses Infinity's native API, which is not supported; give openai-embeddings, which Infinity also serves"
)
NOT_HERE = {
    "openai-audio": _FORM,
    "openai-embeddings-chat": _MESSAGES,
    "openai-embeddings-clip": _MESSAGES,
    "openai-embeddings-vlm2vec": _MESSAGES,
    "infinity-embeddings": _INFINITY,
    "infinity-embeddings-clip": _INFINITY,
}


def backend_named(name: str, template: str | None = None) -> Backend:
    """The backend called `name`, ours or that of an installed package; TEMPLATE is what the file `template` describes.

    Raises BadInput, with the nearest name and all known ones, if there is none.
    """
    if name == TEMPLATE:
        if template is None:
            raise BadInput("--backend template needs --template FILE.toml; docs/backends.md has an example")
        # Loads what no other backend needs.
        from aisbench.backends.template.reading import template_backend

        return template_backend(template)
    if template is not None:
        raise BadInput(f"--template goes with --backend template, not with --backend {name}; leave one out")
    known = AISBENCH_NAMES.get(name, name)
    if known in BACKENDS:
        return BACKENDS[known]
    if name in NOT_HERE:
        raise BadInput(f"--backend {name} {NOT_HERE[name]}")
    found = plugins.plugin(plugins.BACKENDS, name, Backend, "--backend")
    if found is not None:
        return found
    others = plugins.names(plugins.BACKENDS)
    near = difflib.get_close_matches(name.lower(), [*BACKENDS, TEMPLATE, *AISBENCH_NAMES, *others], n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise BadInput(f"--backend {name!r} is unknown; {hint}known: {', '.join([*BACKENDS, TEMPLATE, *others])}")
