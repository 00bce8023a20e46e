"""The samples in every layout that a task names. `python -m tests.accuracy.layouts FOLDER` writes one of each task."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from tests.accuracy.pools import Asked, endings, facts, gaps, passages, people, pool, ways, yes_no

SHARD = "00000-of-00001.parquet"


def put_jsonl(path: Path, rows: Iterable[Any]) -> None:
    _made(path).write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def put_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with _made(path).open("w", newline="") as file:
        writer = csv.writer(file)
        if header:
            writer.writerow(header)
        writer.writerows(rows)


def put_parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    parquet.write_table(pa.Table.from_pylist(rows), _made(path))


def _made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def by_subset(rows: Iterable[Asked]) -> list[tuple[str, list[Asked]]]:
    return [
        (name, list(group))
        for name, group in groupby(sorted(rows, key=lambda row: row.subset), key=lambda row: row.subset)
    ]


# Choices.


def mmlu_csv(root: Path) -> None:
    for subject, rows in by_subset(facts()):
        for split in ("test", "dev"):
            lines = [(row.stem, *row.choices, row.letter) for row in rows]
            put_csv(root / "mmlu" / split / f"{subject}_{split}.csv", (), lines)


def mmlu_hub(root: Path) -> None:
    rows = [
        {"question": row.stem, "subject": row.subset, "choices": list(row.choices), "answer": row.right}
        for row in facts()
    ]
    for split in ("test", "dev"):
        put_parquet(root / "mmlu" / "all" / f"{split}-{SHARD}", rows)
    # The same again by subject: it must not be read twice.
    put_parquet(root / "mmlu" / "astronomy" / f"test-{SHARD}", rows[:6])


def mmlu_pro(root: Path, folder: str = "mmlu_pro") -> None:
    rows = [
        {
            "question": row.stem,
            "options": list(row.choices),
            "answer": row.letter,
            "answer_index": row.right,
            "cot_content": "A: Let us think. The answer is (A).",
            "category": row.subset,
        }
        for row in facts()
    ]
    for split in ("test", "validation"):
        put_parquet(root / folder / f"{split}-{SHARD}", rows)


def ceval_csv(root: Path) -> None:
    for subject, rows in by_subset(facts("facts_zh")):
        lines = [(number, row.stem, *row.choices, row.letter) for number, row in enumerate(rows)]
        home = root / "ceval" / "formal_ceval"
        header = ("id", "question", *"ABCD", "answer")
        put_csv(home / "val" / f"{subject}_val.csv", header, lines)
        put_csv(
            home / "dev" / f"{subject}_dev.csv",
            (*header, "explanation"),
            [(*line, "见书。") for line in lines],
        )
        put_csv(home / "test" / f"{subject}_test.csv", header[:-1], [line[:-1] for line in lines])


def ceval_hub(root: Path) -> None:
    for subject, rows in by_subset(facts("facts_zh")):
        lines = [
            {
                "id": 0,
                "question": row.stem,
                **dict(zip("ABCD", row.choices, strict=True)),
                "answer": row.letter,
                "explanation": "",
            }
            for row in rows
        ]
        for split in ("val", "dev"):
            put_parquet(root / "ceval-exam" / subject / f"{split}-{SHARD}", lines)


def cmmlu_csv(root: Path) -> None:
    for subject, rows in by_subset(facts("facts_zh")):
        lines = [(number, row.stem, *row.choices, row.letter) for number, row in enumerate(rows)]
        for split in ("test", "dev"):
            put_csv(root / "cmmlu" / split / f"{subject}.csv", ("", "Question", *"ABCD", "Answer"), lines)


def cmmlu_hub(root: Path) -> None:
    for subject, rows in by_subset(facts("facts_zh")):
        lines = [
            {"Question": row.stem, **dict(zip("ABCD", row.choices, strict=True)), "Answer": row.letter}
            for row in rows
        ]
        for split in ("test", "dev"):
            put_parquet(root / "cmmlu" / subject / f"{split}-{SHARD}", lines)


def gpqa_csv(root: Path) -> None:
    header = (
        "Record ID",
        "Question",
        "Correct Answer",
        *(f"Incorrect Answer {n}" for n in (1, 2, 3)),
        "High-level domain",
    )
    lines = [
        (f"rec{number}", stem, right, *wrong, subject)
        for number, (subject, stem, right, *wrong) in enumerate(pool("facts"))
    ]
    put_csv(root / "gpqa" / "gpqa_diamond.csv", header, lines)


def arc_jsonl(root: Path, short: str = "ARC-c", long: str = "ARC-Challenge") -> None:
    rows = [
        {
            "id": f"Q{number}",
            "question": {
                "stem": row.stem,
                "choices": [
                    {"text": text, "label": label}
                    for label, text in zip(_labels(number), row.choices, strict=True)
                ],
            },
            "answerKey": _labels(number)[row.right],
        }
        for number, row in enumerate(facts())
    ]
    for split in ("Test", "Dev"):
        put_jsonl(root / "ARC" / short / f"{long}-{split}.jsonl", rows)


def arc_hub(root: Path, long: str = "ARC-Challenge") -> None:
    rows = [
        {
            "id": f"Q{number}",
            "question": row.stem,
            "choices": {"text": list(row.choices), "label": list(_labels(number))},
            "answerKey": _labels(number)[row.right],
        }
        for number, row in enumerate(facts())
    ]
    for split in ("test", "validation"):
        put_parquet(root / "ai2_arc" / long / f"{split}-{SHARD}", rows)


def _labels(number: int) -> str:
    """Some of ARC's questions have numbers."""
    return "1234" if number % 5 == 4 else "ABCD"


def arc_e_jsonl(root: Path) -> None:
    arc_jsonl(root, "ARC-e", "ARC-Easy")


def arc_e_hub(root: Path) -> None:
    arc_hub(root, "ARC-Easy")


def hellaswag_jsonl(root: Path) -> None:
    rows = [
        {"query": f"{activity}: {row.stem}", "choices": list(row.choices), "gold": row.right}
        for activity, row in endings()
    ]
    for name in ("hellaswag", "hellaswag_train_sampled25"):
        put_jsonl(root / "hellaswag" / f"{name}.jsonl", rows)


def _hellaswag_rows() -> list[dict[str, Any]]:
    return [
        {"activity_label": activity, "ctx": row.stem, "endings": list(row.choices), "label": str(row.right)}
        for activity, row in endings()
    ]


def hellaswag_hub(root: Path) -> None:
    for split in ("validation", "train"):
        put_parquet(root / "hellaswag" / "data" / f"{split}-{SHARD}", _hellaswag_rows())


def hellaswag_own(root: Path) -> None:
    for split in ("val", "train"):
        put_jsonl(root / "hellaswag" / f"hellaswag_{split}.jsonl", _hellaswag_rows())


def _winogrande_rows() -> list[dict[str, Any]]:
    return [
        {
            "sentence": row.stem,
            "option1": row.choices[0],
            "option2": row.choices[1],
            "answer": str(row.right + 1),
        }
        for row in gaps()
    ]


def winogrande_jsonl(root: Path) -> None:
    for split in ("dev", "train_xs"):
        put_jsonl(root / "winogrande" / f"{split}.jsonl", _winogrande_rows())


def winogrande_hub(root: Path) -> None:
    for split in ("validation", "train"):
        put_parquet(root / "winogrande" / "winogrande_xl" / f"{split}-{SHARD}", _winogrande_rows())


def piqa_jsonl(root: Path) -> None:
    for split in ("dev", "train"):
        put_jsonl(root / "piqa" / f"{split}.jsonl", _piqa_rows())
        _labels_file(root / "piqa" / f"{split}-labels.lst", [row.right for row in ways()])


def _piqa_rows() -> list[dict[str, Any]]:
    return [{"goal": row.stem, "sol1": row.choices[0], "sol2": row.choices[1]} for row in ways()]


def _labels_file(path: Path, labels: Iterable[int]) -> None:
    path.write_text("".join(f"{label}\n" for label in labels))


def piqa_hub(root: Path) -> None:
    rows = [{**line, "label": row.right} for line, row in zip(_piqa_rows(), ways(), strict=True)]
    for split in ("validation", "train"):
        put_parquet(root / "piqa" / "plain_text" / f"{split}-{SHARD}", rows)


def siqa_jsonl(root: Path) -> None:
    for split in ("dev", "train"):
        put_jsonl(root / "siqa" / f"{split}.jsonl", _siqa_rows())
        _labels_file(root / "siqa" / f"{split}-labels.lst", [row.right + 1 for _, row in people()])


def _siqa_rows() -> list[dict[str, Any]]:
    return [
        {
            "context": context,
            "question": row.stem,
            **{f"answer{letter}": text for letter, text in zip("ABC", row.choices, strict=True)},
        }
        for context, row in people()
    ]


def siqa_hub(root: Path) -> None:
    rows = [
        {**line, "label": str(row.right + 1)} for line, (_, row) in zip(_siqa_rows(), people(), strict=True)
    ]
    for split in ("validation", "train"):
        put_parquet(root / "social_i_qa" / f"{split}-{SHARD}", rows)


def boolq_jsonl(root: Path) -> None:
    rows = [{"question": row.stem, "passage": row.passage, "label": row.right == 0} for row in yes_no()]
    for split in ("val", "train"):
        put_jsonl(root / "SuperGLUE" / "BoolQ" / f"{split}.jsonl", rows)


def boolq_hub(root: Path) -> None:
    rows = [{"question": row.stem, "passage": row.passage, "answer": row.right == 0} for row in yes_no()]
    for split in ("validation", "train"):
        put_parquet(root / "boolq" / "data" / f"{split}-{SHARD}", rows)


def _race_rows(school: str) -> list[dict[str, Any]]:
    return [
        {"article": row.passage, "question": row.stem, "options": list(row.choices), "answer": row.letter}
        for row in passages()
        if row.subset == school
    ]


def race_jsonl(root: Path) -> None:
    for split in ("test", "validation"):
        for school in ("high", "middle"):
            put_jsonl(root / "race" / split / f"{school}.jsonl", _race_rows(school))


def race_hub(root: Path) -> None:
    for split in ("test", "validation"):
        for school in ("high", "middle"):
            put_parquet(root / "race" / school / f"{split}-{SHARD}", _race_rows(school))
        put_parquet(root / "race" / "all" / f"{split}-{SHARD}", _race_rows("high") + _race_rows("middle"))


def race_own(root: Path) -> None:
    for split in ("test", "dev"):
        for number, (school, article, questions) in enumerate(pool("passages")):
            asked, options, answers = zip(*questions, strict=True)
            row = {
                "id": f"{number}.txt",
                "article": article,
                "questions": asked,
                "options": options,
                "answers": answers,
            }
            _made(root / "race" / split / school / f"{number}.txt").write_text(json.dumps(row))


# Mathematics.


def _gsm8k_rows() -> list[dict[str, Any]]:
    return [
        {"question": text, "answer": f"{solution}\n#### {gold}"} for _, text, solution, gold in pool("sums")
    ]


def gsm8k_jsonl(root: Path) -> None:
    for split in ("test", "train"):
        put_jsonl(root / "gsm8k" / f"{split}.jsonl", _gsm8k_rows())


def gsm8k_hub(root: Path) -> None:
    for config in ("main", "socratic"):
        for split in ("test", "train"):
            put_parquet(root / "gsm8k" / config / f"{split}-{SHARD}", _gsm8k_rows())


def mgsm_tsv(root: Path) -> None:
    for language, rows in groupby(pool("sums"), key=lambda row: row[0]):
        lines = "".join(f"{text}\t{gold}\n" for _, text, _, gold in rows)
        _made(root / "mgsm" / f"mgsm_{language}.tsv").write_text(lines)


def mgsm_hub(root: Path) -> None:
    for language, group in groupby(pool("sums"), key=lambda row: row[0]):
        rows = [
            {"question": text, "answer": solution or None, "answer_number": float(gold.replace(",", ""))}
            for _, text, solution, gold in group
        ]
        for split in ("test", "train"):
            put_parquet(root / "mgsm" / language / f"{split}-{SHARD}", rows)


def _math_rows() -> list[dict[str, Any]]:
    return [
        {"problem": text, "level": "Level 1", "type": field, "solution": solution}
        for field, text, solution, _ in pool("contest")
    ]


def math_json(root: Path) -> None:
    rows = {str(number): row for number, row in enumerate(_math_rows())}
    _made(root / "math" / "math.json").write_text(json.dumps(rows, indent=1))
    put_jsonl(root / "math" / "train.jsonl", _math_rows())


def math_jsonl(root: Path) -> None:
    for split in ("test", "train"):
        put_jsonl(root / "math" / f"{split}.jsonl", _math_rows())


def math_hub(root: Path) -> None:
    for number, row in enumerate(_math_rows()):
        for split in ("test", "train"):
            folder = root / "hendrycks_math" / row["type"].lower().replace(" ", "_")
            # One part each: as many as there are problems of the field.
            same = [one for one in _math_rows() if one["type"] == row["type"]]
            put_parquet(
                folder / f"{split}-{same.index(row):05}-of-{len(same):05}.parquet", [_math_rows()[number]]
            )


def math_own(root: Path) -> None:
    for number, row in enumerate(_math_rows()):
        for split in ("test", "train"):
            path = root / "MATH" / split / row["type"].lower() / f"{number}.json"
            _made(path).write_text(json.dumps(row, indent=4))


def math500_jsonl(root: Path) -> None:
    put_jsonl(root / "math" / "test_prm800k_500.jsonl", _math_rows())


def math500_json(root: Path) -> None:
    _made(root / "math" / "test_prm800k_500.json").write_text(json.dumps(dict(enumerate(_math_rows()))))


def math500_hub(root: Path) -> None:
    rows = [
        {"problem": text, "solution": solution, "answer": gold, "subject": field}
        for field, text, solution, gold in pool("contest")
    ]
    put_jsonl(root / "MATH-500" / "test.jsonl", rows)


def aime_writer(
    file: str, question: str, answer: str, kind: Callable[[str], Any] = str
) -> Callable[[Path], None]:
    def write(root: Path) -> None:
        rows = [
            {question: text, answer: kind(gold)} for _, text, _, gold in pool("contest") if gold.isdecimal()
        ]
        (put_parquet if file.endswith(".parquet") else put_jsonl)(root / file, rows)

    return write


# Own files.


def mcq_jsonl(root: Path) -> None:
    rows = [
        {"question": row.stem, **dict(zip("ABCD", row.choices, strict=True)), "answer": row.letter}
        for row in facts()
    ]
    put_jsonl(root / "mcq.jsonl", rows)


def mcq_csv(root: Path) -> None:
    lines = [(row.stem, *row.choices, row.letter) for row in facts()]
    put_csv(root / "mcq.csv", ("question", *"ABCD", "answer"), lines)


def qa_jsonl(root: Path) -> None:
    put_jsonl(root / "qa.jsonl", [{"question": row[1], "answer": row[2]} for row in pool("facts")])


def qa_csv(root: Path) -> None:
    put_csv(root / "qa.csv", ("question", "answer"), [(row[1], row[2]) for row in pool("facts")])


LAYOUTS: dict[str, tuple[Callable[[Path], None], ...]] = {
    "gsm8k": (gsm8k_jsonl, gsm8k_hub),
    "mgsm": (mgsm_tsv, mgsm_hub),
    "math": (math_jsonl, math_json, math_hub, math_own),
    "math500": (math500_jsonl, math500_json, math500_hub),
    "aime2024": (
        aime_writer("aime/aime.jsonl", "origin_prompt", "gold_answer"),
        aime_writer(f"aime_2024/data/train-{SHARD}", "problem", "answer"),
        aime_writer("AIME_2024/aime_2024_problems.parquet", "Problem", "Answer", int),
    ),
    "aime2025": (
        aime_writer("aime2025/aime2025.jsonl", "question", "answer"),
        aime_writer("AIME2025/aime2025-I.jsonl", "question", "answer"),
        aime_writer(f"aime25/data/test-{SHARD}", "problem", "answer", int),
    ),
    "aime2026": (
        aime_writer("aime2026/aime2026.jsonl", "problem", "answer"),
        aime_writer(f"aime_2026/data/train-{SHARD}", "problem", "answer", int),
    ),
    "mmlu": (mmlu_csv, mmlu_hub),
    "mmlu_pro": (mmlu_pro, lambda root: mmlu_pro(root, "MMLU-Pro/data")),
    "ceval": (ceval_csv, ceval_hub),
    "cmmlu": (cmmlu_csv, cmmlu_hub),
    "gpqa": (gpqa_csv,),
    "arc_c": (arc_jsonl, arc_hub),
    "arc_e": (arc_e_jsonl, arc_e_hub),
    "hellaswag": (hellaswag_jsonl, hellaswag_hub, hellaswag_own),
    "winogrande": (winogrande_jsonl, winogrande_hub),
    "piqa": (piqa_jsonl, piqa_hub),
    "siqa": (siqa_jsonl, siqa_hub),
    "boolq": (boolq_jsonl, boolq_hub),
    "race": (race_jsonl, race_hub, race_own),
    "mcq": (mcq_jsonl, mcq_csv),
    "qa": (qa_jsonl, qa_csv),
}

if __name__ == "__main__":
    for writers in LAYOUTS.values():
        writers[0](Path(sys.argv[1]))
