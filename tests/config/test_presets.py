"""AISBench's presets: which file is read, and what its keys mean."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from aisbench.backends.registry import AISBENCH_NAMES, backend_named
from aisbench.config.presets import options_of, preset_file
from aisbench.config.run_config import RunConfig
from aisbench.errors import BadInput

NAMES = (*AISBENCH_NAMES, "vllm_api_function_call_chat")


@pytest.mark.parametrize("name", NAMES)
def test_every_preset_makes_a_run(name: str) -> None:
    options, said = options_of(preset_file(name))
    assert not said
    assert options["url"] == ["http://localhost:8080"]
    assert options["stream"] is ("stream" in name)
    if name in AISBENCH_NAMES:
        assert backend_named(options["backend"]) is backend_named(name)
    RunConfig(**{**options, "url": tuple(options["url"])}).check()


@pytest.mark.parametrize("name", NAMES)
def test_the_values_are_those_of_aisbench_3_1(name: str) -> None:
    """But for `retry`, which is 2 there; `api_key` is not in its presets without OpenAI's API."""
    preset = tomllib.loads(preset_file(name).read_text())
    for key in ("backend", "stream", "api_key"):
        preset.pop(key)
    chat = {"pred_postprocessor": "extract_non_reasoning_content"} if "chat" in name else {}
    assert preset == {
        "path": "",
        "model": "",
        "host_ip": "localhost",
        "host_port": 8080,
        "url": "",
        "request_rate": 0,
        "batch_size": 1,
        "retry": 0,
        "trust_remote_code": False,
        "max_out_len": 10240 if "function_call" in name else 512,
        "generation_kwargs": {"temperature": 0.01},
        **chat,
    }


def write(folder: Path, text: str) -> Path:
    file = folder / "mine.toml"
    file.write_text(text)
    return file


def test_what_the_keys_mean(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        'path = "tok"\nmodel = "m"\nhost_ip = "::1"\nhost_port = 9\nrequest_rate = 5\nbatch_size = 7\nmax_out_len = 11\n'
        "retry = 2\n[generation_kwargs]\ntemperature = 0.5\ntop_k = 3\nseed = 4\nignore_eos = true\n"
        "[traffic_cfg]\nburstiness = 0.5\n",
    )
    options, said = options_of(file)
    assert options == {
        "tokenizer": "tok",
        "model": "m",
        "url": ["http://[::1]:9"],
        "rate": 5,
        "concurrency": 7,
        "output_len": 11,
        "temperature": 0.5,
        "ignore_eos": True,
        "extra_body": {"top_k": 3, "seed": 4},
        "burstiness": 0.5,
    }
    assert said == [f"preset {file}: retry = 2 is ignored, because no request is sent twice"]


def test_a_ramp_takes_the_place_of_the_rate(tmp_path: Path) -> None:
    ramp = 'ramp_up_strategy = "linear"\nramp_up_start_rps = 1\nramp_up_end_rps = 9\n'
    options, _ = options_of(write(tmp_path, f"request_rate = 5\n[traffic_cfg]\n{ramp}"))
    assert options == {"ramp_up": "linear", "ramp_from": 1, "ramp_to": 9}


def test_the_users_own_come_first(tmp_path: Path) -> None:
    own = tmp_path / "tgi_api_general.toml"
    own.touch()
    assert preset_file("tgi_api_general", str(tmp_path)) == own
    assert preset_file("vllm_api_general", str(tmp_path)) == preset_file("vllm_api_general")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("batchsize = 3", "unknown 'batchsize'; did you mean batch_size?"),
        ("[traffic_cfg]\nburst = 3", "traffic_cfg: unknown 'burst'"),
        ('batch_size = "3"', "batch_size must be a number, got '3'"),
        ("batch_size = true", "batch_size must be a number, got True"),
        ('pred_postprocessor = "x"', "pred_postprocessor: unknown 'x'"),
        ("model = ", "cannot be read"),
    ],
)
def test_what_cannot_be_followed_names_the_file(tmp_path: Path, text: str, wrong: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(BadInput, match=re.escape(wrong)) as refused:
        options_of(file)
    assert str(file) in str(refused.value)


def test_an_unknown_name() -> None:
    with pytest.raises(BadInput, match="did you mean vllm_api_stream_chat"):
        preset_file("vllm_api_stream_chats")
