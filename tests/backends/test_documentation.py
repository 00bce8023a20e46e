"""docs/backends.md: its table names every backend, and its example works as printed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from aisbench.backends.backend import Backend, BodyOptions
from aisbench.backends.prompt import Prompt
from aisbench.backends.registry import BACKENDS
from tests.backends.reading import Read, read_stream

TEXT = (Path(__file__).parents[2] / "docs" / "backends.md").read_text()


def blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return [text for of, text in found if of == language]


def test_the_table_has_every_name_with_its_path() -> None:
    rows = [line.split("|")[1:-1] for line in TEXT.splitlines() if line.startswith("| `")]
    first = {name: row for row in rows for name in re.findall(r"`([^`]+)`", row[0]) if len(row) == 5}
    assert set(first) == set(BACKENDS)
    for name, row in first.items():
        assert BACKENDS[name].path in row[1]
        assert ("token ids" in row[2]) == BACKENDS[name].takes_token_ids
        assert ("messages" in row[2]) == BACKENDS[name].takes_messages


def test_the_example_works_as_printed() -> None:
    source, line = blocks("python")
    names: dict[str, Any] = {}
    exec(compile(source, "docs/backends.md", "exec"), names)
    backend = eval("{" + line + "}", names)["llama-cpp"]
    assert isinstance(backend, Backend)
    assert backend.body(Prompt("hi", 1, 8), BodyOptions("m", ignore_eos=True)) == (
        b'{"prompt": "hi", "stream": true, "n_predict": 8, "ignore_eos": true}'
    )
    (stream,) = blocks("")
    got = read_stream(backend.rules, stream + "\n")
    assert got == Read(2, 0, " Hi you", "", "length", 5, 2)
