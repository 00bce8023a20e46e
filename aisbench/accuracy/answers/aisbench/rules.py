"""AISBench's rules for extracting an answer, with their faults, for comparison with its scores."""

from __future__ import annotations

import re

from aisbench.accuracy.answers.aisbench import mathematics
from aisbench.accuracy.question import Answer, Scored

# The first pattern with a match counts. "@" stands for the letter of a choice.
_PATTERNS = (
    "答案是?\\s*@|答案是?\\s*：\\s*@|答案是?\\s*:\\s*@|答案选项应?该?是\\s*@|答案选项应?该?为\\s*@|答案应该?是\\s*@|"
    "答案应该?选\\s*@|答案选项为?\\s*：\\s*@|答案选项为?\\s+\\(?\\*?\\*?@|答案选项是?\\s*:\\s*@|答案为\\s*@|答案选\\s*@|"
    "选择?\\s*@|故选?\\s*@只有选?项?\\s?@\\s?是?对|只有选?项?\\s?@\\s?是?错|只有选?项?\\s?@\\s?不?正确|"
    "只有选?项?\\s?@\\s?错误|说法不?对选?项?的?是\\s?@|说法不?正确选?项?的?是\\s?@|说法错误选?项?的?是\\s?@|@\\s?是正确的|"
    "@\\s?是正确答案|选项\\s?@\\s?正确|所以答\\s?@|所以\\s?@[.。$]?$|所有\\s?@[.。$]?$|[\\s，：:,]@[。，,\\.]?$|"
    "[\\s，,：:][故即]@[。\\.]?$|[\\s，,：:]因此@[。\\.]?$|[是为。]\\s?@[。\\.]?$|因此\\s?@[。\\.]?$|显然\\s?@[。\\.]?$|"
    "答案是\\s?(\\S+)(?:。~$)|答案应该是\\s?(\\S+)(?:。~$)|答案为\\s?(\\S+)(?:。~$)|(?i:ANSWER)\\s*:\\s*@|"
    "[Tt]he answer is:?\\s+\\(?@|[Tt]he answer is:?\\s+\\(?\\*?\\*?@|[Tt]he answer is option:?\\s+\\(?@|"
    "[Tt]he correct answer is:?\\s+\\(?@|[Tt]he correct answer is option:?\\s+\\(?@|"
    "[Tt]he correct (?:answer~option~answer option) is:?.*?boxed{@}|[Tt]he answer to the question is:?\\s+\\(?@|"
    "^选项\\s?@|^@\\s?选?项|^@[\\s。，,：:\\.$]|1.\\s?(.*?)$|@:|.*@"
)


def score(kind: str, answer: Answer, gold: str, *, labels: str = "ABCD") -> Scored:
    """Scores `answer` against `gold` as AISBench 3.1 does by default for `kind` (one of `kinds.KINDS`)."""
    text = answer.text
    if kind == "gsm8k":
        found: str | None = _last_number(text)
        correct = found == gold or _near(found or "", gold)
    elif kind == "choice":
        found = _first_choice(text, labels)
        correct = found == gold
    elif kind == "gpqa":
        match = re.search(rf"(?i:ANSWER)\s*:\s*([{labels}])", text)
        found = match[1] if match else None
        correct = found == gold
    else:
        found = mathematics.extracted(kind, text)
        correct = mathematics.equivalent(kind, found, gold)
    return Scored(found, correct, float(correct), "aisbench")


def _last_number(text: str) -> str:
    found: list[str] = re.findall(r"-?\d+\.\d+|-?\d+", text.partition("Question:")[0])
    return found[-1] if found else "NULL"


def _near(found: str, gold: str) -> bool:
    try:
        return abs(float(found) - int(gold)) < 1e-6
    except (ValueError, OverflowError):
        return False


def _first_choice(text: str, labels: str) -> str:
    text = text.strip()
    for pattern in _PATTERNS.split("|"):
        match = re.search(pattern.replace("~", "|").replace("@", f"([{labels}])"), text, re.DOTALL)
        if match is not None:
            said = match[1] or match[0]
            for label in labels:
                if label in said:
                    return label
    return ""
