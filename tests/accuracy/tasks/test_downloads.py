"""Files as they arrive: in other encodings, packed, or something else in place of the data."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from aisbench.errors import BadInput
from tests.accuracy.tasks.reading import questions_of

GSM8K = (
    '{"question": "Two and two?", "answer": "2 + 2 = 4\\n#### 4"}\n{"question": "Six?", "answer": "#### 6"}\n'
)
CEVAL = "id,question,A,B,C,D,answer\n0,三加二,四,五,六,七,B\n1,三减二,一,二,三,四,A\n"
MMLU = '"Two, and two?",3,4,5,6,B\nSix?,6,7,8,9,A\n'
MGSM = "Zwei und zwei?\t4\nTausend?\t1,000\n"
FILES = {
    "gsm8k": ("gsm8k/test.jsonl", GSM8K),
    "ceval": ("ceval/formal_ceval/val/sums_val.csv", CEVAL),
    "mmlu": ("mmlu/test/sums_test.csv", MMLU),
    "mgsm": ("mgsm/mgsm_de.tsv", MGSM),
}
PAGE = b"\n<!DOCTYPE html>\n<html><head><title>Not found</title></head></html>\n"


def put(folder: Path, name: str, content: bytes, ending: str = "") -> Path:
    path = folder / f"{FILES[name][0]}{ending}"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old-mac"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_and_line_ends(name: str, ends: str, encoding: str, tmp_path: Path) -> None:
    put(tmp_path, name, FILES[name][1].replace("\n", ends).encode(encoding))
    first, second = questions_of(name, tmp_path)
    assert (first.gold, second.gold) == {
        "gsm8k": ("4", "6"),
        "ceval": ("B", "A"),
        "mmlu": ("B", "A"),
        "mgsm": ("4", "1000"),
    }[name]
    assert not {"\r", "\ufeff"} & set(first.prompt + second.prompt)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda _: PAGE, "is a web page, not the data; download it again"),
        (lambda _: b"\xef\xbb\xbf<HTML>", "is a web page, not the data; download it again"),
        (gzip.compress, "is compressed with gzip; unpack it with gunzip"),
        (lambda whole: gzip.compress(whole)[:40], "is compressed with gzip; unpack it with gunzip"),
        (lambda _: b"PK\x03\x04\x14", "is a zip archive; unpack it with unzip"),
        (lambda whole: whole + b"\0\0", "has null characters"),
        (lambda _: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "is a Git LFS pointer"),
    ],
)
def test_something_else_than_the_data(
    name: str, spoil: Callable[[bytes], bytes], said: str, tmp_path: Path
) -> None:
    path = put(tmp_path, name, spoil(FILES[name][1].encode()))
    with pytest.raises(BadInput) as refused:
        questions_of(name, tmp_path)
    assert str(refused.value).startswith(f"{path} {said}")


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_only_there_compressed(name: str, tmp_path: Path) -> None:
    path = put(tmp_path, name, gzip.compress(FILES[name][1].encode()), ".gz")
    with pytest.raises(BadInput) as refused:
        questions_of(name, tmp_path)
    assert str(refused.value) == f"{path} is compressed with gzip; unpack it with gunzip"


def test_a_row_that_is_cut_names_the_columns_that_it_has(tmp_path: Path) -> None:
    path = put(tmp_path, "ceval", CEVAL.encode()[:-10])
    with pytest.raises(BadInput) as refused:
        questions_of("ceval", tmp_path)
    assert str(refused.value).startswith(f"{path}: row 2 has no ")
    assert str(refused.value).endswith("; it has id, question, A, B, C")


@pytest.mark.parametrize(
    ("name", "folder", "files"),
    [
        (
            "piqa",
            "physicaliqa-train-dev",
            {
                "dev.jsonl": '{"id": "0", "goal": "Open a jar", "sol1": "Turn it", "sol2": "Eat it"}',
                "dev-labels.lst": "0\n",
            },
        ),
        (
            "siqa",
            "socialiqa-train-dev",
            {
                "dev.jsonl": '{"context": "Ann left.", "question": "Why?", "answerA": "a", "answerB": "b", "answerC": "c"}',
                "dev-labels.lst": "2\n",
            },
        ),
        (
            "winogrande",
            "winogrande_1.1",
            {
                "dev.jsonl": '{"qID": "0-1", "sentence": "_ is big.", "option1": "It", "option2": "He", "answer": "2"}',
                "train_xs.jsonl": "",
            },
        ),
    ],
)
def test_the_folders_of_published_archives(
    name: str, folder: str, files: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "another").mkdir()
    (tmp_path / folder).mkdir()
    for file, text in files.items():
        (tmp_path / folder / file).write_text(text)
    (question,) = questions_of(name, tmp_path)
    assert question.gold in ("A", "B")
