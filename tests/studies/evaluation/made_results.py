"""Results files made up for tests: sums, and questions of two subjects."""

from __future__ import annotations

from typing import Any

from aisbench.accuracy.averages import Graded, averages
from aisbench.studies.evaluation.result_file import Detail, ResultFile

_ROUNDS = 7


def result_of(details: dict[str, Detail], metric: str = "accuracy") -> ResultFile:
    """With the averages of `details`."""
    found = averages(
        Graded(
            question=int(key.split("#")[0]),
            sample=int(key.partition("#")[2] or 0),
            subset=one["subset"],
            score=one["score"],
            correct=one["correct"],
            extracted=one["predictions"],
            finish=one["finish"],
            sure=one["sure"],
            length=len(one["origin_prediction"]),
        )
        for key, one in details.items()
    )
    figures: Any = {} if found is None else found.as_dict()
    return ResultFile(**figures, metric=metric, details=details)


def sums(count: int = 60, *, wrong_every: int = 4, samples: int = 1) -> dict[str, Detail]:
    """Of each `wrong_every` answers one is wrong; some are cut, some have no answer, some were found by a guess."""
    details: dict[str, Detail] = {}
    for at in range(count):
        for sample in range(samples):
            right, said = (at + sample) % wrong_every != 0, 2 * at + 1
            cut = not right and at % 3 == 0
            answer = (
                "I add them up, one after the other, and"
                if cut
                else f"The sum is {said if right else said + 1}."
            )
            details[f"{at}#{sample}" if sample else str(at)] = {
                "prompt": f"Answer with a number.\nWhat is {at} + {at + 1}?",
                "origin_prediction": answer,
                "predictions": None if cut else str(said if right else said + 1),
                "references": str(said),
                "correct": right,
                "score": float(right),
                "rule": "none" if cut else "last number" if at % _ROUNDS == 0 else "the sum is",
                "sure": bool(at % _ROUNDS),
                "subset": "",
                "finish": "length" if cut else "stop",
                "reasoning": f"{at} and {at} is {2 * at}, and one more." if at % 5 == 0 else "",
            }
    return details


def subjects(count: int = 40) -> dict[str, Detail]:
    """Choices in two subjects, as chats with an example in front."""
    details: dict[str, Detail] = {}
    for at in range(count):
        letter, right = "ABCD"[at % 4], at % 3 != 1
        said = letter if right else "ABCD"[(at + 1) % 4]
        details[str(at)] = {
            "prompt": [
                {"role": "user", "content": "Which of A to D is the first letter?"},
                {"role": "assistant", "content": "A"},
                {"role": "user", "content": f"Which is letter {at % 4 + 1} of the alphabet? (question {at})"},
            ],
            "origin_prediction": f"<think>\nLetter {at % 4 + 1}, so {letter}.\n</think>\n\nThe answer is ({said}).",
            "predictions": said,
            "references": letter,
            "correct": right,
            "score": float(right),
            "rule": "the answer is",
            "sure": True,
            "subset": "letters" if at % 5 else "signs",
            "finish": "stop",
            "reasoning": "",
        }
    return details
