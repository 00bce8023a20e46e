"""Scores a short text or a number against one or several right answers."""

from __future__ import annotations

import re
import unicodedata

from aisbench.accuracy.answers import kinds
from aisbench.accuracy.answers.thinking import final_text
from aisbench.accuracy.question import Answer, Question, Scored
from aisbench.accuracy.scoring.stated import stated_in

_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")


def score_short(question: Question, answer: Answer) -> Scored:
    """Scores an answer; `question.gold` is the right answer or a list of them.

    Numbers are compared by value, and texts without case, punctuation and articles, as in SQuAD's evaluation.
    """
    golds = [str(one) for one in (question.gold if isinstance(question.gold, list) else [question.gold])]
    if all(_NUMBER.fullmatch(gold.strip()) for gold in golds):
        scored = [kinds.score("gsm8k", answer, gold.strip().replace(",", "")) for gold in golds]
        return max(scored, key=lambda one: one.score)
    stated = stated_in(final_text(answer.text))
    if stated is None or not stated.text:
        return Scored(None, False, 0.0, "none")
    correct = plain(stated.text) in {plain(gold) for gold in golds}
    return Scored(stated.text, correct, float(correct), stated.rule, stated.sure)


def plain(text: str) -> str:
    """A text without case, punctuation, articles and extra spaces, for comparison."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = "".join(" " if unicodedata.category(letter).startswith("P") else letter for letter in folded)
    return " ".join(_ARTICLE.sub(" ", kept).split())
