"""The data sets that vLLM's client has too, against what vLLM 0.32 itself made (vllm_golden.py)."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.backends.backend import Backend
from aisbench.backends.prompt import Prompt
from aisbench.backends.registry import backend_named
from aisbench.errors import BadInput
from aisbench.workload.datasets.registry import dataset_named
from aisbench.workload.options import WorkloadOptions

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "vllm_datasets.json").read_text())
FILES = {"sharegpt": "sharegpt.json", "custom": "custom.jsonl", "burstgpt": "burstgpt.csv"}
NAMES = ("random", "random-rerank", "prefix-repetition", "sharegpt", "custom", "burstgpt")
COMPLETIONS = backend_named("vllm")
NO_STREAM: Backend = replace(COMPLETIONS, generates=False)
CASES = [(name, case) for name in NAMES for case in GOLDEN[name]]


@pytest.fixture(scope="module")
def templated_folder(deepseek_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("templated")
    shutil.copytree(deepseek_folder, folder, dirs_exist_ok=True)
    (folder / "chat_template.jinja").write_text(GOLDEN["template"])
    return folder


def options_of(name: str, case: dict[str, Any], tokenizer: Path) -> WorkloadOptions:
    given = {
        key: value
        for key, value in case.items()
        if key in WorkloadOptions.__dataclass_fields__ and key != "range_ratio"
    }
    ratio = case.get("range_ratio", 0.0)
    given["range_ratio"] = (ratio["input"], ratio["output"]) if isinstance(ratio, dict) else (ratio, ratio)
    if name in FILES:
        given["dataset_path"] = str(HERE / "data" / FILES[name])
    return WorkloadOptions(model="m", dataset=name, tokenizer=str(tokenizer), **given)


def what_vllm_has(prompt: Prompt) -> str | list[str]:
    """The prompt as vLLM's client holds it: a text, the texts of a batch, or query and documents."""
    if prompt.texts:
        return list(prompt.texts)
    return [prompt.text, *prompt.documents] if prompt.documents else prompt.text


@pytest.mark.parametrize(
    ("name", "case"), CASES, ids=lambda x: x if isinstance(x, str) else f"seed{x['seed']}"
)
def test_prompts_are_those_of_vllm_byte_for_byte(
    name: str, case: dict[str, Any], templated_folder: Path
) -> None:
    options = options_of(name, case, templated_folder)
    options.check()
    backend = NO_STREAM if case.get("batch_size") else COMPLETIONS
    prompts = dataset_named(name).make(options, backend)
    made = list(prompts.items)
    assert len(made) == prompts.count == len(case["sha256"])
    sent = [what_vllm_has(prompt) for prompt in made]
    assert sent[:2] == case["first_prompts"]
    assert [prompt.prompt_tokens for prompt in made] == case["prompt_tokens"]
    if backend.generates:
        assert [prompt.output_tokens for prompt in made] == case["output_tokens"]
    hashed = [text if isinstance(text, str) else json.dumps(text) for text in sent]
    assert [hashlib.sha256(text.encode()).hexdigest() for text in hashed] == case["sha256"]
    # What vLLM draws next: LoRA modules from Python's generator, arrivals from NumPy's.
    stdlib = prompts.stdlib_random or random.Random(options.seed)
    assert [stdlib.random() for _ in range(3)] == case["next_stdlib"]
    legacy = prompts.legacy_random or np.random.RandomState(options.seed)
    assert legacy.gamma(1.0, 1.0, 3).tolist() == case["next_legacy"]


def test_half_of_a_surrogate_pair_is_bad_input(deepseek_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "half.json"
    turn = {"from": "human", "value": "what is this \ud83d half of a pair"}
    path.write_text(json.dumps([{"conversations": [turn, turn]}]))
    options = WorkloadOptions(
        count=1, model="m", dataset="sharegpt", dataset_path=str(path), tokenizer=str(deepseek_folder)
    )
    with pytest.raises(BadInput, match="half of a surrogate pair"):
        dataset_named("sharegpt").make(options, COMPLETIONS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "no list named conversations"),
        ('[{"conversations": [1, 2]}]', r"turn 1 has no text in 'value' \(entry 1\)"),
        ("[\n{,}]", "broken JSON in line 2, column 2"),
        ('[{"conversations": [{"value": "a"}, {"value": "b"}]}]', "no conversation is left"),
    ],
)
def test_what_is_no_sharegpt(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "file.json"
    path.write_text(text)
    options = WorkloadOptions(count=1, model="m", dataset="sharegpt", dataset_path=str(path))
    with pytest.raises(BadInput, match=said):
        dataset_named("sharegpt").make(options, COMPLETIONS)


def test_without_a_tokenizer_words_are_counted_or_it_is_said_what_is_missing() -> None:
    def made(name: str, **given: Any) -> list[Prompt]:
        path = str(HERE / "data" / FILES[name]) if name in FILES else None
        options = WorkloadOptions(count=12, model="m", dataset=name, dataset_path=path, **given)
        return list(dataset_named(name).make(options, COMPLETIONS).items)

    for prompt in (*made("sharegpt"), *made("burstgpt"), *made("custom", chat_template=False)):
        assert len(prompt.text.split()) == prompt.prompt_tokens
    shared = made("prefix-repetition", prefix_len=5, suffix_len=2, num_prefixes=3)
    assert {len(prompt.text.split()) for prompt in shared} == {7}
    assert len({tuple(prompt.text.split()[:5]) for prompt in shared}) == 3
    with pytest.raises(BadInput, match="needs --tokenizer; add --skip-chat-template"):
        made("custom")


def test_a_shared_prefix_can_be_the_system_message(deepseek_folder: Path) -> None:
    options = WorkloadOptions(
        count=6,
        model="m",
        dataset="prefix-repetition",
        prefix_len=9,
        suffix_len=4,
        num_prefixes=2,
        tokenizer=str(deepseek_folder),
    )
    make = dataset_named("prefix-repetition").make
    plain = list(make(options, backend_named("openai-chat")).items)
    split = list(make(replace(options, prefix_role="system"), backend_named("openai-chat")).items)
    assert [p.text for p in plain] == [p.text for p in split]
    assert [[m["role"] for m in p.messages or ()] for p in split] == [["system", "user"]] * 6
    assert len({(p.messages or ())[0]["content"] for p in split}) == 2
    with pytest.raises(BadInput, match=r"--prefix-role system: .* takes no messages"):
        make(replace(options, prefix_role="system"), COMPLETIONS)
    with pytest.raises(BadInput, match="is less than one request for each of --num-prefixes"):
        make(replace(options, num_prefixes=7), COMPLETIONS)
