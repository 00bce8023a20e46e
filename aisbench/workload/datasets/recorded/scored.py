"""Tasks with known answers as data sets: `--dataset gsm8k` and the like."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np

from aisbench.accuracy.question import Question
from aisbench.accuracy.task import Source, Task
from aisbench.accuracy.tasks.registry import task_named
from aisbench.backends.backend import Backend
from aisbench.backends.prompt import Prompt
from aisbench.errors import BadInput
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.tokens.token_counts import TokenCounter


def scored_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """The questions from --first-question on, repeated if more are requested; raises BadInput where they cannot be read.

    Their order is that of the files, or drawn if there is a --question-seed.
    """
    task = task_named(options.dataset)
    if not options.dataset_path:
        raise BadInput(f"--dataset {options.dataset} needs --dataset-path with {' or '.join(task.files)}")
    questions = task.read(Source(Path(options.dataset_path).expanduser(), options.shots))
    if options.question_seed is not None:
        order = np.random.default_rng(options.question_seed).permutation(len(questions))
        questions = [questions[at] for at in order]
    first = options.first_question % len(questions)
    questions = [*questions[first:], *questions[:first]]
    count = options.count or len(questions)
    counter = TokenCounter(options)
    tokens = counter.counts([question.prompt for question in questions[:count]])
    notes = [counter.note]
    if count > len(questions):
        notes.append(f"the {len(questions):,} questions of {task.name} are asked more than once")
    return Prompts(
        _prompts(task, questions, tokens, count, options),
        count,
        notes,
        questions=[asdict(question) for question in questions[:count]],
    )


def _prompts(
    task: Task, questions: list[Question], tokens: list[int], count: int, options: WorkloadOptions
) -> Iterator[Prompt]:
    for at in range(count):
        question = questions[at % len(questions)]
        yield Prompt(
            question.prompt,
            tokens[at % len(questions)],
            options.output_len or task.max_tokens,
            messages=question.messages,
            fields=question.body,
        )
