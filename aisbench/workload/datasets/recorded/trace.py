"""The data sets `trace` and `timed_trace`: replay recorded traffic with the prefixes that its requests shared.

The texts are not recorded, only which blocks of them were equal; see traces.blocks. A later turn of a session holds the
recorded history, not the answers of the server. Lines of sessions that hold only what is new are another matter: see
trace_sessions.

vLLM's `timed_trace` draws blocks by Python's salted hash(), so its prompts differ from run to run and cannot be
reproduced.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from aisbench.backends.backend import Backend
from aisbench.errors import BadInput
from aisbench.workload.cache_hits import Hits
from aisbench.workload.datasets.recorded.trace_sessions import line_session_prompts
from aisbench.workload.files.dataset_files import dataset_file, dataset_path
from aisbench.workload.files.trace_times import MS, S
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.sessions.options import RECORDED
from aisbench.workload.traces.blocks import Blocks
from aisbench.workload.traces.limits import limited
from aisbench.workload.traces.mooncake import BLOCK as MOONCAKE_BLOCK
from aisbench.workload.traces.mooncake_sessions import has_sessions
from aisbench.workload.traces.options import AFTER_PAUSES, ALONE, AT_TIMES, WHOLE
from aisbench.workload.traces.reading import format_of, read_trace
from aisbench.workload.traces.schedule import conversations_of, starts_ns, turn_times
from aisbench.workload.traces.trace import Trace, fit_note

_VLLM_BLOCK = 16


def trace_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """Raises BadInput for a file that is not a trace, or has bad lines."""
    return _replayed(options, backend, MOONCAKE_BLOCK, MS)


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
    kind = format_of(path, options)
    if kind == "mooncake" and options.trace_prompts != WHOLE and has_sessions(path):
        return line_session_prompts(path, options, backend, block, unit_ns)
    return _whole_prompts(path, kind, options, backend, block, unit_ns)


def _whole_prompts(
    path: Path, kind: str, options: WorkloadOptions, backend: Backend, block: int, unit_ns: int
) -> Prompts:
    """The prompts of a trace each of whose requests is a whole prompt."""
    if options.history not in (None, RECORDED):
        raise BadInput(
            f"--history {options.history}: the prompts of a {kind} trace hold the recorded answers; leave it out"
        )
    trace = read_trace(path, kind, options, unit_ns=unit_ns)
    block = options.block_size or trace.block or block
    trace = limited(trace, options)
    recorded = trace.count
    times = turn_times(trace, options)
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
    prompt_blocks = trace.blocks(block)
    notes = [
        f"prompts are sent as token ids of tokenizer {options.tokenizer}: lengths are the trace's"
        if ids_are_sent
        else "prompts are words of a built-in list, one for each token of the trace",
        *_notes(trace, prompt_blocks.hits(), times),
    ]
    if options.count is not None and recorded < options.count:
        notes.append(f"the trace has {recorded} requests, fewer than the {options.count} requested")
    if not options.own_times and trace.one_clock and trace.sessions[0].requests[0].at_ns is not None:
        notes.append("the trace's own times are not used: the options say when requests leave")
    if options.own_times and not trace.one_clock and len(trace.sessions) > 1:
        notes.append(
            "the sessions have no common clock: --concurrency or --rate says when they begin; without them, all begin at once"
        )
    notes += [*trace.notes, *fit_note(trace, block)]
    return Prompts(
        Blocks(options, block, ids_are_sent).prompts(trace),
        trace.count,
        notes,
        arrivals_ns=starts_ns(trace, options),
        conversations=conversations_of(trace, times, options, notes) if trace.has_turns else None,
        rows=trace.rows,
        blocks=prompt_blocks if any(request.blocks for request in trace.requests) else None,
    )


def _notes(trace: Trace, hits: Hits, times: str) -> Iterator[str]:
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
        AFTER_PAUSES: "after a pause from the answers before it",
    }[times]
    yield f"a later turn is sent {when}"
    yield (
        "each prompt is a whole recorded one with the recorded answers in it, so no later turn finds an answer of the "
        f"server in its cache; with the server's own answers it could, up to {trace.answered_tokens} tokens"
    )
