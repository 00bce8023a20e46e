"""Finds statements of an answer, such as "the answer is", 答案是 or la respuesta es, in about thirty languages."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

# Words for "answer", and the words that may join them to the statement.
_OTHERS = (
    "respuesta|respuesta final|resposta|réponse|risposta|antwort|lösung|ergebnis|antwoord|ответ|відповідь|odpowiedź|"
    "odpověď|svaret|svar|vastaus|válasz|răspuns|cevap|yanıt|jawaban|jibu|đáp án|đáp số|câu trả lời|απάντηση|"
    "تشובה|תשובה|الإجابة(?: الصحيحة)?|الجواب|उत्तर|जवाब|উত্তর|సమాధానం|คำตอบ"
)
_OTHER_JOINS = "es|é|est|è|ist|lautet|är|er|wynosi|je|on|este|to|là|adalah|ni|είναι|هي|هو|है|হল|হলো|కాదు|คือ|vale|sería|sera"
_CJK = r"(?:最终|最后|正确|参考|标准|最佳)?的?(?:答案|正解|答え|解答|回答|정답|답변|답|答)(?:选项)?"
_CJK_JOINS = r"(?:应该|应当|应|就|便|即|只能|可能|也|选|은|는|は|が|\s){0,3}(?:是|为|選|选|:|=|→|は|은|는|이|,|\s)\s*:?"
_FILLERS = (
    r"clearly|simply|therefore|thus|then|just|probably|likely|most|definitely|indeed|actually|equal|to|that|given|by|"
    r"still|now|exactly|obviously|hence|only|as|follows|indeed|really|in|fact|approximately|about|roughly|around"
)
_JOIN = r"(?:\b(?:is|was|be|are|equals|becomes|remains|comes)\b\s*:?|:|=|→|-+>|\s-+\s)"
_JOIN_AND_FILLERS = rf"(?:(?:\b(?:is|was|be|are|equals|becomes|remains|comes)\b(?:\s+(?:{_FILLERS})\b)*\s*:?)|:|=|→|-+>|\s-+\s)"
# What may be between "answer" and "is", such as "to the question" or "(letter only)", but not a choice's letter or the
# end of a sentence.
_GAP = r"(?:(?!\b(?-i:[A-J])\b)[^.:=\n?!→]){0,80}?"


def _cue(join: str) -> str:
    return rf"""
    \b(?:answers?|ans)\b(?!\s+(?:choices|options)){_GAP}\s*{join}
  | \b(?:{_OTHERS})\b{_GAP}\s*(?:\b(?:{_OTHER_JOINS})\b\s*:?|:|=|→)
  | {_CJK}{_CJK_JOINS}
"""


ANSWER = _cue(_JOIN_AND_FILLERS)
# Before an answer in words, whose first ones may look like fillers: "To Kill a Mockingbird".
ANSWER_IN_WORDS = _cue(_JOIN)
# Words before a statement that make it only a supposition, or deny it.
_SUPPOSED = re.compile(
    r"\b(?:if|suppose|supposing|assum\w+|whether|imagine|unless|had)\b[^,]*$|(?:如果|假如|假设|倘若|若)[^,]*$",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:(?:do|does|did|could|can|would|is|are|should)\s*not|cannot|never|doubt|unlikely|wrong|incorrect|false|"
    r"tempting|common|naive|obvious but)\b[^,;]{0,30}$|(?:不认为|并非|不是|错误)的?$",
    re.IGNORECASE,
)
# The same in the words for "answer" themselves: "the answer cannot be".
_DENIES = re.compile(
    r"(?:\bcannot|\b(?:can|could|may|might|must|should|would|will)\s*(?:not|n't))\s+be\b", re.IGNORECASE
)
_SENTENCE_END = re.compile(r"[!?;\n]|(?<!\bi\.e)(?<!\be\.g)\.(?=[\s\"')\]]|$|[^\x00-\x7f])")
# A statement is read up to this many characters.
_LONGEST_CLAUSE = 400
# Only this many statements at the end are read, for outputs that repeat themselves.
_MOST_CUES = 1000
_LEAD = re.compile(r"[\s:\"'*=_→]*")


@dataclass(frozen=True)
class Statement:
    """A statement of an answer.

    `clause`: what is stated, up to the end of its sentence. `denied`: the sentence says that it is not the answer.
    `heading`: the words for "answer" are alone on their line. `start`: the place of these words; `at`: of the clause.
    """

    clause: str
    start: int
    at: int
    denied: bool
    heading: bool


def statements(pattern: re.Pattern[str], text: str) -> Iterator[Statement]:
    """The statement after each match of `pattern` in `text`, except questions and suppositions."""
    for cue in deque(pattern.finditer(text), _MOST_CUES):
        lead = _LEAD.match(text, cue.end())
        at = lead.end() if lead else cue.end()
        before = _sentence_before(text, cue.start())
        end = _SENTENCE_END.search(text, at, at + _LONGEST_CLAUSE)
        clause = text[at : end.start() if end else at + _LONGEST_CLAUSE]
        if (end is not None and end[0] == "?") or _SUPPOSED.search(before):
            continue
        heading = "\n" in text[cue.end() : at]
        denied = bool(_DENIED.search(before) or _DENIES.search(cue[0]))
        yield Statement(clause, cue.start(), at, denied, heading)


def _sentence_before(text: str, at: int) -> str:
    """The part of the sentence before `at`."""
    begin = text[max(0, at - 200) : at]
    ends = list(_SENTENCE_END.finditer(begin))
    return begin[ends[-1].end() :] if ends else begin
