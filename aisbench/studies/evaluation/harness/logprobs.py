"""Gets log-probabilities of given texts from v1/completions.

The load engine keeps only the text of an answer, so a small client sends these requests, with the same in-flight limit.
They generate one token; how long they take is not measured.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aisbench.engine.target.small_requests import Asking
from aisbench.errors import BadInput, CannotRun

# Two ways to ask a server; the first that works in a probe is used.
_ECHO = "echo"
_PROMPT_LOGPROBS = "prompt_logprobs"


@dataclass(frozen=True)
class Given:
    """Log-probabilities of a text. `tokens`: of each token; None for the first, which has no context.

    `top`: of the likeliest tokens at each place, by token.
    """

    tokens: Sequence[float | None]
    top: Sequence[Mapping[str, float] | None]

    def as_echo(self) -> dict[str, Any]:
        """As v1/completions gives it with `echo`, where one generated token follows the text."""
        found = {"token_logprobs": [*self.tokens, 0.0], "top_logprobs": [*self.top, {"": 0.0}]}
        return {"choices": [{"index": 0, "logprobs": found}]}


class Texts:
    """Gets the log-probabilities of texts from their token ids.

    `asked`: the v1/completions of the servers, which are used in turn. `at_once`: the in-flight limit.
    """

    def __init__(self, asked: Sequence[Asking], at_once: int, timeout_s: float) -> None:
        self._asked = asked
        self._at_once = at_once
        self._timeout_s = timeout_s
        self._way: str | None = None

    def weigh(self, bodies: Sequence[dict[str, Any]], took: Callable[[int, Given], None]) -> None:
        """Calls `took` with the index of each text and what the server gave. `bodies` hold token ids as `prompt`.

        Raises BadInput, after one or two requests, if the server gives no log-probabilities of a prompt, and CannotRun
        if a request fails.
        """
        if bodies:
            asyncio.run(self._all(bodies, took))

    async def _all(self, bodies: Sequence[dict[str, Any]], took: Callable[[int, Given], None]) -> None:
        import aiohttp

        clients = [one.client() for one in self._asked]
        # The timeout of the client's session is meant for requests that are answered at once.
        timeout = aiohttp.ClientTimeout(total=self._timeout_s)
        gate = asyncio.Semaphore(self._at_once)

        async def one(at: int, way: str) -> Given:
            turn = at % len(clients)
            async with gate:
                return await _weighed(clients[turn], self._asked[turn].url, bodies[at], way, timeout)

        async def kept(at: int, way: str) -> None:
            took(at, await one(at, way))

        try:
            self._way = way = self._way or await self._probe(lambda way: one(0, way))
            async with asyncio.TaskGroup() as group:
                for at in range(len(bodies)):
                    group.create_task(kept(at, way))
        except BaseExceptionGroup as problems:
            # The problems of the other requests would not help.
            raise _as_cannot_run(_first(problems), self._asked[0].url) from None
        except (aiohttp.ClientError, TimeoutError) as problem:
            raise _as_cannot_run(problem, self._asked[0].url) from None
        finally:
            for client in clients:
                await client.close()

    async def _probe(self, one: Callable[[str], Any]) -> str:
        refused: BadInput | None = None
        for way in (_ECHO, _PROMPT_LOGPROBS):
            try:
                await one(way)
            except _NotGiven as problem:
                refused = refused or problem
            else:
                return way
        assert refused is not None
        raise BadInput(
            f"{self._asked[0].url} gives no log-probabilities of a prompt, which these tasks need ({refused}); "
            "vLLM and SGLang do, llama.cpp does not"
        )


class _NotGiven(BadInput):
    """An answer has no log-probabilities of the prompt."""


def _as_cannot_run(problem: BaseException, url: str) -> BaseException:
    """A problem of the HTTP client as a one-line CannotRun; other problems unchanged."""
    import aiohttp

    if isinstance(problem, (aiohttp.ClientError, TimeoutError)):
        return CannotRun(f"{url}: {str(problem) or 'no answer in time'}")
    return problem


def _first(problems: BaseExceptionGroup[BaseException]) -> BaseException:
    inner = problems.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner


async def _weighed(client: Any, url: str, body: dict[str, Any], way: str, timeout: Any) -> Given:
    if way == _PROMPT_LOGPROBS:
        left = {name: value for name, value in body.items() if name not in ("echo", "logprobs")}
        body = {**left, "prompt_logprobs": 1}
    async with client.post(url, json=body, timeout=timeout, allow_redirects=False) as answer:
        content = await answer.read()
        status = answer.status
    if 400 <= status < 500 and status not in (401, 403, 404, 408, 429):
        raise _NotGiven(f"{way}: answered {status}: {_line(content)}")
    if status != 200:
        raise CannotRun(f"{url} answered {status}: {_line(content)}")
    try:
        choice = json.loads(content)["choices"][0]
        given = _from_echo(choice) if way == _ECHO else _from_prompt(choice, body["prompt"])
    except (ValueError, LookupError, TypeError, AttributeError):
        raise _NotGiven(f"{way} is ignored") from None
    return _cut(given, len(body["prompt"]))


def _from_echo(choice: dict[str, Any]) -> Given:
    found = choice["logprobs"]
    tokens, top = found["token_logprobs"], found["top_logprobs"]
    return Given(list(tokens), list(top))


def _from_prompt(choice: dict[str, Any], ids: Sequence[int]) -> Given:
    """From vLLM's prompt_logprobs: at each place after the first, the token itself and the likeliest one, by id."""
    places = choice["prompt_logprobs"]
    top = [None if place is None else {key: one["logprob"] for key, one in place.items()} for place in places]
    tokens = [None if place is None else place[str(token)] for place, token in zip(top, ids, strict=True)]
    return Given(tokens, top)


def _cut(given: Given, count: int) -> Given:
    """`given` without the generated token. Raises BadInput if the number of tokens is not `count`, as sent."""
    had = len(given.tokens)
    if had <= 1 and count > 1:
        raise _NotGiven("echo is ignored")
    if not count <= had <= count + 1:
        raise BadInput(
            f"the server gave log-probabilities of {had} tokens, but {count} were sent; "
            "check that --tokenizer is the model's own"
        )
    return Given(given.tokens[:count], given.top[:count])


def _line(content: bytes) -> str:
    return " ".join(content[:300].decode(errors="replace").split())
