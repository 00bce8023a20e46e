"""The metrics of LongBench, one for each of its data sets.

Bai et al., LongBench (arXiv:2308.14508), metrics.py and eval.py. Three things differ: Chinese texts are compared by
characters instead of jieba's words, ROUGE-L comes from the rouge-score package, and every class whose name is part of
the right class's name is ignored, where the script's loop misses some.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from functools import cache
from typing import Any

from aisbench.accuracy.scoring.overlap import characters, f1, word_f1

# Called with the output, a known answer and the classes to choose from; returns a score, 0 to 1.
Metric = Callable[[str, str, Sequence[str]], float]

_NUMBER = re.compile(r"\d+")
# A line with one of these is a comment or the mark of a code block.
_NOT_CODE = ("`", "#", "//")


def words(found: str, gold: str, _: Sequence[str]) -> float:
    """F1 of words."""
    return word_f1(found, gold)


def chinese(found: str, gold: str, _: Sequence[str]) -> float:
    """F1 of characters."""
    return f1(characters(found), characters(gold))


def rouge(found: str, gold: str, _: Sequence[str]) -> float:
    """ROUGE-L of words, as F1. Needs rouge-score."""
    return _rouge_l(found, gold, by_characters=False)


def chinese_rouge(found: str, gold: str, _: Sequence[str]) -> float:
    """ROUGE-L of characters, as F1. Needs rouge-score."""
    return _rouge_l(found, gold, by_characters=True)


class _Characters:
    """A tokenizer for rouge-score, whose default one handles only Latin letters and digits."""

    def tokenize(self, text: str) -> list[str]:
        return characters(text)


def _rouge_l(found: str, gold: str, *, by_characters: bool) -> float:
    return float(_scorer(by_characters).score(gold, found)["rougeL"].fmeasure)


@cache
def _scorer(by_characters: bool) -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], tokenizer=_Characters() if by_characters else None)


def classes(found: str, gold: str, known: Sequence[str]) -> float:
    """1 if only the right class is named, 1/n if n classes are, 0 if the right one is not."""
    named = [one for one in known if one in found and (one == gold or one not in gold)]
    return 1 / len(named) if gold in named else 0.0


def paragraph(found: str, gold: str, _: Sequence[str]) -> float:
    """The share of the numbers in an output that equal the paragraph's number."""
    right = _NUMBER.search(gold)
    return _share(found, right[0] if right else gold)


def count(found: str, gold: str, _: Sequence[str]) -> float:
    """The share of the numbers in an output that equal the known number."""
    return _share(found, gold)


def _share(found: str, gold: str) -> float:
    numbers = _NUMBER.findall(found)
    return numbers.count(gold) / len(numbers) if numbers else 0.0


def line_of_code(found: str, gold: str, _: Sequence[str]) -> float:
    """The similarity of the first line of code, 0 to 1, rounded to hundredths."""
    lines = (
        line for line in found.split("\n") if line.strip() and not any(mark in line for mark in _NOT_CODE)
    )
    return round(100 * SequenceMatcher(None, next(lines, ""), gold).ratio()) / 100


NEED_ROUGE: tuple[Metric, ...] = (rouge, chinese_rouge)
