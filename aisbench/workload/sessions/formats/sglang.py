"""SGLang's `agentic-trace` files; evalscope's `swe_smith` files have the same form.

    {"metadata": {}, "conversations": [[{"messages": [...], "prompt_tokens": 900}, ...], ...]}

A turn holds only the messages that are new and not of the assistant.
"""

from __future__ import annotations

from pathlib import Path

from aisbench.workload.files.bad_lines import BadLine, shortened
from aisbench.workload.files.dataset_files import whole_json
from aisbench.workload.sessions.found import Found, entry_of, list_of, messages_of
from aisbench.workload.sessions.session import Turn, chain


def read_agentic_trace(path: Path, found: Found) -> None:
    """Adds a session for each conversation of the one object in the file."""
    data = entry_of(whole_json(path))
    found.note_unused(data, ("metadata", "conversations"))
    for number, rows in enumerate(list_of(data, "conversations"), 1):
        try:
            if not isinstance(rows, list) or not rows:
                raise BadLine(
                    f"a conversation is {shortened(rows)}, not a list of turns", "a bad conversation"
                )
            turns = []
            for row in rows:
                found.note_unused(entry_of(row), ("messages", "prompt_tokens"), "conversations.")
                messages = messages_of(row.get("messages"))
                # Where answers are there after all, they belong to the turn before.
                answers = [one for one in messages if one["role"] == "assistant"]
                if answers:
                    found.counts["messages of the assistant, which are not part of this format"] += len(
                        answers
                    )
                turns.append(Turn(tuple(one for one in messages if one["role"] != "assistant")))
            found.add(chain(str(number), turns))
        except BadLine as problem:
            found.bad.add(number, problem)
