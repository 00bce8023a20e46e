"""The prefix cache of a server whose truth is known, beside the theory of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.simulators import start_simulator
from tests.system.running import Finished, run_load

# 40 groups that share 256 tokens, each met about eight times.
GROUPED = (
    *("--dataset", "prefix_repetition", "--num-prefixes", 40, "--prefix-len", 256, "--suffix-len", 64),
    *("--output-len", 8, "--num-requests", 300, "--concurrency", 4, "--seed", 3, "--no-progress"),
)
FAST = ["--decode-base-ms", "1", "--prefill-us-per-token", "1"]


def theory(run: Finished) -> dict[str, Any]:
    assert run.code == 0, run.err
    found: dict[str, Any] = run.summary["prefix_cache"]["theory"]
    return found


@pytest.mark.parametrize(
    ("flags", "row", "cause"),
    [
        (["--prefix-cache-tokens", "6000"], "lru_share", "evicted"),
        (["--prefix-cache-tokens", "6000", "--prefix-cache-block", "100"], "lru_share", "blocks evicted"),
        (["--prefix-cache-tokens", "200000"], "lru_share", ""),
        (["--prefix-cache-tokens", "200000", "--replicas", "2", "--router", "sticky"], "lru_share", ""),
        (["--prefix-cache-tokens", "200000", "--replicas", "2", "--router", "random"], "spread_share", "routed"),
    ],
)  # fmt: skip
def test_theory_and_truth_agree_and_the_cause_is_named(
    tmp_path: Path, flags: list[str], row: str, cause: str
) -> None:
    with start_simulator([*FAST, *flags]) as simulator:
        run = run_load(tmp_path, "--url", simulator.url, *GROUPED)
        truth = simulator.truth()
    found = theory(run)
    share = truth["cached_tokens"] / truth["prompt_tokens"]
    assert found["actual_share"] == pytest.approx(share, abs=1e-9)
    assert found[row] == pytest.approx(share, abs=0.02)
    assert found["block_from"] == found["cache_from"] == "metrics"
    assert found["tokens_from"] == "words"
    assert " ".join(one["cause"] for one in found["causes"]) == cause
    assert f"an endless cache finds {100 * found['endless_share']:.1f} %" in run.out
    for one in found["causes"]:
        assert one["share"] > 0.05
        assert one["text"] in run.out
        assert one["text"] in (run.folder / "report.html").read_text()


@pytest.mark.parametrize(
    "api", [("--backend", "openai-chat"), ("--backend", "openai-responses", "--history", "server")]
)
def test_answers_that_later_turns_repeat_are_found_too(tmp_path: Path, api: tuple[str, ...]) -> None:
    talks = ("--dataset", "conversations", "--turns", 5, "--input-len", 100, "--output-len", 50)
    some = ("--num-requests", 60, "--concurrency", 3, "--seed", 4, "--think-time", 0, "--no-progress")
    with start_simulator([*FAST, "--prefix-cache-tokens", "100000"]) as simulator:
        run = run_load(tmp_path, "--url", simulator.url, *api, *talks, *some)
        truth = simulator.truth()
    found = theory(run)
    share = truth["cached_tokens"] / truth["prompt_tokens"]
    assert found["lru_share"] == found["actual_share"] == pytest.approx(share)
    # More than the prompts repeat of one another.
    assert share > 0.7


def test_several_urls_and_sizes_from_the_options(tmp_path: Path) -> None:
    with (
        start_simulator([*FAST, "--prefix-cache-tokens", "200000"]) as one,
        start_simulator([*FAST, "--prefix-cache-tokens", "200000"]) as other,
    ):
        sizes = ("--no-server-metrics", "--cache-tokens", 200_000, "--cache-block", 16)
        run = run_load(tmp_path, "--url", one.url, "--url", other.url, *sizes, *GROUPED)
        truths = [server.truth() for server in (one, other)]
    found = theory(run)
    assert (found["block_from"], found["cache_from"], found["cache_tokens"]) == ("option", "option", 400_000)
    assert [cause["cause"] for cause in found["causes"]] == ["urls"]
    for server, truth in zip(found["servers"], truths, strict=True):
        share = truth["cached_tokens"] / truth["prompt_tokens"]
        assert server["lru_share"] == pytest.approx(share, abs=0.02)
        assert server["actual_share"] == pytest.approx(share)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--cache-tokens", 0), "--cache-tokens must be a whole number of at least 1, got 0"),
        (("--cache-block", 20_000), "--cache-block must be a whole number from 1 to 10000, got 20000"),
    ],
)
def test_sizes_that_no_cache_has(tmp_path: Path, option: tuple[str, int], said: str) -> None:
    run = run_load(tmp_path / "runs", *option)
    assert run.code == 2
    assert said in run.err
