"""Finding tokenizers: a clear line for everything that can be wrong, and never the network."""

from __future__ import annotations

import json
import shutil
import socket
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

from aisbench.errors import BadInput
from aisbench.extras import install_command
from aisbench.workload.tokens.tokenizers import load_tokenizer


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*asked: Any) -> NoReturn:
        pytest.fail(f"the network was asked: {asked}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Hugging Face cache."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def refusal(name: str) -> str:
    with pytest.raises(BadInput) as refused:
        load_tokenizer(name)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_folder_is_loaded(tiny_folder: Path, tiny: Any) -> None:
    loaded = load_tokenizer(str(tiny_folder))
    assert loaded.get_vocab() == tiny.get_vocab()
    assert loaded.num_special_tokens_to_add() == 1


def test_a_folder_in_the_home_directory(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tiny_folder.parent))
    assert load_tokenizer(f"~/{tiny_folder.name}").vocab_size == 13


def test_a_name_is_found_in_the_cache(cache: Path, tiny_folder: Path) -> None:
    model = cache / "models--some--model"
    (model / "refs").mkdir(parents=True)
    (model / "refs" / "main").write_text("abc123")
    shutil.copytree(tiny_folder, model / "snapshots" / "abc123")
    assert load_tokenizer("some/model").vocab_size == 13


def test_a_name_that_is_not_in_the_cache(cache: Path) -> None:
    said = refusal("some/model")
    assert said.startswith("--tokenizer some/model: there is no such folder, and no tokenizer of that name")
    assert "hf download some/model" in said


@pytest.mark.parametrize("name", ["/no/such/folder", "./nowhere", "~/nowhere", "a/b/c"])
def test_a_path_that_is_not_there(name: str) -> None:
    assert refusal(name).startswith(f"--tokenizer {name}: there is no such folder; give the one that holds")


@pytest.mark.parametrize("name", ["", "  "])
def test_an_empty_name(name: str) -> None:
    assert refusal(name).startswith("--tokenizer is empty")


def test_a_file_instead_of_its_folder(tiny_folder: Path) -> None:
    said = refusal(str(tiny_folder / "tokenizer.json"))
    assert "is a file; give the folder that holds it" in said
    assert said.endswith(str(tiny_folder))


def test_a_folder_without_a_tokenizer(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    assert "the folder holds no tokenizer" in refusal(str(tmp_path))


@pytest.mark.parametrize("text", ['{"model": ', "{}", '{"version": "1.0", "added_tokens": []}'])
def test_damaged_files(tmp_path: Path, text: str) -> None:
    (tmp_path / "tokenizer.json").write_text(text)
    said = refusal(str(tmp_path))
    assert said.startswith(f"--tokenizer {tmp_path} cannot be loaded: ")
    assert "damaged" in said


def test_a_tokenizer_class_that_does_not_exist(tmp_path: Path) -> None:
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "NoSuchTokenizer"}))
    assert "give a folder with tokenizer.json" in refusal(str(tmp_path))


def test_code_of_its_own_is_not_run_unasked(tmp_path: Path) -> None:
    (tmp_path / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "Own", "auto_map": {"AutoTokenizer": ["own.Own", None]}})
    )
    ran = tmp_path / "ran"
    (tmp_path / "own.py").write_text(f"open({str(ran)!r}, 'w').close()")
    assert "add --trust-remote-code" in refusal(str(tmp_path))
    assert not ran.exists()


def test_without_transformers_the_extra_is_named(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The last tokenizer that was loaded is kept: this one was not, whatever test came before.
    shutil.copytree(tiny_folder, tmp_path / "new")
    monkeypatch.setitem(sys.modules, "transformers", None)
    assert install_command("tokenizer", "transformers") in refusal(str(tmp_path / "new"))
