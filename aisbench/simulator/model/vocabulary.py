"""Words and their numbers, for /tokenize and /detokenize: here a word is a token."""

from __future__ import annotations

from aisbench.workload.tokens.words import WORDS

# After this many, a new word shares the number of another, so that /tokenize still counts exactly.
_MOST_WORDS = 1_000_000


class Vocabulary:
    """Starts with the words that answers consist of, and adds every new word that it encodes."""

    def __init__(self) -> None:
        self.words = list(WORDS)
        self.ids = {word: i for i, word in enumerate(WORDS)}

    def encode(self, text: str) -> list[int]:
        """The number of each word in `text`."""
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
        """The words of these numbers. An unused number stands for one of the first words, so that no token is lost."""
        return " ".join(self.words[i] if 0 <= i < len(self.words) else WORDS[i % len(WORDS)] for i in ids)
