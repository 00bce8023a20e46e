"""AISBench's names of data sets."""

from __future__ import annotations

import pytest

from aisbench.errors import BadInput
from aisbench.studies.campaign.names import data_set_named


@pytest.mark.parametrize(
    ("asked", "name", "shots"),
    [
        ("gsm8k", "gsm8k", None),
        # AISBench's NAME_gen have their own numbers of examples.
        ("gsm8k_gen", "gsm8k", 4),
        ("mmlu_gen.py", "mmlu", 5),
        ("ceval_gen", "ceval", 5),
        ("bbh_gen", "bbh", 3),
        ("siqa_gen", "siqa", None),
        ("gsm8k_gen_4_shot_cot_chat_prompt", "gsm8k", 4),
        ("gsm8k_gen_0_shot_cot_str_perf", "gsm8k", 0),
        ("mmlu_gen_5_shot_str", "mmlu", 5),
        ("ceval_gen_0_shot_cot_chat_prompt", "ceval", 0),
        ("aime2024_gen_0_shot_str", "aime2024", 0),
        ("mmlu_pro_gen_5_shots_str.py", "mmlu_pro", 5),
        ("ARC_c_gen_0_shot_chat_prompt", "arc_c", 0),
        ("SuperGLUE_BoolQ_gen_0_shot_str", "boolq", 0),
        ("gpqa_diamond_gen", "gpqa", None),
        ("demo_gsm8k_gen_4_shot_cot_chat_prompt", "gsm8k", 4),
        ("math_prm800k_500_0shot_cot_gen", "math500", 0),
        ("math500_gen_0_shot_cot_chat_prompt", "math500", 0),
        ("mbpp_passk_gen_3_shot_chat_prompt", "mbpp", 3),
        ("bbh_gen_3_shot_cot_chat", "bbh", 3),
    ],
)
def test_a_task(asked: str, name: str, shots: int | None) -> None:
    for for_load in (False, True):
        found = data_set_named(asked, for_load=for_load)
        assert (found.asked, found.name, found.shots) == (asked, name, shots)


@pytest.mark.parametrize(
    ("asked", "by_judge"),
    [("aime2025_gen_0_shot_llmjudge", True), ("aime2025_gen_0_shot_str", False), ("qa_gen_llm_judge", True)],
)
def test_a_name_that_asks_for_a_judge(asked: str, by_judge: bool) -> None:
    assert data_set_named(asked, for_load=False).by_judge is by_judge


def test_a_data_set_without_answers_is_for_load_alone() -> None:
    assert data_set_named("synthetic_gen", for_load=True).name == "synthetic"
    assert data_set_named("synthetic_gen_string", for_load=True).options == ()
    assert data_set_named("synthetic_gen_tokenid", for_load=True).options == ("--synthetic-kind", "tokenid")
    assert data_set_named("mooncake_trace_gen", for_load=True).name == "trace"
    with pytest.raises(BadInput, match="synthetic_gen: it has no known answers; use it with --mode perf"):
        data_set_named("synthetic_gen", for_load=False)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("gsm9k_gen", "did you mean gsm8k"),
        ("mmlu_ppl_0_shot", "lm-eval:TASK"),
        ("sanitized_mbpp_passk_gen_3_shot_chat_prompt", "--dataset-path mbpp/sanitized-mbpp.json"),
        ("race_high_gen_5_shot_cot_chat", "--datasets race --dataset-path race/test/high.jsonl"),
        ("longbench_repobench_gen_6df953", "--dataset-path longbench/data/repobench-p.jsonl"),
        ("longbench_multifieldqa_zh_gen", "--dataset-path longbench/data/multifieldqa_zh.jsonl"),
        ("longbenchv2_gen", "unknown 'longbenchv2'"),
        ("BFCL_gen_all", "bfcl is asked with all categories"),
        ("BFCL_gen_java", "bfcl has no java here; it has simple"),
        ("BFCL_gen_live_simple", "--dataset-path bfcl/BFCL_v3_live_simple.json"),
    ],
)
def test_others_are_refused(asked: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        data_set_named(asked, for_load=False)
