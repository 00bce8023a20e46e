"""Writes evaluation.html: the averages, and every answer with its prompt, what was extracted and by which rule.

It is one self-contained file. The averages need no script; evaluation.js searches, filters and shows the answers, and
draws only those in view.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from aisbench.atomic import write_text
from aisbench.printable import printable
from aisbench.report.page.shell import json_text, page
from aisbench.report.page.table import ABSENT, said, table
from aisbench.studies.evaluation.judge.remarks import judge_remarks
from aisbench.studies.evaluation.result_file import Detail, ResultFile

# A table of at least this many subsets is folded.
_FOLDED_FROM = 8
_END_OF_THOUGHT = "</think>"
_BEGIN_OF_THOUGHT = "<think>"


def write_page(path: Path, title: str, datasets: Sequence[tuple[str, ResultFile]]) -> None:
    """Writes the page to `path`, whose folder must exist.

    `datasets`: names, each with the content of its results file. The page shows the answers of those with `details`.
    """
    texts = _Texts()
    shown = [
        _answers(_scored(name, result), result, texts) for name, result in datasets if result.get("details")
    ]
    without = [_scored(name, result) for name, result in datasets if not result.get("details")]
    parts = {
        "title": said(title),
        "subtitle": escape(_subtitle(datasets)),
        "averages": table(_HEAD, _rows(datasets), "numbers averages"),
        "subsets": "".join(_subsets(name, result) for name, result in datasets),
        "repeated": _repeated(datasets),
        "judge": _judge(datasets),
        "without": _without(without),
        "answers_hidden": "" if shown else "hidden",
        "data": json_text({"sets": shown, "texts": texts.every}),
    }
    write_text(page("evaluation.html", parts, styles=("evaluation.css",), scripts=("evaluation.js",)), path)


_HEAD = (
    *("", "score %", "± standard error", "95 % interval", "questions", "answers", "wrong"),
    *("no answer", "cut", "unsure", "mean length"),
)


def _rows(datasets: Sequence[tuple[str, ResultFile]]) -> Iterator[list[str]]:
    """A row with the score of each data set; two rows, one for each average, if it has subsets."""
    for name, result in datasets:
        counts = result.get("counts") or {}
        answers = counts.get("answers")
        rest = [
            _count(counts.get("questions")),
            _count(answers),
            _part(answers - counts["correct"], answers) if answers and "correct" in counts else ABSENT,
            *(_part(counts.get(key), answers) for key in ("no_answer", "cut", "unsure")),
            _count(None if (length := result.get("mean_length")) is None else round(length)),
        ]
        label = said(name)
        if metric := result.get("metric"):
            label += f" <small>{said(metric)}</small>"
        plain = [_percent(result.get("accuracy")), _percent(result.get("stderr")), _between(result.get("interval"))]  # fmt: skip
        if not result.get("subsets"):
            yield [label, *plain, *rest]
            continue
        yield [f"{label} <small>weighted average</small>", *plain, *rest]
        yield [
            f"{said(name)} <small>naive average</small>",
            _percent(result.get("naive_average")),
            _percent(result.get("naive_stderr")),
            _between(result.get("naive_interval")),
            *[""] * len(rest),
        ]


def _scored(name: str, result: ResultFile) -> str:
    """The data set, with the metric if a judge scored it: its scores by rules may be on the page, too."""
    return f"{name} ({result.get('metric')})" if result.get("judge") else name


def _subsets(name: str, result: ResultFile) -> str:
    found = result.get("subsets")
    if not found:
        return ""
    rows = [
        [
            said(subset),
            _percent(one.get("accuracy")),
            _percent(one.get("stderr")),
            _between(one.get("interval")),
            _count(one.get("questions")),
            _count(one.get("answers")),
        ]
        for subset, one in found.items()
    ]
    unfolded = "" if len(rows) >= _FOLDED_FROM else " open"
    return (
        f"<details{unfolded}><summary>Subsets of {said(_scored(name, result))} ({len(rows):,})</summary>"
        f"{table(_HEAD[:6], rows, 'numbers')}</details>"
    )


def _repeated(datasets: Sequence[tuple[str, ResultFile]]) -> str:
    """A list of avg@n, pass@k and cons@n of the data sets whose questions were asked several times."""
    items = [
        f"<li><b>{said(_scored(name, result))}</b>: "
        + ", ".join(f"{said(key)} {value:.2f} %" for key, value in found.items() if key != "n")
        + "</li>"
        for name, result in datasets
        if (found := result.get("repeated"))
    ]
    return f'<ul class="repeated">{"".join(items)}</ul>' if items else ""


def _judge(datasets: Sequence[tuple[str, ResultFile]]) -> str:
    """Which judge scored which data sets, and what it left open."""
    items = [
        f"<li><b>{said(name)}</b>: {said(line)}</li>"
        for name, result in datasets
        for line in judge_remarks(result)
    ]
    return f'<ul class="repeated">{"".join(items)}</ul>' if items else ""


def _without(names: Sequence[str]) -> str:
    if not names:
        return ""
    listed = ", ".join(map(said, names))
    return (
        f'<p class="remark">The answers to {listed} were not kept in the results; score again with --dump-eval-details '
        "to see them.</p>"
    )


def _subtitle(datasets: Sequence[tuple[str, ResultFile]]) -> str:
    # The scores by rules and by a judge are of the same answers.
    by_name: dict[str, int] = {}
    for name, result in datasets:
        by_name[name] = max(by_name.get(name, 0), (result.get("counts") or {}).get("answers", 0))
    answers = sum(by_name.values())
    sets = "1 data set" if len(by_name) == 1 else f"{len(by_name)} data sets"
    return f"{sets}, {answers:,} answers"


def _percent(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.2f}"


def _between(interval: Sequence[float] | None) -> str:
    return f"{interval[0]:.2f} to {interval[1]:.2f}" if interval else ABSENT


def _count(value: int | None) -> str:
    return ABSENT if value is None else f"{value:,}"


def _part(count: int | None, of: int | None) -> str:
    if count is None or not of:
        return ABSENT
    return f"{count:,}<br><small>{100 * count / of:.1f} %</small>" if count else "0"


class _Texts:
    """Keeps each text once, because few-shot examples and the prompts of several samples repeat."""

    def __init__(self) -> None:
        self.every: list[str] = []
        self._places: dict[str, int] = {}

    def place(self, text: str) -> int:
        at = self._places.get(text)
        if at is None:
            at = self._places[text] = len(self.every)
            self.every.append(printable(text))
        return at


def _answers(name: str, result: ResultFile, texts: _Texts) -> dict[str, Any]:
    """A data set for evaluation.js: one list for each property of its answers.

    `skip`: how many characters all questions have in common at their beginning; the list of answers leaves them out.
    """
    details = result["details"]
    prompts = [_messages(one.get("prompt"), texts) for one in details.values()]
    last = {texts.every[messages[-1][1]] for messages in prompts if messages}
    thoughts, answers = zip(*map(_thought_and_answer, details.values()), strict=True)
    return {
        "name": printable(name),
        "skip": _common(last),
        "keys": [printable(key) for key in details],
        "prompts": prompts,
        "thoughts": [printable(text) for text in thoughts],
        "answers": [printable(text) for text in answers],
        "extracted": [_shown(one.get("predictions")) for one in details.values()],
        "golds": [_shown(one.get("references")) for one in details.values()],
        "right": [_is_right(one) for one in details.values()],
        "scores": [one.get("score") for one in details.values()],
        "rules": [printable(one.get("rule", "")) for one in details.values()],
        "sure": [one.get("sure", True) for one in details.values()],
        "subsets": [printable(one.get("subset", "")) for one in details.values()],
        "whys": [printable(one.get("why", "")) for one in details.values()],
        "finishes": [printable(one.get("finish", "")) for one in details.values()],
    }


def _messages(prompt: Any, texts: _Texts) -> list[tuple[str, int]]:
    """The role of each message and the place of its text; a prompt that is one text has no role."""
    messages = prompt if isinstance(prompt, list) else [prompt]
    return [
        (
            printable(str(one.get("role", ""))) if isinstance(one, Mapping) else "",
            texts.place(_text(one.get("content") if isinstance(one, Mapping) else one)),
        )
        for one in messages
    ]


def _thought_and_answer(detail: Detail) -> tuple[str, str]:
    """The model's reasoning, whether sent separately or in a <think> block, and the answer after it, with its tool calls."""
    text, apart = detail.get("origin_prediction") or "", detail.get("reasoning") or ""
    thought, mark, rest = text.rpartition(_END_OF_THOUGHT)
    if not mark and text.lstrip().startswith(_BEGIN_OF_THOUGHT):
        thought, rest = text, ""
    thought = thought.strip().removeprefix(_BEGIN_OF_THOUGHT).strip()
    said = [rest.lstrip("\n"), *map(_call_text, detail.get("tool_calls", ()))]
    return "\n\n".join(part for part in (apart, thought) if part), "\n".join(part for part in said if part)


def _call_text(call: Mapping[str, Any]) -> str:
    function = call.get("function") or {}
    return f"{function.get('name')}({_text(function.get('arguments', ''))})"


def _common(texts: set[str]) -> int:
    """How many characters all of `texts` have in common at their beginning, in whole words; 0 for a single text."""
    if len(texts) < 2:
        return 0
    # The beginning that the first and the last text in order share is shared by all.
    first, last = min(texts), max(texts)
    differs = next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    begin = first[:differs]
    return max(begin.rfind(" "), begin.rfind("\n")) + 1


def _is_right(detail: Detail) -> bool:
    return bool(detail.get("correct", (detail.get("score") or 0) >= 1))


def _shown(value: Any) -> str | None:
    return None if value is None else printable(_text(value))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
