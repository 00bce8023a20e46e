"""The `conversations` data set: turns that wait for the previous answer, over a growing history.

The file is a JSON list or JSON lines. Each conversation has its turns under "conversations" (ShareGPT's
"from" and "value"), "messages" ("role" and "content") or "turns" (texts of the user, or objects with "prompt"
and "answer"). A user's message may also have "output_tokens" and "think_s".

Without a file, conversations are random words. Each turn contains all that was said before it, with the server's own
answers, which are inserted during the run, or, with --history recorded, those of the file.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from aisbench.backends.backend import Backend
from aisbench.backends.prompt import ANSWER, Prompt
from aisbench.errors import BadInput
from aisbench.workload.dataset_options import DEFAULT_COUNT
from aisbench.workload.datasets.generated.random import OUTPUT_LEN
from aisbench.workload.files.conversation_files import Conversation, Turn, read_conversations
from aisbench.workload.files.dataset_files import dataset_file
from aisbench.workload.messages import as_text
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Conversations, Prompts
from aisbench.workload.tokens.token_counts import TokenCounter
from aisbench.workload.tokens.words import WORDS

_TURNS, _TURN_LEN = 3, 256
S = 1e9


def conversation_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """Raises BadInput for bad files, and for backends that generate nothing."""
    if not backend.generates:
        raise BadInput(
            f"--dataset conversations: {backend.family} generates no answers to continue from; "
            "use --backend openai-chat"
        )
    if options.dataset_path is None:
        if options.history == "recorded":
            raise BadInput("--history recorded needs --dataset-path with recorded conversations")
        source, rows = _random_conversations(options), None
        counter = TokenCounter(options)
        notes = ["no --dataset-path was given: conversations are words of a built-in list", counter.note]
    else:
        path = dataset_file(options, "conversations (JSON, or JSON lines)")
        recorded = read_conversations(path, options)
        source, rows = iter(recorded.conversations), recorded.bad.facts()
        counter = TokenCounter(options)
        notes = [counter.note, *recorded.notes()]
    kept = chosen(source, options)
    if options.history != "recorded":
        notes.append("input lengths are estimates: the server's own answers become part of later turns")
    first = np.cumsum([0, *(len(one.turns) for one in kept)], dtype=np.int64)
    turns = [turn for one in kept for turn in one.turns]
    think_ns = np.array([round(think_s(turn, options) * S) for turn in turns], dtype=np.int64)
    notes.append(f"{len(kept)} conversations with {len(turns)} turns in all")
    if options.count is not None and len(turns) < options.count:
        notes.append(f"the file has fewer turns than the {options.count} requested")
    return Prompts(
        (prompt for one in kept for prompt in _prompts_of(one, counter, options)),
        len(turns),
        notes,
        conversations=Conversations(first, think_ns),
        ignores_eos=options.dataset_path is None,
        rows=rows,
    )


def think_s(turn: Turn, options: WorkloadOptions) -> float:
    return turn.think_s if options.think_time_s is None else options.think_time_s


def _random_conversations(options: WorkloadOptions) -> Iterator[Conversation]:
    """Enough conversations for --num-requests; every turn has --input-len new words."""
    generator = np.random.default_rng(options.seed)
    words = np.array(WORDS, dtype=object)
    length = _TURN_LEN if options.input_len is None else options.input_len
    if length < 1:
        raise BadInput("--input-len 0 leaves turns empty; give at least 1")
    output = OUTPUT_LEN if options.output_len is None else options.output_len
    for _ in range(options.count or DEFAULT_COUNT):
        drawn = words[generator.integers(0, len(words), size=(options.turns or _TURNS, length))]
        yield Conversation(None, tuple(Turn(" ".join(row), None, output, 0.0) for row in drawn.tolist()))


def chosen(source: Iterator[Conversation], options: WorkloadOptions) -> list[Conversation]:
    """Conversations of at most --turns turns each and --num-requests turns in all; the last is cut to fit."""
    kept: list[Conversation] = []
    left = options.count or (DEFAULT_COUNT if options.dataset_path is None else None)
    for one in source:
        most = min(len(one.turns), options.turns or len(one.turns), left or len(one.turns))
        kept.append(Conversation(one.system, one.turns[:most]))
        if left is not None:
            left -= most
            if left == 0:
                break
    return kept


def _prompts_of(one: Conversation, counter: TokenCounter, options: WorkloadOptions) -> Iterator[Prompt]:
    """A prompt for each turn; its length counts recorded answers, as the server's own are not known yet."""
    asked = counter.counts([turn.user for turn in one.turns])
    answered = counter.counts([turn.answer or "" for turn in one.turns], special=False)
    known = counter.count(one.system, special=False) if one.system else 0
    messages: list[dict[str, str]] = [{"role": "system", "content": one.system}] if one.system else []
    for i, turn in enumerate(one.turns):
        messages.append({"role": "user", "content": turn.user})
        known += asked[i]
        output = turn.output_tokens or options.output_len
        if output is None and turn.answer:
            output = max(1, answered[i])
        yield Prompt(as_text(messages), known, output, messages=tuple(messages))
        said = turn.answer if options.history == "recorded" else ANSWER
        messages.append({"role": "assistant", "content": said or ""})
        known += answered[i] if turn.answer else output or 0
