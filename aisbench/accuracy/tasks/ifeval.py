"""IFEval: instructions on the form of an answer, such as its length or language, that a program can check."""

from __future__ import annotations

from functools import cache

from aisbench.accuracy.answers.thinking import final_text
from aisbench.accuracy.files import numbered
from aisbench.accuracy.layout import Layout, hub
from aisbench.accuracy.question import Answer, Question, Scored
from aisbench.accuracy.scoring.instructions import Checkers, Checklist
from aisbench.accuracy.task import Source, Task
from aisbench.errors import BadInput

_LAYOUT = Layout(
    ("ifeval", "instruction_following_eval"), ("input_data.jsonl", "ifeval_input_data.jsonl", *hub("train"))
)

_checkers = cache(Checkers)


def _read(source: Source) -> list[Question]:
    if source.shots:
        raise BadInput(f"--shots {source.shots}: ifeval has no solved examples; leave it out")
    checkers = _checkers()
    found = []
    for path in _LAYOUT.questions_of(source.path):
        for place, row in numbered(path, "prompt", "instruction_id_list", "kwargs"):
            ids, arguments = row["instruction_id_list"], row["kwargs"]
            if (
                not isinstance(ids, list)
                or not isinstance(arguments, list)
                or len(ids) != len(arguments)
                or not ids
            ):
                raise BadInput(
                    f"{place}: 'instruction_id_list' and 'kwargs' should be lists of the same length, not empty"
                )
            if unknown := sorted(set(ids) - checkers.known):
                raise BadInput(f"{place}: lm_eval has no checker for {', '.join(unknown)}")
            try:
                checkers.follows(Checklist(row["prompt"], ids, arguments), "")
            except (TypeError, ValueError, AttributeError) as problem:
                raise BadInput(f"{place}: 'kwargs' do not fit {', '.join(ids)}: {problem}") from None
            facts = {"ids": ids, "arguments": arguments}
            found.append(Question.of_text(row["prompt"], ids, facts=facts))
    return found


def _score(question: Question, answer: Answer) -> Scored:
    text = final_text(answer.text).strip()
    facts = question.facts
    strict, loose = _checkers().follows(Checklist(question.prompt, facts["ids"], facts["arguments"]), text)
    broken = [name for name, kept in zip(facts["ids"], strict, strict=True) if not kept]
    correct = not broken
    return Scored(
        text or None,
        correct,
        float(correct),
        "checkers",
        why=f"does not follow {', '.join(broken)}" if broken else "",
        parts={
            "prompt_strict": (float(correct),),
            "prompt_loose": (float(all(loose)),),
            "instruction_strict": tuple(map(float, strict)),
            "instruction_loose": tuple(map(float, loose)),
        },
    )


TASKS = (
    Task(
        "ifeval",
        "instructions on the form of an answer, checked by lm_eval's programs",
        (
            'ifeval/input_data.jsonl: {"prompt", "instruction_id_list", "kwargs"}',
            "Hugging Face's google/IFEval, train-*.parquet or ifeval_input_data.jsonl: the same",
        ),
        _read,
        _score,
        max_tokens=1280,
        metric="prompt_strict",
    ),
)
