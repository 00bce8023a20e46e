"""GSM8K: grade-school word problems whose answer is a number."""

from __future__ import annotations

from aisbench.accuracy.answers import kinds
from aisbench.accuracy.files import rows
from aisbench.accuracy.layout import file_of
from aisbench.accuracy.question import Answer, Question, Scored
from aisbench.accuracy.task import Source, Task
from aisbench.errors import BadInput

_ASK = "{question}\nSolve it step by step. End with a line that says only: #### and the number."
# The reference solution ends in the answer after this mark.
_MARK = "####"


def _read(source: Source) -> list[Question]:
    path = file_of(source.path, "test.jsonl", "test-*.parquet", "test.parquet")
    found = []
    for number, row in enumerate(rows(path, "question", "answer"), 1):
        _, mark, gold = row["answer"].rpartition(_MARK)
        if not mark:
            raise BadInput(f"{path}: row {number}: its answer does not end in {_MARK} and a number")
        found.append(
            Question.of_text(_ASK.format(question=row["question"].strip()), gold.strip().replace(",", ""))
        )
    return found


def _score(question: Question, answer: Answer) -> Scored:
    return kinds.score("gsm8k", answer, question.gold)


TASKS = (
    Task(
        "gsm8k",
        "grade-school word problems; the answer is a number",
        ('gsm8k/test.jsonl, or Hugging Face\'s main/test-*.parquet: {"question", "answer"}',),
        _read,
        _score,
    ),
)
