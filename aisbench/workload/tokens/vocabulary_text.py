"""The text of a whole vocabulary and its encoding, from which the encodings of its parts are copied.

vLLM's random prompts are runs of neighbours in the vocabulary. So the text of a run is a part of the text of the whole
vocabulary, and so is its encoding, but for both ends, where words may be cut in other places. Only the ends are
encoded, which saves five sixths of the work for prompts of 1,024 tokens.

This holds for the tokenizers that `codec.splits_into_words` finds: they split a text into words from left to right, so
two texts that are equal from a common start of a word are split in the same way, as far as they are equal. Nothing else
is taken for granted: that the texts are equal, that a word starts in both, and that every byte belongs to a token is
checked for each prompt. Where it does not hold, the prompt is encoded as a whole.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.workload.tokens.codec import MARGIN, Codec, kept_of

# Tokens at each end of a run that are not compared: its characters may be cut there.
_CUT = 8
# Bytes by which a run is looked for in its prompt.
_PROBE_BYTES = 48
# The vocabulary costs about as much time as this many prompts that hold as many tokens.
_PAYS_FROM = 2
_REPLACEMENT = "\ufffd"
# Added to the numbers of words, so that those of the three parts of an encoding differ.
_MIDDLE, _TAIL = 1 << 40, 1 << 41

Encoded = tuple[list[int], list[int | None]]


@dataclass(frozen=True)
class Run:
    """`length` neighbours in the vocabulary from position `start`."""

    start: int
    length: int


@dataclass(frozen=True)
class Ends:
    """The texts before and after what is copied: tokens of the vocabulary's text from `after_head` at the latest to `to`.

    `shift`: what is added to a place in the prompt, in bytes, for that in the vocabulary's text. `equal_from`: where
    they begin to be equal, in bytes of the prompt.
    """

    head: str
    tail: str
    to: int
    shift: int
    equal_from: int


class VocabularyText:
    """Encodes parts of the text of `allowed`, the ids of a vocabulary in order, which begins again at its end.

    `longest`: the length of the longest run that is asked for.
    """

    def __init__(self, codec: Codec, allowed: NDArray[np.int64], longest: int) -> None:
        self.codec = codec
        pieces, self._begins = _text(codec, allowed, len(allowed) + longest)
        self._text = "".join(pieces).encode()
        self._lengths = token_bytes(codec.tokenizer)
        ((ids, words),) = codec.encode([self._text.decode()])
        self._ids = ids
        self._words = np.array([-1 if word is None else word for word in words], dtype=np.int64)
        # Where each token begins in the text, in bytes, and its end after the last.
        self._at: list[int] = np.concatenate(([0], np.cumsum(self._lengths[ids]))).tolist()
        self._starts: list[int] = [0, *(np.flatnonzero(np.diff(self._words)) + 1).tolist()]
        self._is_start = set(self._starts)
        # Otherwise some of the text was lost, and places in it cannot be told from tokens.
        self.is_whole = self._at[-1] == len(self._text)

    def ends(self, text: bytes, run: Run) -> Ends | None:
        """What of `text`, which holds the text of `run`, has to be encoded; None: all of it."""
        if not self.is_whole or run.length < 2 * _CUT or run.start + run.length >= len(self._begins):
            return None
        begin = self._begins[run.start + _CUT]
        end = self._begins[run.start + run.length - _CUT]
        place = text.find(self._text[begin : begin + _PROBE_BYTES])
        if place < 0 or text[place : place + end - begin] != self._text[begin:end]:
            return None
        after_head = self._start_from(bisect_left(self._at, begin) + 2 * MARGIN)
        to = self._start_until(bisect_right(self._at, end) - 1 - MARGIN)
        shift = begin - place
        if after_head >= to:
            return None
        head, tail = text[: self._at[after_head] - shift], text[self._at[to] - shift :]
        return Ends(head.decode(), tail.decode(), to, shift, place)

    def joined(self, ends: Ends, head: Encoded, tail: Encoded) -> Encoded | None:
        """The encoding of the whole text from those of its ends; None: it cannot be told from them."""
        ids, words = head
        kept = kept_of(words, len(ids))
        sizes = self._lengths[ids]
        place = int(sizes[:kept].sum())
        if place < ends.equal_from or place + int(sizes[kept:].sum()) != len(ends.head.encode()):
            return None
        first = bisect_left(self._at, place + ends.shift)
        if self._at[first] != place + ends.shift or first not in self._is_start or first > ends.to:
            return None
        numbers = self._words[first : ends.to]
        return (
            [*ids[:kept], *self._ids[first : ends.to], *tail[0]],
            [
                *words[:kept],
                *(numbers + _MIDDLE).tolist(),
                *(None if word is None else word + _TAIL for word in tail[1]),
            ],
        )

    def _start_from(self, token: int) -> int:
        """The first start of a word at `token` or later; beyond the text if there is none."""
        at = bisect_left(self._starts, token)
        return self._starts[at] if at < len(self._starts) else len(self._ids)

    def _start_until(self, token: int) -> int:
        return self._starts[max(0, bisect_right(self._starts, token) - 1)]


def vocabulary_text(
    codec: Codec, allowed: NDArray[np.int64], longest: int, total: int
) -> VocabularyText | None:
    """For prompts of `total` tokens together; None where it would not save time or cannot be relied on."""
    if not codec.is_local or total < _PAYS_FROM * (len(allowed) + longest):
        return None
    made = VocabularyText(codec, allowed, longest)
    return made if made.is_whole else None


def _text(codec: Codec, allowed: NDArray[np.int64], length: int) -> tuple[list[str], list[int]]:
    """The text of `length` ids, in pieces, and where that of each id begins, in bytes.

    Ids that are part of a character begin where their character, or what replaces it, begins.
    """
    ids = allowed.tolist()
    singles = codec.decode([[one] for one in ids])
    whole = [_REPLACEMENT not in text for text in singles]
    # Whole characters alone, and others with their neighbours up to the next whole one.
    groups: list[list[int]] = []
    for i in range(length):
        at = i % len(ids)
        if groups and not whole[at] and not whole[(i - 1) % len(ids)]:
            groups[-1].append(ids[at])
        else:
            groups.append([ids[at]])
    pieces = codec.decode(groups)
    begins = np.cumsum([0, *(len(piece.encode()) for piece in pieces)])[:-1]
    return pieces, np.repeat(begins, [len(group) for group in groups]).tolist()


def token_bytes(tokenizer: Any) -> NDArray[np.int64]:
    """The length of each id's text in bytes: a byte is one character of a token, but not of an added one."""
    backend = tokenizer.backend_tokenizer
    vocabulary: dict[str, int] = backend.get_vocab(with_added_tokens=True)
    lengths = np.zeros(max(vocabulary.values(), default=-1) + 1, dtype=np.int64)
    for token, number in vocabulary.items():
        lengths[number] = len(token)
    for number, added in backend.get_added_tokens_decoder().items():
        lengths[number] = len(added.content.encode())
    return lengths
