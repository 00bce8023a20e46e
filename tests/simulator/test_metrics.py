"""The /metrics page, read by Prometheus' own parser."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from aisbench.simulator.process import SimulatorProcess
from tests.simulator.client import COMPLETIONS, chat, connected, raw_request, read_until
from tests.simulators import start_simulator


def samples(simulator: SimulatorProcess) -> dict[str, dict[str, float]]:
    """Per sample name: value by the label that tells samples of that name apart."""
    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(simulator.get("/metrics").decode()):
        assert family.documentation
        assert family.type in ("gauge", "counter", "histogram")
        for sample in family.samples:
            labels = dict(sample.labels)
            assert labels.pop("model_name") == 'odd "name"'
            assert labels.pop("engine") == "0"
            key = next(iter(labels.values()), "")
            assert key not in found.setdefault(sample.name, {})
            found[sample.name][key] = sample.value
    return found


def test_the_page_counts_what_happened() -> None:
    flags = ["--model", 'odd "name"', "--decode-base-ms", "12", "--max-num-seqs", "1", "--kv-tokens", "1000"]
    with start_simulator(flags) as simulator:
        for _ in range(3):
            chat(simulator.port, 4, 5)
        simulator.reset()
        page = samples(simulator)
        assert page["vllm:prompt_tokens_total"][""] == 12
        assert page["vllm:generation_tokens_total"][""] == 15
        assert page["vllm:request_success_total"] == {"stop": 0, "length": 3, "abort": 0, "error": 0}
        for name, count in (
            ("time_to_first_token_seconds", 3),
            ("inter_token_latency_seconds", 12),
            ("time_per_output_token_seconds", 12),
            ("request_time_per_output_token_seconds", 3),
            ("e2e_request_latency_seconds", 3),
            ("request_queue_time_seconds", 3),
        ):
            buckets = page[f"vllm:{name}_bucket"]
            assert page[f"vllm:{name}_count"][""] == buckets["+Inf"] == count
            assert list(buckets.values()) == sorted(buckets.values())
        assert page["vllm:e2e_request_latency_seconds_sum"][""] >= 3 * 5 * 0.012
        assert page["vllm:time_to_first_token_seconds_bucket"]["0.01"] == 0, "a step takes 12 ms"

        with connected(simulator.port) as runner, connected(simulator.port) as waiter:
            runner.sendall(raw_request(COMPLETIONS, {"prompt": "a b", "max_tokens": 498, "stream": True}))
            read_until(runner, b"data: ")
            waiter.sendall(raw_request(COMPLETIONS, {"prompt": "a", "max_tokens": 1}))
            # A round trip on the waiter's own connection would wait; this one comes after its bytes.
            page = samples(simulator)
            assert page["vllm:num_requests_running"][""] == 1
            assert page["vllm:num_requests_waiting"][""] == 1
            assert page["vllm:kv_cache_usage_perc"][""] == page["vllm:gpu_cache_usage_perc"][""] == 0.5
