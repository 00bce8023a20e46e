"""Data sets that cannot be used: one line says what is wrong, with file and row."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from itertools import product
from pathlib import Path

import pytest

from aisbench.accuracy.files import rows
from aisbench.accuracy.tasks.registry import task_named
from aisbench.errors import BadInput
from tests.accuracy.layouts import everyday, exams, mathematics
from tests.accuracy.layouts.every import LAYOUTS
from tests.accuracy.layouts.files import put_csv, put_jsonl, put_parquet
from tests.accuracy.tasks.reading import questions_of


def refusal(name: str, path: Path) -> str:
    with pytest.raises(BadInput) as caught:
        questions_of(name, path)
    message = str(caught.value)
    assert "\n" not in message
    return message


OWN = ("mcq", "qa")


@pytest.mark.parametrize("name", list(LAYOUTS))
def test_no_such_folder_says_what_to_put_there(name: str, tmp_path: Path) -> None:
    path = tmp_path / "nowhere"
    message = refusal(name, path)
    assert message.startswith(f"--dataset-path {path} does not exist; ")
    assert name in OWN or message.endswith(f"; expected {'; or '.join(task_named(name).files)}")


@pytest.mark.parametrize("name", list(LAYOUTS))
def test_a_folder_without_its_files_says_which(name: str, tmp_path: Path) -> None:
    message = refusal(name, tmp_path)
    assert message.startswith(f"--dataset-path {tmp_path} has no ")
    assert name in OWN or message.endswith(f"; expected {'; or '.join(task_named(name).files)}")


def test_the_folder_that_lacks_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "ARC" / "ARC-c").mkdir(parents=True)
    assert refusal("arc_c", tmp_path).startswith(
        f"--dataset-path {tmp_path / 'ARC' / 'ARC-c'} has no questions of ARC-c; expected ARC/ARC-c/"
    )


def test_a_folder_without_a_file_of_ones_own(tmp_path: Path) -> None:
    assert refusal("mcq", tmp_path) == (
        f"--dataset-path {tmp_path} has no *mcq*.jsonl, *mcq*.csv, *.jsonl or *.csv; put one there"
    )


def _files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


EVERY = [
    pytest.param(name, write, id=f"{name}-{number}")
    for name, writers in LAYOUTS.items()
    for number, write in enumerate(writers)
]


@pytest.mark.parametrize(("name", "write"), EVERY)
def test_an_empty_file(name: str, write: Callable[[Path], None], tmp_path: Path) -> None:
    write(tmp_path)
    for path in _files(tmp_path):
        path.write_bytes(b"")
    assert " is empty; it should have rows with " in refusal(name, tmp_path)


@pytest.mark.parametrize(("name", "write"), EVERY)
def test_a_file_that_was_downloaded_by_half(name: str, write: Callable[[Path], None], tmp_path: Path) -> None:
    write(tmp_path)
    for path in _files(tmp_path):
        # Within the last line; labels beside a file lack some.
        raw = path.read_bytes()
        last = raw.splitlines(keepends=True)[-1]
        path.write_bytes(raw[: -len(last) // 2] if path.suffix != ".lst" else raw[: len(raw) // 2])
    message = refusal(name, tmp_path)
    assert str(tmp_path) in message


@pytest.mark.parametrize(("name", "write"), EVERY)
def test_a_pointer_in_place_of_a_file(name: str, write: Callable[[Path], None], tmp_path: Path) -> None:
    write(tmp_path)
    for path in _files(tmp_path):
        path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0a\nsize 12\n")
    assert " is a Git LFS pointer, not the data; run `git lfs pull` in its repository" in refusal(
        name, tmp_path
    )


@pytest.mark.parametrize("name", list(LAYOUTS))
def test_wrong_columns(name: str, tmp_path: Path) -> None:
    put_jsonl(tmp_path / "some.jsonl", [{"text": "Who?", "label_text": "She."}])
    message = refusal(name, tmp_path / "some.jsonl")
    assert message.startswith(f"{tmp_path / 'some.jsonl'}: row 1 has no ")
    assert message.endswith("; it has text, label_text")


def test_a_missing_part_of_a_table(tmp_path: Path) -> None:
    put_parquet(tmp_path / "mmlu_pro" / "test-00000-of-00003.parquet", [{"question": "Who?"}])
    put_parquet(tmp_path / "mmlu_pro" / "test-00002-of-00003.parquet", [{"question": "Who?"}])
    home = tmp_path / "mmlu_pro"
    assert refusal("mmlu_pro", tmp_path) == f"{home} lacks part 2 of 3 of test.parquet; download it again"


ODD: tuple[object, ...] = (
    None,
    5,
    2.5,
    "",
    "x",
    True,
    [],
    {},
    ["a"],
    [1, 2],
    {"a": 1},
    [{"text": 1}],
    [[1], [2]],
)


@pytest.mark.parametrize(("name", "write"), EVERY)
def test_values_of_another_kind_are_read_or_refused(
    name: str, write: Callable[[Path], None], tmp_path: Path
) -> None:
    write(tmp_path)
    path = next(one for one in _files(tmp_path) if one.suffix != ".lst")
    # Of the files without a header, only these two kinds are there.
    header = {"mmlu": ("question", *"ABCD", "answer"), "mgsm": ("question", "answer")}.get(name, ())
    row = rows(path, header=header if path.suffix in (".csv", ".tsv") else ())[0]
    for column, value in product(row, ODD):
        put_jsonl(tmp_path / "odd.jsonl", [{**row, column: value}])
        with suppress(BadInput):
            questions_of(name, tmp_path / "odd.jsonl")


def test_cevals_test_split(tmp_path: Path) -> None:
    exams.ceval_csv(tmp_path)
    path = tmp_path / "ceval" / "formal_ceval" / "test"
    expected = (
        f"{path / 'geography_test.csv'}: row 1 has no answer: the answers of C-Eval's test split are not published; "
        "use its val split"
    )
    assert refusal("ceval", path) == expected
    assert refusal("ceval", path / "geography_test.csv") == expected


def test_boolqs_test_split(tmp_path: Path) -> None:
    path = tmp_path / "test.jsonl"
    put_jsonl(path, [{"question": "is it so", "passage": "It is so.", "idx": 0}])
    assert refusal("boolq", path) == (
        f"{path}: row 1 has no answer: the answers of the test split are not published; use val.jsonl"
    )


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("piqa", {"goal": "To a,", "sol1": "b.", "sol2": "c.", "label": -1}),
        ("winogrande", {"sentence": "A _ is.", "option1": "b", "option2": "c", "answer": ""}),
        ("hellaswag", {"ctx": "A man", "endings": ["a", "b", "c", "d"], "label": ""}),
    ],
)
def test_other_splits_without_answers(name: str, row: dict[str, object], tmp_path: Path) -> None:
    put_jsonl(tmp_path / "test.jsonl", [row])
    assert refusal(name, tmp_path / "test.jsonl") == (
        f"{tmp_path / 'test.jsonl'}: row 1 has no answer; use a split whose answers are published, such as validation"
    )


ABCD = {letter: letter.lower() for letter in "ABCD"}


@pytest.mark.parametrize(
    ("name", "row", "given", "known"),
    [
        ("mmlu", {"question": "q", "subject": "s", "choices": list("abcd"), "answer": 4}, "4", "0, 1, 2, 3"),
        ("mmlu", {"question": "q", "subject": "s", "choices": list("abcd"), "answer": "E"}, "E", "A, B, C, D"),
        ("mmlu_pro", {"question": "q", "options": ["a", "b"], "answer": "C", "category": "s"}, "C", "A, B"),
        ("ceval", {"question": "q", **ABCD, "answer": "甲"}, "甲", "A, B, C, D"),
        ("cmmlu", {"Question": "q", **ABCD, "Answer": "E"}, "E", "A, B, C, D"),
        ("arc_c", {"question": "q", "choices": {"text": ["a", "b"], "label": ["1", "2"]}, "answerKey": "3"}, "3", "1, 2"),
        ("hellaswag", {"query": "q", "choices": ["a", "b"], "gold": 2}, "2", "0, 1"),
        ("winogrande", {"sentence": "A _.", "option1": "b", "option2": "c", "answer": "0"}, "0", "1, 2"),
        ("piqa", {"goal": "g", "sol1": "a", "sol2": "b", "label": 2}, "2", "0, 1"),
        ("siqa", {"context": "c", "question": "q", "answerA": "a", "answerB": "b", "answerC": "c", "label": "0"}, "0", "1, 2, 3"),
        ("race", {"article": "t", "question": "q", "options": ["a", "b"], "answer": "D"}, "D", "A, B"),
        ("mcq", {"question": "q", "A": "a", "B": "b", "answer": "C"}, "C", "A, B"),
    ],
)  # fmt: skip
def test_an_answer_outside_the_labels(
    name: str, row: dict[str, object], given: str, known: str, tmp_path: Path
) -> None:
    put_jsonl(tmp_path / "some.jsonl", [row])
    assert refusal(name, tmp_path / "some.jsonl") == (
        f"{tmp_path / 'some.jsonl'}: row 1: the answer should be one of {known}, got {given!r}"
    )


@pytest.mark.parametrize(
    ("name", "row", "said"),
    [
        (
            "gsm8k",
            {"question": "q", "answer": "it is 4"},
            "row 1: the answer should end in #### and a number, got 'it is 4'",
        ),
        (
            "gsm8k",
            {"question": "q", "answer": "#### four"},
            "row 1: the answer should be a number, got 'four'",
        ),
        (
            "mgsm",
            {"question": "q", "answer_number": "many"},
            "row 1: the answer should be a number, got 'many'",
        ),
        (
            "math",
            {"problem": "p", "solution": "It is \\boxed{4"},
            "row 1 has neither an answer nor a solution with the answer in \\boxed{}",
        ),
        (
            "aime2024",
            {"problem": "p", "answer": "1000"},
            "row 1: the answer should be a whole number from 0 to 999, got '1000'",
        ),
        (
            "boolq",
            {"question": "q", "passage": "p", "label": "maybe"},
            "row 1: the answer should be true or false, got 'maybe'",
        ),
        (
            "winogrande",
            {"sentence": "No gap.", "option1": "b", "option2": "c", "answer": "1"},
            "row 1: the sentence should have a gap, written _, got 'No gap.'",
        ),
    ],
)
def test_other_answers(name: str, row: dict[str, object], said: str, tmp_path: Path) -> None:
    put_jsonl(tmp_path / "some.jsonl", [row])
    assert refusal(name, tmp_path / "some.jsonl") == f"{tmp_path / 'some.jsonl'}: {said}"


@pytest.mark.parametrize(
    ("name", "row", "column"),
    [
        ("mmlu", {"question": "q", "subject": "s", "choices": "['a' 'b']", "answer": 0}, "choices"),
        ("mmlu_pro", {"question": "q", "options": "['a' 'b']", "answer": "A", "category": "s"}, "options"),
        ("hellaswag", {"ctx": "c", "endings": "['a' 'b']", "label": 0}, "endings or choices"),
        ("race", {"article": "t", "question": "q", "options": "['a' 'b']", "answer": "A"}, "options"),
        ("arc_c", {"question": "q", "choices": {"text": "['a' 'b']", "label": []}, "answerKey": "A"}, "text"),
    ],
)
def test_choices_that_became_text(name: str, row: dict[str, object], column: str, tmp_path: Path) -> None:
    put_jsonl(tmp_path / "some.jsonl", [row])
    assert refusal(name, tmp_path / "some.jsonl").endswith(
        f"row 1: {column} is \"['a' 'b']\"; it should be a list of at least two strings"
    )


def test_labels_that_are_missing_or_too_few(tmp_path: Path) -> None:
    everyday.piqa_jsonl(tmp_path)
    labels = tmp_path / "piqa" / "dev-labels.lst"
    labels.write_text("0\n1\n")
    assert refusal("piqa", tmp_path) == f"{labels} has 2 labels for 30 rows of dev.jsonl; download both again"
    labels.unlink()
    assert refusal("piqa", tmp_path) == (
        f"{labels.with_name('dev.jsonl')} has no labels, and there is no dev-labels.lst beside it; put it there"
    )


def test_the_second_of_many_rows_is_named(tmp_path: Path) -> None:
    path = tmp_path / "law_val.csv"
    put_csv(path, ("id", "question", *"ABCD", "answer"), [(0, "q", *"abcd", "A"), (1, "q", *"abcd", "F")])
    assert refusal("ceval", path).startswith(
        f"{path}: row 2: the answer should be one of A, B, C, D, got 'F'"
    )


@pytest.mark.parametrize(
    ("encoding", "mark"), [("utf-8-sig", ""), ("utf-16", ""), ("utf-16-be", "\ufeff"), ("utf-8", "")]
)
def test_the_encodings_of_spreadsheets_are_read(encoding: str, mark: str, tmp_path: Path) -> None:
    text = "question,A,B,C,D,answer\n一加一？,1,2,3,4,B\n"
    (tmp_path / "mcq.csv").write_bytes((mark + text).encode(encoding))
    (question,) = questions_of("mcq", tmp_path)
    assert "Question: 一加一？\nA. 1\n" in question.prompt
    assert question.gold == "B"


def test_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mcq.csv"
    path.write_bytes("question,A,B,C,D,answer\n一加一？,1,2,3,4,B\n".encode("gb18030"))
    assert refusal("mcq", tmp_path) == f"{path} is not UTF-8 (byte 26); save it as UTF-8"


def test_a_row_with_too_many_cells(tmp_path: Path) -> None:
    path = tmp_path / "qa.csv"
    path.write_text("question,answer\nWho, when?,she\n")
    assert refusal("qa", tmp_path) == f"{path}: row 1 has more cells than the 2 columns"


def test_lines_that_are_not_objects(tmp_path: Path) -> None:
    path = tmp_path / "test.jsonl"
    path.write_text(json.dumps([1, 2]))
    assert refusal("gsm8k", tmp_path) == f"{path}: row 1 is int, not an object"


def test_files_of_downloads_and_archives_are_passed_over(tmp_path: Path) -> None:
    exams.ceval_csv(tmp_path)
    aside = tmp_path / "ceval" / "__MACOSX" / "val" / "._a_val.csv"
    aside.parent.mkdir(parents=True)
    aside.write_bytes(b"\0\5\26\7")
    assert len(questions_of("ceval", tmp_path)) == 30


def test_another_data_sets_file_is_not_taken(tmp_path: Path) -> None:
    mathematics.aime_writer("aime2025/data/train-00000-of-00001.parquet", "problem", "answer")(tmp_path)
    assert len(questions_of("aime2025", tmp_path)) == 30
    assert "has no questions of aime2024; " in refusal("aime2024", tmp_path)


@pytest.mark.parametrize(
    ("given", "near"), [("mmlo", "mmlu"), ("MMLU", "mmlu"), ("math_500", "math500"), ("arc-c", "arc_c")]
)
def test_an_unknown_name_has_the_nearest(given: str, near: str) -> None:
    with pytest.raises(
        BadInput, match=rf"data set '{given}' is unknown; did you mean {near}\? known: gsm8k, "
    ):
        task_named(given)
