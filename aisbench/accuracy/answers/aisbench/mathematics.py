"""AISBench's rules for mathematical answers, which normalise a text step by step and compare it as text."""

from __future__ import annotations

import re

from aisbench.accuracy.answers.boxes import boxes

_REPLACED = (
    ("an ", ""), ("a ", ""), (".$", "$"), ("\\$", ""), ("\\ ", ""), (" ", ""), ("mbox", "text"),
    (",\\text{and}", ","), ("\\text{and}", ","), ("\\text{m}", "\\text{}"), ("\\le", "<"),
)  # fmt: skip
_DROPPED = ["square", "ways", "integers", "dollars", "mph", "inches", "ft", "hours", "km", "units", "\\ldots", "sue", "points", "feet", "minutes", "digits", "cents", "degrees", "cm", "gm", "pounds", "meters", "meals", "edges", "students", "childrentickets", "multiples", "\\text{s}", "\\text{.}", "\\text{}^2", "\\text{}^3", "\\text{}", "\\mathrm{th}", "^\\circ", "^{\\circ}", "\\;", ",\\!", "{,}", '"', "\\dots"]  # fmt: skip


def extracted(kind: str, text: str) -> str:
    """The answer: for AIME the last box if there is one; otherwise the first sentence with a cue, or the first one."""
    if kind == "aime":
        found = boxes(text)
        if found and found[-1].content:
            return found[-1].content
    cue = "final answer|answer is" if kind == "aime" else "final answer"
    sentences = text.split(".")
    return _normalised(next((one for one in sentences if re.search(cue, one.lower())), sentences[0]))


def _normalised(text: str) -> str:
    for before, after in _REPLACED:
        text = text.replace(before, after)
    for word in [*_DROPPED, "\n", "\r", "\f"]:
        text = text.replace(word, "")
    for wrapping in ("text", "textbf", "overline"):
        text = re.sub(rf"\\{wrapping}\{{(.*?)\}}", r"\1", text)
    text = re.sub(r"\\boxed\{(.*)\}", r"\1", text)
    for marked in (r"finalansweris(.*)", r"answer?is:?(.*)", r"oxed\{(.*?)\}", r"\$(.*?)\$"):
        if found := re.findall(marked, text):
            text = found[-1]
    text = text.strip()
    if "rac" in text and "\\frac" not in text:
        text = text.replace("rac", "\\frac")
    text = re.sub(r"(frac)([^{])(.)", r"frac{\2}{\3}", text)
    text = re.sub(r"(sqrt)([^{])", r"sqrt{\2}", text).replace("$", "")
    return text.replace(",", "") if text.replace(",", "").isdigit() else text


def equivalent(kind: str, one: str, other: str) -> bool:
    """Whether two answers are the same text after normalisation."""
    return _stripped(kind, one) == _stripped(kind, other)


def _stripped(kind: str, text: str) -> str:
    text = text.replace("\n", "").replace("\\!", "").replace("\\\\", "\\")
    text = text.replace("tfrac", "frac").replace("dfrac", "frac").replace("\\left", "").replace("\\right", "")
    text = text.replace("^{\\circ}", "").replace("^\\circ", "").replace("\\$", "")
    text = text.partition("\\text{ ")[0].replace("\\%", "")
    if kind == "aime":
        text = re.sub(r"(\d+)\.0+(?!\d)", r"\1", text.strip().rstrip(".").replace("$", "").replace("%", ""))
    text = text.replace(" .", " 0.").replace("{.", "{0.")
    text = "0" + text if text.startswith(".") else text
    sides = text.split("=")
    if len(sides) == 2 and len(sides[0]) <= 2:
        text = sides[1]
    text = re.sub(r"\\sqrt([^{])", r"\\sqrt{\1}", text).replace(" ", "")
    text = re.sub(r"\\frac([^{])([^{])", r"\\frac{\1}{\2}", text)
    if text == "0.5" and kind == "math":
        return "\\frac{1}{2}"
    return re.sub(r"\A(-?\d+)/(-?\d+)\Z", r"\\frac{\1}{\2}", text)
