"""AISBench's names of data sets, such as gsm8k_gen_4_shot_cot_chat_prompt, as tasks and data sets of ours."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aisbench.accuracy.tasks.bfcl import CATEGORIES
from aisbench.accuracy.tasks.registry import NAMES as TASKS
from aisbench.errors import BadInput
from aisbench.options.checks import unknown

# Names that differ from ours. The others are ours with a suffix, or with another case or hyphens.
_OTHERS = {
    "arc_challenge": "arc_c",
    "arc_easy": "arc_e",
    "superglue_boolq": "boolq",
    "gpqa_diamond": "gpqa",
    "math_500": "math500",
    "custom_mcq": "mcq",
    "custom_qa": "qa",
    "demo_gsm8k": "gsm8k",
    "math_prm800k_500": "math500",
    "mbpp_passk": "mbpp",
}
# Data sets without known answers, for load alone.
LOADS = {"synthetic": "synthetic", "sharegpt": "sharegpt", "mooncake_trace": "trace", "random": "random"}
_JUDGED = re.compile(r"_llm_?judge(?:_|$)", re.IGNORECASE)
_SHOTS = re.compile(r"_(\d+)_?shots?(?:_|$)")
_SUFFIX = re.compile(rf"(?:{_SHOTS.pattern}|_(?:gen|ppl|perf)(?:_|$)).*")

# The solved examples of AISBench's NAME_gen; the others have none.
_GEN_SHOTS = {"gsm8k": 4, "mmlu": 5, "ceval": 5, "bbh": 3}

# Names of a part of a data set: of which, and the file that holds it, with the part's name for *.
_PARTS = (
    (re.compile(r"race_(high|middle)"), "race", "race/test/*.jsonl"),
    (re.compile(r"longbench_(\w+)"), "longbench", "longbench/data/*.jsonl"),
    (re.compile(r"(sanitized)_mbpp(?:_passk)?"), "mbpp", "mbpp/*-mbpp.json"),
)
# Where the file's name differs from AISBench's name of the part.
_FILES = {"repobench": "repobench-p"}
# As in BFCL_gen_live_simple.
_CATEGORY = re.compile(r"_gen_(\w+)")
# AISBench's groups of categories.
_GROUPS = ("all", "single_turn", "live", "non_live")


@dataclass(frozen=True)
class DataSetName:
    """`asked`: as the user wrote it. `name`: ours. `shots`: solved examples that the name asks for; None: the task's own.

    `options`: what else the name asks of a load. `by_judge`: AISBench lets a judge score it.
    """

    asked: str
    name: str
    shots: int | None = None
    options: tuple[str, ...] = ()
    by_judge: bool = False

    @property
    def has_answers(self) -> bool:
        return self.name in TASKS


def data_set_named(asked: str, *, for_load: bool) -> DataSetName:
    """Raises BadInput, with the nearest name, for an unknown one, and for what has no counterpart here."""
    if "_ppl" in asked:
        raise BadInput(
            f"--datasets {asked}: perplexity tasks run as `aisbench eval --datasets lm-eval:TASK`, on a server with log-probabilities"
        )
    plain = _SUFFIX.sub("", asked.removesuffix(".py").replace("-", "_").lower())
    name = _OTHERS.get(plain, plain)
    _refuse_parts(asked, plain)
    shots = _shots(asked, name)
    known = (*TASKS, *LOADS) if for_load else TASKS
    if name not in known:
        if name in LOADS:
            raise BadInput(f"--datasets {asked}: it has no known answers; use it with --mode perf")
        raise BadInput(f"--datasets: {unknown(name, list(known))}")
    if name == "bfcl" and (category := _CATEGORY.search(asked)):
        _refuse_category(asked, category[1])
    return DataSetName(
        asked,
        LOADS.get(name, name),
        shots if name in TASKS else None,
        ("--synthetic-kind", "tokenid") if name == "synthetic" and "tokenid" in asked else (),
        by_judge=bool(_JUDGED.search(asked)),
    )


def _shots(asked: str, name: str) -> int | None:
    if found := _SHOTS.search(asked):
        return int(found[1])
    return _GEN_SHOTS.get(name) if asked.removesuffix(".py").endswith("_gen") else None


def _refuse_parts(asked: str, plain: str) -> None:
    for pattern, whole, file in _PARTS:
        if match := pattern.fullmatch(plain):
            part = _FILES.get(match[1], match[1])
            raise BadInput(
                f"--datasets {asked}: it is a part of {whole}; name its file: "
                f"--datasets {whole} --dataset-path {file.replace('*', part)}"
            )


def _refuse_category(asked: str, category: str) -> None:
    if category not in (*CATEGORIES, *_GROUPS):
        raise BadInput(f"--datasets {asked}: bfcl has no {category} here; it has {', '.join(CATEGORIES)}")
    raise BadInput(
        f"--datasets {asked}: bfcl is asked with all categories; for one of them, name its file: "
        f"--datasets bfcl --dataset-path bfcl/BFCL_v3_{'simple' if category in _GROUPS else category}.json"
    )
