"""AISBench's names of data sets, such as gsm8k_gen_4_shot_cot_chat_prompt, as tasks and data sets of ours."""

from __future__ import annotations

import re
from dataclasses import dataclass

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
}
# Data sets without known answers, for load alone.
LOADS = {"synthetic": "synthetic", "sharegpt": "sharegpt", "mooncake_trace": "trace", "random": "random"}
_SUFFIX = re.compile(r"_(?:gen|ppl|perf)(?:_.*)?$")
_SHOTS = re.compile(r"_(\d+)_?shots?(?:_|$)")


@dataclass(frozen=True)
class DataSetName:
    """`asked`: as the user wrote it. `name`: ours. `shots`: solved examples that the name asks for; None: the task's own."""

    asked: str
    name: str
    shots: int | None = None


def data_set_named(asked: str, *, for_load: bool) -> DataSetName:
    """Raises BadInput, with the nearest name, for an unknown one, and for what has no counterpart here."""
    if "_ppl" in asked:
        raise BadInput(
            f"--datasets {asked}: perplexity tasks run as `aisbench eval --datasets lm-eval:TASK`, on a server with log-probabilities"
        )
    plain = _SUFFIX.sub("", asked.removesuffix(".py").replace("-", "_").lower())
    name = _OTHERS.get(plain, plain)
    shots = _SHOTS.search(asked)
    known = (*TASKS, *LOADS) if for_load else TASKS
    if name not in known:
        if name in LOADS:
            raise BadInput(f"--datasets {asked}: it has no known answers; use it with --mode perf")
        raise BadInput(f"--datasets: {unknown(name, list(known))}")
    return DataSetName(asked, LOADS.get(name, name), int(shots[1]) if shots and name in TASKS else None)
