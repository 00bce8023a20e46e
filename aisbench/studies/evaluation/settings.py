"""The settings of an evaluation, in addition to the options of its runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from aisbench.errors import BadInput
from aisbench.options.checks import whole
from aisbench.options.option import JSON, ListOf, check_values, option
from aisbench.workload.request_options import check_extra_body, check_omitted

SECTION = "Evaluation"
# The default of --dataset-path.
DEFAULT_PATH = "datasets"
_ASKING = ("all", "infer", "infer_judge")
_JUDGING = ("judge", "infer_judge")
_SCORING = ("all", "eval", "viz")
_MODES = ("all", "infer", "eval", "viz", "judge", "infer_judge")
# Room for a judge that reasons before its verdict.
_JUDGE_TOKENS = 2048
_option = partial(option, section=SECTION)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`datasets`: names of tasks. `path`: their file or folder. `samples`: how many answers to ask for per question.

    `mode`: infer (ask), eval or viz (score existing answers and write the summary), all (both, and judge them if there
    is a judge), judge (score existing answers by the verdicts of a second model), infer_judge (ask, then judge).
    """

    datasets: tuple[str, ...] = _option(
        "--datasets",
        default=(),
        kind=ListOf(str),
        metavar="NAMES",
        help="Tasks, separated by commas; `aisbench datasets` lists them. lm-eval:NAMES for lm-evaluation-harness.",
    )
    path: str | None = _option(
        "--dataset-path",
        metavar="PATH",
        help="File or folder with the data sets. Default: datasets, in the working folder.",
    )
    include_path: str | None = _option(
        "--include-path",
        metavar="DIR",
        help="Folder with more task files for lm-evaluation-harness.",
    )
    num_prompts: int | None = _option(
        "--num-prompts",
        check=whole(1),
        metavar="N",
        help="Ask only the first N questions of each data set.",
    )
    shots: int | None = _option(
        "--shots",
        check=whole(0),
        metavar="N",
        help="Solved examples before each question. Default: set by the task.",
    )
    samples: int = _option(
        "--n",
        default=1,
        check=whole(1),
        metavar="N",
        help="Answers to each question; above 1, give a --temperature above 0.",
    )
    mode: str = _option(
        "--mode",
        default="all",
        words=_MODES,
        help="infer only asks; eval and viz score existing answers and write the summary; all does both, and lets the judge score "
        "them if there is one. judge lets a second model score existing answers; infer_judge asks, then judges.",
    )
    dump_eval_details: bool = _option(
        "--dump-eval-details",
        default=False,
        help="Keep for each answer what was extracted and whether it is right.",
    )
    dump_extract_rate: bool = _option(
        "--dump-extract-rate",
        default=False,
        help="Show the share of answers in which an answer was found.",
    )
    merge_ds: bool = _option(
        "--merge-ds",
        default=False,
        help="Ask the questions of all data sets in one run.",
    )
    allow_code: bool = _option(
        "--allow-code",
        default=False,
        help="Allow tasks that are scored by running code that the model wrote.",
    )

    judge_url: str | None = _option(
        "--judge-url",
        metavar="URL",
        help="Server of the judge, the model that scores answers: http://host:port or https://host. It needs v1/chat/completions.",
        secret=True,
    )
    judge_model: str | None = _option(
        "--judge-model",
        metavar="NAME",
        help="Name of the judge in the requests. Default: the first that its server lists.",
    )
    judge_prompt: str | None = _option(
        "--judge-prompt",
        metavar="FILE",
        help="Template of the judge's prompt, with {question}, {prediction} and {reference}. Default: one of our own.",
    )
    judge_api_key: str | None = _option(
        "--judge-api-key",
        metavar="KEY",
        help="Sent to the judge as a bearer token. [env: AISBENCH_JUDGE_API_KEY]",
        secret=True,
    )
    judge_output_len: int = _option(
        "--judge-output-len",
        default=_JUDGE_TOKENS,
        check=whole(1),
        metavar="N",
        help="Length limit of the judge's answers, its reasoning included, in tokens.",
    )
    judge_extra_body: Mapping[str, Any] | None = _option(
        "--judge-extra-body",
        kind=JSON,
        check=check_extra_body,
        metavar="JSON",
        help="Merged into every request to the judge.",
    )
    judge_omit_field: tuple[str, ...] = _option(
        "--judge-omit-field",
        default=(),
        repeated=True,
        check=check_omitted,
        metavar="NAME",
        help="Field to leave out of every request to the judge, for servers that refuse it (temperature, ...). Repeat for several.",
    )

    @property
    def asks(self) -> bool:
        """True if questions are sent to the model under test."""
        return self.mode in _ASKING

    @property
    def judges(self) -> bool:
        """True if a judge scores the answers."""
        return self.mode in _JUDGING or (self.mode == "all" and self.judge_url is not None)

    @property
    def scores(self) -> bool:
        """True if the tasks' own rules score the answers."""
        return self.mode in _SCORING

    def check(self) -> None:
        """Raises BadInput for the first option whose value does not fit."""
        check_values(self)
        if self.judges and self.judge_url is None:
            raise BadInput(
                f"--mode {self.mode} needs a judge; give its server, such as --judge-url http://host:8000"
            )
        if self.mode == "all" and self.judge_url is None:
            for flag, value in (("--judge-model", self.judge_model), ("--judge-prompt", self.judge_prompt)):
                if value is not None:
                    raise BadInput(
                        f"{flag} needs the judge's server; give it, such as --judge-url http://host:8000"
                    )
