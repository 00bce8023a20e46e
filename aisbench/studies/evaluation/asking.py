"""Sends questions through the load engine, each once, and passes on their answers as they arrive."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from aisbench.accuracy.question import Answer, Question
from aisbench.backends.registry import backend_named
from aisbench.config.run_config import RunConfig
from aisbench.engine.coordinator import Coordinator
from aisbench.records.run import Run
from aisbench.studies.evaluation.harvest import Harvest
from aisbench.studies.single_run import run_to_folder

# The file of a run's requests, in the folder that holds the run: one line per request, in order.
QUESTIONS = "questions.jsonl"
# Seconds between two looks at the records. Each look reads the rows of all requests.
_EVERY_S = 1.0

Took = Callable[[Mapping[int, Answer]], None]


@dataclass(frozen=True)
class Request:
    """A question to send.

    `max_tokens`: the length limit of its answer, unless --output-len sets one. `stop`: texts that end the answer, used
    if the question is sent as one text.
    """

    question: Question
    max_tokens: int
    stop: Sequence[str] = ()


@dataclass(frozen=True)
class Asking:
    """Asks questions with the options of `config`: servers, load and sampling.

    `folder` gets the run; `live`: show it on the terminal. Whatever is started beside a run ends with `stack`.
    """

    config: RunConfig
    folder: Path
    command: list[str]
    stack: ExitStack
    live: bool

    @property
    def as_chat(self) -> bool:
        """Whether questions are sent as messages rather than as one text."""
        return backend_named(self.config.backend, self.config.template).takes_messages

    def ask(self, requests: Sequence[Request], took: Took) -> Run:
        """Sends `requests`; returns the run once it has ended. Raises BadInput and CannotRun as a run does.

        `took` is called about once a second with the new answers, by the index of their request. A request that has no
        answer at the end has failed.
        """
        path = self.folder / QUESTIONS
        path.write_text("".join(map(self.line, requests)))
        config = replace(
            self.config,
            dataset="jsonl",
            dataset_path=str(path),
            num_requests=len(requests),
            save_outputs=True,
            work_dir=str(self.folder),
        )
        config.check()
        watch = _Watch(took)
        folder = run_to_folder(
            self.stack, config, command=self.command, live=self.live, quiet=not self.live, ticks=[watch.tick]
        )
        watch.look(folder)
        return Run.load(folder)

    def line(self, request: Request) -> str:
        """The line of `request` in the run's file, with its newline."""
        question = request.question
        body = dict(question.body)
        row: dict[str, object] = {"output_tokens": self.config.output_len or request.max_tokens, "body": body}
        if self.as_chat:
            row["messages"] = list(question.messages)
        else:
            row["prompt"] = question.prompt
            if request.stop:
                body.setdefault("stop", list(request.stop))
        return json.dumps(row) + "\n"


class _Watch:
    """Passes new answers of a run to `took` while it goes on."""

    def __init__(self, took: Took) -> None:
        self._took = took
        self._harvest: Harvest | None = None
        self._next_s = 0.0

    def tick(self, coordinator: Coordinator) -> None:
        if time.monotonic() >= self._next_s:
            self.look(coordinator.directory.path)
            self._next_s = time.monotonic() + _EVERY_S

    def look(self, folder: Path) -> None:
        self._harvest = self._harvest or Harvest(folder)
        if found := self._harvest.new():
            self._took(found)
