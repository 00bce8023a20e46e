"""The /metrics page: Prometheus text under vLLM's names."""

from __future__ import annotations

from collections.abc import Sequence

from aisbench.simulator.model.durations import Durations
from aisbench.simulator.model.ledger import Ledger
from aisbench.simulator.model.prefix_cache import PrefixCache

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
_REASONS = ("stop", "length", "abort", "error")


def metrics_page(
    ledger: Ledger, model: str, *, running: int, waiting: int, kv_share: float, caches: Sequence[PrefixCache]
) -> str:
    escaped = model.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    named = f'model_name="{escaped}"'
    labels = f'engine="0",{named}'
    lines: list[str] = []
    for name, help_text, value in (
        ("num_requests_running", "Number of requests in model execution batches.", running),
        ("num_requests_waiting", "Number of requests waiting to be processed.", waiting),
        ("kv_cache_usage_perc", "KV-cache usage. 1 means 100 percent usage.", kv_share),
        ("gpu_cache_usage_perc", "The former name of kv_cache_usage_perc.", kv_share),
    ):
        lines += head(name, help_text, "gauge")
        lines.append(f"vllm:{name}{{{labels}}} {float(value)}")
    for name, help_text, count in (
        ("prompt_tokens", "Number of prefill tokens processed.", ledger.prompt_tokens),
        ("generation_tokens", "Number of generation tokens processed.", ledger.generated_tokens),
    ):
        lines += head(f"{name}_total", help_text, "counter")
        lines.append(f"vllm:{name}_total{{{labels}}} {float(count)}")
    lines += _cache_lines(caches, named)
    lines += head("request_success_total", "Count of successfully processed requests.", "counter")
    lines += [
        f'vllm:request_success_total{{{labels},finished_reason="{reason}"}} {float(ledger.finished[reason])}'
        for reason in _REASONS
    ]
    for name, help_text, durations in (
        ("time_to_first_token_seconds", "Time to first token.", ledger.ttft),
        ("inter_token_latency_seconds", "Inter-token latency.", ledger.itl),
        ("time_per_output_token_seconds", "The former name of inter_token_latency_seconds.", ledger.itl),
        ("request_time_per_output_token_seconds", "Time per output token of a request.", ledger.tpot),
        ("e2e_request_latency_seconds", "End-to-end request latency.", ledger.e2e),
        ("request_queue_time_seconds", "Time in the WAITING phase.", ledger.queue),
    ):
        lines += head(name, help_text, "histogram")
        lines += histogram(f"vllm:{name}", labels, durations)
    return "\n".join(lines) + "\n"


def _cache_lines(caches: Sequence[PrefixCache], named: str) -> list[str]:
    """The counters and the size of each replica's prefix cache; as in vLLM, each engine has a label of its own, and
    a block that holds no tokens."""
    lines: list[str] = []
    if not caches:
        return lines
    for name, help_text, counts in (
        ("queries", "Prefix cache queries, in tokens.", [cache.queries for cache in caches]),
        ("hits", "Prefix cache hits, in tokens.", [cache.hits for cache in caches]),
    ):
        lines += head(f"prefix_cache_{name}_total", help_text, "counter")
        lines += [
            f'vllm:prefix_cache_{name}_total{{engine="{engine}",{named}}} {float(count)}'
            for engine, count in enumerate(counts)
        ]
    lines += head("cache_config_info", "Information of the LLMEngine CacheConfig", "gauge")
    return lines + [
        f'vllm:cache_config_info{{block_size="{cache.block}",enable_prefix_caching="True",engine="{engine}",'
        f'{named},num_gpu_blocks="{cache.most + 1}"}} 1.0'
        for engine, cache in enumerate(caches)
    ]


def head(name: str, help_text: str, kind: str) -> list[str]:
    return [f"# HELP vllm:{name} {help_text}", f"# TYPE vllm:{name} {kind}"]


def histogram(name: str, labels: str, durations: Durations) -> list[str]:
    buckets, sum_s = durations.prometheus()
    lines = [f'{name}_bucket{{{labels},le="{edge}"}} {float(count)}' for edge, count in buckets]
    return [*lines, f"{name}_count{{{labels}}} {float(buckets[-1][1])}", f"{name}_sum{{{labels}}} {sum_s}"]
