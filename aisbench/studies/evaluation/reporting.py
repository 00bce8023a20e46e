"""Writes the results, the summary and the page of an evaluation, and prints its table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aisbench.studies.evaluation.folder import EvaluationFolder
from aisbench.studies.evaluation.judge.remarks import judge_remarks
from aisbench.studies.evaluation.page import write_page
from aisbench.studies.evaluation.predictions import Place
from aisbench.studies.evaluation.results import Result
from aisbench.studies.evaluation.settings import Settings
from aisbench.studies.evaluation.summary import printed, write_summary


def report(
    folder: EvaluationFolder,
    settings: Settings,
    model: str,
    results: Sequence[Result],
    prompts: Mapping[str, Mapping[Place, Any]],
    say: Callable[[str], None],
) -> None:
    """`prompts`: by data set, what was asked at each place. `say` gets what is printed."""
    contents = [(result.name, result.content(prompts[result.name])) for result in results]
    for name, content in contents:
        left_out = () if settings.dump_eval_details else ("details",)
        kept = {key: value for key, value in content.items() if key not in left_out}
        folder.write(kept, folder.results / f"{name}.json")
    write_page(folder.page, f"Accuracy of {model}", contents)
    say(printed(results, extract_rate=settings.dump_extract_rate))
    for name, content in contents:
        for line in judge_remarks(content):
            say(f"{name}: {line}")
    if folder.part is None:
        say(f"written: {write_summary(folder, results, extract_rate=settings.dump_extract_rate)}")
    say(f"page: {folder.page}")
