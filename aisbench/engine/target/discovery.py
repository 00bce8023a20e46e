"""Asks the server, before the run, for its model and the length of its context."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from aisbench.backends.registry import backend_named
from aisbench.config.run_config import RunConfig
from aisbench.engine.target.fetching import Client, Fetched, NoAnswer, TooLarge
from aisbench.engine.target.transport import Transport, tls_context
from aisbench.engine.target.urls import Target
from aisbench.errors import BadInput, CannotRun
from aisbench.printable import printable

_TIMEOUT_S = 15.0
# A list of models is small; the limit keeps an endless body from filling the memory.
_MOST_BYTES = 4 << 20
# How many of the other served models a message names.
_MOST_NAMED = 8
# Names of models that answer with vectors or scores.
_NO_TEXT = re.compile(
    r"embed|rerank|(^|[-_/])(bge|gte|e5|jina|minilm|mpnet|sentence|colbert)([-_/]|$)", re.IGNORECASE
)
# Fields in which servers report the purpose of a model.
KINDS = ("type", "task", "tasks", "capabilities", "architecture", "mode")


@dataclass(frozen=True)
class Model:
    """A model as /v1/models lists it. `context_tokens`: max_model_len of vLLM and SGLang; None if not given.

    `others`: the other models that the server lists.
    """

    name: str
    context_tokens: int | None
    others: tuple[str, ...] = ()

    @property
    def choice(self) -> str:
        """A line that says which of several models was taken."""
        named = ", ".join(self.others[:_MOST_NAMED])
        more = len(self.others) - _MOST_NAMED
        rest = f" and {more} more" if more > 0 else ""
        return (
            f"using model {printable(self.name)}, one of {len(self.others) + 1} that the server lists "
            f"(--model selects another: {named}{rest})"
        )


def model_for(config: RunConfig, target: Target, transport: Transport, headers: dict[str, str]) -> Model:
    """The model that the requests name: --model, or else from the server at `target`. Raises as discover_model does."""
    if config.model is not None:
        return Model(config.model, None)
    return discover_model(
        target, transport, headers, generates=backend_named(config.backend, config.template).generates
    )


def discover_model(
    target: Target, transport: Transport, headers: dict[str, str], *, generates: bool = True
) -> Model:
    """The first model in /v1/models that makes text (vectors, if `generates` is False), or else the first of all.

    Raises BadInput, naming --model, if no list can be fetched, and CannotRun while the server is not ready.
    """
    url = f"{target.root_url}/v1/models"
    answer = ask(url, transport, headers)
    if answer.location is not None:
        raise BadInput(
            f"{url} answered {answer.status} and points to {answer.location}; give that server's address with --url, "
            "or name the model with --model"
        )
    if answer.status in (401, 403):
        raise BadInput(
            f"{url} answered {answer.status}: the server requires a key; give --api-key or set AISBENCH_API_KEY"
        )
    if answer.status == 503:
        raise CannotRun(
            f"{url} answered 503: the server is not ready yet; --ready-check-timeout-sec 600 waits for it"
        )
    if answer.status != 200:
        raise BadInput(f"{url} answered {answer.status}; name the model with --model")
    listed = models(answer.body)
    if not listed:
        raise BadInput(f"{url} lists no model; name one with --model")
    first = next((entry for entry in listed if _makes_text(entry) is generates), listed[0])
    context = first.get("max_model_len")
    return Model(
        first["id"],
        context if isinstance(context, int) and not isinstance(context, bool) else None,
        tuple(printable(entry["id"]) for entry in listed if entry is not first),
    )


def models(body: bytes) -> list[dict[str, Any]]:
    """The named entries of a /v1/models body; empty if it lists none or cannot be parsed."""
    try:
        data = json.loads(body)["data"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return []
    entries = data if isinstance(data, list) else []
    return [entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str)]


def _makes_text(entry: dict[str, Any]) -> bool:
    said = " ".join(str(entry[kind]) for kind in KINDS if isinstance(entry.get(kind), (str, list)))
    return _NO_TEXT.search(f"{entry['id']} {said}") is None


def ask(url: str, transport: Transport, headers: dict[str, str]) -> Fetched:
    """The answer to a GET; raises BadInput when there is none or it is too large."""
    try:
        with Client(transport, headers, _TIMEOUT_S) as client:
            return client.fetch("GET", url, most=_MOST_BYTES)
    except TooLarge:
        raise BadInput(
            f"{url} answers with more than {_MOST_BYTES >> 20} MiB, which is not a list of models; name the model with --model"
        ) from None
    except NoAnswer as problem:
        raise BadInput(
            f"{url}: {problem}; check that this is the server's address, or name the model with --model"
        ) from None


def session(target: Target, transport: Transport, headers: dict[str, str]) -> Any:
    """An aiohttp session that reaches the server the same way as the load."""
    import aiohttp

    connector: Any
    if transport.uds is not None:
        connector = aiohttp.UnixConnector(transport.uds)
    elif target.is_tls:
        connector = aiohttp.TCPConnector(ssl=tls_context(transport.cacert, insecure=transport.insecure))
    else:
        connector = aiohttp.TCPConnector()
    proxy = transport.proxy
    signed_on = proxy is not None and proxy.user is not None
    return aiohttp.ClientSession(
        connector=connector,
        headers=headers,
        timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S),
        proxy=proxy.url if proxy is not None else None,
        proxy_auth=aiohttp.BasicAuth(proxy.user or "", proxy.password) if proxy and signed_on else None,
    )
