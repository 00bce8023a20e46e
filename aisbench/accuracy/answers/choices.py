"""Finds the letter of the choice that an output settles on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from aisbench.accuracy.answers.boxes import boxes, tagged
from aisbench.accuracy.answers.choice_texts import choice_of_text
from aisbench.accuracy.answers.cues import ANSWER, Statement, statements
from aisbench.accuracy.answers.found import NONE, Found
from aisbench.accuracy.answers.mentions import Group, groups
from aisbench.accuracy.answers.plain import plain

_CHOICE = rf"""{ANSWER}
  | \b(?:correct|right|best|final|only|valid|true|proper|appropriate|likely|accurate|suitable|my)\s+
    (?:choice|option|selection|response|pick|one|statement|letter)\b(?:(?!\b(?-i:[A-J])\b)[^.:=\n?!]){{0,60}}?
    \s*(?:\b(?:is|was|be|seems\s+to\s+be)\b(?:\s+(?:therefore|thus|clearly|then|likely|probably))*\s*:?|:|=|→)
  | \b(?:choice|option|selection|selected|choose)\s*[:=]
  | (?<!not )\b(?:choose|chose|pick(?:ed)?|select(?:ed)?|go(?:ing)?\s+with|went\s+with|opt\s+for|settle\s+on|vote\s+for|
    bet\s+on|lean(?:ing)?\s+(?:toward|to)s?|favou?r)\s+(?:the\s+)?(?:letter|option|choice|answer)?
  | (?<![不可])选(?!项|手|举|自|出|用|修)(?:择|取)?(?:的?是|为|了)?(?:答案|选项|第)?\s*:?
  | (?:正确|错误|不正确|符合[^,.;\n]{{0,8}}|最\S{{1,4}}|合适|恰当)的?(?:选项|一项|说法|叙述|表述|描述)?(?:应该|应|就)?(?:是|为|:)
"""
_STATED = re.compile(_CHOICE, re.IGNORECASE | re.VERBOSE)
_NO_CHOICE = re.compile(
    r"\s*(?:none|neither|no (?:correct|valid|option|choice|answer)|cannot be determined|not (?:listed|given|among)|"
    r"以上[^,.\n]{0,4}不|都不|没有|无法)",
    re.IGNORECASE,
)
_EXPLAINED = re.compile(
    r"[,(]?\s*\b(?:because|since|as|due to|given that|whereas|although|though|while|which|where|when)\b|因为|由于",
    re.IGNORECASE,
)
_CONCLUSION = re.compile(
    r"(?:\b(?:so|hence|thus|therefore|consequently|accordingly|finally|overall|ultimately|conclude|conclusion|namely|"
    r"it is|it s|it's|it must be|must be|has to be|we are left with|only|that leaves|leaves|leaving|we get|say|"
    r"that is|this is|i e)\b|→|->|=>|∴|综上(?:所述)?|(?<!不)(?:认为|觉得)应?该?(?=是)|因此|所以|故|即|可见|显然|从而|于是|只有|只剩(?:下)?|就是|应该?是"
    # A letter after the answer to a question of its own: "A, isn't it? No - B."
    r"|(?:^|[?.!]\s*)(?:\bno\b\s*[-,:.]|(?:不对?|错了)\s*[,.]))"
    r"\s*[,:]?\s*(?:it is|it's|the|we have|my|i say|with|option|choice|letter|by elimination|only|"
    r"是|为|本题|选项|\s)*\s*[(\"']?$",
    re.IGNORECASE,
)
_CORRECTION = re.compile(
    r"\b(?:wait|actually|correction|on reflection|on second thought|reconsider\w*|sorry|mistake|my bad|scratch that|"
    r"instead|no,|let me re\w+|however, (?:upon|on|after))|等等|不对|更正|重新|其实|抱歉",
    re.IGNORECASE,
)
# Before a letter that ends its sentence.
_CERTAIN = re.compile(
    r"\b(?:definitely|certainly|surely|most likely|probably)\s+(?:option\s+)?[(\"']?$", re.IGNORECASE
)
_ENDS = re.compile(r"[)\"'\]]*\s*(?:[.!\n]|$)")
# Up to the end of the sentence, which is a question.
_ASKED = re.compile(r"[^.!?;\n]*\?")
_RIGHT = re.compile(r"\b(?:correct|true|right)\b|[✓✔✅]|正确", re.IGNORECASE)
_WRONG = re.compile(r"\b(?:incorrect|wrong|false|not)\b|[✗✘❌]|错误|不", re.IGNORECASE)
_ITEM = re.compile(
    r"[ \t]*(?:[Oo]ption\s+|[Cc]hoice\s+|选项)?[(\[]?([A-J])(?:[)\].:]|\s-\s)(?=\s|$|[^\x00-\x7f])[^\n]*"
)
_ALONE = re.compile(
    r"[\s\"'(\[{]*(?:(?:option|choice|letter|answer|选项?|答案?)\s*[:]?\s*)?[\"'(\[{]*([A-Za-z])[\s\"')\]}]*(?:项|选项)?[\s.!\"')\]}]*",
    re.IGNORECASE,
)
_LONGEST_ALONE = 100
_MULTIPLE = re.compile(r"[(\"']?[A-J]{2,6}(?![A-Za-z0-9])")


@dataclass(frozen=True)
class _Vote:
    """A statement of the output at the place `at`: the letter of a choice, or None for not exactly one choice."""

    letter: str | None
    at: int
    rule: str
    sure: bool = True


def choice(text: str, labels: str, texts: Sequence[str] = ()) -> Found:
    """The choice in `text`, which is unified and has no thinking. `texts`: of the choices, in the order of `labels`."""
    marked = _marked(text, labels, texts)
    bare = plain(text)
    bare = re.sub(
        r"n't\b", " not", re.sub(r"\b(can)'t\b|\b(can)not\b", r"\1\2 not", bare, flags=re.IGNORECASE)
    )
    if alone := _alone(bare, labels):
        return Found(alone, "letter alone")
    votes = _said(bare, labels, texts)
    if marked is not None:
        # The content of the box or tag is also part of the plain text, so only later statements can replace it.
        later = [vote for vote in votes if vote.letter and vote.at > marked.at]
        return _as_found(later[-1] if later else marked)
    softer = _concluded(bare, labels)
    if votes:
        last = next((vote for vote in reversed(votes) if vote.letter), None)
        at = last.at if last else votes[-1].at
        turned = [
            vote
            for vote in softer
            if vote.at > at and (last is None or (vote.letter and _CORRECTION.search(bare, at, vote.at)))
        ]
        if turned:
            return _as_found(turned[-1])
        # The last statement counts: "none of them" or "B or C" takes back an earlier answer.
        return _as_found(votes[-1])
    if softer:
        return _as_found(softer[-1])
    return _guess(bare, labels, texts)


def _as_found(vote: _Vote) -> Found:
    return Found(vote.letter, vote.rule, vote.sure)


def _alone(text: str, labels: str) -> str | None:
    whole = _ALONE.fullmatch(text) if len(text) <= _LONGEST_ALONE else None
    letter = whole[1].upper() if whole else ""
    return letter if letter and letter in labels else None


def _marked(text: str, labels: str, texts: Sequence[str]) -> _Vote | None:
    """The choice in the last box or answer tag."""
    found = sorted([*boxes(text), *tagged(text)], key=lambda mark: mark.start)
    if not found:
        return None
    # The place in the plain text, because that is where later statements are found.
    at = len(plain(text[: found[-1].end]))
    content = found[-1].content
    if content is None:
        return _Vote(None, at, "unfinished box")
    inside = plain(content)
    letter = _alone(inside, labels)
    if letter is None:
        vote = _judged(inside, 0, labels, texts, "box")
        letter = vote.letter if vote else None
    return _Vote(letter, at, "box or tag")


def _said(text: str, labels: str, texts: Sequence[str]) -> list[_Vote]:
    votes = (_of_statement(statement, labels, texts) for statement in statements(_STATED, text))
    return [vote for vote in votes if vote is not None]


def _of_statement(statement: Statement, labels: str, texts: Sequence[str]) -> _Vote | None:
    if statement.denied:
        # "I do not think that the answer is B, it is C" still names an answer.
        rest = re.split(r"[,;]|\bbut\b", statement.clause, maxsplit=1)
        named = groups(statement.clause, labels)
        # A list, as in "wrong answers: B, C", names nothing else.
        if len(rest) < 2 or (named and len(named[0].letters) > 1):
            return None
        vote = _judged(rest[1], statement.at, labels, (), "stated")
        return vote if vote and vote.letter else None
    if statement.heading and len(statement.clause) > 120:
        return None
    return _judged(statement.clause, statement.at, labels, texts, "stated")


def _judged(clause: str, at: int, labels: str, texts: Sequence[str], rule: str) -> _Vote | None:
    """The choice that a clause states; None if it says nothing about a choice."""
    first = re.match(r"[(\"'\[]*\s*([A-Za-z])(?=[)\]\"'.,:;\s]|$|[^\x00-\x7f])", clause)
    if first is not None:
        letter = first[1].upper()
        after = clause[first.end() :]
        loose = bool(re.match(r"\s+[A-Za-z]", after)) and letter in "AI"
        if letter in labels and not (loose and (first[1].islower() or letter == "I")):
            named = groups(clause, labels)
            if first[1].isupper() and named and named[0].start <= first.start(1) <= named[0].end:
                if len(named[0].letters) > 1 and not named[0].against:
                    return _Vote(None, at, "several choices")
                if named[0].against:
                    return _rest(named[1:], at, rule)
            return _Vote(
                letter, at, rule, sure=not (loose and not (named and named[0].start <= first.start(1)))
            )
        if (
            letter not in labels
            and first[1].isupper()
            and not re.match(r"\s+[a-z]", after)
            and letter in "ABCDEFGHIJ"
        ):
            return _Vote(None, at, "not one of the choices")
    if _MULTIPLE.match(clause) and set(re.sub(r"[^A-J]", "", clause[:8])) <= set(labels):
        return _Vote(None, at, "several choices")
    cut = _EXPLAINED.search(clause)
    named = groups(clause[: cut.start()] if cut else clause, labels) or groups(clause, labels)
    if texts and (letter := choice_of_text(clause, labels, texts)):
        return _Vote(letter, at, f"{rule}, by its text")
    nothing = _NO_CHOICE.match(clause)
    if nothing and not any(_CONCLUSION.search(clause[: group.start]) for group in named):
        return _Vote(None, at, "none of the choices")
    return _rest(named, at, rule)


def _rest(named: Sequence[Group], at: int, rule: str) -> _Vote | None:
    for group in named:
        if not group.against:
            return (
                _Vote(group.letters[0], at, rule)
                if len(group.letters) == 1
                else _Vote(None, at, "several choices")
            )
    return None


def _concluded(text: str, labels: str) -> list[_Vote]:
    """The letters that are concluded or called right without the word "answer", or are alone on a line."""
    found = []
    items = _items(text)
    for group in groups(text, labels):
        line = next((item for item in items if item.start() <= group.start < item.end()), None)
        if line is not None and group.start < line.end(1) + 2:
            right = _RIGHT.search(line[0]) and not _WRONG.search(line[0])
            if right:
                found.append(_Vote(group.letters[0], group.start, "called right"))
            continue
        if group.against:
            continue
        before = text[max(0, group.start - 60) : group.start].rpartition("\n")[2]
        if _ASKED.match(text, group.end):
            continue
        certain = _CERTAIN.search(before) and _ENDS.match(text, group.end)
        if group.praised or certain or _CONCLUSION.search(before):
            several = len(group.letters) > 1
            rule = "several choices" if several else "called right" if group.praised else "concluded"
            found.append(_Vote(None if several else group.letters[0], group.start, rule))
    lines = [line for line in re.finditer(r"[^\n]+", text) if line[0].strip()]
    found.extend(
        _Vote(letter, line.start(), "letter alone")
        for line in [*lines[:1], *lines[-1:]]
        if (letter := _alone(line[0], labels))
    )
    first = _ITEM.match(lines[0][0]) if lines else None
    if (
        first is not None
        and len(items) < 2
        and first[1] in labels
        and not re.search(r"\bnot|wrong|incorrect|不|错", first[0], re.I)
    ):
        found.append(_Vote(first[1], 0, "letter first"))
    return sorted(found, key=lambda vote: vote.at)


def _items(text: str) -> list[re.Match[str]]:
    """The lines that list the choices, if there are at least two."""
    found = [item for line in re.finditer(r"[^\n]+", text) if (item := _ITEM.match(text, line.start()))]
    return found if len({item[1] for item in found}) > 1 else []


def _guess(text: str, labels: str, texts: Sequence[str]) -> Found:
    items = _items(text)
    named = [
        group
        for group in groups(text, labels)
        if not any(item.start() <= group.start < item.end() for item in items)
    ]
    liked = {letter for group in named if not group.against for letter in group.letters}
    disliked = {letter for group in named if group.against for letter in group.letters}
    if texts and (letter := choice_of_text(text, labels, texts)):
        return Found(
            letter, "text of a choice", sure=choice_of_text(text, labels, texts, whole=True) is not None
        )
    if len(liked - disliked) == 1:
        return Found((liked - disliked).pop(), "only choice named", sure=False)
    left = [label for label in labels if label not in disliked]
    if not liked and len(disliked) > 1 and len(left) == 1:
        return Found(left[0], "only choice left", sure=False)
    return NONE
