"""Evaluates tasks of lm-evaluation-harness: checks the options, asks, and keeps what the harness reports."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aisbench import saying
from aisbench.accuracy.question import Answer, Question
from aisbench.atomic import write_text
from aisbench.backends.registry import backend_named
from aisbench.config.run_config import RunConfig
from aisbench.engine.target.discovery import discover_model
from aisbench.engine.target.request_head import parse_headers
from aisbench.engine.target.small_requests import Asking as AskedServer
from aisbench.engine.target.transport import Transport
from aisbench.engine.target.urls import resolve
from aisbench.errors import BadInput, CannotRun
from aisbench.exit_codes import DONE, INTERRUPTED, RUN_FAILED
from aisbench.extras import install_command
from aisbench.records.folder import name_of_now
from aisbench.records.run import Run
from aisbench.report.text.first_failure import first_failure
from aisbench.studies.evaluation.asking import QUESTIONS, Asking, Request
from aisbench.studies.evaluation.folder import HARNESS_ANSWERS, HARNESS_RESULTS, EvaluationFolder, file_name
from aisbench.studies.evaluation.harness.logprobs import Texts
from aisbench.studies.evaluation.harness.names import PREFIX
from aisbench.studies.evaluation.harness.tasks import HarnessTasks, load_tasks
from aisbench.studies.evaluation.harvest import Harvest
from aisbench.studies.evaluation.settings import Settings

# Requests in flight of the client for log-probabilities, if --concurrency is not given.
_AT_ONCE = 64
# The length limit of an answer if the task gives none: the harness's own default.
_MAX_TOKENS = 256
_COMPLETIONS = "openai-completions"
# The names of its runs' folders begin with this.
_RUN = "lm-eval-"


def read_harness(names: Sequence[str], config: RunConfig, settings: Settings) -> HarnessTasks:
    """Loads the tasks with their data. Raises BadInput if one cannot be loaded, or an option does not fit them."""
    if settings.mode != "all":
        raise BadInput(
            f"--mode {settings.mode} cannot be used with {PREFIX} tasks, which are asked and scored in one step; leave it "
            "out (--reuse asks only what has no answer yet)"
        )
    if settings.samples > 1:
        raise BadInput(
            f"--n cannot be used with {PREFIX} tasks; their files set how often each question is asked (repeats)"
        )
    backend = backend_named(config.backend)
    if backend.family not in (_COMPLETIONS, "openai-chat"):
        raise BadInput(
            f"--backend {config.backend} cannot be used with {PREFIX} tasks; give openai-chat or openai"
        )
    found = load_tasks(names, settings.include_path)
    unsafe = [name for name, task in found.tasks.items() if getattr(task, "UNSAFE_CODE", False)]
    if unsafe and not settings.allow_code:
        raise BadInput(
            f"--datasets {PREFIX}{unsafe[0]}: scoring it runs code that the model wrote; "
            "give --allow-code if that is acceptable on this host"
        )
    if weighed := found.of_probabilities:
        _check_weighed(weighed[0], config, as_chat=backend.takes_messages)
    return found


def _check_weighed(name: str, config: RunConfig, *, as_chat: bool) -> None:
    what = f"--datasets {PREFIX}{name} needs log-probabilities of given texts"
    if as_chat:
        raise BadInput(f"{what}, which chat APIs do not give; use --backend openai and --tokenizer")
    if config.tokenizer is None:
        raise BadInput(f"{what}; give the model's --tokenizer, which shows where the answers begin in them")
    if importlib.util.find_spec("transformers") is None:
        raise BadInput(
            f"--tokenizer needs transformers; install it with: {install_command('tokenizer', 'transformers')}"
        )


@dataclass(frozen=True)
class HarnessEvaluation:
    """An evaluation of one model on tasks of the harness. `say` gets the results."""

    config: RunConfig
    settings: Settings
    folder: EvaluationFolder
    tasks: HarnessTasks
    command: list[str]
    live: bool
    say: Callable[[str], None]

    def run(self, stack: ExitStack) -> int:
        """Asks, prints the harness's table and writes its results; returns the exit code."""
        from lm_eval import evaluator

        from aisbench.studies.evaluation.harness.model import Unanswered, served_model

        as_chat = backend_named(self.config.backend).takes_messages
        engine = _Engine(self.config, self.folder, self.command, stack, self.live)
        model = served_model(
            self.config.model or "model",
            engine.ask,
            as_chat=as_chat,
            tokenizer=self.config.tokenizer,
            texts=self._texts() if self.tasks.of_probabilities else None,
            context_tokens=self._context_tokens() if self.tasks.of_probabilities else None,
        )
        # The harness asks git about the working folder. That is not its own, and git's complaint looks like a failure.
        evaluator.get_git_commit_hash = lambda: None
        try:
            results = evaluator.simple_evaluate(
                model,
                tasks=self.tasks.specs,
                task_manager=self.tasks.manager,
                num_fewshot=self.settings.shots,
                limit=self.settings.num_prompts,
                use_cache=self._cache(),
                apply_chat_template=as_chat,
                confirm_run_unsafe_code=self.settings.allow_code,
            )
        except Unanswered as problem:
            saying.say(f"lm-eval: {problem}{engine.failure}; --reuse sends them again", err=True)
            return INTERRUPTED if engine.interrupted else RUN_FAILED
        finally:
            if model.cache_hook.dbdict is not None:
                model.cache_hook.dbdict.close()
        assert results is not None
        self._write({**results, "config": {**results["config"], "model": self.config.model}})
        return DONE

    def _cache(self) -> str | None:
        """The file in which the harness keeps log-probabilities as they arrive. Answers are in the runs' records."""
        if not self.tasks.of_probabilities:
            return None
        path = self.folder.path / "lm_eval"
        path.mkdir(exist_ok=True)
        return str(path / "log_probabilities")

    def _servers(self) -> list[AskedServer]:
        config = self.config
        transport, headers = Transport.of(config), parse_headers(config.header, config.api_key)
        path = config.endpoint or backend_named(config.backend).path
        targets = [resolve(url, transport) for url in config.url or ("http://localhost",)]
        return [
            AskedServer(one, transport, headers, f"{one.scheme}://{one.authority}{one.path(path)}")
            for one in targets
        ]

    def _texts(self) -> Texts:
        return Texts(self._servers(), self.config.concurrency or _AT_ONCE, self.config.timeout_s)

    def _context_tokens(self) -> int | None:
        """The context length in tokens that the server lists for this model; None if it lists none."""
        server = self._servers()[0]
        try:
            found = discover_model(server.target, server.transport, server.headers)
        except (BadInput, CannotRun):
            return None
        return found.context_tokens if found.name == self.config.model else None

    def _write(self, results: dict[str, Any]) -> None:
        from lm_eval.utils import handle_non_serializable, make_table

        def write(content: Any, path: Path) -> None:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(
                json.dumps(content, indent=1, ensure_ascii=False, default=handle_non_serializable), path
            )

        samples = results.pop("samples")
        for name, rows in samples.items():
            write(rows, self.folder.predictions_of(f"{HARNESS_ANSWERS}{file_name(name)}"))
        written = self.folder.results / HARNESS_RESULTS
        write(results, written)
        tables = [make_table(results)]
        if "groups" in results:
            tables.append(make_table(results, "groups"))
        self.folder.summary.mkdir(exist_ok=True)
        write_text("\n".join(tables), self.folder.summary / f"{name_of_now('lm-eval_')}.md")
        for table in tables:
            self.say(table)
        self.say(f"written: {written}")
        self.say(f"folder: {self.folder.path}")


class _Engine:
    """Sends questions through the load engine, except those that an earlier run has an answer to."""

    def __init__(
        self, config: RunConfig, folder: EvaluationFolder, command: list[str], stack: ExitStack, live: bool
    ) -> None:
        self._config = config
        self._folder = folder
        self._command = command
        self._stack = stack
        self._live = live
        self._last: Run | None = None
        self._earlier = self._recorded()

    def ask(self, questions: Sequence[Question], took: Callable[[Mapping[int, Answer]], None]) -> None:
        folder = self._folder.next_run(_RUN)
        asking = Asking(self._config, folder, self._command, self._stack, self._live)
        requests = [_request(one) for one in questions]
        earlier = {
            at: kept.pop()
            for at, request in enumerate(requests)
            if (kept := self._earlier.get(asking.line(request).rstrip("\n")))
        }
        took(earlier)
        missing = [at for at in range(len(requests)) if at not in earlier]
        saying.say(f"lm-eval: {len(missing)} of {len(requests)} requests to send", err=True)
        if missing:
            folder.mkdir(parents=True)
            self._last = asking.ask(
                [requests[at] for at in missing],
                lambda found: took({missing[at]: answer for at, answer in found.items()}),
            )

    def _recorded(self) -> dict[str, list[Answer]]:
        """The answers to each request, by its line in the file of a run. One that is sampled again has several."""
        found: dict[str, list[Answer]] = {}
        for path in sorted(self._folder.runs.glob(f"{_RUN}*/{QUESTIONS}")):
            lines = path.read_text().splitlines()
            for records in path.parent.glob("*/records"):
                for at, answer in Harvest(records.parent).new().items():
                    found.setdefault(lines[at], []).append(answer)
        return found

    @property
    def interrupted(self) -> bool:
        """Whether the user stopped the last run."""
        return self._last is not None and self._last.outcome == "interrupted"

    @property
    def failure(self) -> str:
        """The first failure of the last run, in the server's words; "" if there is none."""
        return first_failure(self._last) if self._last is not None else ""


def _request(question: Question) -> Request:
    """The length limit is taken out of the body: the engine adds it under the API's own name."""
    body = dict(question.body)
    return Request(replace(question, body=body), int(body.pop("max_tokens", _MAX_TOKENS)))
