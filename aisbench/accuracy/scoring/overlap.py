"""Overlap of short texts, as SQuAD, TriviaQA and LongBench define it: exact match and F1 over normalised words.

Normalisation of SQuAD: Rajpurkar et al. (arXiv:1606.05250), evaluate-v1.1.py; of TriviaQA: Joshi et al.
(arXiv:1705.03551), triviaqa_evaluation.py; of Chinese: Bai et al., LongBench (arXiv:2308.14508), metrics.py.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_DELETED = str.maketrans("", "", string.punctuation)
_SPACED = str.maketrans(dict.fromkeys(string.punctuation + "‘’´`", " "))


def squad_form(text: str) -> str:
    """Lower case, without punctuation and articles, with single spaces."""
    return _without_articles(text.lower().translate(_DELETED))


def triviaqa_form(text: str) -> str:
    """Like `squad_form`, but each punctuation mark becomes a space."""
    return _without_articles(text.lower().translate(_SPACED))


def _without_articles(text: str) -> str:
    return " ".join(_ARTICLES.sub(" ", text).split())


def characters(text: str) -> list[str]:
    """The characters of a Chinese text, in lower case, without punctuation and spaces."""
    return [c for c in text.lower() if not c.isspace() and not _is_punctuation(c)]


def _is_punctuation(c: str) -> bool:
    """Whether a character is punctuation, which includes full-width forms of ASCII signs, such as ＋."""
    return unicodedata.category(c).startswith("P") or unicodedata.normalize("NFKC", c) in string.punctuation


def f1(found: Sequence[str], gold: Sequence[str]) -> float:
    """The harmonic mean of precision and recall of tokens, each counted as often as it occurs: 0 to 1."""
    same = sum((Counter(found) & Counter(gold)).values())
    return 2 * same / (len(found) + len(gold)) if same else 0.0


def word_f1(found: str, gold: str) -> float:
    """`f1` of the words in SQuAD's form."""
    return f1(squad_form(found).split(), squad_form(gold).split())


def holds(text: str, names: Iterable[str]) -> bool:
    """Whether `text` contains one of `names` as whole words, both in TriviaQA's form."""
    within = f" {triviaqa_form(text)} "
    return any(f" {form} " in within for name in names if (form := triviaqa_form(name)))
