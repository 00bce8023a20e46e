"""Which seed a run has where none is named."""

from __future__ import annotations

from aisbench.config.run_config import RunConfig
from aisbench.workload.seeds import AUTO, LARGEST, drawn_lines


def test_made_prompts_have_a_drawn_seed() -> None:
    seeds = {RunConfig(seed=AUTO).expanded().seed for _ in range(20)}
    assert len(seeds) > 1
    assert all(0 <= seed <= LARGEST for seed in seeds)
    assert RunConfig(seed=5).expanded().seed == 5


def test_files_and_runs_to_compare_keep_0() -> None:
    assert RunConfig(seed=AUTO, dataset="sharegpt", dataset_path="f.json").expanded().seed == 0
    assert RunConfig(seed=AUTO, compat="vllm").expanded().seed == 0
    assert RunConfig(seed=AUTO, compat="vllm", stress=True, concurrency=2).expanded().seed == 0


def test_what_is_said_of_it() -> None:
    assert drawn_lines(AUTO, 7) == ["seed 7 was drawn; --seed 7 repeats these prompts"]
    assert drawn_lines(AUTO, 0) == drawn_lines(7, 7) == []
