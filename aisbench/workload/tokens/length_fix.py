"""vLLM's correction of prompt lengths: text decoded from random ids rarely encodes to the same number of ids.

Each round decodes the ids to text and encodes that text. If the number of ids is right, the text is final. Otherwise
surplus ids are cut off, or missing ones are drawn at random, and the next round begins. After ten corrections the
text is final whatever its length.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aisbench.workload.tokens.codec import MARGIN, Codec, kept_of
from aisbench.workload.tokens.vocabulary_text import Encoded, Run, VocabularyText

CORRECTIONS = 10


@dataclass
class Fixing:
    """A prompt that is corrected to `target` tokens. The last round decoded `text` and encoded it to `ids`.

    `run`: the neighbours in the vocabulary at the end of the first `ids`; None: these are no such run.
    """

    ids: list[int]
    target: int
    run: Run | None = None
    text: str = ""
    rounds: int = 0
    # How many of the first `ids` are known to stay the same when later ones are corrected.
    kept: int = 0

    @property
    def missing(self) -> int:
        return self.target - len(self.ids)

    @property
    def is_done(self) -> bool:
        return self.rounds > 0 and (self.missing == 0 or self.rounds > CORRECTIONS)


class LengthFixer:
    """Corrects many prompts at once, with the same result as vLLM, which corrects one after another.

    Only a prompt that came back short needs random numbers, and these come from one generator in the order of the
    prompts. So the prompts of a batch go through their rounds together, each until it is done or comes back short for
    the first time. The short ones are then finished one by one, in order. No other round draws, so every draw is the
    one that vLLM makes. With the usual vocabularies, about one prompt in a hundred comes back short.
    """

    def __init__(self, tokenizer: Any, draw: Callable[[int], list[int]]) -> None:
        """`draw(count)`: draws `count` ids from the whole vocabulary, special tokens included, as vLLM does."""
        self.codec = Codec(tokenizer)
        self.draw = draw
        # Helps with runs of neighbours; None: there are too few to make it for.
        self.vocabulary: VocabularyText | None = None

    def fix(self, batch: list[Fixing]) -> None:
        """Corrects the prompts of `batch`; batches must be passed in the order of the prompts."""
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
        encoded = self.encode(
            items, [text if tail is None else tail for text, tail in zip(texts, tails, strict=True)]
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

    def encode(self, items: list[Fixing], texts: list[str]) -> list[Encoded]:
        """As Codec.encode, but copies what the text of the vocabulary has, too."""
        if self.vocabulary is None or all(item.rounds or item.run is None for item in items):
            return self.codec.encode(texts)
        ends = [
            self.vocabulary.ends(text.encode(), item.run)
            if item.run is not None and not item.rounds
            else None
            for item, text in zip(items, texts, strict=True)
        ]
        parts = iter(
            self.codec.encode(
                [
                    part
                    for text, end in zip(texts, ends, strict=True)
                    for part in ((text,) if end is None else (end.head, end.tail))
                ]
            )
        )
        encoded = [
            next(parts) if end is None else self.vocabulary.joined(end, next(parts), next(parts))
            for end in ends
        ]
        others = iter(
            self.codec.encode([text for text, one in zip(texts, encoded, strict=True) if one is None])
            if None in encoded
            else []
        )
        return [next(others) if one is None else one for one in encoded]

    def tails(self, items: list[Fixing], texts: list[str]) -> list[str | None]:
        """The end of each text that has to be encoded; None: the whole text.

        This is the text of the ids after the kept ones, provided that the whole text ends with it and everything
        before it is as it was when it was last encoded.
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
