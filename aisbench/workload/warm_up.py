"""Bodies for the requests of --warmup: about as long as those of the run, but never the same.

If the warm-up sent prompts of the run, the server would later find their beginnings in its prefix cache. So each
warm-up body is one of the run's with other words, or token ids, at its beginning, where a prefix cache looks first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from aisbench.backends.backend import Backend, BodyOptions
from aisbench.backends.prompt import ANSWER, LIVE, PREVIOUS, Prompt
from aisbench.workload.tokens.words import WORDS

# Words replaced at the beginning of a prompt; a block of vLLM's cache holds 16 tokens.
_REPLACED = 16
# Seeds the warm-up's own generator, together with the run's seed.
STREAM = 0x5741524D
# Fields that hold the prompt in a replayed body, under the names of the usual APIs.
_ASKED_IN = ("messages", "prompt", "input", "inputs", "text_input", "text", "query")


class WarmUp:
    """Collects `wanted` bodies from the first prompts passed to `add`, and ignores later ones."""

    def __init__(self, wanted: int, seed: int, backend: Backend, options: BodyOptions) -> None:
        self.wanted = wanted
        self.bodies: list[bytes] = []
        self.backend = backend
        self.options = options
        self.generator = np.random.default_rng([seed, STREAM])

    def add(self, prompt: Prompt) -> None:
        if len(self.bodies) >= self.wanted:
            return
        body = self.backend.body(self.changed(prompt), self.options)
        # Later turns of a conversation contain placeholders for answers, which a warm-up does not have.
        if not any(json.dumps(mark).strip('"').encode() in body for mark in (ANSWER, LIVE, PREVIOUS)):
            self.bodies.append(body)

    def changed(self, prompt: Prompt) -> Prompt:
        """The prompt with another beginning in each form in which it may be sent."""
        ids = prompt.token_ids
        return replace(
            prompt,
            text=self.text(prompt.text),
            token_ids=self.ids(ids) if ids is not None else None,
            messages=self.messages(prompt.messages) if prompt.messages is not None else None,
            documents=tuple(map(self.text, prompt.documents)),
            texts=tuple(map(self.text, prompt.texts)),
            body=self.body(prompt.body) if prompt.body is not None else None,
        )

    def text(self, text: str) -> str:
        """Replaces the first words; a text of few words gets others in front instead."""
        parts = text.split(" ")
        if len(parts) >= _REPLACED:
            return " ".join([*self.words(_REPLACED), *parts[_REPLACED:]])
        # This makes the prompt longer, but a few random words could happen to be one of the run's prompts.
        return " ".join([*self.words(_REPLACED), text]) if text else ""

    def words(self, count: int) -> list[str]:
        return [WORDS[i] for i in self.generator.integers(0, len(WORDS), size=count)]

    def ids(self, ids: tuple[int, ...]) -> tuple[int, ...]:
        """The same ids in another order: other ids could be special tokens, or outside the vocabulary."""
        mixed = tuple(self.generator.permutation(ids).tolist())
        return (*ids[1:], ids[0]) if mixed == ids else mixed

    def messages(self, messages: Sequence[Any]) -> tuple[Any, ...]:
        """The messages with the first one changed, whatever its role."""
        first, *others = messages
        if not isinstance(first, Mapping):
            return tuple(messages)
        return ({**first, "content": self.content(first.get("content"))}, *others)

    def content(self, content: Any) -> Any:
        if isinstance(content, str):
            return self.text(content)
        if not isinstance(content, Sequence):
            return content
        parts = list(content)
        for i, part in enumerate(parts):
            if isinstance(part, Mapping) and isinstance(part.get("text"), str):
                parts[i] = {**part, "text": self.text(part["text"])}
                return parts
        return [{"type": "text", "text": " ".join(self.words(_REPLACED))}, *parts]

    def body(self, body: bytes) -> bytes:
        """A replayed body with another beginning of its prompt."""
        fields = json.loads(body)
        for name in _ASKED_IN:
            value = fields.get(name)
            if isinstance(value, str):
                changed: Any = self.text(value)
            elif not isinstance(value, list) or not value:
                continue
            elif isinstance(value[0], Mapping):
                changed = self.messages(value)
            elif all(type(one) is int for one in value):
                changed = self.ids(tuple(value))
            else:
                changed = [self.text(one) if isinstance(one, str) else one for one in value]
            return json.dumps({**fields, name: changed}).encode()
        return body
