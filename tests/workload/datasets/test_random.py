"""The random data set: words, token ids, and vLLM's own prompts."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aisbench.backends.registry import backend_named
from aisbench.errors import BadInput
from aisbench.workload.datasets.generated.random import id_prompts, random_prompts, word_prompts
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.tokens.tokenizers import load_tokenizer
from aisbench.workload.tokens.words import WORDS

GOLDEN = json.loads((Path(__file__).parent / "vllm_random_prompts.json").read_text())["cases"]
COMPLETIONS = backend_named("vllm")


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: f"seed{case['seed']}")
def test_prompts_are_those_of_vllm_byte_for_byte(case: dict[str, Any], deepseek_folder: Path) -> None:
    options = WorkloadOptions(
        count=case["count"],
        model="m",
        input_len=case["input_len"],
        output_len=case["output_len"],
        range_ratio=(case["range_ratio"], case["range_ratio"]),
        prefix_len=case["prefix_len"],
        seed=case["seed"],
        tokenizer=str(deepseek_folder),
    )
    made = list(random_prompts(options, COMPLETIONS).items)
    assert [prompt.text for prompt in made[:2]] == case["first_prompts"]
    assert [prompt.prompt_tokens for prompt in made] == case["prompt_tokens"]
    assert [prompt.output_tokens for prompt in made] == case["output_tokens"]
    assert [hashlib.sha256(prompt.text.encode()).hexdigest() for prompt in made] == case["sha256"]


def test_every_word_is_one_token(deepseek_folder: Path) -> None:
    tokenizer = load_tokenizer(str(deepseek_folder))
    both = [*WORDS, *(f" {word}" for word in WORDS)]
    encoded = tokenizer(both, add_special_tokens=False)["input_ids"]
    assert [text for text, ids in zip(both, encoded, strict=True) if len(ids) != 1] == []
    assert len(set(WORDS)) == len(WORDS) > 500


def test_word_prompts_have_their_lengths(deepseek_folder: Path) -> None:
    options = WorkloadOptions(
        count=40, model="m", input_len=30, output_len=20, range_ratio=(0.5, 0.75), prefix_len=5, seed=1
    )
    prompts = word_prompts(options)
    made = list(prompts.items)
    encoded = load_tokenizer(str(deepseek_folder))([prompt.text for prompt in made])["input_ids"]
    assert [len(ids) for ids in encoded] == [prompt.prompt_tokens for prompt in made]
    assert {prompt.prompt_tokens for prompt in made} <= set(range(20, 51))
    assert {prompt.output_tokens for prompt in made} <= set(range(5, 36))
    assert len({prompt.prompt_tokens for prompt in made}) > 10
    assert len({tuple(prompt.text.split()[:5]) for prompt in made}) == 1, "all share the prefix"
    assert len({prompt.text for prompt in made}) == 40
    assert "no --tokenizer was given" in prompts.notes[0]


def test_words_follow_the_seed_and_do_not_change_from_release_to_release() -> None:
    def text(seed: int) -> str:
        return "|".join(
            p.text for p in word_prompts(WorkloadOptions(count=3, model="m", input_len=4, seed=seed)).items
        )

    assert text(1) == text(1) != text(2)
    assert text(1) == "mass nation sign what|baby connect story west|fight glass they left"


def test_words_need_no_tokenizer_library() -> None:
    program = (
        "import sys; from aisbench.workload.datasets.generated.random import word_prompts;"
        "from aisbench.workload.options import WorkloadOptions;"
        "import aisbench.workload.build, aisbench.backends.registry;"
        "list(word_prompts(WorkloadOptions(count=2, model='m')).items);"
        "print(sorted({'transformers', 'tokenizers', 'huggingface_hub'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_token_ids_are_exactly_as_many_as_asked(tiny: Any) -> None:
    options = WorkloadOptions(
        count=50, model="m", input_len=9, prefix_len=3, tokenizer="tiny", token_ids=True
    )
    prompts = id_prompts(tiny, options)
    made = list(prompts.items)
    assert (
        {len(prompt.token_ids or ()) for prompt in made} == {12} == {prompt.prompt_tokens for prompt in made}
    )
    assert len({(prompt.token_ids or ())[:3] for prompt in made}) == 1
    used = {i for prompt in made for i in prompt.token_ids or ()}
    assert not used & set(tiny.all_special_ids)
    assert used <= set(range(tiny.vocab_size))
    assert "token ids" in prompts.notes[0]


def test_token_ids_vary_where_a_range_is_asked_for(tiny: Any) -> None:
    options = WorkloadOptions(count=80, model="m", input_len=10, range_ratio=(0.2, 0.0), token_ids=True)
    lengths = {prompt.prompt_tokens for prompt in id_prompts(tiny, options).items}
    assert lengths == {8, 9, 10, 11, 12}


@pytest.mark.parametrize(
    ("backend", "options", "wanted"),
    [
        ("openai-chat", {"token_ids": True, "tokenizer": "x"}, "--token-ids: openai-chat takes no token ids"),
        ("openai", {"token_ids": True}, "--token-ids needs a vocabulary"),
        ("openai", {"input_len": 0}, "--input-len 0"),
        ("openai", {"input_len": 1, "range_ratio": (0.5, 0.0)}, "--input-len 1"),
    ],
)
def test_what_can_come_to_nothing_is_refused(backend: str, options: dict[str, Any], wanted: str) -> None:
    with pytest.raises(BadInput, match=wanted):
        random_prompts(WorkloadOptions(count=1, model="m", **options), backend_named(backend))


def test_a_prefix_makes_up_for_an_empty_input() -> None:
    made = word_prompts(WorkloadOptions(count=2, model="m", input_len=0, prefix_len=3))
    assert [prompt.prompt_tokens for prompt in made.items] == [3, 3]
