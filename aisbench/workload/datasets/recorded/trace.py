"""The data sets `trace` and `timed_trace`: replay recorded traffic with the prefixes that its requests shared.

The texts are not recorded, only which blocks of them were equal; see traces.blocks. A later turn of a session holds the
recorded history, not the answers of the server.

vLLM's `timed_trace` draws blocks by Python's salted hash(), so its prompts differ from run to run and cannot be
reproduced.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from aisbench.backends.backend import Backend
from aisbench.errors import BadInput
from aisbench.workload.files.dataset_files import dataset_file, dataset_path
from aisbench.workload.files.trace_times import MS, S
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Conversations, Prompts
from aisbench.workload.traces.blocks import Blocks
from aisbench.workload.traces.options import AFTER_PAUSES, ALONE, AT_TIMES
from aisbench.workload.traces.reading import read_trace
from aisbench.workload.traces.trace import Trace, fit_note, sped_up

_MOONCAKE_BLOCK, _VLLM_BLOCK = 512, 16


def trace_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """Raises BadInput for a file that is not a trace, or has bad lines."""
    return _replayed(options, backend, _MOONCAKE_BLOCK, MS)


def timed_trace_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """The same with vLLM's defaults: blocks of 16 tokens, times in seconds."""
    return _replayed(options, backend, _VLLM_BLOCK, S)


def _replayed(options: WorkloadOptions, backend: Backend, block: int, unit_ns: int) -> Prompts:
    wanted = "a trace (JSON of Mooncake, Bailian or Weka, CSV of Azure or BurstGPT)"
    path = dataset_path(options, wanted)
    if not path.is_dir():
        path = dataset_file(options, wanted)
    if options.token_ids and not backend.takes_token_ids:
        raise BadInput(
            f"--token-ids: {backend.family} takes no token ids; use --backend openai (v1/completions)"
        )
    if options.token_ids and options.tokenizer is None:
        raise BadInput("--token-ids needs a vocabulary; give one with --tokenizer")
    trace = read_trace(path, options, unit_ns=unit_ns)
    block = options.block_size or trace.block or block
    notes, lacking = [*trace.notes], trace.count
    times = _turn_times(trace, options)
    if times == ALONE:
        trace = trace.alone()
    if options.speedup != 1.0 and not options.own_times and not trace.has_turns:
        raise BadInput(
            "--speedup divides a trace's own times, which --rate (or --stress, --burst, ...) replaces; "
            "leave one of them out"
        )
    if options.count is not None:
        trace = trace.first(options.count)
    ids_are_sent = options.tokenizer is not None and backend.takes_token_ids
    blocks = Blocks(options, block, ids_are_sent)
    return Prompts(
        blocks.prompts(trace),
        trace.count,
        [
            f"prompts are sent as token ids of tokenizer {options.tokenizer}: lengths are the trace's"
            if ids_are_sent
            else "prompts are words of a built-in list, one for each token of the trace",
            *_notes(trace, block, times),
            *(
                [f"the trace has {lacking} requests, fewer than the {options.count} requested"]
                if options.count is not None and lacking < options.count
                else ()
            ),
            *(
                ["the trace's own times are not used: the options say when requests leave"]
                if not options.own_times
                and trace.one_clock
                and trace.sessions[0].requests[0].at_ns is not None
                else ()
            ),
            *notes,
            *fit_note(trace, block),
        ],
        arrivals_ns=_arrivals(trace, options),
        conversations=_conversations(trace, times, options) if trace.has_turns else None,
        rows=trace.rows,
    )


def _turn_times(trace: Trace, options: WorkloadOptions) -> str:
    """When later turns are sent; raises BadInput for what the trace does not say."""
    wanted = options.turn_times
    if wanted is None:
        return AT_TIMES if trace.one_clock else AFTER_PAUSES
    if not trace.has_turns:
        return wanted
    if wanted == ALONE and not trace.one_clock:
        raise BadInput(
            f"--turn-times alone: every session of a {trace.format} trace has a clock of its own; give recorded or pauses"
        )
    if wanted == AFTER_PAUSES and all(request.pause_ns is None for request in trace.requests):
        raise BadInput(
            f"--turn-times pauses: a {trace.format} trace does not say when answers ended; give recorded or alone"
        )
    if wanted == AT_TIMES and not trace.has_times:
        raise BadInput("--turn-times recorded needs a trace with times")
    return wanted


def _notes(trace: Trace, block: int, times: str) -> Iterator[str]:
    hits = trace.hits(block)
    shared, total = int(hits.tokens.sum()), int(hits.prompt_tokens.sum())
    sessions = f"{len(trace.sessions)} sessions with " if trace.has_turns else ""
    yield (
        f"trace of {sessions}{trace.count} requests ({trace.format}): {shared} of {total} input tokens "
        f"({shared / total:.1%}) repeat the prefix of an earlier request"
    )
    if not trace.has_turns:
        return
    when = {
        AT_TIMES: "at its recorded time, or when the answers before it have come, if that is later",
        AFTER_PAUSES: "after the recorded pause from the answers before it",
    }[times]
    yield f"a later turn is sent {when}"
    answered = {
        (number, one)
        for number, session in enumerate(trace.sessions)
        for request in session.requests
        for one in request.after
    }
    tokens = sum(trace.sessions[number].requests[one].output_tokens for number, one in answered)
    yield (
        "each prompt is a whole recorded one with the recorded answers in it, so no later turn finds an answer of the "
        f"server in its cache; with the server's own answers it could, up to {tokens} tokens"
    )


def _arrivals(trace: Trace, options: WorkloadOptions) -> NDArray[np.int64] | None:
    """When each request is due; those of a session, when the session is."""
    if not options.own_times or not trace.one_clock:
        return None
    return np.repeat(trace.starts_ns(options.speedup), [len(one.requests) for one in trace.sessions])


def _conversations(trace: Trace, times: str, options: WorkloadOptions) -> Conversations:
    first = np.cumsum([0, *(len(one.requests) for one in trace.sessions)], dtype=np.int64)
    requests = list(trace.requests)
    after_first = np.cumsum([0, *(len(one.after) for one in requests)], dtype=np.int64)
    after = np.fromiter(chain.from_iterable(one.after for one in requests), np.int64, count=after_first[-1])
    nothing = np.zeros(len(requests), dtype=np.int64)
    pauses = (
        nothing if times == AT_TIMES else sped_up([one.pause_ns or 0 for one in requests], options.speedup)
    )
    # No body repeats an answer, so a failed turn stops nothing.
    return Conversations(
        first,
        pauses,
        after_first=after_first,
        after=after,
        fills_first=np.zeros(len(requests) + 1, dtype=np.int64),
        fills=np.zeros(0, dtype=np.int64),
        not_before_ns=_since_start(trace, options) if times == AT_TIMES else None,
    )


def _since_start(trace: Trace, options: WorkloadOptions) -> NDArray[np.int64]:
    """When each request was sent, in ns from the first of its session."""
    since = [
        (one.at_ns or 0) - (session.requests[0].at_ns or 0)
        for session in trace.sessions
        for one in session.requests
    ]
    return np.maximum(0, sped_up(since, options.speedup))
