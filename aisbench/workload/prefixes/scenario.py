"""Scenario files of AISBench's prefix-cache plugin (schema 1.0), as options of the `prefix-repetition` data set.

What decides the hits in a cache is followed: lengths, groups, their popularity and order, the hit rate, blocks, and whether
the cache is warm. The text is not: prompts are made of words, so the corpus is not read. The sections `service`, `run` but
for its seed, `validation` and `aisbench` belong to options of a run, which the command line has.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from aisbench.errors import BadInput
from aisbench.options.checks import is_whole
from aisbench.workload.files.file_kinds import refuse_other_kinds
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prefixes.options import BLOCK, GROUPED, INTERLEAVED, RANDOM, UNIFORM

# The sections with the keys that are followed or known to be of no effect here; others are refused, as by the plugin.
_SECTIONS: Mapping[str, tuple[str, ...]] = {
    "run": ("run_id", "random_seed", "output_dir", "overwrite"),
    "tokenizer": ("path", "block_size", "revision", "trust_remote_code"),
    "corpus": ("path", "field", "selection"),
    "requests": ("count", "input_length", "output_length"),
    "prefix_cache": (
        *("mode", "target_hit_rate", "seed_blocks", "minimum_non_shared_length", "groups", "order"),
    ),
    "service": (
        *("inference_url", "metrics_url", "reset_url", "model", "dp_size", "assume_empty_cache", "engine_label_map"),
        *("timeout_seconds", "api_key", "poll_interval_seconds"),
    ),
    "validation": ("target_warning_pp", "actual_warning_pp"),
    "aisbench": ("config", "work_dir", "extra_args", "dataset", "model"),
}  # fmt: skip
_COUNT, _INPUT, _OUTPUT, _RATE, _SEED, _RANKS = 100, 1024, 32, 0.6, 42, 2
# Prompts of one prefix are alike but for their text, so their order among each other does not matter.
_ORDERS = {
    "interleave": INTERLEAVED,
    "sequential": GROUPED,
    "within_group_shuffle": GROUPED,
    "global_shuffle": RANDOM,
    "input_len_asc": GROUPED,
}


def scenario_options(options: WorkloadOptions) -> tuple[WorkloadOptions, list[str]]:
    """The options that the file of --dataset-path stands for, and notes on what of it is done otherwise.

    Raises BadInput, naming the key, for a file that is not such a scenario or asks for what cannot be done.
    """
    if options.dataset_path is None:
        raise BadInput("--dataset prefix-cache-scenario needs the scenario file; give it with --dataset-path")
    path = Path(options.dataset_path).expanduser()
    found = _read(path)
    run, tokenizer, requests, cache, service = (
        found[name] for name in ("run", "tokenizer", "requests", "prefix_cache", "service")
    )
    groups = _section(path, cache, "prefix_cache.groups", ("count", "assignment", "overrides"))
    if groups.get("overrides"):
        raise _bad(path, "prefix_cache.groups.overrides", "is not followed; give all groups the same lengths")
    mode = cache.get("mode", "warmup")
    if mode not in ("warmup", "cold"):
        raise _bad(path, "prefix_cache.mode", f"must be warmup or cold, got {mode!r}")
    strategy = _section(path, cache, "prefix_cache.order", ("strategy",)).get("strategy", "interleave")
    if strategy not in _ORDERS:
        raise _bad(
            path, "prefix_cache.order.strategy", f"must be one of {', '.join(_ORDERS)}, got {strategy!r}"
        )
    made = replace(
        options,
        count=options.count or _whole(path, requests, "requests.count", _COUNT),
        seed=options.seed or _whole(path, run, "run.random_seed", _SEED),
        tokenizer=options.tokenizer or tokenizer.get("path"),
        block_size=_whole(path, tokenizer, "tokenizer.block_size", BLOCK),
        input_len=_fixed(path, requests, "requests.input_length", _INPUT),
        output_len=_fixed(path, requests, "requests.output_length", _OUTPUT),
        num_prefixes=_whole(path, groups, "prefix_cache.groups.count", 1),
        prefix_popularity=_popularity(path, groups),
        prefix_order=_ORDERS[strategy],
        prefix_hit_rate=cache.get("target_hit_rate", _RATE),
        fill_prefixes=mode == "warmup",
    )
    made.check()
    notes = [f"the corpus of {path.name} is not read, and its seed blocks are not made: prompts are words"]
    ranks = _whole(path, service, "service.dp_size", _RANKS)
    if ranks > 1:
        notes.append(
            f"{path.name} is for {ranks} data-parallel ranks, each with a cache of its own: here the hits are counted for one "
            "cache, so a server that spreads a prefix over its ranks finds less"
        )
    return made, notes


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        refuse_other_kinds(path)
        text = path.read_bytes().removeprefix(codecs.BOM_UTF8)
        if not text.strip():
            raise BadInput(
                f"--dataset-path {path} is empty; a prefix-cache scenario is an object with `prefix_cache`"
            )
        found = json.loads(text)
    except OSError as problem:
        raise BadInput(f"--dataset-path {path} cannot be read ({problem.strerror})") from None
    except ValueError as problem:
        raise BadInput(f"--dataset-path {path} is not JSON ({problem})") from None
    if not isinstance(found, dict) or "prefix_cache" not in found:
        raise BadInput(
            f"--dataset-path {path} is not a prefix-cache scenario: it has no object `prefix_cache`"
        )
    version = found.pop("schema_version", "1.0")
    if version != "1.0":
        raise _bad(path, "schema_version", f"must be 1.0, got {version!r}")
    for name in found:
        if name not in _SECTIONS:
            raise _bad(path, name, f"is unknown; known: {', '.join(_SECTIONS)}")
    return {name: _section(path, found, name, keys) for name, keys in _SECTIONS.items()}


def _section(path: Path, owner: Mapping[str, Any], name: str, keys: tuple[str, ...]) -> dict[str, Any]:
    """The object `name` (its last part is the key in `owner`), with no keys but `keys`; empty if it is not there."""
    found = owner.get(name.rpartition(".")[2], {})
    if not isinstance(found, dict):
        raise _bad(path, name, f"must be an object, got {json.dumps(found)}")
    for key in found:
        if key not in keys:
            raise _bad(path, f"{name}.{key}", f"is unknown; known: {', '.join(keys)}")
    return found


def _whole(path: Path, owner: Mapping[str, Any], name: str, default: int) -> int:
    value = owner.get(name.rpartition(".")[2], default)
    if not is_whole(value) or value < 1:
        raise _bad(path, name, f"must be a whole number of at least 1, got {json.dumps(value)}")
    return int(value)


def _fixed(path: Path, requests: Mapping[str, Any], name: str, default: int) -> int:
    length = requests.get(name.rpartition(".")[2], {})
    mode = length.get("mode", "fixed") if isinstance(length, dict) else None
    if mode != "fixed":
        raise _bad(path, name, 'must be {"mode": "fixed", "value": N} here; other modes are not followed')
    return _whole(path, length, f"{name}.value", default)


def _popularity(path: Path, groups: Mapping[str, Any]) -> str:
    name = "prefix_cache.groups.assignment"
    assignment = _section(path, groups, name, ("mode", "exponent", "weights"))
    mode = assignment.get("mode", UNIFORM)
    if mode == UNIFORM:
        return UNIFORM
    if mode == "zipf":
        return f"zipf:{assignment.get('exponent', 1.0)}"
    if mode == "weights" and isinstance(assignment.get("weights"), list):
        return f"weights:{','.join(map(str, assignment['weights']))}"
    raise _bad(
        path, name, "must have the mode uniform, zipf with an exponent, or weights with a list of them"
    )


def _bad(path: Path, name: str, what: str) -> BadInput:
    return BadInput(f"--dataset-path {path}: {name} {what}")
