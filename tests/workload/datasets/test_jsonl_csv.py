"""Requests from JSON lines and CSV."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisbench.backends.prompt import Prompt
from aisbench.backends.registry import backend_named
from aisbench.errors import BadInput
from aisbench.workload.datasets.registry import dataset_named
from aisbench.workload.options import WorkloadOptions

COMPLETIONS = backend_named("openai")


def made(path: Path, dataset: str = "jsonl", **given: Any) -> tuple[list[Prompt], list[str]]:
    options = WorkloadOptions(
        **({"count": None, "model": "m", "dataset": dataset, "dataset_path": str(path)} | given)
    )
    prompts = dataset_named(dataset).make(options, COMPLETIONS)
    items = list(prompts.items)
    assert len(items) == prompts.count
    return items, prompts.notes


def written(folder: Path, *rows: Any) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return path


def test_a_line_says_all_that_a_request_can_have(tmp_path: Path) -> None:
    talk = [
        {"role": "user", "content": "one two"},
        {"role": "assistant", "content": "three"},
        {"role": "user", "content": "four"},
    ]
    path = written(
        tmp_path,
        {"prompt": "a b c", "output_tokens": 7, "model": "other", "temperature": 0.5, "body": {"top_k": 2}},
        "",
        {"messages": talk, "max_tokens": 9.0, "remark": "ours"},
        {"prompt": "x", "system": "be brief now"},
    )
    items, notes = made(path, output_len=4)
    assert items[0] == Prompt("a b c", 3, 7, model="other", fields={"temperature": 0.5, "top_k": 2})
    assert items[1].messages == tuple(talk)
    assert items[1].text == "User: one two\nAssistant: three\nUser: four\nAssistant:"
    assert (items[1].output_tokens, items[2].output_tokens) == (9, 4)
    assert items[2].messages is not None
    assert items[2].messages[0] == {"role": "system", "content": "be brief now"}
    assert items[2].text == "be brief now\n\nx"
    assert items[2].prompt_tokens == 4
    assert any("remark" in note for note in notes)


def test_csv_has_the_same_by_columns(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(
        'prompt,output_tokens,temperature,body,model\n"two\nlines, here",5,0.25,"{""top_p"": 1}",\nplain,,,,other\n'
    )
    items, _ = made(path, "csv")
    assert items[0] == Prompt("two\nlines, here", 3, 5, fields={"temperature": 0.25, "top_p": 1})
    assert items[1] == Prompt("plain", 1, None, model="other")


def test_rows_are_used_again_in_their_order(tmp_path: Path) -> None:
    path = written(tmp_path, {"prompt": "a"}, {"prompt": "b"}, {"prompt": "c"})
    assert [p.text for p in made(path, count=7)[0]] == list("abcabca")
    assert [p.text for p in made(path, count=2)[0]] == list("ab")
    items, notes = made(path, count=7, oversample=False)
    assert len(items) == 3
    assert any("fewer than the 7 requested" in note for note in notes)


def test_all_bad_lines_are_named_at_once(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {"prompt": "good"},
        '{"prompt": ',
        [1],
        {"text": "x"},
        {"prompt": 5},
        {"prompt": ""},
        {"prompt": "a", "output_tokens": 0},
        {"prompt": "a", "output_tokens": "many"},
        {"prompt": "a", "messages": []},
        {"messages": [{"role": "user"}]},
        {"prompt": "a", "body": {"stream": False}},
        *[{"prompt": "a", "body": 3}] * 5,
    )
    with pytest.raises(BadInput) as refused:
        made(path, strict_dataset=True)
    problems = (
        "broken JSON in column 11: Expecting value (line 2)",
        "list instead of a JSON object (line 3)",
        "neither prompt nor messages, but text (line 4)",
        "prompt is 5, not a text (line 5)",
        "prompt is empty (line 6)",
        "output_tokens is 0; it must be at least 1 (line 7)",
        "output_tokens is 'many', not a whole number (line 8)",
        "both prompt and messages (line 9)",
        "has no content (line 10)",
        "body cannot replace 'stream' (line 11)",
        "5 times other problems (lines 12, 13, 14, 15, 16; the first: body is 3, not an object)",
    )
    said = str(refused.value)
    assert said.startswith(f"{path}: 15 of 16 lines cannot be used: broken JSON")
    assert all(part in said for part in problems)
    assert "\n" not in said
    items, notes = made(path)
    assert [item.text for item in items] == ["good"]
    assert any(all(part in note for part in problems) and "15 of 16 lines" in note for note in notes)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "csv",
            "question,answer\na,b\n",
            "no column prompt or messages, which .* its first line names question, answer",
        ),
        ("csv", "prompt,output_tokens\n", "has no rows"),
        ("csv", "prompt\na,b\n", r"its one line cannot be used: more cells .* \(line 2\)"),
        ("csv", "prompt,body\na,{\n", "body is broken JSON"),
        ("jsonl", "", "is empty"),
        ("jsonl", " \n\n", "is empty"),
    ],
)
def test_files_that_are_of_no_use(tmp_path: Path, name: str, text: str, said: str) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(BadInput, match=said):
        made(path, name)


def test_paths_that_are_of_no_use(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no such file or folder"):
        made(tmp_path / "nothing")
    with pytest.raises(BadInput, match="is a folder"):
        made(tmp_path)
    with pytest.raises(BadInput, match="--dataset jsonl needs --dataset-path"):
        made(tmp_path, dataset_path=None)


@given(st.binary(max_size=80))
def test_any_bytes_are_requests_or_bad_input(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("rows") / "rows"
    path.write_bytes(b'prompt\n{"prompt": "x"}\n' + data)
    for name in ("jsonl", "csv", "trace", "conversations", "sharegpt", "custom", "burstgpt", "file"):
        try:
            options = WorkloadOptions(
                count=None, model="m", dataset=name, dataset_path=str(path), chat_template=False
            )
            list(dataset_named(name).make(options, COMPLETIONS).items)
        except BadInput:
            pass
