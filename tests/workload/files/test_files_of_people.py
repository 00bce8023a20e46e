"""Data files as people have them: each is understood, or refused in one line that says what to do."""

from __future__ import annotations

import contextlib
import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisbench.backends.registry import backend_named
from aisbench.errors import BadInput
from aisbench.workload.build import Workload, build_workload
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.recipe import Recipe

AZURE = "TIMESTAMP,ContextTokens,GeneratedTokens\n"
BURST = "Timestamp,Model,Request tokens,Response tokens\n"
ASKED = '{"role": "user", "content": "x"}'


def made(folder: Path, dataset: str, content: str | bytes, **given_: Any) -> Workload:
    path = folder / "rows"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    options = {"count": None, "model": "m", "chat_template": dataset != "custom", "dataset_path": str(path)}
    backend = backend_named("openai-chat" if dataset == "conversations" else "openai")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return build_workload(Recipe(WorkloadOptions(dataset=dataset, **(options | given_)), backend), folder)


@pytest.mark.parametrize(
    ("dataset", "content", "prompts", "outputs"),
    [
        ("jsonl", '\ufeff{"prompt": "a"}\r\n\r\n{"prompt": "b c"}\r\n', [1, 2], [-1, -1]),
        ("jsonl", '{"prompt": "a"}\r{"prompt": "b"}\r', [1, 1], [-1, -1]),
        ("jsonl", '{"prompt": "a"},\n{"prompt": "b"},\n', [1, 1], [-1, -1]),
        ("jsonl", '{"prompt": "a", "system": NaN, "output_tokens": NaN, "temperature": NaN}', [1], [-1]),
        ("jsonl", '{"prompt": null, "body": null, "model": null, "messages": [' + ASKED + "]}", [1], [-1]),
        ("jsonl", '{"prompt": "a", "prompt": "b c", "output_tokens": "7"}', [2], [7]),
        ("custom", '{"prompt": 5}\n{"prompt": "x", "output_tokens": 7.0}\n', [1], [7]),
        ("csv", "\ufeffprompt,output_tokens\r\nx y,5\r\n", [2], [5]),
        ("csv", "prompt,output_tokens\rx,5.0\r", [1], [5]),
        ("csv", ",prompt,output_tokens,system\n0,x,nan,\n", [1], [-1]),
        ("csv", 'prompt\n"a ""quoted"" word,\nand a line"\n', [6], [-1]),
        ("trace", AZURE + "1700000000.5,5,4\n1700000001,6,4\n", [5, 6], [4, 4]),
        ("trace", BURST + "9,GPT-4,5,3\n6,GPT-4,7,3\n", [7, 5], [3, 3]),
        ("trace", '{"timestamp": 0, "input_length": 3, "output_length": 2, "hash_ids": [1180591620717411303424]}', [3], [2]),
        ("burstgpt", BURST + "5,GPT-4,1e12,3\n5,GPT-4,4,3\n", [4], [3]),
        ("conversations", f"[[{ASKED}]]", [1], [-1]),
        ("conversations", '{"turns": [{"prompt": "a", "think_s": null, "output_tokens": null}]}', [1], [-1]),
        ("conversations", '{"conversations": [{"from": "Human", "value": "x"}, {"from": "GPT", "value": "y"}]}', [1], [1]),
        ("file", '{"body": {"prompt": "a"}, "conversation": null, "think_s": null}', [0], [-1]),
    ],
)  # fmt: skip
def test_what_is_understood(
    tmp_path: Path, dataset: str, content: str, prompts: list[int], outputs: list[int]
) -> None:
    workload = made(tmp_path, dataset, content, output_len=-1 if dataset == "custom" else None)
    assert workload.prompt_tokens.tolist() == prompts
    assert workload.max_tokens.tolist() == outputs


@pytest.mark.parametrize(
    ("dataset", "content", "said"),
    [
        ("jsonl", "prompt,output_tokens\na,5\n", "does not look like JSON: --dataset csv reads tables"),
        ("jsonl", "{'prompt': 'a'}\n", "broken JSON in column 2: Expecting property name"),
        ("jsonl", '{"prompt":' + "[" * 100_000, "JSON that is nested too deep"),
        ("jsonl", '{"prompt": "a", "x": ' + "9" * 5000 + "}", "a number with thousands of digits"),
        ("jsonl", '{"prompt": "a", "output_tokens": 1e30}', "it must be at most 10000000"),
        ("jsonl", '{"prompt": "\\ud800"}', "half of a surrogate pair"),
        ("jsonl", b'{"prompt": "a\x00b"}', "Invalid control character"),
        ("jsonl", '{"instruction": "do", "input": ""}', "neither prompt nor messages, but instruction, input"),
        ("jsonl", '{"conversations": []}', "--dataset conversations reads them"),
        ("jsonl", '{"messages": [{"role": "user", "content": null}]}', "has no content"),
        ("csv", '{"prompt": "a"}\n', "is JSON, not a CSV file of --dataset csv"),
        ("csv", "hello,5\nworld,6\n", "has no column prompt or messages"),
        ("csv", 'prompt,output_tokens\n"abc,5\ndef,6\n', "a quote is never closed"),
        ("trace", "[[0, 5, 5]]", "list instead of a JSON object"),
        ("trace", AZURE + "11/16/2023 18:17,5,5\n", "not a date and time such as 2023-11-16"),
        ("trace", AZURE + "9999-01-01,5,5\n2023-01-01,5,5\n", "its first and last request are centuries apart"),
        ("trace", BURST + "5,GPT-4,5,0\n", "contains no request that was answered"),
        ("trace", '{"prompt": "x"}\n', "timestamp is missing"),
        ("sharegpt", "[null, null]", "2 times NoneType instead of a JSON object (entries 1, 2)"),
        ("sharegpt", '[{"messages": []}]', "--dataset conversations reads messages and turns"),
        ("sharegpt", '[{"conversations": []},\n]', "broken JSON in line 2, column 1"),
        ("conversations", "[]", "contains no conversation"),
        ("conversations", '{"turns": [""]}', "has no text"),
        ("conversations", '{"turns": [{"prompt": "a", "think_s": 1e300}]}', "think_s is 1e+300, not a number of seconds"),
        ("file", '{"prompt": "x"}', "no body, which every line of aisbench workload export has"),
        ("file", '[{"body": {}}]', "is a JSON array; --dataset file needs one JSON object per line"),
        ("file", '{"body": {}, "planned_s": 1e300}', "planned_s is 1e+300, not a number of seconds"),
        ("file", '{"body": {"prompt": "a"}}\n{"body": {"pro', "1 of 2 lines cannot be used: broken JSON"),
    ],
)  # fmt: skip
def test_what_is_refused_in_one_line(tmp_path: Path, dataset: str, content: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        made(tmp_path, dataset, content)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 600 + len(str(tmp_path))


NAMES = [
    *(
        "prompt",
        "messages",
        "output_tokens",
        "max_tokens",
        "system",
        "model",
        "body",
        "temperature",
        "timestamp",
    ),
    *(
        "input_length",
        "output_length",
        "hash_ids",
        "conversations",
        "turns",
        "role",
        "from",
        "value",
        "content",
    ),
    *("answer", "think_s", "planned_s", "prompt_tokens", "sha256", "conversation"),
]
VALUES = st.recursive(
    st.sampled_from([None, True, 0, -1, 3, 2**70, 1e300, 0.5, "", "x y", "7", "user", "gpt", "tool", "2024-01-01"])
    | st.floats()
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=6,
)  # fmt: skip


@given(rows=st.lists(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=7), min_size=1, max_size=3))
def test_any_values_make_a_workload_or_one_line(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    lines = "\n".join(json.dumps(row) for row in rows)
    for dataset in ("jsonl", "custom", "trace", "timed_trace", "conversations", "sharegpt", "file"):
        with contextlib.suppress(BadInput):
            made(folder, dataset, lines, count=3)
