"""DROP's exact match and F1 for answers of several spans, in which numbers must agree.

Dua et al., "DROP" (arXiv:1903.00161), section 5, and its script (allennlp-reading-comprehension, drop_eval.py): spans
are normalised, and found and known spans are paired one to one so that the sum of their F1 is largest. A pair whose
known span has numbers counts only if both share one. The sum is divided by the length of the longer list.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence

import numpy as np

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_DELETED = str.maketrans("", "", string.punctuation)


def drop_scores(found: Sequence[str], gold: Sequence[str]) -> tuple[float, float]:
    """Exact match (0 or 1) and F1 (0 to 1, rounded to hundredths as in the script) of the found and the known spans.

    If both sides have several spans, this needs scipy.
    """
    found_forms, gold_forms = [_form(span) for span in found], [_form(span) for span in gold]
    exact = len(found_forms) == len(gold_forms) and set(found_forms) == set(gold_forms)
    table = [[_pair_f1(set(one.split()), set(other.split())) for other in found_forms] for one in gold_forms]
    # NumPy rounds halves as the script does; Python's round does not.
    return float(exact), float(np.round(_best_sum(table) / max(len(found), len(gold)), 2))


def _best_sum(table: list[list[float]]) -> float:
    if min(len(table), len(table[0])) == 1:
        return max(value for row in table for value in row)
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(table, maximize=True)
    return float(sum(table[row][column] for row, column in zip(rows, columns, strict=True)))


def _pair_f1(gold: set[str], found: set[str]) -> float:
    """F1 of the words of two spans, each word once; 1 for two empty spans."""
    numbers = {word for word in gold if _number(word) is not None}
    if numbers and not numbers & found:
        return 0.0
    if not gold and not found:
        return 1.0
    same = len(gold & found)
    if not same:
        return 0.0
    precision, recall = same / len(found), same / len(gold)
    return 2 * precision * recall / (precision + recall)


def _form(span: str) -> str:
    words = (_word_form(word) for word in re.split("[ -]", span.lower()))
    return " ".join(word for word in words if word)


def _word_form(word: str) -> str:
    """A number as Python prints a float, so that 3 equals 3.0; another word without punctuation and articles."""
    bare = word if _number(word) is not None else word.translate(_DELETED)
    number = _number(bare)
    return " ".join(_ARTICLES.sub(" ", bare if number is None else str(number)).split())


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None
