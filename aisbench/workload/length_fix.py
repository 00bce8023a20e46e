"""vLLM's correction of prompt lengths: text decoded from random ids rarely encodes to as many again.

Each round decodes the ids to text and encodes that again. When the count is right, the text stands.
Too many ids are cut to the target; missing ones are drawn at random; and the next round begins. After
ten corrections the text stands with the length that it has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

CORRECTIONS = 10


@dataclass
class Fixing:
    """A prompt on its way to `target` tokens: `text` is what the last round decoded, `ids` what it encoded."""

    ids: list[int]
    target: int
    text: str = ""
    rounds: int = 0

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
        self.tokenizer = tokenizer
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
        texts = self.tokenizer.batch_decode([item.ids for item in items])
        # The tokenizers library encodes a list of texts on all cores. Masks are not needed, nor the
        # warning that the prompt is longer than the model's context.
        encoded = self.tokenizer(
            texts,
            add_special_tokens=False,
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
        )["input_ids"]
        for item, text, ids in zip(items, texts, encoded, strict=True):
            item.text, item.ids = text, ids
            item.rounds += 1

    def correct(self, item: Fixing) -> None:
        if item.missing < 0:
            item.ids = item.ids[: item.target]
        else:
            item.ids = item.ids + self.draw(item.missing)
