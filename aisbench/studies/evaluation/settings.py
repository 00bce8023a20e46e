"""The settings of an evaluation, in addition to the options of its runs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from aisbench.options.checks import whole
from aisbench.options.option import ListOf, check_values, option

SECTION = "Evaluation"
# The default of --dataset-path.
DEFAULT_PATH = "datasets"
_MODES = ("all", "infer", "eval", "viz")
_option = partial(option, section=SECTION)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`datasets`: names of tasks. `path`: their file or folder. `samples`: how many answers to ask for per question.

    `mode`: infer (ask), eval or viz (score existing answers and write the summary), all (both).
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
        help="infer only asks; eval and viz score existing answers and write the summary; all does both.",
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

    def check(self) -> None:
        """Raises BadInput for the first option whose value does not fit."""
        check_values(self)
