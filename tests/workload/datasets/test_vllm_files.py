"""Data sets of vLLM's client that are read from files: Spec-Bench, SPEED-Bench, sonnet, Hugging Face, media."""

from __future__ import annotations

import base64
import io
import json
import random
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisbench.backends.backend import BodyOptions
from aisbench.backends.prompt import Prompt
from aisbench.backends.registry import backend_named
from aisbench.errors import BadInput
from aisbench.workload.datasets.registry import dataset_named
from aisbench.workload.files.png import png
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.vllm_dataset_options import buckets

COMPLETIONS, CHAT = backend_named("openai"), backend_named("openai-chat")
TEMPLATE = (
    "{% for m in messages %}[{{ m.role }}:{{ m.content }}]{% endfor %}{% if thinking %}(think){% endif %}"
)


def lines(path: Path, *rows: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def options(dataset: str, path: Path | str | None, **given: Any) -> WorkloadOptions:
    named = str(path) if path is not None else None
    made = WorkloadOptions(
        **({"count": None, "model": "m", "dataset": dataset, "dataset_path": named} | given)
    )
    made.check()
    return made


def prompts(dataset: str, path: Path | str | None, backend: Any = COMPLETIONS, **given: Any) -> Prompts:
    return dataset_named(dataset).make(options(dataset, path, **given), backend)


def asked(dataset: str, path: Path | str | None, backend: Any = COMPLETIONS, **given: Any) -> list[Prompt]:
    made = prompts(dataset, path, backend, **given)
    items = list(made.items)
    assert len(items) == made.count
    return items


def texts(*args: Any, **given: Any) -> list[str]:
    return [prompt.text for prompt in asked(*args, **given)]


@pytest.fixture
def templated(tiny: Any, tmp_path: Path) -> str:
    folder = tmp_path / "tokenizer"
    tiny.save_pretrained(folder)
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return str(folder)


def test_spec_bench_asks_first_turns_of_a_category_in_vllm_s_order(tmp_path: Path) -> None:
    rows = [{"category": "ab"[i % 2], "turns": [f"q{i}", "later"]} for i in range(12)]
    path = lines(tmp_path / "question.jsonl", *rows)
    expected = [f"q{i}" for i in range(1, 12, 2)]
    random.Random(0).shuffle(expected)
    given: dict[str, Any] = {"chat_template": False, "spec_bench_category": "b"}
    # vLLM's client does not hand it the seed.
    for seed in (0, 7):
        assert texts("spec_bench", path, seed=seed, **given) == expected
    assert texts("spec_bench", path, shuffle=False, count=2, **given) == ["q1", "q3"]
    assert {prompt.output_tokens for prompt in asked("spec_bench", path, **given)} == {256}


def test_speed_bench_reads_the_file_of_its_subset(tmp_path: Path, templated: str) -> None:
    lines(tmp_path / "s" / "qualitative.jsonl", {"category": "x", "messages": [{"content": "a"}]})
    lines(tmp_path / "s" / "throughput_1k.jsonl", {"category": "x", "messages": [{"content": "b"}]})
    given: dict[str, Any] = {"tokenizer": templated, "chat_template_kwargs": {"thinking": True}}
    (prompt,) = asked("speed_bench", tmp_path / "s", **given)
    assert (prompt.text, prompt.output_tokens) == ("[user:a](think)", 4096)
    given = {"chat_template": False, "output_len": 5, "speed_bench_dataset_subset": "throughput_1k"}
    (prompt,) = asked("speed_bench", tmp_path / "s", **given)
    assert (prompt.text, prompt.output_tokens) == ("b", 5)
    with pytest.raises(BadInput, match="available: qualitative, throughput_1k"):
        asked("speed_bench", tmp_path / "s", speed_bench_dataset_subset="low")


def test_sonnet_lines_share_a_beginning_and_stay_below_their_length(tmp_path: Path) -> None:
    path = tmp_path / "poem.txt"
    path.write_text("".join(f"line {i} of it\n" for i in range(30)))
    items = asked("sonnet", path, input_len=100, prefix_len=40, output_len=9, count=20)
    first = items[0].text.split("\n")
    # Eleven words of instruction, four a line: (40 - 11) / 4 lines the same, (100 - 11) / 4 in all.
    assert first[0] == "Pick as many lines as you can from these poem lines:"
    assert first[1:8] == [f"line {i} of it" for i in range(7)]
    assert all(item.text.split("\n")[:8] == first[:8] for item in items)
    assert {item.prompt_tokens for item in items} == {11 + 4 * 22}
    assert len({item.text for item in items}) == 20
    with pytest.raises(BadInput, match="--prefix-len 200 must be at most --input-len 100"):
        asked("sonnet", path, input_len=100)
    with pytest.raises(BadInput, match="must be more than the 11 tokens of the instruction"):
        asked("sonnet", path, input_len=11)


def test_known_data_sets_of_hugging_face_become_vllm_s_prompts(tmp_path: Path, templated: str) -> None:
    rows = [{"question": f"what is {i}", "answer": "42"} for i in range(5)]
    path = lines(tmp_path / "main" / "test.jsonl", *rows).parent.parent
    given: dict[str, Any] = {"hf_name": "openai/gsm8k", "tokenizer": templated}
    order = np.random.default_rng(3).permutation(5).tolist()
    assert texts("hf", path, seed=3, **given) == [f"[user:what is {i}]" for i in order]
    plain = texts("hf", path, shuffle=False, chat_template=False, count=2, hf_name="openai/gsm8k")
    assert plain == ["what is 0", "what is 1"]
    assert {prompt.output_tokens for prompt in asked("hf", path, **given)} == {256}


@pytest.mark.parametrize(
    ("name", "row", "text", "output"),
    [
        (
            "likaixin/InstructCoder",
            {"input": "c", "instruction": "do"},
            "c\n\ndo Just output the code, do not include any explanation.",
            200,
        ),
        ("philschmid/mt-bench", {"turns": ["one", "two"]}, "one", 256),
        ("openai/openai_humaneval", {"prompt": "def f"}, "def f", 256),
        ("AI-MO/NuminaMath-CoT", {"problem": "a b c d", "solution": "e f g h i"}, "a b c d", 5),
        (
            "Aeala/ShareGPT_Vicuna_unfiltered",
            {"conversations": [{"value": "a b c d"}, {"value": "e f g h"}]},
            "a b c d",
            4,
        ),
    ],
)
def test_rows_of_text(tmp_path: Path, name: str, row: Any, text: str, output: int) -> None:
    path = lines(tmp_path / "rows.jsonl", row)
    (prompt,) = asked("hf", path, hf_name=name, chat_template=False)
    assert (prompt.text, prompt.output_tokens) == (text, output)


def test_blazedit_rows_are_chosen_by_their_distance(tmp_path: Path) -> None:
    rows = [{"code": f"c{i}", "change_request": "r", "norm_distance": i / 4} for i in range(5)]
    path = lines(tmp_path / "rows.jsonl", *rows)
    given: dict[str, Any] = {"hf_name": "vdaita/edit_5k_char", "chat_template": False, "shuffle": False}
    items = asked("hf", path, blazedit_min_distance=0.25, blazedit_max_distance=0.5, **given)
    assert [item.text.split("\n")[4] for item in items] == ["c1", "c2"]
    assert items[0].text.startswith("Given a code file, please apply the change requests and generate")
    assert items[0].output_tokens == 4000


def test_mlperf_rows_have_a_system_prompt_in_the_template(tmp_path: Path, templated: str) -> None:
    row = {"system_prompt": "sys", "question": "a b c d", "output": "abcabc abcabc"}
    path = lines(tmp_path / "rows.jsonl", row)
    (prompt,) = asked("hf", path, hf_name="mgoin/mlperf-inference-llama2-data", tokenizer=templated)
    assert prompt.text == "[system:sys][user:a b c d]"


def test_a_cached_data_set_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    snapshot = tmp_path / "datasets--openai--gsm8k" / "snapshots" / "abc"
    lines(snapshot / "main" / "test.jsonl", {"question": "tested"})
    lines(snapshot / "main" / "train.jsonl", {"question": "trained"})
    lines(snapshot / "socratic" / "test.jsonl", {"question": "asked back"})
    given: dict[str, Any] = {"chat_template": False}
    assert texts("hf", "openai/gsm8k", **given) == ["tested"]
    assert texts("hf", "openai/gsm8k", hf_split="train", **given) == ["trained"]
    assert texts("hf", "openai/gsm8k", hf_subset="socratic", **given) == ["asked back"]
    with pytest.raises(
        BadInput, match="has no file for --hf-subset main and --hf-split dev; available: main/test"
    ):
        asked("hf", "openai/gsm8k", hf_split="dev", **given)
    with pytest.raises(BadInput, match="hf download --repo-type dataset philschmid/mt-bench"):
        asked("hf", "philschmid/mt-bench", **given)


def test_an_unknown_data_set_is_told_what_is_known(tmp_path: Path) -> None:
    path = lines(tmp_path / "rows.jsonl", {"question": "a"})
    with pytest.raises(BadInput, match=r"give a known data set with --hf-name: .*openai/gsm8k"):
        asked("hf", path)


def test_bfcl_sends_questions_with_tools_in_json_schema(tmp_path: Path) -> None:
    function = {"name": "f", "parameters": {"type": "dict", "properties": {"x": {"type": "float"}}}}
    for category in ("simple", "multiple"):
        lines(
            tmp_path / f"BFCL_v3_{category}.json",
            *(
                {"question": [[{"role": "user", "content": f"{category} {i}"}]], "function": [function]}
                for i in range(2)
            ),
        )
    name = "gorilla-llm/Berkeley-Function-Calling-Leaderboard"
    given: dict[str, Any] = {"hf_name": name, "bfcl_categories": ("simple", "multiple"), "shuffle": False}
    items = asked("hf", tmp_path, CHAT, **given)
    assert [item.text for item in items] == ["simple 0", "multiple 0", "simple 1", "multiple 1"]
    body = json.loads(CHAT.body(items[0], BodyOptions("m")))
    assert body["messages"] == [{"role": "user", "content": "simple 0"}]
    assert body["tool_choice"] == "auto"
    assert body["tools"][0]["function"]["parameters"] == {
        "type": "object",
        "properties": {"x": {"type": "number"}},
    }
    assert body["max_completion_tokens"] == 512
    with pytest.raises(
        BadInput, match=r"--bfcl-categories parallel: there is no .*; available: multiple, simple"
    ):
        asked("hf", tmp_path, CHAT, hf_name=name, bfcl_categories=("parallel",))
    with pytest.raises(BadInput, match="takes no tools; use --backend openai-chat"):
        asked("hf", tmp_path, **given)


def picture(path: Path) -> bytes:
    data = png(np.zeros((1, 1, 3), np.uint8), 2, 2, 2)
    path.write_bytes(data)
    return data


def test_images_of_a_file_are_sent_as_vllm_s_client_sends_them(tmp_path: Path) -> None:
    data = picture(tmp_path / "a.png")
    path = lines(
        tmp_path / "rows.jsonl",
        {"prompt": "look", "image_files": ["a.png", "https://example.org/b.png"]},
        {
            "content": [
                {"type": "text", "text": "one "},
                {"type": "image", "image": str(tmp_path / "a.png")},
                {"type": "text", "text": "two"},
                {"type": "image_url", "image_url": {"url": "a.png", "detail": "low"}},
            ]
        },
    )
    first, second = asked("custom_image", path, CHAT, shuffle=False)
    url = f"file://{tmp_path / 'a.png'}"
    body = json.loads(CHAT.body(first, BodyOptions("m")))
    assert body["messages"][0]["content"] == [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": url}},
        {"type": "image_url", "image_url": {"url": "https://example.org/b.png"}},
    ]
    assert body["max_completion_tokens"] == 256
    content = json.loads(CHAT.body(second, BodyOptions("m")))["messages"][0]["content"]
    assert [part["type"] for part in content] == ["text", "image_url", "text", "image_url"]
    assert content[3]["image_url"] == {"url": url, "detail": "low"}
    assert second.text == "one two"
    made = prompts("custom_image", path, CHAT, custom_ensure_client_side_data=True, shuffle=False)
    (inline,) = made.items
    part = CHAT.body(inline, BodyOptions("m")).decode()
    assert f"data:image/png;base64,{base64.b64encode(data).decode()}" in part
    assert any("which is not fetched here" in note for note in made.notes)


def sound(seconds: float) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(2 * int(8000 * seconds)))
    return made.getvalue()


def test_sounds_of_a_file_are_part_of_the_message(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(sound(0.1))
    path = lines(tmp_path / "rows.jsonl", {"prompt": "write down", "audio": "a.wav"})
    (prompt,) = asked("custom_audio", path, CHAT)
    (part,) = json.loads(CHAT.body(prompt, BodyOptions("m")))["messages"][0]["content"][1:]
    assert part["type"] == "input_audio"
    assert part["input_audio"]["format"] == "wav"
    assert base64.b64decode(part["input_audio"]["data"]) == sound(0.1)


def test_speech_is_chosen_by_its_length(tmp_path: Path) -> None:
    rows = [{"audio": {"bytes": base64.b64encode(sound(s)).decode()}} for s in (0.1, 0.5, 2.0)]
    path = lines(tmp_path / "rows.jsonl", *rows)
    given: dict[str, Any] = {"hf_name": "openslr/librispeech_asr", "asr_min_audio_len_sec": 0.2}
    items = asked("hf", path, CHAT, asr_max_audio_len_sec=1.0, **given)
    assert len(items) == 1
    assert base64.b64decode(items[0].media[0]["input_audio"]["data"]) == sound(0.5)


def test_random_mm_has_as_many_images_of_each_size_as_asked_for() -> None:
    given: dict[str, Any] = {
        "count": 40,
        "input_len": 5,
        "random_mm_base_items_per_request": 2,
        "random_mm_num_mm_items_range_ratio": 0.5,
        "random_mm_bucket_config": "{(16, 8, 1): 0.75, (32, 32, 1): 0.25, (720, 1280, 16): 0}",
    }
    items = asked("random-mm", None, CHAT, **given)
    counts = [len(item.media) for item in items]
    assert set(counts) == {1, 2, 3}
    urls = [part["image_url"]["url"] for item in items for part in item.media]
    assert len(set(urls)) == len(urls)
    sizes = [base64.b64decode(url.partition(",")[2])[16:24] for url in urls]
    small = sizes.count((8).to_bytes(4, "big") + (16).to_bytes(4, "big"))
    assert small + sizes.count((32).to_bytes(4, "big") * 2) == len(sizes)
    assert 0.6 < small / len(sizes) < 0.9
    limited = asked("random-mm", None, CHAT, **given, random_mm_limit_mm_per_prompt={"image": 1})
    assert {len(item.media) for item in limited} == {1}


def test_buckets_come_to_1() -> None:
    assert buckets("{(1, 2, 1): 3, (4, 4, 1): 1}") == {(1, 2, 1): 0.75, (4, 4, 1): 0.25}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{(256, 256, 16): 1}", "videos cannot be generated"),
        ("{(256, 256): 1}", "cannot be read; give for example"),
        ("{}", "probabilities must be above 0"),
        ("__import__('os')", "cannot be read"),
    ],
)
def test_buckets_that_are_none(text: str, problem: str) -> None:
    with pytest.raises(BadInput, match=problem):
        buckets(text)


def test_texts_of_a_reranker_or_of_an_embedding_model() -> None:
    rerank, embeddings = backend_named("vllm-rerank"), backend_named("openai-embeddings")
    given: dict[str, Any] = {"count": 5, "batch_size": 3, "input_len": 10}
    both = asked("random-rerank", None, rerank, **given)
    assert [len(item.documents) for item in both] == [3, 2]
    alike = asked("random-rerank", None, embeddings, no_reranker=True, **given)
    # The query is one of the five texts, and of the three in a batch.
    assert [len(item.documents) for item in alike] == [2, 2]
    assert all(len(text.split()) == 10 for item in alike for text in (item.text, *item.documents))
    body = json.loads(embeddings.body(alike[0], BodyOptions("m")))
    assert body["input"] == [alike[0].text, *alike[0].documents]


def test_a_trace_may_name_its_fields_otherwise(tmp_path: Path) -> None:
    path = lines(tmp_path / "t.jsonl", {"t": 1.0, "in": 5, "out": 2, "h": [1]}, {"t": 3.0, "in": 6, "out": 3})
    made = prompts(
        "timed_trace",
        path,
        timed_trace_label_timestamp="t",
        timed_trace_label_input_length="in",
        timed_trace_label_output_length="out",
        timed_trace_label_hash_ids="h",
    )
    assert made.arrivals_ns is not None
    assert made.arrivals_ns.tolist() == [0, 2_000_000_000]
    assert [(item.prompt_tokens, item.output_tokens) for item in made.items] == [(5, 2), (6, 3)]


HERE = Path(__file__).parent
FILES = HERE / "data" / "vllm_files"
GOLDEN: dict[str, list[Any]] = json.loads((HERE / "vllm_files.json").read_text())


def test_benches_are_those_of_vllm_s_own_classes() -> None:
    for name, path, count, more in (
        ("spec_bench", FILES / "question.jsonl", 9, {"spec_bench_category": "b"}),
        ("speed_bench", FILES / "speed", 12, {}),
    ):
        items = asked(name, path, count=count, chat_template=False, **more)
        assert [[one.text, one.prompt_tokens, one.output_tokens] for one in items] == GOLDEN[name]


def test_images_are_those_of_vllm_s_own_class() -> None:
    made = []
    for one in asked("custom_image", FILES / "images.jsonl", CHAT, count=8, seed=3):
        if one.messages is not None:
            made.append([one.messages[0]["content"], None, one.output_tokens])
        else:
            media = list(one.media) if len(one.media) > 1 else one.media[0]
            made.append([one.text, media, one.output_tokens])
    assert made == GOLDEN["custom_image"]


def test_tools_are_those_of_vllm_s_own_class() -> None:
    name = "gorilla-llm/Berkeley-Function-Calling-Leaderboard"
    items = asked("hf", FILES, CHAT, hf_name=name, count=15, seed=5)
    assert [[list(one.messages or ()), one.fields, one.output_tokens] for one in items] == GOLDEN["bfcl"]
