"""Asks the judge about answers, and scores them by its verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from aisbench import saying
from aisbench.accuracy.answers.found import NONE, UNFINISHED
from aisbench.accuracy.answers.thinking import final_text, without_thinking
from aisbench.accuracy.question import Answer, Question, Scored
from aisbench.accuracy.task import Task
from aisbench.errors import BadInput
from aisbench.records.reading import read_info
from aisbench.report.text.first_failure import first_failure
from aisbench.studies.evaluation.asking import QUESTIONS, Asking, Request
from aisbench.studies.evaluation.folder import EvaluationFolder
from aisbench.studies.evaluation.harvest import Harvest
from aisbench.studies.evaluation.judge.judgements import Judgements
from aisbench.studies.evaluation.judge.server import Judge
from aisbench.studies.evaluation.judge.verdict import verdict_of, words_of
from aisbench.studies.evaluation.predictions import Place
from aisbench.studies.evaluation.result_file import JudgeFigures
from aisbench.studies.evaluation.results import Result, ScoredAnswer

METRIC = "judged"
RULE = "judge"
# How the folders of its runs begin.
_RUN = "judge-"


@dataclass(frozen=True)
class Answered:
    """A data set with the answers to it. `missing`: answers that never came."""

    name: str
    task: Task
    questions: Sequence[Question]
    answers: Mapping[Place, Answer]
    missing: int


class Judging:
    """One judge on the answers to several data sets; its judgements are kept in `folder`."""

    def __init__(
        self, judge: Judge, folder: EvaluationFolder, data_sets: Sequence[Answered], command: list[str]
    ) -> None:
        self._judge = judge
        self._folder = folder
        self._command = command
        self._data_sets = data_sets
        self._texts = {
            one.name: {place: final_text(answer.text).strip() for place, answer in one.answers.items()}
            for one in data_sets
        }
        self._kept = {one.name: Judgements(folder, one.name, judge, self._prompts(one)) for one in data_sets}

    def _prompts(self, one: Answered) -> dict[Place, str]:
        """What the judge is asked; it is not asked about answers without any text."""
        return {
            place: self._judge.template.filled(one.questions[place[0]], text)
            for place, text in self._texts[one.name].items()
            if text
        }

    def ask(self, stack: ExitStack, *, live: bool) -> bool:
        """Asks about the answers that have no judgement yet, in one run. True if the user stopped it."""
        for kept in self._kept.values():
            kept.load()
        folder = self._folder.next_run(_RUN)
        asking = Asking(self._judge.config, folder, self._command, stack, live)
        self._recall(asking)
        for one in self._data_sets:
            missing = len(self._kept[one.name].missing)
            saying.say(
                f"{one.name}: {missing} of {len(one.answers)} answers to be judged by {self._judge.model}",
                err=True,
            )
        asked = list(dict.fromkeys(prompt for kept in self._kept.values() for prompt in kept.missing))
        if not asked:
            self._write()
            return False
        folder.mkdir(parents=True)
        try:
            run = asking.ask(
                [self._request(prompt) for prompt in asked],
                lambda found: self._add({asked[at]: said for at, said in found.items()}),
            )
        finally:
            self._write()
        for name, kept in self._kept.items():
            if kept.missing:
                saying.say(
                    f"{name}: {len(kept.missing)} questions to the judge failed{first_failure(run)}; "
                    "--reuse asks them again",
                    err=True,
                )
        return run.outcome == "interrupted"

    def _request(self, prompt: str) -> Request:
        return Request(Question.of_text(prompt, None), self._judge.max_tokens)

    def _recall(self, asking: Asking) -> None:
        """Takes the judgements in the records of earlier runs; a run that was killed did not pass on all of its own."""
        by_line = {
            asking.line(self._request(prompt)): prompt
            for kept in self._kept.values()
            for prompt in kept.missing
        }
        for path in sorted(self._folder.runs.glob(f"{_RUN}*/{QUESTIONS}")):
            lines = path.read_text().splitlines(keepends=True)
            for records in sorted(path.parent.glob("*/records")):
                if _model_of(records.parent) == self._judge.model:
                    found = Harvest(records.parent).new()
                    self._add(
                        {by_line[lines[at]]: said for at, said in found.items() if lines[at] in by_line}
                    )

    def _add(self, found: Mapping[str, Answer]) -> None:
        for kept in self._kept.values():
            kept.add(found)

    def _write(self) -> None:
        for kept in self._kept.values():
            kept.write()

    @property
    def failed(self) -> bool:
        """True if the judge was asked and never answered."""
        return all(kept.failed for kept in self._kept.values())

    def result(self, one: Answered) -> Result:
        """The scores of a data set. Answers without a judgement do not count, like those that never came."""
        kept, texts, scored, judged = self._kept[one.name], self._texts[one.name], [], []
        for place, answer in one.answers.items():
            question = one.questions[place[0]]
            if not texts[place]:
                scored.append(ScoredAnswer(place, question, answer, _without_text(answer)))
            elif (said := kept.at(place)) is not None:
                judged.append(
                    _Judged(place, question, answer, texts[place], said, _by_rule(one.task, question, answer))
                )
        scored += [found.scored for found in judged]
        clear = [found for found in judged if found.verdict is not None]
        figures: JudgeFigures = {
            "model": self._judge.model,
            "asked": len(judged),
            "unreadable": len(judged) - len(clear),
            "unjudged": len(one.answers) - len(scored),
            "compared": sum(found.by_rule is not None for found in clear),
            "alike": sum(
                found.by_rule is not None and found.by_rule.correct is found.verdict for found in clear
            ),
        }
        return Result(
            one.name,
            replace(one.task, metric=METRIC),
            tuple(sorted(scored, key=lambda found: found.place)),
            one.missing + figures["unjudged"],
            figures,
        )


@dataclass(frozen=True)
class _Judged:
    """An answer, its text without thinking, what the judge said of it, and the score by the task's own rule (None if
    the task cannot tell)."""

    place: Place
    question: Question
    answer: Answer
    text: str
    said: Answer
    by_rule: Scored | None

    @property
    def verdict(self) -> bool | None:
        return verdict_of(self.said)

    @property
    def scored(self) -> ScoredAnswer:
        # The rule's extracted answer is what several answers to a question are compared by.
        extracted = None if self.by_rule is None else self.by_rule.extracted
        right = self.verdict is True
        scored = Scored(
            self.text if extracted is None else extracted,
            right,
            float(right),
            RULE,
            sure=self.verdict is not None,
            why=words_of(self.said) or "The judge said nothing.",
        )
        return ScoredAnswer(self.place, self.question, self.answer, scored)


def _without_text(answer: Answer) -> Scored:
    """An answer that is empty, or whose thinking is not finished, is wrong without asking."""
    rule = UNFINISHED if without_thinking(answer.text) is None else NONE
    return Scored(None, False, 0.0, rule.rule)


def _by_rule(task: Task, question: Question, answer: Answer) -> Scored | None:
    try:
        return task.score(question, answer)
    except BadInput:
        # A library that the rule needs is not installed; the judge needs none.
        return None


def _model_of(folder: Path) -> str | None:
    """The model that a run asked; None if it has not begun."""
    try:
        config = read_info(folder / "records" / "run.json", folder).get("config")
    except BadInput:
        return None
    return config.get("model") if isinstance(config, dict) else None
