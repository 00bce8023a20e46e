"""HellaSwag and WinoGrande: how a text goes on, and what fills its gap."""

from __future__ import annotations

import re
from pathlib import Path

from aisbench.accuracy.files import Row, first_of, list_of, numbered
from aisbench.accuracy.layout import Layout, hub
from aisbench.accuracy.tasks.choices.choice import Choice, choice_task, right_of
from aisbench.errors import BadInput


def _hellaswag(path: Path) -> list[Choice]:
    found = []
    for place, row in numbered(path):
        endings = list_of(place, row, "endings", "choices")
        right = right_of(row.get("label", row.get("gold")), range(len(endings)), place)
        stem = f"Which ending makes the most sense?\n{_beginning(place, row)}"
        found.append(Choice(stem, [_clean(one) for one in endings], right))
    return found


def _beginning(place: str, row: Row) -> str:
    if "query" in row:
        return str(row["query"]).strip()
    return _clean(f"{row.get('activity_label') or 'Text'}: {first_of(place, row, 'ctx')}")


def _clean(text: str) -> str:
    """Removes the marks of web pages from which some texts were taken, as lm-evaluation-harness does."""
    return re.sub(r"\[.*?\]", "", text.strip().replace(" [title]", ". ")).replace("  ", " ").strip()


def _winogrande(path: Path) -> list[Choice]:
    found = []
    for place, row in numbered(path, "sentence", "option1", "option2"):
        sentence = str(row["sentence"])
        if "_" not in sentence:
            raise BadInput(f"{place}: the sentence should have a gap, written _, got {sentence!r:.80}")
        stem = f'Which choice fills the gap "_"?\n{sentence}'
        right = right_of(row.get("answer"), "12", place)
        found.append(Choice(stem, [row["option1"], row["option2"]], right))
    return found


TASKS = (
    choice_task(
        "hellaswag",
        "how a description of everyday life goes on, four choices",
        (
            "hellaswag/hellaswag.jsonl: query, choices, gold (0 to 3); examples in hellaswag_train_sampled25.jsonl",
            "Hugging Face's Rowan/hellaswag, data/validation-*.parquet, or hellaswag_val.jsonl: activity_label, ctx, "
            "endings, label (0 to 3); examples in train-*.parquet",
        ),
        Layout(
            ("hellaswag",),
            ("hellaswag.jsonl", *hub("validation"), "hellaswag_val.jsonl"),
            ("hellaswag_train_sampled25.jsonl", *hub("train"), "hellaswag_train.jsonl"),
        ),
        _hellaswag,
    ),
    choice_task(
        "winogrande",
        "which of two things fills the gap of a sentence",
        (
            "winogrande/dev.jsonl: sentence, option1, option2, answer (1 or 2); examples in train_xs.jsonl",
            "Hugging Face's allenai/winogrande, winogrande_xl/validation-*.parquet: the same; examples in train-*.parquet",
        ),
        Layout(
            ("winogrande", "winogrande_1.1"),
            ("dev.jsonl", *hub("validation", "winogrande_xl", "*"), *hub("validation")),
            ("train_xs.jsonl", *hub("train", "winogrande_xl", "*"), *hub("train")),
        ),
        _winogrande,
    ),
)
