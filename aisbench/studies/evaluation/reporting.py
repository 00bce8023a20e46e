"""Writes the results, the summary and the page of an evaluation, and prints its table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from aisbench.studies.evaluation.folder import EvaluationFolder, read_object
from aisbench.studies.evaluation.judge.remarks import judge_remarks
from aisbench.studies.evaluation.page import write_page
from aisbench.studies.evaluation.predictions import Place
from aisbench.studies.evaluation.result_file import ResultFile, answers_of
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
    """`prompts`: by data set, what was asked at each place. `say` gets what is printed.

    A data set's scores by rules and by a judge have a file each. Those of an earlier scoring are shown beside the new.
    """
    found = {
        (result.name, result.judge is not None): result.content(prompts[result.name]) for result in results
    }
    for (name, judged), content in found.items():
        left_out = () if settings.dump_eval_details else ("details",)
        kept = {key: value for key, value in content.items() if key not in left_out}
        folder.write(kept, folder.results_of(name, judged=judged))
    contents = []
    for name in dict.fromkeys(result.name for result in results):
        for judged in (False, True):
            if (name, judged) in found:
                contents.append((name, found[name, judged]))
            elif (path := folder.results_of(name, judged=judged)).is_file():
                earlier = cast(ResultFile, read_object(path))
                contents.append((name, earlier))
                if (answers := answers_of(earlier)) != (now := answers_of(found[name, not judged])):
                    say(
                        f"{name}: the score {earlier.get('metric')} is of an earlier scoring, of {answers:,} answers "
                        f"instead of {now:,}; score again to renew it"
                    )
    write_page(folder.page, f"Accuracy of {model}", contents)
    say(printed(contents, extract_rate=settings.dump_extract_rate))
    for name, content in contents:
        for line in judge_remarks(content):
            say(f"{name}: {line}")
    if folder.part is None:
        say(f"written: {write_summary(folder, contents, extract_rate=settings.dump_extract_rate)}")
    say(f"page: {folder.page}")
