"""Loads tokenizers by folder or name. transformers is imported here, and only when one is needed."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.errors import BadInput
from aisbench.extras import install_command

# A folder that holds a tokenizer has at least one of these files, usually the first.
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "tokenizer.model", "vocab.json", "vocab.txt")


def load_tokenizer(name_or_path: str, *, trust_remote_code: bool = False) -> Any:
    """The Hugging Face tokenizer in a folder, or that of a model in the local cache.

    Nothing is downloaded: with a slow or blocked network, that would look like a hang. Raises
    BadInput, naming --tokenizer, when there is none or it cannot be loaded.
    """
    folder = tokenizer_folder(name_or_path)
    try:
        return _loaded(folder, trust_remote_code)
    except BadInput:
        raise
    except Exception as problem:  # damaged files make the loaders raise errors of many kinds
        raise BadInput(f"--tokenizer {name_or_path} cannot be loaded: {advice(problem)}") from None


@lru_cache(maxsize=1)
def _loaded(folder: Path, trust_remote_code: bool) -> Any:
    """Loads a tokenizer once, however many parts of the preparation need it."""
    return transformers().AutoTokenizer.from_pretrained(
        folder, trust_remote_code=trust_remote_code, local_files_only=True
    )


def allowed_ids(tokenizer: Any, name: object) -> NDArray[np.int64]:
    """The vocabulary without its special tokens, ascending; raises BadInput, with its `name`, when nothing is left."""
    count = int(tokenizer.vocab_size)
    usable = np.ones(count, dtype=bool)
    usable[[special for special in tokenizer.all_special_ids if 0 <= special < count]] = False
    allowed = np.flatnonzero(usable)
    if len(allowed) == 0:
        raise BadInput(f"--tokenizer {name} has special tokens only; give another one")
    return allowed


def tokenizer_folder(name_or_path: str) -> Path:
    """The folder of a tokenizer; raises BadInput when nothing with that name holds one."""
    if not name_or_path.strip():
        raise BadInput("--tokenizer is empty; give a folder that holds tokenizer.json, or leave it out")
    path = Path(os.path.expanduser(name_or_path))
    if path.is_file():
        raise BadInput(f"--tokenizer {name_or_path} is a file; give the folder that holds it: {path.parent}")
    if path.is_dir():
        if not any((path / name).exists() for name in _TOKENIZER_FILES):
            raise BadInput(
                f"--tokenizer {name_or_path}: the folder holds no tokenizer; give one with tokenizer.json"
            )
        return path
    is_name = name_or_path.count("/") <= 1 and not name_or_path.startswith((".", "/", "~"))
    if not is_name:
        raise BadInput(
            f"--tokenizer {name_or_path}: there is no such folder; give the one that holds tokenizer.json "
            "(usually the model's)"
        )
    cached = _cached_folder(name_or_path)
    if cached is None:
        # It could not be loaded from anywhere without this.
        transformers()
        raise BadInput(
            f"--tokenizer {name_or_path}: there is no such folder, and no tokenizer of that name in the local "
            "cache; give a folder that holds tokenizer.json, or fetch it first: "
            f"hf download {name_or_path} --include '*.json' 'tokenizer*'"
        )
    return cached


def _cached_folder(name: str) -> Path | None:
    """The folder of a model in the Hugging Face cache; None when the cache holds no tokenizer of that model."""
    try:
        # Takes a fraction of the time of transformers, which need not be loaded to find a prepared workload.
        from huggingface_hub import try_to_load_from_cache
    except ImportError:
        transformers()
        raise

    for file in _TOKENIZER_FILES:
        try:
            found = try_to_load_from_cache(name, file)
        except ValueError:  # not a name that a model could have
            return None
        if isinstance(found, str):
            return Path(found).parent
    return None


def transformers() -> Any:
    # Otherwise transformers would warn that PyTorch is missing, which no tokenizer needs.
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    try:
        import transformers
    except ImportError:
        raise BadInput(
            f"--tokenizer needs transformers; install it with: {install_command('tokenizer', 'transformers')}"
        ) from None
    return transformers


def advice(problem: Exception) -> str:
    """What is wrong with the files of a tokenizer and what would work, in one line."""
    text = str(problem)
    if "trust_remote_code" in text:
        return "it comes with its own code; if you trust that code, add --trust-remote-code"
    if "backend tokenizer" in text:
        return "transformers does not recognise its files; give a folder with tokenizer.json"
    reason = f"{type(problem).__name__}: {text}".splitlines()[0]
    return f"{reason}; its files may be damaged, or need another version of transformers"
