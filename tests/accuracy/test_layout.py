"""Where data sets are found."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from aisbench.accuracy.files import rows
from aisbench.accuracy.layout import home_of
from aisbench.errors import BadInput
from tests.accuracy.layouts import exams
from tests.accuracy.layouts.files import put_jsonl, put_parquet
from tests.accuracy.tasks.reading import questions_of


@pytest.mark.parametrize(
    ("there", "names", "found"),
    [
        ("mmlu", ("mmlu",), "mmlu"),
        ("MMLU-Pro", ("mmlu_pro",), "MMLU-Pro"),
        ("SuperGLUE/BoolQ", ("boolq",), "SuperGLUE/BoolQ"),
        ("mmlu_pro", ("mmlu",), ""),
        ("a/b/mmlu", ("mmlu",), ""),
        ("datasets--cais--mmlu", ("mmlu",), "datasets--cais--mmlu"),
        ("math", ("math500", "math"), "math"),
    ],
)
def test_the_folder_of_a_data_set(there: str, names: tuple[str, ...], found: str, tmp_path: Path) -> None:
    (tmp_path / there).mkdir(parents=True)
    assert home_of(tmp_path, *names) == tmp_path / found


def test_the_first_name_goes_before_the_second(tmp_path: Path) -> None:
    for name in ("math", "x/MATH-500"):
        (tmp_path / name).mkdir(parents=True)
    assert home_of(tmp_path, "math500", "math") == tmp_path / "x" / "MATH-500"


def test_the_cache_of_hugging_face(tmp_path: Path) -> None:
    """Its files are links with another name behind them."""
    exams.mmlu_hub(tmp_path / "written")
    exams.arc_hub(tmp_path / "written")
    cache = tmp_path / "hub"
    for number, (repository, file) in enumerate(
        [
            ("datasets--cais--mmlu", "all/test-00000-of-00001.parquet"),
            ("datasets--allenai--ai2_arc", "ARC-Challenge/test-00000-of-00001.parquet"),
        ]
    ):
        blob = cache / repository / "blobs" / f"0a{number}"
        blob.parent.mkdir(parents=True)
        blob.write_bytes((tmp_path / "written" / repository.rpartition("--")[2] / file).read_bytes())
        link = cache / repository / "snapshots" / "c0ffee" / file
        link.parent.mkdir(parents=True)
        link.symlink_to(blob)
    assert len(questions_of("mmlu", cache)) == 30
    assert len(questions_of("arc_c", cache)) == 30


def test_a_link_to_a_folder_with_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exams.ceval_csv(tmp_path / "written")
    (tmp_path / "ceval").symlink_to(tmp_path / "written" / "ceval")
    assert len(questions_of("ceval", tmp_path / "ceval")) == 30
    monkeypatch.chdir(tmp_path / "written" / "ceval")
    assert len(questions_of("ceval", Path())) == 30


def test_a_folder_with_another_name(tmp_path: Path) -> None:
    """What the patterns name is found in it, and nothing deeper."""
    exams.mmlu_csv(tmp_path)
    (tmp_path / "mmlu").rename(tmp_path / "mine")
    assert len(questions_of("mmlu", tmp_path / "mine")) == 30
    with pytest.raises(BadInput, match="has no questions of mmlu"):
        questions_of("mmlu", tmp_path)


def test_a_file_of_questions_in_place_of_a_folder(tmp_path: Path) -> None:
    exams.ceval_csv(tmp_path)
    questions = questions_of("ceval", tmp_path / "ceval" / "formal_ceval" / "val" / "science_val.csv")
    assert {one.subset for one in questions} == {"science"}


def test_parquet_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_parquet(tmp_path / "a.parquet", [{"question": "q"}])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        BadInput, match=r"a\.parquet is Parquet, which needs pyarrow: .* -m pip install .*pyarrow"
    ):
        rows(tmp_path / "a.parquet")


def test_an_object_of_objects_and_a_single_one(tmp_path: Path) -> None:
    put_jsonl(tmp_path / "a.json", [{"0": {"a": 1}, "1": {"a": 2}}])
    put_jsonl(tmp_path / "b.json", [{"a": 3}])
    assert rows(tmp_path / "a.json") == [{"a": 1}, {"a": 2}]
    assert rows(tmp_path / "b.json") == [{"a": 3}]


def test_a_quotation_mark_in_a_tab_separated_file(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text('"Yes," he said.\t4\nIt is 5" long.\t5\n')
    assert rows(tmp_path / "a.tsv", header=("question", "answer")) == [
        {"question": '"Yes," he said.', "answer": "4"},
        {"question": 'It is 5" long.', "answer": "5"},
    ]
