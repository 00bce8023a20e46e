"""Fingerprints a workload's bodies, their lengths and its source files; runs with equal fingerprints did the same."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisbench.workload.bodies import Bodies
from aisbench.workload.files.dataset_files import file_hash
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prefix_reuse import PrefixReuse
from aisbench.workload.tokens.tokenizers import load_tokenizer, tokenizer_folder

# Tokenizer files that prompts and their lengths depend on.
_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "tokenizer.model",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "chat_template.jinja",
)


def fingerprint(
    options: WorkloadOptions,
    bodies: Bodies,
    prompt_tokens: NDArray[np.int32],
    reuse: PrefixReuse,
    rows: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The fingerprint as plain values, for run.json and summaries.

    `bodies`: see Bodies.fingerprint. `prompt_tokens`: see length_facts. `prefix_reuse`: see PrefixReuse.share.
    `rows`: see Prompts.
    """
    return {
        "bodies": bodies.fingerprint,
        "requests": bodies.count,
        "unique_prompts": bodies.unique,
        "prompt_tokens": length_facts(prompt_tokens),
        "prefix_reuse": round(reuse.share, 6),
        "dataset": {**_dataset_facts(options), **({"rows": rows} if rows is not None else {})},
        "tokenizer": _tokenizer_facts(options),
    }


def length_facts(lengths: NDArray[np.int32]) -> dict[str, Any]:
    """Statistics of `lengths` in tokens, null where there are none, and the sha256 over them as little-endian int32."""
    whole = np.ascontiguousarray(lengths, dtype="<i4")
    some = len(whole) > 0
    return {
        "min": int(whole.min()) if some else None,
        "p50": float(np.percentile(whole, 50)) if some else None,
        "mean": float(whole.mean()) if some else None,
        "p99": float(np.percentile(whole, 99)) if some else None,
        "max": int(whole.max()) if some else None,
        "sha256": hashlib.sha256(whole.tobytes()).hexdigest(),
    }


def _dataset_facts(options: WorkloadOptions) -> dict[str, Any]:
    path = Path(options.dataset_path).expanduser() if options.dataset_path else None
    return {
        "name": options.dataset,
        "seed": options.seed,
        "sha256": file_hash(path) if path and path.exists() else None,
    }


def _tokenizer_facts(options: WorkloadOptions) -> dict[str, Any] | None:
    """The class that transformers picked, and a sha256 over the names and contents of the files that it reads.

    The class is recorded too because a config.json beside the same files can change it, and so the prompts.
    """
    if options.tokenizer is None:
        return None
    folder = tokenizer_folder(options.tokenizer)
    loaded = load_tokenizer(options.tokenizer, trust_remote_code=options.trust_remote_code)
    digest = hashlib.sha256()
    for name in _FILES:
        if (folder / name).is_file():
            digest.update(name.encode() + b"\0" + bytes.fromhex(file_hash(folder / name)))
    return {
        "name": options.tokenizer,
        "class": type(loaded).__name__,
        "vocabulary": int(loaded.vocab_size),
        "sha256": digest.hexdigest(),
    }
