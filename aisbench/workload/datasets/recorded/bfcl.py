"""The Berkeley Function Calling Leaderboard: questions with tools, for chat backends, as vLLM's client sends them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

from aisbench.backends.backend import Backend
from aisbench.errors import BadInput
from aisbench.workload.files.bad_lines import BadLines
from aisbench.workload.files.dataset_files import json_entries
from aisbench.workload.files.hf_files import hf_root
from aisbench.workload.files.text_rows import Row, row_prompts, taken
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts

NAMES = ("gorilla-llm/Berkeley-Function-Calling-Leaderboard",)
_CATEGORIES = ("simple", "live_simple", "multiple")
OUTPUT_LEN = 512
# Names of types in these files that JSON Schema does not have.
_TYPES = {"dict": "object", "float": "number", "tuple": "array", "any": "string"}


def bfcl_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """First turns from the categories' files, in rotation. Raises BadInput for a backend without messages."""
    if not backend.takes_messages:
        raise BadInput(f"--dataset hf {NAMES[0]}: {backend.family} takes no tools; use --backend openai-chat")
    root = hf_root(options)
    categories = options.bfcl_categories or _CATEGORIES
    files = [root] if root.is_file() else [_category_file(root, name) for name in categories]
    bad = BadLines(files[0], strict=options.strict_dataset)
    of_each = [taken(json_entries(path, options.dataset), read, bad) for path in files]
    rows = [row for turn in zip_longest(*of_each) for row in turn if row is not None]
    if options.shuffle:
        random.Random(options.seed).shuffle(rows)
    return row_prompts(
        rows,
        bad,
        options,
        output_len=OUTPUT_LEN if options.output_len is None else options.output_len,
        template=False,
        generator=random.Random(options.seed),
        notes=["tools are not counted in input lengths"],
    )


def _category_file(root: Path, name: str) -> Path:
    path = root / f"BFCL_v3_{name}.json"
    if not path.is_file():
        there = ", ".join(sorted(one.stem.removeprefix("BFCL_v3_") for one in root.glob("BFCL_v3_*.json")))
        raise BadInput(f"--bfcl-categories {name}: there is no {path}; available: {there or 'none'}")
    return path


def read(entry: Mapping[str, Any]) -> Row | None:
    """The row of an entry; None for entries without a question or tools, which vLLM's client skips."""
    question, functions = entry.get("question"), entry.get("function")
    if not isinstance(question, list) or not question or not functions:
        return None
    messages = question[0]
    if not isinstance(messages, list) or not messages:
        return None
    if not all(isinstance(one, Mapping) for one in messages):
        return None
    listed = functions if isinstance(functions, list) else [functions]
    tools = [{"type": "function", "function": _json_schema(one)} for one in listed]
    text = "\n".join(str(one.get("content", "")) for one in messages)
    return Row(text, messages=tuple(messages), fields={"tools": tools, "tool_choice": "auto"})


def _json_schema(node: Any) -> Any:
    if isinstance(node, Mapping):
        made = {name: _json_schema(value) for name, value in node.items()}
        kind = made.get("type")
        return made | {"type": _TYPES[kind]} if isinstance(kind, str) and kind in _TYPES else made
    return [_json_schema(one) for one in node] if isinstance(node, list) else node
