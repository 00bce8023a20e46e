"""vLLM's correction of prompt lengths: text decoded from random ids rarely encodes to as many again.

Each round decodes the ids to text and encodes that again. When the count is right, the text stands.
Too many ids are cut to the target; missing ones are drawn at random; and the next round begins. After
ten corrections the text stands with the length that it has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aisbench.workload.tokens.codec import MARGIN, Codec, kept_of

CORRECTIONS = 10


@dataclass
class Fixing:
    """A prompt on its way to `target` tokens: `text` is what the last round decoded, `ids` what it encoded."""

    ids: list[int]
    target: int
    text: str = ""
    rounds: int = 0
    # So many of `ids` are known to come out again, when what comes after them is corrected.
    kept: int = 0

    @property
    def missing(self) -> int:
        return self.target - len(self.ids)

    @property
    def is_done(self) -> bool:
        return self.rounds > 0 and (self.missing == 0 or self.rounds > CORRECTIONS)


class LengthFixer:
    """Does for many prompts at once what vLLM does one after another, with the same result.

    Only a prompt that came back short needs random numbers, and those come from one generator in the
    order of the prompts. So all prompts of a batch go through their rounds together, each until it
    is done or first comes back short; then the short ones are finished one by one, in order. As no
    other round draws, every draw is the one that vLLM makes. About one prompt in a hundred comes
    back short with the usual vocabularies.
    """

    def __init__(self, tokenizer: Any, draw: Callable[[int], list[int]]) -> None:
        """`draw(count)`: so many ids from the whole vocabulary, special tokens too, as vLLM draws them."""
        self.codec = Codec(tokenizer)
        self.draw = draw

    def fix(self, batch: list[Fixing]) -> None:
        """Corrects the prompts of `batch`; batches must be given in the order of the prompts."""
        open_ = batch
        while open_:
            self.next_round(open_)
            open_ = [item for item in open_ if not item.is_done and item.missing < 0]
        for item in batch:
            while not item.is_done:
                self.next_round([item])

    def next_round(self, items: list[Fixing]) -> None:
        for item in items:
            if item.rounds > 0:
                self.correct(item)
        texts = self.codec.decode([item.ids for item in items])
        tails = self.tails(items, texts)
        encoded = self.codec.encode(
            [text if tail is None else tail for text, tail in zip(texts, tails, strict=True)]
        )
        for item, text, tail, (ids, words) in zip(items, texts, tails, encoded, strict=True):
            if tail is None:
                item.ids = ids
                item.kept = kept_of(words, min(len(ids), item.target))
            else:
                item.ids = item.ids[: item.kept] + ids
            if min(len(item.ids), item.target) < item.kept + MARGIN // 2:
                item.kept = 0
            item.text = text
            item.rounds += 1

    def tails(self, items: list[Fixing], texts: list[str]) -> list[str | None]:
        """What of each text has to be encoded; None: all of it.

        The tail is what the ids after the kept ones decode to, where the text ends with that and what
        stands before is what stood there when it was encoded.
        """
        if not any(item.kept for item in items):
            return [None] * len(items)
        ends = self.codec.decode([item.ids[item.kept :] if item.kept else [] for item in items])
        return [
            end
            if item.kept and text.endswith(end) and item.text.startswith(text[: len(text) - len(end)])
            else None
            for item, text, end in zip(items, texts, ends, strict=True)
        ]

    def correct(self, item: Fixing) -> None:
        if item.missing < 0:
            item.ids = item.ids[: item.target]
        else:
            item.ids = item.ids + self.draw(item.missing)
