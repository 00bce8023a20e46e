"""The verdict on the prefix cache: whether the server computed the prompts of this run or had them already."""

from __future__ import annotations

from aisbench.analysis.blocks.prefix_cache import PrefixCacheBlock
from aisbench.analysis.verdict.thresholds import PREFIX_HITS, PREFIX_HITS_MATTER_FROM_TOKENS
from aisbench.analysis.verdict.verdict import Verdict
from aisbench.records.run import Run


def judge_prefix_cache(verdict: Verdict, run: Run, block: PrefixCacheBlock | None) -> None:
    """Adds to `verdict` whether prompts were in the cache before the run. `block`: from prefix_cache_block."""
    if block is None or block["unexplained_share"] is None:
        return
    hit = block["server_share"] if block["request_share"] is None else block["request_share"]
    repeated = block["workload_share"]
    assert hit is not None
    assert repeated is not None
    percent = 100 * block["unexplained_share"]
    each = block["unexplained_share"] * block["prompt_tokens"] / max(1, int(run.has_status("ok").sum()))
    reasons = len(verdict.reasons)
    verdict.hold(
        PREFIX_HITS,
        percent,
        f"{percent:.1f} % of the prompt tokens were prefix cache hits that this workload does not explain (the server "
        f"reports {100 * hit:.1f} %, the workload repeats {100 * repeated:.1f} %)",
        matters=each >= PREFIX_HITS_MATTER_FROM_TOKENS,
    )
    if len(verdict.reasons) > reasons:
        verdict.reasons[-1] += (
            f" The server had cached these prompts before the run, so TTFT is shorter than for new prompts. "
            f"{advice(run)}."
        )


def advice(run: Run) -> str:
    """Says how to send prompts that the server has not cached."""
    reset = "--reset-prefix-cache empties its cache before the run"
    return reset if run.config.dataset_path is not None else f"--seed auto sends new prompts, and {reset}"
