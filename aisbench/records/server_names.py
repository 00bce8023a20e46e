"""Metric names on each server's /metrics page.

The names come from the documentation of vLLM (older names after the current ones), SGLang, text-generation-inference
and TensorRT-LLM, and from llama.cpp's own page (--metrics). Unlike the others, llama.cpp leaves cached tokens out of
its prompt_tokens_total.
"""

from __future__ import annotations

# The first name that a page has is used; later ones are former names or other servers' names.
# Values are summed over a page's label sets (engines, models, finish reasons).
SUMS: dict[str, tuple[str, ...]] = {
    "running": (
        "vllm:num_requests_running",
        "sglang:num_running_reqs",
        "tgi_batch_current_size",
        "llamacpp:requests_processing",
    ),
    "waiting": (
        "vllm:num_requests_waiting",
        "sglang:num_queue_reqs",
        "tgi_queue_size",
        "llamacpp:requests_deferred",
    ),
    "prefix_queries": ("vllm:prefix_cache_queries_total", "vllm:gpu_prefix_cache_queries_total"),
    "prefix_hits": (
        "vllm:prefix_cache_hits_total",
        "vllm:gpu_prefix_cache_hits_total",
        "sglang:cached_tokens_total",
        "trtllm_prompt_cached_tokens_total",
    ),
    # Found in a cache outside the engine, after a miss in its own.
    "external_hits": ("vllm:external_prefix_cache_hits_total",),
    # Without cached tokens.
    "computed_tokens": ("llamacpp:prompt_tokens_total",),
    # SGLang's num_retracted_reqs covers only the last batch; the counter has the longer name.
    "preemptions": ("vllm:num_preemptions_total", "sglang:num_retracted_requests_total"),
    "generation_tokens": (
        "vllm:generation_tokens_total",
        "sglang:generation_tokens_total",
        "tgi_request_generated_tokens_sum",
        "llamacpp:tokens_predicted_total",
    ),
    "prompt_tokens": (
        "vllm:prompt_tokens_total",
        "sglang:prompt_tokens_total",
        "tgi_request_input_length_sum",
        "trtllm_prompt_tokens_total",
    ),
    "drafts": ("vllm:spec_decode_num_drafts_total", "llamacpp:spec_decode_num_drafts_total"),
    "draft_tokens": (
        "vllm:spec_decode_num_draft_tokens_total",
        "llamacpp:spec_decode_num_draft_tokens_total",
    ),
    "accepted_tokens": (
        "vllm:spec_decode_num_accepted_tokens_total",
        "llamacpp:spec_decode_num_accepted_tokens_total",
    ),
}
# Shares and lengths: the mean over label sets.
MEANS: dict[str, tuple[str, ...]] = {
    "kv_use": ("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc", "sglang:token_usage"),
    "cache_hit_rate": ("sglang:cache_hit_rate",),
    "accept_length": ("sglang:spec_accept_length",),
}
# Summed separately for each value of a label: {value: sum}.
BY_LABEL: dict[str, tuple[str, str]] = {
    "requests_ended": ("vllm:request_success_total", "finished_reason"),
    "accepted_at": ("vllm:spec_decode_num_accepted_tokens_per_pos_total", "position"),
}
# The size of the KV cache, in the labels of a sample for each engine: block size, number of blocks, and tokens in all.
# vLLM gives the last in newer versions only; with several kinds of layers, it is not the product of the others. Then the
# number of blocks that hold no tokens: vLLM keeps one for itself (null_block in vllm/v1/core/block_pool.py).
CACHE_LABELS: tuple[tuple[str, str, str, str, int], ...] = (
    ("vllm:cache_config_info", "block_size", "num_gpu_blocks", "kv_cache_size_tokens", 1),
    ("sglang:cache_config_info", "page_size", "num_pages", "", 0),
)
# The same as gauges, in newer versions of SGLang: block size, and tokens in all.
CACHE_GAUGES = ("sglang:page_size", "sglang:max_total_num_tokens")
# Histograms of seconds; kept as name_sum, name_count and name_buckets ({upper edge: cumulative count}).
HISTOGRAMS: dict[str, tuple[str, ...]] = {
    "ttft": ("vllm:time_to_first_token_seconds", "sglang:time_to_first_token_seconds"),
    "e2el": (
        "vllm:e2e_request_latency_seconds",
        "sglang:e2e_request_latency_seconds",
        "tgi_request_duration",
    ),
}
# Metrics that only grow: a run's part is the value at its end less that at its start.
COUNTERS = tuple(name for name in SUMS if name not in ("running", "waiting"))


def known_names() -> frozenset[str]:
    """The names of all samples that are read from a page."""
    found = {alias for table in (SUMS, MEANS) for aliases in table.values() for alias in aliases}
    found |= {name for name, _ in BY_LABEL.values()}
    found |= {name for name, *_ in CACHE_LABELS} | {*CACHE_GAUGES}
    for aliases in HISTOGRAMS.values():
        found |= {f"{alias}_{part}" for alias in aliases for part in ("sum", "count", "bucket")}
    return frozenset(found)
