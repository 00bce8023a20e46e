"""Every layout of every task. `python -m tests.accuracy.layouts.every FOLDER` writes one of each task."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from tests.accuracy.layouts import everyday, exams, mathematics
from tests.accuracy.layouts.files import SHARD

LAYOUTS: dict[str, tuple[Callable[[Path], None], ...]] = {
    "gsm8k": (mathematics.gsm8k_jsonl, mathematics.gsm8k_hub),
    "mgsm": (mathematics.mgsm_tsv, mathematics.mgsm_hub),
    "math": (mathematics.math_jsonl, mathematics.math_json, mathematics.math_hub, mathematics.math_own),
    "math500": (mathematics.math500_jsonl, mathematics.math500_json, mathematics.math500_hub),
    "aime2024": (
        mathematics.aime_writer("aime/aime.jsonl", "origin_prompt", "gold_answer"),
        mathematics.aime_writer(f"aime_2024/data/train-{SHARD}", "problem", "answer"),
        mathematics.aime_writer("AIME_2024/aime_2024_problems.parquet", "Problem", "Answer", int),
    ),
    "aime2025": (
        mathematics.aime_writer("aime2025/aime2025.jsonl", "question", "answer"),
        mathematics.aime_writer("AIME2025/aime2025-I.jsonl", "question", "answer"),
        mathematics.aime_writer(f"aime25/data/test-{SHARD}", "problem", "answer", int),
    ),
    "aime2026": (
        mathematics.aime_writer("aime2026/aime2026.jsonl", "problem", "answer"),
        mathematics.aime_writer(f"aime_2026/data/train-{SHARD}", "problem", "answer", int),
    ),
    "mmlu": (exams.mmlu_csv, exams.mmlu_hub),
    "mmlu_pro": (exams.mmlu_pro, lambda root: exams.mmlu_pro(root, "MMLU-Pro/data")),
    "ceval": (exams.ceval_csv, exams.ceval_hub),
    "cmmlu": (exams.cmmlu_csv, exams.cmmlu_hub),
    "gpqa": (exams.gpqa_csv,),
    "arc_c": (exams.arc_jsonl, exams.arc_hub),
    "arc_e": (exams.arc_e_jsonl, exams.arc_e_hub),
    "hellaswag": (everyday.hellaswag_jsonl, everyday.hellaswag_hub, everyday.hellaswag_own),
    "winogrande": (everyday.winogrande_jsonl, everyday.winogrande_hub),
    "piqa": (everyday.piqa_jsonl, everyday.piqa_hub),
    "siqa": (everyday.siqa_jsonl, everyday.siqa_hub),
    "boolq": (everyday.boolq_jsonl, everyday.boolq_hub),
    "race": (everyday.race_jsonl, everyday.race_hub, everyday.race_own),
    "mcq": (exams.mcq_jsonl, exams.mcq_csv),
    "qa": (exams.qa_jsonl, exams.qa_csv),
}

if __name__ == "__main__":
    for writers in LAYOUTS.values():
        writers[0](Path(sys.argv[1]))
