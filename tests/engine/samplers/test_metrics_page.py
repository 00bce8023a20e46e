"""Metrics pages of three servers, read into the same words."""

from __future__ import annotations

import pytest

from aisbench.engine.samplers.metrics_page import read_page

VLLM = """# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="m"} 3.0
vllm:num_requests_running{engine="1",model_name="m"} 4.0
# TYPE vllm:kv_cache_usage_perc gauge
vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.25
vllm:kv_cache_usage_perc{engine="1",model_name="m"} 0.75
# TYPE vllm:spec_decode_num_accepted_tokens_per_pos counter
vllm:spec_decode_num_accepted_tokens_per_pos_total{engine="0",model_name="m",position="0"} 50.0
vllm:spec_decode_num_accepted_tokens_per_pos_total{engine="0",model_name="m",position="1"} 20.0
vllm:spec_decode_num_drafts_total{engine="0",model_name="m"} 80.0
# TYPE vllm:time_to_first_token_seconds histogram
vllm:time_to_first_token_seconds_bucket{le="0.1",model_name="m"} 2.0
vllm:time_to_first_token_seconds_bucket{le="+Inf",model_name="m"} 5.0
vllm:time_to_first_token_seconds_count{model_name="m"} 5.0
vllm:time_to_first_token_seconds_sum{model_name="m"} 1.5
process_cpu_seconds_total 99.0
"""
SGLANG = """# TYPE sglang:num_running_reqs gauge
sglang:num_running_reqs{model_name="m"} 12.0
sglang:num_queue_reqs{model_name="m"} 5.0
sglang:token_usage{model_name="m"} 0.5
"""
TGI = """# TYPE tgi_batch_current_size gauge
tgi_batch_current_size 7
# TYPE tgi_queue_size gauge
tgi_queue_size 2
"""
LLAMA = """# TYPE llamacpp:requests_processing gauge
llamacpp:requests_processing 4
# TYPE llamacpp:requests_deferred gauge
llamacpp:requests_deferred 3
# TYPE llamacpp:tokens_predicted_total counter
llamacpp:tokens_predicted_total 160
# TYPE llamacpp:prompt_tokens_total counter
llamacpp:prompt_tokens_total 20
"""


def test_vllm() -> None:
    values = read_page(VLLM)
    assert values["running"] == 7.0
    assert values["kv_use"] == 0.5
    assert values["accepted_at"] == {"0": 50.0, "1": 20.0}
    assert (values["ttft_count"], values["ttft_sum"]) == (5.0, 1.5)
    assert values["ttft_buckets"] == {"0.1": 2.0, "+Inf": 5.0}
    assert "waiting" not in values


@pytest.mark.parametrize(
    ("page", "found"),
    [
        (
            'vllm:cache_config_info{block_size="16",engine="0",num_gpu_blocks="100"} 1.0\n'
            'vllm:cache_config_info{block_size="16",engine="1",num_gpu_blocks="150"} 1.0\n',
            {"cache_block": 16.0, "cache_tokens": 3968.0, "caches": 2.0},
        ),
        # Layers of two kinds share the blocks.
        (
            'vllm:cache_config_info{block_size="16",num_gpu_blocks="100",kv_cache_size_tokens="3000"} 1\n',
            {"cache_block": 16.0, "cache_tokens": 2984.0, "caches": 1.0},
        ),
        ('vllm:cache_config_info{block_size="16",num_gpu_blocks="None"} 1.0\n', {}),
        (
            'sglang:cache_config_info{num_pages="500",page_size="1"} 1.0\n',
            {"cache_block": 1.0, "cache_tokens": 500.0, "caches": 1.0},
        ),
        (
            'sglang:page_size{tp_rank="0"} 64.0\nsglang:max_total_num_tokens{tp_rank="0"} 6400.0\n',
            {"cache_block": 64.0, "cache_tokens": 6400.0, "caches": 1.0},
        ),
    ],
)
def test_the_size_of_the_cache(page: str, found: dict[str, float]) -> None:
    assert read_page(page) == found


def test_sglang_tgi_and_llama_cpp() -> None:
    assert read_page(SGLANG) == {"running": 12.0, "waiting": 5.0, "kv_use": 0.5}
    assert read_page(TGI) == {"running": 7.0, "waiting": 2.0}
    # Its count of prompt tokens leaves the cached ones out: it is not that of the others.
    assert read_page(LLAMA) == {
        "running": 4.0,
        "waiting": 3.0,
        "generation_tokens": 160.0,
        "computed_tokens": 20.0,
    }


def test_hits_by_source_are_not_added_to_their_sum() -> None:
    page = "".join(
        f'sglang:cached_tokens_total{{cache_source="{source}"}} {count}\n'
        for source, count in (("device", 70.0), ("host", 20.0), ("total", 90.0))
    )
    assert read_page(page) == {"prefix_hits": 90.0}
    assert read_page("\n".join(page.splitlines()[:2])) == {"prefix_hits": 90.0}
    assert read_page("trtllm_prompt_cached_tokens_total 5\ntrtllm_prompt_tokens_total 9\n") == {
        "prefix_hits": 5.0,
        "prompt_tokens": 9.0,
    }


@pytest.mark.parametrize("odd", ["\u2028", "\u2029", "\x0c", "\x0b", "\x1c", "\x85", "\r", "\\n", "ü"])
def test_lines_end_at_line_feeds_alone(odd: str) -> None:
    page = f'# TYPE x gauge\nvllm:num_requests_running{{model_name="my{odd}model"}} 3.0\nvllm:num_requests_waiting 2\n'
    assert read_page(page) == {"running": 3.0, "waiting": 2.0}


def test_windows_line_ends_and_a_line_that_cannot_be_read() -> None:
    page = "vllm:num_requests_running 3.0\r\nvllm:num_requests_waiting{ 2\r\nvllm:kv_cache_usage_perc 0.5\r\n"
    assert read_page(page) == {"running": 3.0, "kv_use": 0.5}


def test_what_is_no_finite_number_is_none() -> None:
    page = (
        'vllm:prompt_tokens_total{engine="0"} 1e308\nvllm:prompt_tokens_total{engine="1"} 1.5e308\n'
        "vllm:generation_tokens_total +Inf\nvllm:kv_cache_usage_perc -Inf\nvllm:num_requests_running 2\n"
        'vllm:spec_decode_num_accepted_tokens_per_pos_total{position="0"} +Inf\n'
        'vllm:spec_decode_num_accepted_tokens_per_pos_total{position="1"} 3\n'
    )
    assert read_page(page) == {
        "prompt_tokens": None,
        "generation_tokens": None,
        "kv_use": None,
        "running": 2.0,
        "accepted_at": {"1": 3.0},
    }


@pytest.mark.parametrize(
    "text", ["", "<html>no</html>", "other_metric 1.0\n", "vllm:num_requests_running NaN\n"]
)
def test_pages_without_anything_known(text: str) -> None:
    assert read_page(text) == {}
