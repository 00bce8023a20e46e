"""Run folders made of known truth, in the core's own file formats."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench._native.memory.histogram import HISTOGRAM_FIELDS, HISTOGRAMS
from aisbench._native.memory.recorder import (
    ERRORS,
    ROW_FIELDS,
    ROWS_HEADER_BYTES,
    ROWS_HEADER_FIELDS,
    ROWS_MAGIC,
    STATUSES,
)

MS = 1_000_000
SECOND = 1_000_000_000
START_NS = 5_000 * SECOND

Numbers = Sequence[float] | NDArray[Any]


def empty_rows(count: int) -> np.ndarray:
    """Rows as the core begins them."""
    rows = np.zeros(count, np.dtype(ROW_FIELDS))
    rows["slot"] = np.arange(count)
    rows["prompt_tokens"] = rows["output_tokens"] = rows["cached_tokens"] = rows["conversation"] = -1
    rows["token_log_at"] = rows["text_log_at"] = -1
    rows["attempts"] = 1
    return rows


def made_rows(
    planned_ms: Numbers,
    *,
    lag_ms: float | Numbers = 0.1,
    ttft_ms: float | Numbers = 50.0,
    itl_ms: float | Numbers = 10.0,
    tokens: int | Sequence[int] | NDArray[Any] = 8,
    prompt_tokens: int = 100,
) -> np.ndarray:
    """Succeeded requests with evenly spaced tokens; times are ms since the start."""
    planned = np.asarray(planned_ms, float)
    rows = empty_rows(len(planned))
    sent = planned + lag_ms
    first = sent + ttft_ms
    last = first + np.asarray(itl_ms) * (np.asarray(tokens) - 1)
    for name, values in (
        ("planned_ns", planned),
        ("taken_ns", planned),
        ("sent_ns", sent),
        ("send_returned_ns", sent + 0.02),
        ("first_byte_ns", first),
        ("first_chunk_ns", first),
        ("first_token_ns", first),
        ("first_token_low_ns", first),
        ("first_token_seen_ns", first + 0.3),
        ("first_answer_ns", first),
        ("last_token_ns", last),
        ("done_ns", last + 0.5),
    ):
        rows[name] = START_NS + np.rint(values * MS).astype(np.int64)
    rows["client_delay_max_ns"] = 300_000
    rows["prompt_tokens"] = prompt_tokens
    rows["output_tokens"] = rows["content_events"] = tokens
    rows["events"] = rows["content_events"] + 1
    rows["reads"] = rows["content_events"]
    rows["http_status"] = 200
    rows["reused"] = 1
    rows["finish"] = 2
    rows["status"] = STATUSES.index("ok")
    return rows


def fail(rows: np.ndarray, index: Any, error: str, *, http_status: int = 200) -> None:
    """Turns rows of `index` into failures before their first token."""
    for name in (
        "first_chunk_ns",
        "first_token_ns",
        "first_token_low_ns",
        "first_token_seen_ns",
        "last_token_ns",
    ):
        rows[name][index] = 0
    rows["output_tokens"][index] = -1
    rows["content_events"][index] = 0
    rows["status"][index] = STATUSES.index("failed")
    rows["error"][index] = ERRORS.index(error)
    rows["http_status"][index] = http_status


def drop(rows: np.ndarray, index: Any) -> None:
    """Turns rows of `index` into requests that were never sent, as too late."""
    fail(rows, index, "none", http_status=0)
    for name in ("sent_ns", "send_returned_ns", "first_byte_ns", "done_ns", "events", "reads"):
        rows[name][index] = 0
    rows["status"][index] = STATUSES.index("dropped")


def gaps_of(rows: np.ndarray) -> list[np.ndarray]:
    """Each row's token gaps (ns), evenly spaced between its first and its last token."""
    found = []
    for row in rows:
        count = int(row["content_events"])
        moments = np.rint(np.linspace(row["first_token_ns"], row["last_token_ns"], max(count, 1)))
        found.append(np.diff(moments).astype(np.int64) if count > 1 else np.empty(0, np.int64))
    return found


def histogram_record(values_ns: np.ndarray) -> np.ndarray:
    """One record of HISTOGRAM_FIELDS, filled by plain arithmetic rather than by the core."""
    record = np.zeros(1, np.dtype(HISTOGRAM_FIELDS))
    if len(values_ns) == 0:
        return record
    values = np.asarray(values_ns, np.int64)
    shift = np.maximum(0, np.frexp(values.astype(float))[1] - 11)
    record["count"], record["sum_ns"] = len(values), values.sum()
    record["min_ns"], record["max_ns"] = values.min(), values.max()
    record["sum_squares"] = np.sum(values.astype(float) ** 2)
    buckets = record["buckets"][0]
    np.add.at(buckets, shift * 1024 + (values >> shift), 1)
    return record


def base_config(**changes: Any) -> dict[str, Any]:
    config: dict[str, Any] = {
        "url": "http://127.0.0.1:8000",
        "backend": "openai",
        "endpoint": "/v1/completions",
        "model": "made-up",
        "tokenizer": None,
        "rate": "inf",
        "burstiness": 1.0,
        "arrival": "inf",
        "ramp_up": None,
        "concurrency": None,
        "num_requests": None,
        "duration_s": None,
        "warmup": 0,
        "workers": 1,
        "seed": 0,
        "late": "catch-up",
        "dataset": "random",
        "input_len": 100,
        "output_len": 8,
        "ttft_at": "content",
        "goodput": None,
        "percentiles": [75, 90, 95, 99],
        "percentile_metrics": ["ttft", "tpot", "itl"],
        "label": None,
        "metadata": {},
        "save_token_times": False,
        "save_outputs": False,
        "save_detailed": False,
    }
    return config | changes


def worker_figures(worker: int, reads: int, wall_ns: int) -> dict[str, Any]:
    return {
        "worker": worker,
        "pid": 4000 + worker,
        "cpu_ns": int(0.3 * wall_ns),
        "wall_ns": wall_ns,
        "runqueue_wait_ns": int(0.001 * wall_ns),
        "reads": reads,
        "reads_stamped": reads,
        "stale_retries": 0,
        "clock_steps": 0,
        "largest_clock_step_ns": 0,
        "peak_rss_bytes": 50_000_000,
        "rest_ns": MS,
        "reader": "epoll",
        "io_uring_refused": None,
        "died": None,
    }


def write_run(
    folder: Path,
    rows: np.ndarray,
    *,
    config: dict[str, Any] | None = None,
    workers: int = 1,
    token_times: bool = False,
    texts: Sequence[tuple[str, str]] | None = None,
    client_delay_ns: np.ndarray | None = None,
    merge_window_ns: np.ndarray | None = None,
    worker_changes: dict[str, Any] | None = None,
    gaps: Sequence[np.ndarray] | None = None,
    asked_input: Sequence[int] = (100,),
    asked_output: Sequence[int] = (-1,),
    spare_rows: int = 7,
    forget: Sequence[str] = (),
    **info_changes: Any,
) -> Path:
    """Writes a run folder of `rows` (dealt to `workers` in turn) and returns it.

    `gaps` are the rows' token gaps, by default `gaps_of(rows)`; `asked_input` and `asked_output` the planned
    lengths by slot (-1: no most tokens were asked for). Files have `spare_rows` unused rows at
    their end, as mapped files do while they grow. `forget`
    names what run.json lacks, as after a crash.
    """
    records = folder / "records"
    records.mkdir(parents=True)
    rows = rows.copy()
    gaps = gaps_of(rows) if gaps is None else gaps
    delays = np.full(len(rows), 200_000) if client_delay_ns is None else client_delay_ns
    windows = np.empty(0, np.int64) if merge_window_ns is None else merge_window_ns
    figures = []
    end_ns = int(rows["done_ns"].max(initial=START_NS))
    for worker in range(workers):
        mine = np.arange(len(rows)) % workers == worker
        part = rows[mine]
        part_gaps = [gap for gap, own in zip(gaps, mine, strict=True) if own]
        if token_times:
            write_token_log(records / f"tokens-{worker}.bin", part, part_gaps)
        if texts is not None:
            write_text_log(
                records / f"text-{worker}.bin", part, [t for t, own in zip(texts, mine, strict=True) if own]
            )
        write_rows(records / f"rows-{worker}.bin", part, spare_rows)
        write_flow(records / f"flow-{worker}.bin", part, part_gaps)
        first = worker == 0
        sent = part[part["sent_ns"] > 0]
        live = sent[sent["first_token_ns"] > 0]
        values = {
            "itl": np.concatenate([np.empty(0, np.int64), *part_gaps]),
            "client_delay": delays[mine] if len(delays) == len(rows) else delays[: len(delays) * first],
            "ttft": live["first_token_ns"] - live["sent_ns"],
            "merge_window": windows[: len(windows) * first],
            "schedule_lag": sent["sent_ns"] - sent["planned_ns"],
        }
        data = b"".join(histogram_record(values[name]).tobytes() for name in HISTOGRAMS)
        (records / f"hist-{worker}.bin").write_bytes(data)
        changes = (worker_changes or {}) if first else {}
        figures.append(worker_figures(worker, int(part["reads"].sum()), max(1, end_ns - START_NS)) | changes)
    np.save(records / "prompt_tokens.npy", np.array(asked_input, np.int32))
    np.save(records / "max_tokens.npy", np.array(asked_output, np.int32))
    info: dict[str, Any] = {
        "schema": 1,
        "version": "0.1.0",
        "command": ["aisbench-load", "--rate", "50"],
        "date": "2026-11-23T14:00:00+00:00",
        "config": config or base_config(),
        "simulator": False,
        "start_ns": START_NS,
        "sending_ended_ns": int(rows["sent_ns"].max(initial=START_NS)),
        "end_ns": end_ns,
        "outcome": "finished",
        "outcome_reason": None,
        "workers": figures,
        "host": {"cpus": 2, "steal_ns": 0, "throttled_ns": 0, "kernel": "6.1"},
        "limits": {"open_files": 65536, "in_flight": None, "binding": None},
        "fingerprint": {"bodies": "b0d1", "arrivals": "a441", "unique_prompts": len(rows)},
        "planned_requests": len(rows),
        "prompts": {"prompt_tokens": "prompt_tokens.npy", "max_tokens": "max_tokens.npy"},
        "notes": [],
        "error_samples": [],
    }
    info |= info_changes
    for name in forget:
        del info[name]
    (records / "run.json").write_text(json.dumps(info))
    return folder


def write_rows(path: Path, rows: np.ndarray, spare_rows: int) -> None:
    header = np.zeros(1, np.dtype(ROWS_HEADER_FIELDS))
    header["magic"], header["row_bytes"] = ROWS_MAGIC, rows.dtype.itemsize
    header["rows"], header["origin_ns"] = len(rows), START_NS
    spare = np.zeros(spare_rows, rows.dtype)
    path.write_bytes(header.tobytes().ljust(ROWS_HEADER_BYTES, b"\0") + rows.tobytes() + spare.tobytes())


def write_flow(path: Path, rows: np.ndarray, gaps: Sequence[np.ndarray]) -> None:
    moments = [
        int(row["first_token_ns"]) - START_NS + np.concatenate([[0], np.cumsum(gap)])
        for row, gap in zip(rows, gaps, strict=True)
        if row["content_events"] > 0
    ]
    buckets = np.concatenate([np.empty(0), *moments]).astype(np.int64) // (10 * MS)
    counts = np.bincount(buckets, minlength=1).astype("<i4")
    path.write_bytes(counts.tobytes().ljust(4 << 16, b"\0"))


def write_token_log(path: Path, rows: np.ndarray, gaps: Sequence[np.ndarray]) -> None:
    """Sets the rows' token_log_at as it goes; gaps of 2**31 ns and more in us with the top bit set."""
    logged, ok = 0, STATUSES.index("ok")
    with path.open("wb") as file:
        for index, gap in enumerate(gaps):
            if rows["status"][index] != ok:
                continue
            rows["token_log_at"][index] = logged
            file.write(np.where(gap < 1 << 31, gap, gap // 1000 | 1 << 31).astype("<u4").tobytes())
            logged += len(gap)


def write_text_log(path: Path, rows: np.ndarray, texts: Sequence[tuple[str, str]]) -> None:
    with path.open("wb") as file:
        for index, (content, reasoning) in enumerate(texts):
            raw = json.dumps({"content": content, "reasoning": reasoning}).encode() + b"\n"
            rows["text_log_at"][index], rows["text_log_bytes"][index] = file.tell(), len(raw)
            file.write(raw)


def poisson_run(folder: Path, count: int, rate: float, *, seed: int = 1, **options: Any) -> Path:
    """An open-loop run of `count` requests with gamma-spread latencies, a few of them failed."""
    random = np.random.default_rng(seed)
    planned = np.cumsum(random.exponential(1e3 / rate, count))
    tokens = random.integers(4, 12, count)
    rows = made_rows(
        planned,
        lag_ms=random.exponential(0.05, count),
        ttft_ms=20 + random.gamma(2, 20, count),
        itl_ms=8 + random.gamma(2, 1, count),
        tokens=tokens,
    )
    if count >= 200:
        fail(rows, np.arange(37, count, 200), "http_status", http_status=500)
    delays = random.gamma(2, 1e5, 5 * count).astype(np.int64)
    config = base_config(rate=rate, arrival="poisson", num_requests=count) | options.pop("config", {})
    return write_run(folder, rows, config=config, client_delay_ns=delays, **options)
