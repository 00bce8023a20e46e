"""Words and their numbers, for /tokenize and /detokenize: here a word is a token."""

from __future__ import annotations

from aisbench.workload.tokens.words import WORDS

# Beyond this, a new word gets a number that is taken already: /tokenize stays exact in its counts.
_MOST_WORDS = 1_000_000


class Vocabulary:
    """Begins with the words that answers consist of, and learns every other as it comes by."""

    def __init__(self) -> None:
        self.words = list(WORDS)
        self.ids = {word: i for i, word in enumerate(WORDS)}

    def encode(self, text: str) -> list[int]:
        return [self.id_of(word) for word in text.split()]

    def id_of(self, word: str) -> int:
        known = self.ids.get(word)
        if known is None:
            if len(self.words) >= _MOST_WORDS:
                return hash(word) % _MOST_WORDS
            known = self.ids[word] = len(self.words)
            self.words.append(word)
        return known

    def decode(self, ids: list[int]) -> str:
        """A number that stands for no word yet is one of the first words, so no token is lost."""
        return " ".join(self.words[i] if 0 <= i < len(self.words) else WORDS[i % len(WORDS)] for i in ids)
