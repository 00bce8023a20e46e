"""Mooncake's lines as AIPerf extends them: lines of one session_id are its turns, with lengths, texts or messages.

Each line has one of

    input_length, hash_ids   what is new in this turn, as lengths and blocks
    text_input               what is new in this turn, as text
    messages                 the whole prompt, or with "message_mode": "delta" what is new in this turn
    payload                  a whole body, which is sent as it is

and may have output_length, timestamp and delay (ms), tools (with messages), extra (merged into the body). What was said
in the turns before is added to a line that holds only what is new.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aisbench.workload.cache_hits import BlockIds
from aisbench.workload.files.bad_lines import BadLine, check_text, shortened, whole_number
from aisbench.workload.files.dataset_files import json_entries
from aisbench.workload.files.trace_times import S, number_ns
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.sessions.found import (
    Found,
    entry_of,
    extra_of,
    messages_of,
    name_of,
    object_of,
    recorded_length,
    seconds_of,
    tools_of,
)
from aisbench.workload.sessions.options import RECORDED
from aisbench.workload.sessions.session import Turn, ordered
from aisbench.workload.sessions.verbatim import length_in
from aisbench.workload.traces.blocks import Blocks
from aisbench.workload.traces.json_rows import blocks_in
from aisbench.workload.traces.trace import Recorded

_FORMS = ("input_length", "text_input", "messages", "payload")
_NAMED = re.compile(rb'"(session_id|text_input|messages|payload)"\s*:')
_MODES = ("history", "delta")


def has_sessions(path: Path) -> bool:
    """Whether any line of a file has a field that Mooncake's own traces do not have."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return _NAMED.search(data) is not None


@dataclass
class _Lines:
    """The turns of one session so far. `holds_all`: whether its lines are whole prompts; None: it has no line yet."""

    turns: list[Turn]
    holds_all: bool | None = None
    is_broken: bool = False
    # The ids of the line before, and how many lines began with those.
    ids: BlockIds = ()
    repeats: int = 0


class MooncakeSessions:
    """Reads the lines of a file. `unit_ns`: the unit of its times; `blocks` makes the texts of lengths."""

    def __init__(self, options: WorkloadOptions, blocks: Blocks, unit_ns: int) -> None:
        self.options = options
        self.blocks = blocks
        self.unit_ns = unit_ns
        self.sessions: dict[str, _Lines] = {}
        self.lengths = self.lines = 0

    def read(self, path: Path, found: Found) -> None:
        """Adds the sessions to `found`, in the order of their first times."""
        for number, parse in json_entries(path, self.options.dataset):
            try:
                self._add(entry_of(parse()), number, found)
            except BadLine as problem:
                found.bad.add(number, problem)
        for name, lines in self.sessions.items():
            if lines.turns:
                found.sessions.append(ordered(name, lines.turns))
        found.is_timed = all(one.turns[0].at_s is not None for one in found.sessions)
        if found.is_timed:
            found.sessions.sort(key=lambda one: one.turns[0].at_s or 0.0)

    def notes(self) -> list[str]:
        """Which reading was used, and whether the lines look as if another was meant."""
        several = [one for one in self.sessions.values() if len(one.turns) > 1]
        adding = sum(not one.holds_all for one in several)
        notes = []
        if adding:
            notes.append(
                f"the lines of {adding} sessions hold what is new in each turn, as in AIPerf; the turns before it are "
                "added (--trace-prompts whole: they are in the line)"
            )
        if len(several) > adding:
            notes.append(
                f"the lines of {len(several) - adding} sessions hold whole prompts; nothing is added to them"
            )
        doubtful = sum(one.repeats == len(one.turns) - 1 for one in several if not one.holds_all)
        if doubtful:
            notes.append(
                f"each line of {doubtful} sessions begins with the hash ids of the line before, as whole prompts do; if "
                "they are, give --trace-prompts whole"
            )
        return notes

    def _add(self, row: Mapping[str, Any], number: int | str, found: Found) -> None:
        named = row.get("session_id") is not None
        name = name_of(row, "session_id") if named else f"line {number}"
        lines = self.sessions.setdefault(name, _Lines([]))
        if lines.is_broken:
            raise BadLine(
                f"session {shortened(name)} lacks an earlier line", "a session that lacks an earlier line"
            )
        try:
            turn, holds_all, ids = self._turn(row, found)
            if lines.holds_all not in (None, holds_all):
                raise BadLine(
                    f"session {shortened(name)} has whole prompts and lines that hold what is new; one of them only",
                    "a session of whole prompts and of lines that hold what is new",
                )
        except BadLine:
            lines.is_broken = True
            raise
        before = len(lines.turns) - 1
        if before >= 0:
            turn = replace(turn, after=(before,)) if holds_all else replace(turn, base=before)
            whole = lines.ids[:-1]
            lines.repeats += len(whole) > 0 and ids[: len(whole)] == whole
        lines.turns.append(turn)
        lines.holds_all, lines.ids = holds_all, ids
        found.bad.used += 1

    def _turn(self, row: Mapping[str, Any], found: Found) -> tuple[Turn, bool, BlockIds]:
        """The turn of a line, whether the line holds its whole prompt, and its hash ids."""
        names = self.options
        forms = [
            one for one in (names.timed_trace_label_input_length, *_FORMS[1:]) if row.get(one) is not None
        ]
        if len(forms) != 1:
            raise BadLine(f"not exactly one of {', '.join(_FORMS)}, but {', '.join(forms) or 'none'}")
        known = {"session_id", "delay", "extra", *forms, names.timed_trace_label_timestamp}
        known |= {names.timed_trace_label_output_length, names.timed_trace_label_hash_ids}
        output = recorded_length(row, names.timed_trace_label_output_length, found) or names.output_len
        at_s = None
        if row.get(names.timed_trace_label_timestamp) is not None:
            at_s = number_ns(row[names.timed_trace_label_timestamp], self.unit_ns) / S
        turn = Turn(
            output_tokens=output,
            think_s=seconds_of(row, "delay", self.unit_ns / S),
            at_s=at_s,
            extra=extra_of(row),
            answer=self._answer(output),
        )
        holds_all, ids = False, blocks_in(None)
        if forms[0] == "messages":
            known |= {"tools", "message_mode"}
            mode = row.get("message_mode", _MODES[0])
            if mode not in _MODES:
                raise BadLine(f"message_mode is {shortened(mode)}; known: history, delta")
            holds_all = mode == _MODES[0]
            turn = replace(turn, messages=messages_of(row["messages"]), tools=tools_of(row))
        elif forms[0] == "payload":
            body = object_of(row, "payload")
            holds_all = True
            turn = replace(turn, body=body, extra={}, output_tokens=length_in(body) or output)
        elif forms[0] == "text_input":
            turn = replace(turn, messages=_said_by_user(row["text_input"]))
        else:
            ids = blocks_in(row.get(names.timed_trace_label_hash_ids))
            turn = replace(turn, messages=self._of_lengths(row[forms[0]], output, ids))
        if row.get("tools") is not None and forms[0] != "messages":
            raise BadLine(f"tools go with messages, not with {forms[0]}")
        found.note_unused(row, known)
        self.lines += 1
        return turn, holds_all, ids

    def _of_lengths(self, length: Any, output: int | None, ids: BlockIds) -> tuple[Mapping[str, Any], ...]:
        tokens = whole_number(length, "input_length", 1)
        if output is None:
            raise BadLine("output_length is missing")
        self.lengths += 1
        request = Recorded(None, tokens, output, ids)
        return _said_by_user(self.blocks.prompt(self.lines, request, "", None).text)

    def _answer(self, output: int | None) -> tuple[Mapping[str, Any], ...]:
        """With --history recorded, words in the place of the answer, which is not recorded."""
        if self.options.history != RECORDED:
            return ()
        if output is None:
            raise BadLine("output_length is missing")
        text = self.blocks.text(self.blocks.drawn(f"answer {self.lines}", output))
        return ({"role": "assistant", "content": text},)


def _said_by_user(text: Any) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(text, str) or not text:
        raise BadLine(
            f"text_input is {shortened(text)}, not a text with something in it", "text_input is not a text"
        )
    check_text(text)
    return ({"role": "user", "content": text},)
