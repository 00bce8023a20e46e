"""The dialect of each path."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from aisbench.simulator.asked import Fields
from aisbench.simulator.dialects.anthropic_messages import MESSAGES
from aisbench.simulator.dialects.dialect import Dialect, Way
from aisbench.simulator.dialects.mindie import MINDIE_INFER, MINDIE_TRITON
from aisbench.simulator.dialects.openai_chat import CHAT
from aisbench.simulator.dialects.openai_completions import COMPLETIONS
from aisbench.simulator.dialects.openai_responses import RESPONSES
from aisbench.simulator.dialects.pooling import EMBEDDINGS, POOLING, RERANK
from aisbench.simulator.dialects.sglang_native import SGLANG_NATIVE
from aisbench.simulator.dialects.tensorrt_llm import TENSORRT_LLM
from aisbench.simulator.dialects.tgi import TGI


def _of_generate(fields: Fields) -> Dialect:
    """TGI and SGLang share a path; only TGI calls its prompt `inputs`."""
    return TGI if "inputs" in fields else SGLANG_NATIVE


def _of_triton(fields: Fields) -> Dialect:
    """MindIE and TensorRT-LLM share a path; only MindIE calls the length limit `max_new_tokens`, as TGI does."""
    inner = fields.get("parameters")
    return MINDIE_TRITON if isinstance(inner, dict) and "max_new_tokens" in inner else TENSORRT_LLM


@dataclass(frozen=True)
class Route:
    """`dialect_of` chooses the dialect by the body, because some APIs share a path."""

    dialect_of: Callable[[Fields], Dialect]
    way: Way


_BY_BODY = Way()


def _always(dialect: Dialect, way: Way = _BY_BODY) -> Route:
    return Route(lambda _: dialect, way)


_ROUTES: dict[str, Route] = {
    "/v1/chat/completions": _always(CHAT),
    "/v1/completions": _always(COMPLETIONS),
    "/v1/responses": _always(RESPONSES),
    "/v1/messages": _always(MESSAGES),
    "/v1/embeddings": _always(EMBEDDINGS),
    "/pooling": _always(POOLING),
    "/v1/rerank": _always(RERANK),
    "/generate_stream": _always(TGI, Way(stream=True)),
    "/generate": Route(_of_generate, _BY_BODY),
    "/infer": _always(MINDIE_INFER),
}
_TRITON = re.compile(r"/v2/models/([^/]+)/generate(_stream)?")


def route_of(path: str) -> Route | None:
    """The route of a path (without its query); None if it is not a generation endpoint."""
    route = _ROUTES.get(path)
    if route is None and (match := _TRITON.fullmatch(path)):
        return Route(_of_triton, Way(unquote(match[1]), match[2] is not None))
    return route
