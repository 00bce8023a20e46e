"""The dialect of each path."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from aisbench.simulator.asked import Fields
from aisbench.simulator.dialects.dialect import Dialect, Way
from aisbench.simulator.dialects.mindie import MINDIE_INFER, MINDIE_TRITON
from aisbench.simulator.dialects.openai_chat import CHAT
from aisbench.simulator.dialects.openai_completions import COMPLETIONS
from aisbench.simulator.dialects.openai_responses import RESPONSES
from aisbench.simulator.dialects.pooling import EMBEDDINGS, POOLING, RERANK
from aisbench.simulator.dialects.sglang_native import SGLANG_NATIVE
from aisbench.simulator.dialects.tensorrt_llm import TENSORRT_LLM
from aisbench.simulator.dialects.tgi import TGI


def of_generate(fields: Fields) -> Dialect:
    """TGI and SGLang share a path; only TGI calls its prompt `inputs`."""
    return TGI if "inputs" in fields else SGLANG_NATIVE


def of_triton(fields: Fields) -> Dialect:
    """MindIE's Triton-style endpoint has TGI's name for the longest output."""
    inner = fields.get("parameters")
    return MINDIE_TRITON if isinstance(inner, dict) and "max_new_tokens" in inner else TENSORRT_LLM


@dataclass(frozen=True)
class Route:
    """`dialect_of` a body; some paths are shared."""

    dialect_of: Callable[[Fields], Dialect]
    way: Way


BY_BODY = Way()


def always(dialect: Dialect, way: Way = BY_BODY) -> Route:
    return Route(lambda _: dialect, way)


ROUTES: dict[str, Route] = {
    "/v1/chat/completions": always(CHAT),
    "/v1/completions": always(COMPLETIONS),
    "/v1/responses": always(RESPONSES),
    "/v1/embeddings": always(EMBEDDINGS),
    "/pooling": always(POOLING),
    "/v1/rerank": always(RERANK),
    "/generate_stream": always(TGI, Way(stream=True)),
    "/generate": Route(of_generate, BY_BODY),
    "/infer": always(MINDIE_INFER),
}
TRITON = re.compile(r"/v2/models/([^/]+)/generate(_stream)?")


def route_of(path: str) -> Route | None:
    """The route for a path without its query; None where nothing is generated."""
    route = ROUTES.get(path)
    if route is None and (match := TRITON.fullmatch(path)):
        return Route(of_triton, Way(unquote(match[1]), match[2] is not None))
    return route
