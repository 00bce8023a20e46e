"""Carries out an evaluation: asks the questions, scores the answers, and writes the results."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from aisbench import saying
from aisbench.accuracy.question import Answer
from aisbench.atomic import write_text
from aisbench.backends.registry import backend_named
from aisbench.config.run_config import RunConfig
from aisbench.disk import room_for
from aisbench.engine.target.discovery import model_for
from aisbench.engine.target.request_head import parse_headers
from aisbench.engine.target.small_requests import patiently
from aisbench.engine.target.transport import Transport
from aisbench.engine.target.urls import resolve
from aisbench.errors import BadInput
from aisbench.exit_codes import DONE, INTERRUPTED, RUN_FAILED
from aisbench.records.claim import claimed
from aisbench.report.text.first_failure import first_failure
from aisbench.studies.evaluation.asking import Asking, Request
from aisbench.studies.evaluation.data_sets import DataSet, read_data_sets
from aisbench.studies.evaluation.folder import EvaluationFolder
from aisbench.studies.evaluation.harness.evaluate import HarnessEvaluation, read_harness
from aisbench.studies.evaluation.harness.names import split_names
from aisbench.studies.evaluation.harvest import Harvest
from aisbench.studies.evaluation.judge.judging import Answered, Judging
from aisbench.studies.evaluation.judge.server import Judge, judge_for
from aisbench.studies.evaluation.opening import folder_before, opened
from aisbench.studies.evaluation.predictions import Place, Predictions
from aisbench.studies.evaluation.remembered import with_remembered
from aisbench.studies.evaluation.reporting import report
from aisbench.studies.evaluation.results import Result, result_of
from aisbench.studies.evaluation.settings import Settings
from aisbench.studies.servers import servers_of

# A file beside a run: the data set, question and sample of each request.
_PLACES = "places.json"
Say = Callable[[str], None]


def evaluate(
    config: RunConfig,
    settings: Settings,
    *,
    command: list[str],
    reuse: str | None,
    live: bool,
    into: str | None = None,
    given: Container[str] = (),
    say: Say = saying.say,
) -> int:
    """Evaluates and prints the summary; returns the exit code.

    `reuse`: the folder of an evaluation to continue, "" for the newest, or None for a new one. `into`: the folder that
    this evaluation, of one data set, shares with others. `given`: the names of the options that the user gave, which
    stand above those that the folder remembers. `say` gets the results. Raises BadInput, before anything is sent, if a
    data set cannot be read or scored.
    """
    settings.check()
    config.check()
    before = folder_before(config, settings, reuse, into)
    if before is not None:
        config, settings, changed = with_remembered(before.facts(), config, settings, given)
        if changed:
            saying.say(f"as before in {before.path}: {changed}", err=True)
    own, theirs = split_names(settings.datasets)
    data_sets = read_data_sets(settings, own) if own or not theirs else []
    harness = read_harness(theirs, config, settings) if theirs else None
    judge = judge_for(config, settings) if settings.judges and data_sets else None
    if settings.judges and theirs:
        saying.say("lm-eval: tasks are scored by the harness, not by the judge", err=True)
    with contextlib.ExitStack() as stack:
        # What shares a folder has its own files there.
        if before is not None and into is None:
            stack.enter_context(claimed(before.path))
        config = _with_target(stack, config, asks=settings.asks)
        folder = opened(before, config, settings, command, into)
        if before is None and into is None:
            stack.enter_context(claimed(folder.path))
        with room_for(f"the evaluation's files in {folder.path}", "free some, then go on with --reuse"):
            ended = DONE
            if data_sets:
                ended = _Evaluation(config, settings, folder, data_sets, command, judge).run(
                    stack, live=live, say=say
                )
            if harness is not None and ended != INTERRUPTED:
                theirs_ended = HarnessEvaluation(config, settings, folder, harness, command, live, say).run(
                    stack
                )
                ended = ended or theirs_ended
    return ended


def _with_target(stack: contextlib.ExitStack, config: RunConfig, *, asks: bool) -> RunConfig:
    """`config` with the servers to ask and the model's name; unchanged unless `asks`."""
    if not asks:
        return config
    urls, simulated = servers_of(
        stack, config, lambda line: saying.say(f"{line}, which does not know any answers", err=True)
    )
    if simulated:
        config = replace(config, url=urls)
    transport = Transport.of(config)
    headers = parse_headers(config.header, config.api_key, backend_named(config.backend, config.template))
    model = patiently(
        lambda: model_for(config, resolve(urls[0], transport), transport, headers),
        config.ready_timeout_s,
        lambda line: saying.say(line, err=True),
    )
    return replace(config, model=model.name)


class _Evaluation:
    """One model on several data sets."""

    def __init__(
        self,
        config: RunConfig,
        settings: Settings,
        folder: EvaluationFolder,
        data_sets: Sequence[DataSet],
        command: list[str],
        judge: Judge | None,
    ) -> None:
        self._config = config
        self._settings = settings
        self._folder = folder
        self._data_sets = data_sets
        self._command = command
        self._judge = judge
        as_chat = backend_named(config.backend, config.template).takes_messages
        self._predictions = {
            one.name: Predictions(folder, one.name, one.questions, settings.samples, as_chat=as_chat)
            for one in data_sets
        }

    def run(self, stack: contextlib.ExitStack, *, live: bool, say: Say) -> int:
        for kept in self._predictions.values():
            kept.load()
        self._gather()
        interrupted, judging = False, None
        if self._settings.asks:
            interrupted = self._ask_all(stack, live=live)
        elif not self._has_answers:
            raise BadInput(
                f"{self._folder.predictions} holds no answers to {', '.join(self._predictions)}; ask with --mode all"
            )
        if self._judge is not None and self._has_answers and not interrupted:
            judging = Judging(self._judge, self._folder, self._answered, self._command)
            interrupted = judging.ask(stack, live=live)
        is_judged = judging is not None and not judging.failed
        if results := [*self._by_rules(), *([] if judging is None or not is_judged else self._by(judging))]:
            self._report(say, results)
        say(f"folder: {self._folder.path}")
        if interrupted:
            return INTERRUPTED
        return DONE if is_judged or (self._has_answers and not self._settings.judges) else RUN_FAILED

    @property
    def _has_answers(self) -> bool:
        return any(len(kept) for kept in self._predictions.values())

    def _gather(self) -> None:
        """Takes the answers in the records of earlier runs; a run that was killed did not pass on all of its answers."""
        for path in sorted(self._folder.runs.glob(f"*/{_PLACES}")):
            asked = [(name, (index, sample)) for name, index, sample in json.loads(path.read_bytes())]
            for records in sorted(path.parent.glob("*/records")):
                self._keep(asked, Harvest(records.parent).new())

    def _keep(self, asked: Sequence[tuple[str, Place]], found: Mapping[int, Answer]) -> None:
        """Keeps the first answer to each question. `asked`: the data set and place of each request of the run."""
        by_name: dict[str, dict[Place, Answer]] = {}
        for at, answer in found.items():
            name, place = asked[at]
            by_name.setdefault(name, {})[place] = answer
        for name, answers in by_name.items():
            if name in self._predictions:
                self._predictions[name].add(answers)

    def _ask_all(self, stack: contextlib.ExitStack, *, live: bool) -> bool:
        """Asks what has no answer yet, in one run or one per data set. True if the user stopped it."""
        if self._settings.merge_ds:
            return self._ask(self._data_sets, stack, live=live)
        return any(self._ask([one], stack, live=live) for one in self._data_sets)

    def _ask(self, data_sets: Sequence[DataSet], stack: contextlib.ExitStack, *, live: bool) -> bool:
        asked = [(one.name, place) for one in data_sets for place in self._predictions[one.name].missing]
        if not asked:
            return False
        for one in data_sets:
            count, missing = len(one.questions) * self._settings.samples, self._predictions[one.name].missing
            saying.say(f"{one.name}: {len(missing)} of {count} requests to send", err=True)
        by_name = {one.name: one for one in data_sets}
        requests = [
            Request(by_name[name].questions[index], by_name[name].task.max_tokens, by_name[name].task.stop)
            for name, (index, _) in asked
        ]
        asking = Asking(self._config, self._new_run(asked), self._command, stack, live)
        try:
            run = asking.ask(requests, lambda found: self._keep(asked, found))
        finally:
            for one in data_sets:
                self._predictions[one.name].write()
        for one in data_sets:
            if failed := len(self._predictions[one.name].missing):
                why = first_failure(run)
                saying.say(
                    f"{one.name}: {failed} requests without an answer{why}; --reuse sends them again",
                    err=True,
                )
        return run.outcome == "interrupted"

    def _new_run(self, asked: Sequence[tuple[str, Place]]) -> Path:
        """Creates the folder of the next run, with the file that says what its requests ask."""
        folder = self._folder.next_run()
        folder.mkdir(parents=True)
        write_text(json.dumps([[name, *place] for name, place in asked]), folder / _PLACES)
        return folder

    @property
    def _answered(self) -> list[Answered]:
        return [
            Answered(one.name, one.task, one.questions, kept.answers(), len(kept.missing))
            for one in self._data_sets
            for kept in [self._predictions[one.name]]
        ]

    def _by_rules(self) -> list[Result]:
        """The scores by the tasks' own rules, if the mode asks for them."""
        found = []
        for one in self._answered if self._settings.scores else ():
            try:
                found.append(_scored(one))
            except BadInput as problem:
                if self._judge is None:
                    raise
                # A library that the rule needs is not installed; the judge needs none.
                saying.say(f"{one.name}: scored by the judge alone: {problem}", err=True)
        return found

    def _by(self, judging: Judging) -> list[Result]:
        """The scores by the judge's verdicts."""
        return [judging.result(one) for one in self._answered]

    def _report(self, say: Say, results: Sequence[Result]) -> None:
        """Writes the results, the summary and the page."""
        model = self._config.model or self._folder.model
        prompts = {name: kept.prompts for name, kept in self._predictions.items()}
        report(self._folder, self._settings, model, results, prompts, say)


def _scored(one: Answered) -> Result:
    return result_of(one.name, one.task, one.questions, one.answers, missing=one.missing)
