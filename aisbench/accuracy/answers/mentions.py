"""Finds letters of choices in a text, and whether the text accepts or rejects them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

# A word after "A" or "I" that shows a choice, not the article or the pronoun.
_VERBS = (
    "is|was|and|or|but|because|since|as|for|would|will|can|cannot|could|should|does|do|seems|looks|appears|are|were|not|"
    "which|while|due|makes|fits|matches|satisfies|says|states|instead|over|rather|nor|must|might|may|so|then|also|too|"
    "only|remains|follows|works|fails|describes|correctly|if|where|when|given|by|it|the|has|contradicts|represents"
)
# A word before a letter that shows a name, such as "vitamin C".
_NAMES = (
    "vitamin|plan|point|hepatitis|group|type|angle|set|class|grade|step|case|appendix|figure|team|company|person|line|"
    "side|vertex|event|section|exhibit|building|node|train|city|town|part|phase|section|table|variable|matrix|circle"
)
_JOINER = (
    r"\s*(?:,\s*(?:and|or|nor)\b|,|/|&|\+|\band\b|\bor\b|\bnor\b|as well as|和|与|或者|或|及|以及|跟|、)\s*"
)
_WORD = r"(?:the\s+)?(?:both\s+|either\s+)?(?:options?|choices?|answers?|statements?|选项)?\s*"
_AGAINST_BEFORE = re.compile(
    r"(?:\b(?:not|never|neither|nor|rather than|instead of|except|unlike|excluding|than|against|over|without|"
    r"eliminat\w+|rul(?:e|es|ed|ing) out|reject\w*|discard\w*|exclud\w+|dismiss\w*)\b|不认为是|不觉得是|不是|不选|并非|而非|排除(?:了|掉)?|"
    r"而不是|不能选|不应选|不会是|不可能是|非)\s*(?:to be|be|is|it|that|the|an?)?\s*(?:both\s+|either\s+)?"
    r"(?:options?|choices?|answers?|选项)?\s*[(\"']?$",
    re.IGNORECASE,
)
_ALL_BUT = re.compile(
    r"\b(?:all|every\w*|any(?:thing| of (?:them|these))?)\b[^.,;]{0,24}\b(?:but|except(?:\s+for)?|other than|besides)\s+"
    r"(?:options?|choices?|answers?)?\s*[(\"']?$|(?:除了?|除去)\s*[(\"']?$",
    re.IGNORECASE,
)
_OTHERS_WRONG = re.compile(r"[^.,;]{0,6}(?:以外|之外|外)[,\s]*(?:其他|其余|其它)?[^.;]{0,8}(?:错|不)")
_VERB = (
    r"(?:is|are|was|were|seems?|looks?|appears?|must be|would be|should be|can be|may be|remains?|has to be|does|do|did|"
    r"can|could|will|would)\b\s*(?:(?!wrong|not\b|incorrect|because|since)(?-i:[a-z]+)\s+){0,3}?"
)
_BAD = (
    rf"(?:{_VERB}(?:not|wrong|incorrect|incorrectly|false|invalid|untrue|impossible|irrelevant|eliminated|ruled out|"
    r"excluded|out|inaccurate|unlikely|rejected|tempting|too|less)|(?:\w+ly\s+)?(?:contradicts?|fails?|cannot|does not|incorrect|"
    r"wrong|false))\b"
)
_GOOD = (
    rf"(?:{_VERB}(?:correct|right|true|best|answer|valid|appropriate|accurate|only|the one|right one)|it is|(?:,\s*)?then(?=\s*(?:[.!]|$))|"
    r"(?:\w+ly\s+)?(?:fits?|match(?:es)?|satisf(?:y|ies)|works))\b"
)
_AFTER = r"\s*(?:项|选项|[)\]\"'])?\s*(?:all|both|alone)?\s*"
_CJK_LINK = r"(?:的?说法|的?描述|的?表述)?(?:都|均|也|是|皆|并|最|才)*"
_AGAINST_AFTER = re.compile(
    rf"{_AFTER}(?::?\s*(?:no|not|wrong|incorrect|false)\b|:?\s*[✗✘❌×]|{_BAD}|{_CJK_LINK}(?:不|错|排除|可排除|被排除|有误|非))",
    re.IGNORECASE,
)
_FOR_AFTER = re.compile(
    rf"{_AFTER}(?::?\s*(?:yes|right|correct|true)\b|:?\s*[✓✔✅]|{_GOOD}|{_CJK_LINK}(?:正确|对|符合|成立|合适|准确|恰当))",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Group:
    """Letters named together, such as "B and C". `against`: the text rejects them; `praised`: it calls them right."""

    letters: tuple[str, ...]
    start: int
    end: int
    against: bool
    praised: bool


@lru_cache(maxsize=8)
def _letters(labels: str) -> re.Pattern[str]:
    either = "".join(re.escape(label) for label in labels)
    low = "".join(re.escape(label.lower()) for label in labels)
    return re.compile(
        rf"(?:(?<![A-Za-z0-9'_.\\^-])|(?<=[\s(]'))(?P<upper>[{either}])(?![A-Za-z0-9_^]|'\w|-\w|\.\w|\+\+|\s*=)"
        rf"|[(\[]\s*(?P<bracketed>[{low}])\s*[)\]]"
        rf"|\b(?:[Oo]ption|[Cc]hoice)\s+[(\"']?(?P<named>[{low}])(?![A-Za-z0-9'])"
    )


def groups(text: str, labels: str) -> list[Group]:
    """The choices that `text` names, in order."""
    found: list[tuple[str, int, int]] = []
    for mark in _letters(labels).finditer(text):
        letter = (mark["upper"] or mark["bracketed"] or mark["named"]).upper()
        if mark["upper"] and _is_word(text, mark):
            continue
        found.append((letter, mark.start(), mark.end()))
    together: list[list[tuple[str, int, int]]] = []
    for one in found:
        named = [letter for letter, _, _ in together[-1]] if together else []
        if (
            named
            and one[0] not in named
            and re.fullmatch(
                rf"[)\]\"'*]*{_JOINER}{_WORD}[(\"'*]*", text[together[-1][-1][2] : one[1]], re.IGNORECASE
            )
        ):
            together[-1].append(one)
        else:
            together.append([one])
    return [_group(text, members) for members in together]


def _group(text: str, members: list[tuple[str, int, int]]) -> Group:
    start, end = members[0][1], members[-1][2]
    before, after = text[max(0, start - 60) : start], text[end : end + 100]
    against = bool(_AGAINST_BEFORE.search(before) or _AGAINST_AFTER.match(after))
    letters = tuple(dict.fromkeys(letter for letter, _, _ in members))
    # "All but C are wrong" says that C is right.
    if _ALL_BUT.search(before) and (_AGAINST_AFTER.match(after) or _OTHERS_WRONG.match(after)):
        return Group(letters, start, end, against=False, praised=True)
    return Group(letters, start, end, against, not against and bool(_FOR_AFTER.match(after)))


def _is_word(text: str, mark: re.Match[str]) -> bool:
    """Whether the letter is an article, a pronoun or part of a name, not a choice."""
    before, after = text[max(0, mark.start() - 20) : mark.start()], text[mark.end() : mark.end() + 24]
    if re.search(rf"\b(?:{_NAMES})\s+$|\d\s*°?$", before, re.IGNORECASE):
        return True
    following = re.match(r"\s+([A-Za-z]+)", after)
    return (
        mark["upper"] in ("A", "I")
        and following is not None
        and "\n" not in after[: following.start(1)]
        and not re.fullmatch(_VERBS, following[1])
    )
