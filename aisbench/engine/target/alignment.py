"""vLLM's client lets the server shorten random prompts that its own tokenizer finds too long.

The server's /tokenize is asked about the first prompt. Where it counts as the client did, or does
not answer, nothing happens. Else it is asked about every prompt, and a longer one is cut to its
planned length and replaced by what /detokenize makes of the rest. No headers of the run go along.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from aisbench.backends.prompt import Prompt
from aisbench.engine.target.discovery import session
from aisbench.engine.target.transport import Transport
from aisbench.engine.target.urls import Target

_AT_A_TIME = 64


@dataclass
class Alignment:
    target: Target
    transport: Transport
    model: str
    say: Any

    def align(self, prompts: Iterator[Prompt]) -> Iterator[Prompt]:
        """The prompts as vLLM's client would send them; they are all made before the first is given."""
        return iter(asyncio.run(self.aligned(list(prompts))))

    async def aligned(self, prompts: list[Prompt]) -> list[Prompt]:
        async with session(self.target, self.transport, {}) as client:
            first = await self.tokens(client, prompts[0].text) if prompts else None
            if first is None:
                self.say("the server has no /tokenize: prompts are sent as this tokenizer made them")
                return prompts
            if len(first) == prompts[0].prompt_tokens:
                return prompts
            gate = asyncio.Semaphore(_AT_A_TIME)
            return list(await asyncio.gather(*(self.one(client, gate, prompt) for prompt in prompts)))

    async def one(self, client: Any, gate: asyncio.Semaphore, prompt: Prompt) -> Prompt:
        async with gate:
            ids = await self.tokens(client, prompt.text)
            if ids is None or len(ids) <= prompt.prompt_tokens:
                return prompt
            cut = {"model": self.model, "tokens": ids[: prompt.prompt_tokens]}
            answer = await self.post(client, "/detokenize", cut)
            text = answer.get("prompt") if answer else None
            return replace(prompt, text=text) if isinstance(text, str) else prompt

    async def tokens(self, client: Any, text: str) -> list[int] | None:
        asked = {"model": self.model, "prompt": text, "add_special_tokens": False}
        answer = await self.post(client, "/tokenize", asked)
        ids = answer.get("tokens") if answer else None
        return ids if isinstance(ids, list) else None

    async def post(self, client: Any, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """The answer as an object; None when there is none."""
        import aiohttp

        try:
            async with client.post(self.target.root_url + path, json=body) as answer:
                told = await answer.json() if answer.status == 200 else None
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return None
        return told if isinstance(told, dict) else None
