"""Prefix cache hits beside what the workload repeats, and what the verdict makes of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.analysis.measured import Measured
from aisbench.records.run import Run
from aisbench.report.prefix_cache import prefix_cache_panel
from aisbench.report.text.console import render
from tests.analysis.made_runs import START_NS, base_config, made_rows, write_run
from tests.analysis.summaries import summarise

COUNT = 40


def run_with(
    folder: Path,
    *,
    reuse: float = 0.0,
    bodies: int = COUNT,
    cached: Any = -1,
    prompt: int = 200,
    counters: dict[str, float] | None = None,
    turns: int = 0,
    config: dict[str, Any] | None = None,
    **info: Any,
) -> Run:
    """COUNT requests of `prompt` tokens, 100 of them planned; `counters`: by how much the server's grew."""
    rows = made_rows(np.arange(COUNT) * 50.0, ttft_ms=50.0, prompt_tokens=prompt)
    rows["cached_tokens"] = cached
    if turns:
        rows["conversation"], rows["turn"] = np.divmod(np.arange(COUNT), turns)
        rows["prompt_tokens"] = 100 * (1 + rows["turn"])
        info["conversations"] = COUNT // turns
    info["fingerprint"] = {"prefix_reuse": reuse, "requests": bodies}
    path = write_run(folder / "run", rows, config=config or base_config(), **info)
    planned = rows["prompt_tokens"] if turns else np.array([prompt], np.int32)
    np.save(path / "records/prompt_tokens.npy", planned)
    if counters is not None:
        lines = [
            {"t_ns": START_NS - 1000, "endpoint": 0, "values": dict.fromkeys(counters, 5000.0)},
            {
                "t_ns": START_NS + 3 * 10**9,
                "endpoint": 0,
                "values": {name: 5000.0 + grown for name, grown in counters.items()},
            },
        ]
        (path / "records/server.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return Run.load(path)


def reasons(run: Run) -> list[str]:
    found: list[str] = summarise(Measured(run))["verdict"]["reasons"]
    return found


VLLM_WARM = {"prefix_queries": 8000.0, "prefix_hits": 7440.0}


@pytest.mark.parametrize(
    "told",
    [
        {"counters": VLLM_WARM},
        {"counters": {"prompt_tokens": 8000.0, "prefix_hits": 7440.0}},
        {"counters": {"computed_tokens": 560.0}},
        {"counters": {"prefix_queries": 8000.0, "prefix_hits": 0.0, "external_hits": 7440.0}},
        {"cached": 186},
        # What this run's own requests were told goes before what the server counted for all.
        {"cached": 186, "counters": {"prefix_queries": 9000.0, "prefix_hits": 0.0}},
    ],
)
def test_hits_of_an_earlier_run_are_doubtful(tmp_path: Path, told: dict[str, Any]) -> None:
    summary = summarise(Measured(run_with(tmp_path, reuse=0.003, **told)))
    block = summary["prefix_cache"]
    assert block["workload_share"] == pytest.approx(0.003)
    assert block["unexplained_share"] == pytest.approx(0.927)
    assert summary["verdict"]["status"] == "doubtful"
    (reason,) = summary["verdict"]["reasons"]
    assert "92.7 % of the prompt tokens were prefix cache hits that this workload does not explain" in reason
    assert "the server reports 93.0 %, the workload repeats 0.3 %" in reason
    assert "--seed auto" in reason
    assert "--reset-prefix-cache" in reason
    assert (
        "Prefix cache        the server found 93.0 % of the prompt tokens in it, the workload repeats 0.3 %"
        in render(summary, [99.0])
    )
    assert "92.7" in prefix_cache_panel(summary)


def test_a_seed_changes_no_file(tmp_path: Path) -> None:
    config = base_config(dataset="sharegpt", dataset_path="f.json")
    (reason,) = summarise(Measured(run_with(tmp_path, counters=VLLM_WARM, config=config)))["verdict"][
        "reasons"
    ]
    assert "--seed" not in reason
    assert "--reset-prefix-cache" in reason


@pytest.mark.parametrize(
    "told",
    [
        # Shared prefixes, and the same bodies sent again.
        {"reuse": 0.93, "counters": VLLM_WARM},
        {"bodies": 3, "cached": 184},
        # Each turn has the whole turn before in it: 1,000 of 4 x 100 + 3 x 100 + ... tokens begin anew.
        {"turns": 4, "cached": np.tile([0, 96, 192, 288], COUNT // 4)},
        # Few tokens, as a common first word has.
        {"prompt": 60, "cached": 7},
        {"cached": 0, "counters": {"prefix_queries": 8000.0, "prefix_hits": 0.0}},
    ],
)
def test_what_the_workload_repeats_is_no_reason(tmp_path: Path, told: dict[str, Any]) -> None:
    assert not [reason for reason in reasons(run_with(tmp_path, **told)) if "prefix cache" in reason]


def test_a_conversation_that_the_server_knew_already(tmp_path: Path) -> None:
    cached = np.tile([96, 192, 288, 384], COUNT // 4)
    block = summarise(Measured(run_with(tmp_path, turns=4, cached=cached)))["prefix_cache"]
    # Of 1,000 tokens of four turns, 100 + 200 + 300 were there in the turn before, and 8 of its answer.
    assert block["workload_share"] == pytest.approx(0.624)
    assert block["unexplained_share"] == pytest.approx(0.96 - 0.624)


def test_a_chat_template_explains_what_it_adds(tmp_path: Path) -> None:
    run = run_with(tmp_path, cached=64)
    np.save(run.records / "prompt_tokens.npy", np.array([140], np.int32))
    summary = summarise(Measured(run))
    assert summary["prefix_cache"]["template_share"] == pytest.approx(0.3)
    assert summary["prefix_cache"]["unexplained_share"] == pytest.approx(0.02)
    assert summary["verdict"]["status"] == "valid"


def test_without_any_word_of_the_server(tmp_path: Path) -> None:
    summary = summarise(Measured(run_with(tmp_path)))
    block = summary["prefix_cache"]
    assert (block["server_share"], block["request_share"], block["unexplained_share"]) == (None, None, None)
    assert "Prefix cache" not in render(summary, [99.0])
    assert prefix_cache_panel(summary) == ""
    assert "repeats 90.0 %" in render(summarise(Measured(run_with(tmp_path / "b", reuse=0.9))), [99.0])


def test_runs_of_older_versions_and_vectors(tmp_path: Path) -> None:
    run = run_with(tmp_path, counters=VLLM_WARM)
    del run.info["fingerprint"]
    assert summarise(Measured(run))["prefix_cache"]["unexplained_share"] is None
    run.info["generates"] = False
    run.info["streams"] = False
    assert summarise(Measured(run))["prefix_cache"] is None
