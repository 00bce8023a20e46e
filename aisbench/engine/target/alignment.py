"""Shortens random prompts that the server's tokenizer finds too long, as vLLM's client does.

The first prompt is sent to the server's /tokenize. If the count matches the plan, or there is no
answer, nothing changes. Otherwise every prompt is sent, and one with too many tokens is cut to its
planned number and replaced by the text that /detokenize makes of them. The run's headers are not sent.
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
        """The prompts as vLLM's client would send them. Consumes `prompts` before it yields the first."""
        return iter(asyncio.run(self.aligned(list(prompts))))

    async def aligned(self, prompts: list[Prompt]) -> list[Prompt]:
        async with session(self.target, self.transport, {}) as client:
            first = await self.tokens(client, prompts[0].text) if prompts else None
            if first is None:
                self.say("the server has no /tokenize, so prompts are sent as the local tokenizer made them")
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
        """The answer, a JSON object; None if there is none."""
        import aiohttp

        try:
            async with client.post(self.target.root_url + path, json=body) as answer:
                told = await answer.json() if answer.status == 200 else None
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return None
        return told if isinstance(told, dict) else None
