"""BIG-Bench Hard: 27 kinds of puzzles, whose answers have different forms.

Suzgun et al., "Challenging BIG-Bench Tasks and Whether Chain-of-Thought Can Solve Them" (arXiv:2210.09261). As in
the paper, three worked examples of the kind precede each question, and the answer follows "the answer is".
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from aisbench.accuracy.answers.thinking import final_text
from aisbench.accuracy.files import numbered, rows, text_of
from aisbench.accuracy.layout import Layout, hub
from aisbench.accuracy.question import Answer, Question, Scored
from aisbench.accuracy.scoring.overlap import squad_form
from aisbench.accuracy.scoring.stated import Stated, stated_in
from aisbench.accuracy.task import Source, Task
from aisbench.errors import BadInput

_LAYOUT = Layout(("bbh", "BIG-Bench-Hard"), ("data/*.json", "bbh/*.json", *hub("test", "*"), "*.json"))
_EXAMPLES = ("lib_prompt", "cot-prompts")
_ALONE = '{question}\nThink step by step. End with a line that says only "So the answer is" and the answer, in its shortest form.'
_FOLLOWING = "Follow the given examples and answer the question.\n{examples}\n\nQ: {question}\nA: Let's think step by step."
# The notice at the beginning of the published prompts, which ends with a line of hyphens.
_CANARY = re.compile(r"\A.*?^-{5,}\n", re.MULTILINE | re.DOTALL)
_BETWEEN = re.compile(r"\n\s*\n(?=Q:)")
_SORTING = "word_sorting"

_CHOICE = re.compile(r"\(([A-Z])\)")
# A letter, but not the word I.
_LETTER = re.compile(r"\b(?!I\s+[a-z])([A-Z])\b(?!')")
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
_BRACKETS = "()[]{}<>"
# Pairs of words, one of which is the right answer, with patterns of how each is written in an output.
_PAIRS: tuple[dict[str, str], ...] = (
    {"yes": r"yes", "no": r"no"},
    {"true": r"true", "false": r"false"},
    {"invalid": r"invalid|not (?:deductively )?valid", "valid": r"valid"},
)


def _read(source: Source) -> list[Question]:
    found = []
    for path in _LAYOUT.questions_of(source.path):
        subset = path.stem if path.suffix == ".json" else path.parent.name
        template = _template(path, subset, source.shots)
        for place, row in _examples(path):
            if not isinstance(row.get("input"), str) or not isinstance(row.get("target"), str):
                raise BadInput(
                    f"{place} should have strings 'input' and 'target'; it has {', '.join(row) or 'nothing'}"
                )
            text = template.replace("{question}", row["input"].strip())
            found.append(
                Question.of_text(text, row["target"].strip(), subset=subset, facts={"input": row["input"]})
            )
    return found


def _examples(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """The rows of a file, with their places. A published file is one object with a list; conversions have rows."""
    if path.suffix == ".json":
        whole = rows(path)
        if len(whole) == 1 and "examples" in whole[0]:
            listed = whole[0]["examples"]
            if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed) or not listed:
                raise BadInput(f"{path}: 'examples' should be a list of objects with 'input' and 'target'")
            return [(f"{path}: example {number}", row) for number, row in enumerate(listed, 1)]
    return numbered(path, "input", "target")


def _template(path: Path, subset: str, shots: int | None) -> str:
    beside = [folder / name / f"{subset}.txt" for folder in path.parents[:3] for name in _EXAMPLES]
    there = next((one for one in beside if one.is_file()), None)
    if there is None and shots:
        raise BadInput(f"--shots {shots}: {subset} has no {_EXAMPLES[0]}/{subset}.txt with solved examples")
    if there is None or shots == 0:
        return _ALONE
    about, *solved = _BETWEEN.split(_CANARY.sub("", text_of(there)).strip())
    if about.startswith("Q:"):
        about, solved = "", [about, *solved]
    if shots is not None and shots > len(solved):
        raise BadInput(f"--shots {shots}: {there} has {len(solved)} solved examples")
    return _FOLLOWING.replace("{examples}", "\n\n".join([about, *solved[:shots]]).strip())


def _score(question: Question, answer: Answer) -> Scored:
    text = final_text(answer.text)
    stated = stated_in(text)
    if stated is None:
        return Scored(None, False, 0.0, "no answer")
    gold: str = question.gold
    pair = next((pair for pair in _PAIRS if gold.lower() in pair), None)
    if _CHOICE.fullmatch(gold):
        return _found(_choice(stated, text), gold)
    if pair is not None:
        return _found(_word(stated, text, pair), gold.lower())
    if _NUMBER.fullmatch(gold):
        return _found(_number(stated, text), gold)
    if not set(gold) - set(_BRACKETS) - {" "}:
        return _found(_closing(stated, question.facts["input"]), gold.replace(" ", ""))
    if question.subset == _SORTING:
        return _found(_words(stated), " ".join(gold.lower().split()))
    return _found(Stated(squad_form(stated.text), stated.rule, stated.sure), squad_form(gold))


def _found(found: Stated | None, gold: str) -> Scored:
    if found is None or not found.text:
        return Scored(None, False, 0.0, "no answer")
    correct = found.text == gold
    return Scored(found.text, correct, float(correct), found.rule, found.sure)


def _choice(stated: Stated, text: str) -> Stated | None:
    if found := _CHOICE.search(stated.text) or _LETTER.search(stated.text):
        return Stated(f"({found[1]})", stated.rule, stated.sure)
    others = _CHOICE.findall(text)
    return Stated(f"({others[-1]})", "last choice", False) if others else None


def _word(stated: Stated, text: str, pair: dict[str, str]) -> Stated | None:
    # "not valid" begins before "valid", so the search finds it first.
    pattern = re.compile(
        "|".join(rf"(?P<{name}>\b(?:{written})\b)" for name, written in pair.items()), re.IGNORECASE
    )
    if found := pattern.search(stated.text):
        return Stated(str(found.lastgroup), stated.rule, stated.sure)
    others = list(pattern.finditer(text))
    return Stated(str(others[-1].lastgroup), "last such word", False) if others else None


def _number(stated: Stated, text: str) -> Stated | None:
    """The last number of the stated answer, as in 3 + 4 = 7."""
    if found := _NUMBER.findall(stated.text):
        return Stated(_whole(found[-1]), stated.rule, stated.sure)
    others = _NUMBER.findall(text)
    return Stated(_whole(others[-1]), "last number", False) if others else None


def _whole(number: str) -> str:
    return re.sub(r"\.0+$", "", number.replace(",", ""))


def _closing(stated: Stated, asked: str) -> Stated:
    """The closing brackets, without the brackets of the question if the answer repeats them."""
    found = _only_brackets(stated.text)
    opened = _only_brackets(asked.partition("Input:")[2] or asked)
    return Stated(found.removeprefix(opened) if opened else found, stated.rule, stated.sure)


def _only_brackets(text: str) -> str:
    return "".join(c for c in text if c in _BRACKETS)


def _words(stated: Stated) -> Stated:
    return Stated(" ".join(re.findall(r"[^\s,;*`\"]+", stated.text.lower())), stated.rule, stated.sure)


TASKS = (
    Task(
        "bbh",
        "27 kinds of puzzles that need several steps of reasoning",
        (
            'bbh/data/*.json: {"examples": [{"input", "target"}]}, with worked examples in bbh/lib_prompt/*.txt',
            "Hugging Face's lukaemon/bbh, KIND/test-*.parquet: input, target",
        ),
        _read,
        _score,
        stop=("\n\nQ:",),
    ),
)
