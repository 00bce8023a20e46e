"""comparison.html of evaluations: the table, and the questions whose score changed with both answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import orjson

from aisbench.atomic import write_bytes, write_text
from aisbench.report.page.shell import page
from aisbench.report.page.table import said, table
from aisbench.studies.comparison.evaluations.comparing import ALL, Compared, EvaluationComparison
from aisbench.studies.comparison.evaluations.table import HEAD, cells, notes

# Questions shown of each kind of change, and characters of each text.
_SHOWN, _CHARACTERS = 50, 4000


def write_evaluations(comparison: EvaluationComparison, folder: Path) -> None:
    """Writes comparison.json and comparison.html into `folder`, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    content = orjson.dumps(comparison.as_dict(), option=orjson.OPT_INDENT_2)
    write_bytes(content, folder / "comparison.json")
    names = [one.name for one in comparison.evaluations]
    parts = {
        "title": said(" against ".join(reversed(names)) if len(names) == 2 else "Comparison of evaluations"),
        "subtitle": said(f"baseline: {names[0]}"),
        "evaluations": table(
            ["", "model", "from"],
            [
                [said(one.name), said(one.model), f"<code>{said(one.path)}</code>"]
                for one in comparison.evaluations
            ],
        ),
        "pairs": table(HEAD, [[*map(said, cells(row))] for row in comparison.rows], "numbers compared"),
        "sentences": "".join(f"<p>{said(row.dataset)}: {said(row.sentence)}</p>" for row in comparison.rows),
        "notes": "".join(f'<p class="hint">{said(note)}</p>' for note in notes(comparison)),
        "changes": "".join(_panel(row) for row in comparison.rows if row.dataset != ALL),
        "json": escape(content.decode()),
    }
    write_text(page("evaluations.html", parts, styles=("comparison.css",)), folder / "comparison.html")


def _panel(row: Compared) -> str:
    parts = [_changes(row, rose=False), _changes(row, rose=True)]
    if not any(parts):
        return ""
    return f'<section class="panel"><h2>{said(row.dataset)}: {said(row.other.name)}</h2>{"".join(parts)}</section>'


def _changes(row: Compared, *, rose: bool) -> str:
    """The questions whose score rose, or fell, each with what both said."""
    keys = row.changed(rose=rose)
    if not keys:
        return ""
    both = [one.answers(row.dataset) for one in (row.baseline, row.other)]
    what = "Answered better" if rose else "Answered worse"
    more = f", the first {_SHOWN} are shown" if len(keys) > _SHOWN else ""
    return f"<h3>{what}: {len(keys):,} questions{more}</h3>" + "".join(
        f"<details><summary>question {said(key)}</summary>{''.join(_question(row, key, both))}</details>"
        for key in keys[:_SHOWN]
    )


def _question(row: Compared, key: str, both: list[dict[str, Any]]) -> Iterator[str]:
    entry = both[0].get(key) or both[1].get(key)
    if not entry:
        yield '<p class="hint">The answers are not in predictions/ any more.</p>'
        return
    yield _text("prompt", entry.get("origin_prompt"))
    yield _text("known answer", entry.get("gold"))
    for one, answers in zip((row.baseline, row.other), both, strict=True):
        yield _text(one.name, answers.get(key, {}).get("prediction"))


def _text(title: str, content: Any) -> str:
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=1)
    cut = f"{text[:_CHARACTERS]} ..." if len(text) > _CHARACTERS else text
    return f"<h4>{said(title)}</h4><pre><code>{said(cut)}</code></pre>"
