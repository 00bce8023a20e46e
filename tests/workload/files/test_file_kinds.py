"""Files that are something else than they should be, each named in one line."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
from pathlib import Path

import pytest

from aisbench.backends.registry import backend_named
from aisbench.errors import BadInput
from aisbench.workload.datasets.registry import DATASETS, dataset_named
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts

COMPLETIONS, CHAT = backend_named("openai"), backend_named("openai-chat")
OF_MEDIA = ("custom_image", "custom_audio")
ROWS = '{"prompt": "naïve café"}\n{"prompt": "plain"}\n'
CHINESE = '{"prompt": "请介绍一下杭州西湖的历史"}\n'
# A folder of images is no file, and what hf reads goes by the name of its data set.
OF_FILES = tuple(
    name
    for name, dataset in DATASETS.items()
    if "--dataset-path" in dataset.options and name not in ("images", "hf")
)


def made(path: Path, dataset: str = "jsonl") -> Prompts:
    options = WorkloadOptions(
        count=None, model="m", dataset=dataset, dataset_path=str(path), chat_template=False
    )
    return dataset_named(dataset).make(options, CHAT if dataset in OF_MEDIA else COMPLETIONS)


def refusal(path: Path, dataset: str = "jsonl") -> str:
    with pytest.raises(BadInput) as refused:
        made(path, dataset)
    said = str(refused.value)
    assert "\n" not in said
    return said


@pytest.mark.parametrize("dataset", OF_FILES)
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (ROWS.encode("utf-16"), "is in UTF-16; save it as UTF-8: iconv -f utf-16 -t utf-8 rows"),
        (ROWS.encode("utf-16-le"), "is in UTF-16LE"),
        (ROWS.encode("utf-16-be"), "is in UTF-16BE"),
        (ROWS.encode("utf-32"), "is in UTF-32"),
        (
            gzip.compress(ROWS.encode(), mtime=0),
            "is compressed with gzip; unpack it first: gzip -dc < rows > unpacked-rows",
        ),
        (bz2.compress(ROWS.encode()), "is compressed with bzip2"),
        (lzma.compress(ROWS.encode()), "is compressed with xz"),
        (b"PAR1" + bytes(20), "is a Parquet file"),
        (b"PK\x03\x04" + bytes(20), "is a zip archive or an Excel file"),
        (b"\n<!DOCTYPE html><html><body>Sign in", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"\xef\xbb\xbf\r\n", "is empty"),
    ],
    ids=lambda value: value.split(" ")[-1] if isinstance(value, str) else "",
)
def test_what_is_no_text_is_named(tmp_path: Path, dataset: str, content: bytes, said: str) -> None:
    (tmp_path / "rows").write_bytes(content)
    assert said in refusal(tmp_path / "rows", dataset)


@pytest.mark.parametrize(
    ("content", "encoding"),
    [(ROWS.encode("cp1252"), "CP1252"), (CHINESE.encode("gb18030"), "GB18030")],
)
def test_an_encoding_of_eight_bits_is_named(tmp_path: Path, content: bytes, encoding: str) -> None:
    (tmp_path / "rows").write_bytes(content)
    for dataset in ("jsonl", "custom", "sharegpt", "conversations"):
        assert f"is in {encoding}; save it as UTF-8" in refusal(tmp_path / "rows", dataset)
    (tmp_path / "rows").write_bytes(b"prompt,model\n" + content.split(b'"')[3] + b",a\nplain,b\n")
    assert f"is in {encoding}" in refusal(tmp_path / "rows", "csv")


def test_damage_in_a_file_of_utf8_costs_its_lines_alone(tmp_path: Path) -> None:
    (tmp_path / "rows").write_bytes(ROWS.encode() + b'{"prompt": "caf\xe9"}\n{"prompt": "\xe4\xb8"}\n')
    prompts = made(tmp_path / "rows")
    assert [prompt.text for prompt in prompts.items] == ["naïve café", "plain"]
    assert any("2 times not UTF-8 (lines 3, 4; the first: not UTF-8: " in note for note in prompts.notes)
    (tmp_path / "rows").write_bytes("prompt\nnaïve\ncaf".encode() + b"\xe9\n")
    assert [prompt.text for prompt in made(tmp_path / "rows", "csv").items] == ["naïve"]


def test_commands_in_messages_can_be_pasted(tmp_path: Path) -> None:
    path = tmp_path / "it's mine.json"
    path.write_text("[1]")
    assert refusal(path).endswith(r"""jq -c '.[]' 'it'"'"'s mine.json' > 'it'"'"'s mine-lines.jsonl'""")
    path.write_bytes(ROWS.encode("utf-16"))
    assert refusal(path).endswith(r"""utf-8 'it'"'"'s mine.json' > 'utf8-it'"'"'s mine.json'""")
    path.write_bytes(gzip.compress(b"x", mtime=0))
    assert refusal(path).endswith(r"""gzip -dc < 'it'"'"'s mine.json' > 'unpacked-it'"'"'s mine'""")


def test_a_json_list_where_lines_are_wanted(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps([{"prompt": "a"}], indent=2))
    for dataset in ("jsonl", "custom"):
        assert f"is a JSON array; --dataset {dataset} needs one JSON object per line: jq -c" in refusal(
            path, dataset
        )
    path.write_text(json.dumps({"data": [{"prompt": "a"}]}, indent=2))
    assert "is one JSON object over several lines" in refusal(path)


def test_lines_where_a_json_list_is_usual(tmp_path: Path) -> None:
    turns = [{"from": "human", "value": "one two three four"}, {"from": "gpt", "value": "a b c d e"}]
    (tmp_path / "rows").write_text("\n".join([json.dumps({"conversations": turns})] * 2))
    assert made(tmp_path / "rows", "sharegpt").count == 2
    trace = [{"timestamp": t, "input_length": 3, "output_length": 2} for t in (0, 500)]
    (tmp_path / "rows").write_text(json.dumps(trace, indent=1))
    assert made(tmp_path / "rows", "trace").count == 2


@pytest.mark.parametrize(("mark", "called"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_other_separators_are_understood(tmp_path: Path, mark: str, called: str) -> None:
    rows = (["prompt", "output_tokens", "model"], ["one, two", "5", "m"])
    (tmp_path / "rows.csv").write_text("\r\n".join(mark.join(row) for row in rows) + "\r\n")
    prompts = made(tmp_path / "rows.csv", "csv")
    assert [(p.text, p.output_tokens, p.model) for p in prompts.items] == [("one, two", 5, "m")]
    assert f"the columns of rows.csv are separated by {called}" in prompts.notes
    azure = (["TIMESTAMP", "ContextTokens", "GeneratedTokens"], ["2023-11-16 18:17:03.9", "40", "44"])
    (tmp_path / "rows.csv").write_text("\n".join(mark.join(row) for row in azure))
    assert [(p.prompt_tokens, p.output_tokens) for p in made(tmp_path / "rows.csv", "trace").items] == [
        (40, 44)
    ]


def test_a_csv_file_of_one_column_needs_no_separator(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("prompt\nwhat; and why\n")
    prompts = made(tmp_path / "rows.csv", "csv")
    assert [prompt.text for prompt in prompts.items] == ["what; and why"]
    assert not any("separated" in note for note in prompts.notes)
    (tmp_path / "rows.csv").write_text("prompt,prompt\na,b\n")
    assert "has two columns 'prompt'; rename one of them" in refusal(tmp_path / "rows.csv", "csv")


def test_a_pipe_and_a_name_that_is_too_long(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "is a pipe or a device; it is read twice" in refusal(tmp_path / "pipe")
    assert "cannot be read" in refusal(tmp_path / ("x" * 5000))
