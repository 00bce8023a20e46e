"""What is asked, word for word."""

from __future__ import annotations

from pathlib import Path

import pytest

from aisbench.errors import BadInput
from tests.accuracy.layouts import everyday, exams, mathematics
from tests.accuracy.layouts.files import put_jsonl, put_parquet
from tests.accuracy.tasks.reading import questions_of


def test_a_choice(tmp_path: Path) -> None:
    exams.mmlu_csv(tmp_path)
    question = questions_of("mmlu", tmp_path)[0]
    text = (
        "Answer this multiple-choice question. Reason step by step first. End with a line that says only "
        '"Answer: X", where X is the letter of the right choice.\n'
        "\n"
        "Question: Which planet of the solar system has the shortest year?\n"
        "A. Mercury\n"
        "B. Venus\n"
        "C. Mars\n"
        "D. Saturn"
    )
    assert question.messages == ({"role": "user", "content": text},)
    assert question.prompt == text + "\n"
    assert question.gold == "A"
    assert question.facts == {"labels": "ABCD", "choices": ["Mercury", "Venus", "Mars", "Saturn"]}


def test_a_choice_after_examples(tmp_path: Path) -> None:
    exams.mmlu_csv(tmp_path)
    question = questions_of("mmlu", tmp_path, shots=2)[2]
    roles = [message["role"] for message in question.messages]
    assert roles == ["user", "assistant", "user", "assistant", "user"]
    assert question.messages[0]["content"].startswith(
        "Answer these multiple-choice questions as the examples"
    )
    assert question.messages[2]["content"].startswith("Question: What does a light-year measure?\nA. ")
    assert [question.messages[place]["content"] for place in (1, 3)] == ["Answer: A", "Answer: B"]
    assert question.prompt.count("Question: ") == 3
    assert "\nAnswer: A\n\nQuestion: What does a light-year measure?\n" in question.prompt


def test_a_choice_in_chinese(tmp_path: Path) -> None:
    exams.ceval_csv(tmp_path)
    question = next(one for one in questions_of("ceval", tmp_path, shots=1) if "直辖市" in one.prompt)
    assert question.prompt == (
        "请仿照示例回答下面的单项选择题。最后一行只写“答案：X”，其中 X 是正确选项的字母。\n"
        "\n"
        "题目：中国最长的河流是哪一条？\n"
        "A. 长江\nB. 黄河\nC. 珠江\nD. 黑龙江\n"
        "见书。\n"
        "答案：A\n"
        "\n"
        "题目：下列城市中，哪一个是直辖市？\n"
        "A. 成都\nB. 重庆\nC. 武汉\nD. 西安\n"
    )


def test_a_word_problem_after_an_example(tmp_path: Path) -> None:
    mathematics.gsm8k_jsonl(tmp_path)
    question = questions_of("gsm8k", tmp_path, shots=1)[1]
    assert question.prompt.startswith(
        "Solve these problems as the examples do. End with a line that says only: #### and the number.\n"
        "\n"
        "Problem: A baker fills 6 trays with 12 rolls each and drops one roll. How many rolls can she sell?\n"
        "There are 6 * 12 = 72 rolls.\n"
        "One is lost, so 72 - 1 = 71 are left.\n"
        "#### 71\n"
        "\n"
        "Problem: Tickets cost 9 dollars"
    )


def test_a_formula(tmp_path: Path) -> None:
    mathematics.math_jsonl(tmp_path)
    question = questions_of("math", tmp_path)[30]
    assert question.prompt == (
        "Solve this problem step by step. End with a line that has only the final answer, within \\boxed{}.\n"
        "\n"
        "Problem: Write $0.375$ as a fraction in lowest terms.\n"
    )
    assert question.gold == "\\frac{3}{8}"


def test_an_ending_and_a_gap(tmp_path: Path) -> None:
    everyday.hellaswag_hub(tmp_path)
    everyday.winogrande_jsonl(tmp_path)
    ending, gap = (questions_of(name, tmp_path)[0].prompt for name in ("hellaswag", "winogrande"))
    assert "Question: Which ending makes the most sense?\nMaking tea: A woman fills the kettle" in ending
    assert 'Question: Which choice fills the gap "_"?\nThe trophy did not fit' in gap


def test_marks_of_web_pages_are_not_shown(tmp_path: Path) -> None:
    row = {
        "activity_label": "Tea",
        "ctx": "How to make tea [title] Boil water. [step] Wait.",
        "endings": ["[substeps] Pour it.", "b", "c", "d"],
        "label": 0,
    }
    put_jsonl(tmp_path / "hellaswag_val.jsonl", [row])
    (question,) = questions_of("hellaswag", tmp_path)
    assert "\nTea: How to make tea. Boil water. Wait.\nA. Pour it.\nB. b\n" in question.prompt


def test_the_order_of_gpqas_choices_depends_on_their_texts_alone(tmp_path: Path) -> None:
    exams.gpqa_csv(tmp_path)
    lines = (tmp_path / "gpqa" / "gpqa_diamond.csv").read_text().splitlines(keepends=True)
    other = tmp_path / "other" / "gpqa_diamond.csv"
    other.parent.mkdir()
    other.write_text("".join([lines[0], *reversed(lines[1:])]))
    first = {one.prompt: one.gold for one in questions_of("gpqa", tmp_path / "gpqa")}
    assert {one.prompt: one.gold for one in questions_of("gpqa", other)} == first


def test_mmlu_pro_leaves_out_choices_that_only_fill_up(tmp_path: Path) -> None:
    row = {"question": "Which?", "options": ["x", "N/A", "y"], "answer": "C", "category": "law"}
    put_parquet(tmp_path / "test-00000-of-00001.parquet", [row])
    (question,) = questions_of("mmlu_pro", tmp_path)
    assert question.prompt.endswith("Which?\nA. x\nB. y\n")
    assert question.gold == "B"


@pytest.mark.parametrize(("label", "gold"), [(True, "A"), (1, "A"), (False, "B"), (0, "B")])
def test_boolqs_labels(label: bool | int, gold: str, tmp_path: Path) -> None:
    put_jsonl(tmp_path / "val.jsonl", [{"question": "is it so", "passage": "It is.", "label": label}])
    (question,) = questions_of("boolq", tmp_path)
    assert question.prompt.endswith("\n\nQuestion: It is.\n\nIs it so?\nA. Yes\nB. No\n")
    assert question.gold == gold


def test_more_examples_than_there_are(tmp_path: Path) -> None:
    exams.mmlu_csv(tmp_path)
    with pytest.raises(
        BadInput, match=r"--shots 7: mmlu, astronomy, has 6 solved examples; use --shots 6 or fewer"
    ):
        questions_of("mmlu", tmp_path, shots=7)


def test_examples_of_a_task_that_has_none(tmp_path: Path) -> None:
    exams.gpqa_csv(tmp_path)
    with pytest.raises(BadInput, match=r"--shots: gpqa has no solved examples; use --shots 0"):
        questions_of("gpqa", tmp_path, shots=1)


def test_examples_that_are_not_there(tmp_path: Path) -> None:
    mathematics.mgsm_tsv(tmp_path)
    with pytest.raises(
        BadInput, match=r"mgsm has no solved examples of mgsm; use --shots 0, or add them: expected mgsm/"
    ):
        questions_of("mgsm", tmp_path, shots=1)


def test_examples_of_a_file_are_found_beside_it(tmp_path: Path) -> None:
    exams.mmlu_csv(tmp_path)
    path = tmp_path / "mmlu" / "test" / "biology_test.csv"
    questions = questions_of("mmlu", path, shots=3)
    assert [len(one.messages) for one in questions] == [7] * 6
    assert {one.subset for one in questions} == {"biology"}
