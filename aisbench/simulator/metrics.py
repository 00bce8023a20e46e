"""The /metrics page: Prometheus text under vLLM's names."""

from __future__ import annotations

from aisbench.simulator.model.durations import Durations
from aisbench.simulator.model.ledger import Ledger

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
_REASONS = ("stop", "length", "abort", "error")


def metrics_page(
    ledger: Ledger, model: str, *, running: int, waiting: int, kv_share: float, caches_prefixes: bool
) -> str:
    escaped = model.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    labels = f'engine="0",model_name="{escaped}"'
    lines: list[str] = []
    for name, help_text, value in (
        ("num_requests_running", "Number of requests in model execution batches.", running),
        ("num_requests_waiting", "Number of requests waiting to be processed.", waiting),
        ("kv_cache_usage_perc", "KV-cache usage. 1 means 100 percent usage.", kv_share),
        ("gpu_cache_usage_perc", "The former name of kv_cache_usage_perc.", kv_share),
    ):
        lines += head(name, help_text, "gauge")
        lines.append(f"vllm:{name}{{{labels}}} {float(value)}")
    counters = [
        ("prompt_tokens", "Number of prefill tokens processed.", ledger.prompt_tokens),
        ("generation_tokens", "Number of generation tokens processed.", ledger.generated_tokens),
    ]
    if caches_prefixes:
        counters += [
            ("prefix_cache_queries", "Prefix cache queries, in tokens.", ledger.prompt_tokens),
            ("prefix_cache_hits", "Prefix cache hits, in tokens.", ledger.cached_tokens),
        ]
    for name, help_text, count in counters:
        lines += head(f"{name}_total", help_text, "counter")
        lines.append(f"vllm:{name}_total{{{labels}}} {float(count)}")
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


def head(name: str, help_text: str, kind: str) -> list[str]:
    return [f"# HELP vllm:{name} {help_text}", f"# TYPE vllm:{name} {kind}"]


def histogram(name: str, labels: str, durations: Durations) -> list[str]:
    buckets, sum_s = durations.prometheus()
    lines = [f'{name}_bucket{{{labels},le="{edge}"}} {float(count)}' for edge, count in buckets]
    return [*lines, f"{name}_count{{{labels}}} {float(buckets[-1][1])}", f"{name}_sum{{{labels}}} {sum_s}"]
