"""Which model the server serves, asked where `--model` is not given."""

from __future__ import annotations

import asyncio
import json

from aisbench.engine.target import Target
from aisbench.errors import BadInput

TIMEOUT_S = 15.0


def discover_model(target: Target, headers: dict[str, str]) -> str:
    """The first model of /v1/models. Raises BadInput, naming --model, when that cannot be had."""
    url = f"{target.base_url}/v1/models"
    status, body = asyncio.run(fetch(url, headers))
    if status in (401, 403):
        raise BadInput(
            f"{url} answered {status}: the server wants a key; give --api-key or set AISBENCH_API_KEY"
        )
    if status != 200:
        raise BadInput(f"{url} answered {status}; name the model with --model")
    try:
        return str(json.loads(body)["data"][0]["id"])
    except (ValueError, LookupError, TypeError):
        raise BadInput(f"{url} does not list a model; name it with --model") from None


async def fetch(url: str, headers: dict[str, str]) -> tuple[int, bytes]:
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(url, headers=headers) as answer,
        ):
            return answer.status, await answer.read()
    except (aiohttp.ClientError, TimeoutError) as problem:
        reason = str(problem) or f"no answer within {TIMEOUT_S:g} s"
        raise BadInput(
            f"{url}: {reason}; is this the server's address? Else name the model with --model"
        ) from None
