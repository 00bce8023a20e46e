"""What the server says of itself before the run: its model, and how long a context that has."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from aisbench.engine.target import Target
from aisbench.engine.transport import Transport, tls_context
from aisbench.errors import BadInput, CannotRun

TIMEOUT_S = 15.0


@dataclass(frozen=True)
class Model:
    """A model as /v1/models lists it. `context_tokens`: what vLLM and SGLang call max_model_len; None: not said."""

    name: str
    context_tokens: int | None


def discover_model(target: Target, transport: Transport, headers: dict[str, str]) -> Model:
    """The first model of /v1/models. Raises BadInput, naming --model, when that cannot be had, and CannotRun
    while the server is not ready."""
    url = f"{target.root_url}/v1/models"
    status, body = asyncio.run(ask(url, target, transport, headers))
    if status in (401, 403):
        raise BadInput(
            f"{url} answered {status}: the server wants a key; give --api-key or set AISBENCH_API_KEY"
        )
    if status == 503:
        raise CannotRun(
            f"{url} answered 503: the server is not ready yet; --ready-check-timeout-sec 600 waits for it"
        )
    if status != 200:
        raise BadInput(f"{url} answered {status}; name the model with --model")
    try:
        first = json.loads(body)["data"][0]
        context = first.get("max_model_len")
        return Model(str(first["id"]), context if isinstance(context, int) else None)
    except (ValueError, LookupError, TypeError, AttributeError):
        raise BadInput(f"{url} does not list a model; name it with --model") from None


async def ask(url: str, target: Target, transport: Transport, headers: dict[str, str]) -> tuple[int, bytes]:
    """Status and body of a GET; raises BadInput when there is no answer."""
    import aiohttp

    try:
        async with session(target, transport, headers) as client, client.get(url) as answer:
            return answer.status, await answer.read()
    except (aiohttp.ClientError, TimeoutError) as problem:
        reason = str(problem) or f"no answer within {TIMEOUT_S:g} s"
        raise BadInput(
            f"{url}: {reason}; is this the server's address? Else name the model with --model"
        ) from None


def session(target: Target, transport: Transport, headers: dict[str, str]) -> Any:
    """An aiohttp session that reaches the server as the requests do."""
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
        timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
        proxy=proxy.url if proxy is not None else None,
        proxy_auth=aiohttp.BasicAuth(proxy.user or "", proxy.password) if proxy and signed_on else None,
    )
