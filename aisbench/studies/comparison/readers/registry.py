"""Reads results of any known tool, which is recognised from the content of the file, not its name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson

from aisbench.backends.tool_calls import valid
from aisbench.errors import BadInput
from aisbench.studies.comparison.readers import (
    aiperf,
    aisbench,
    guidellm,
    sglang,
    vllm,
)
from aisbench.studies.comparison.result import Group, ToolResult

KINDS = (
    "an aisbench run folder, vllm bench serve --save-result, sglang bench_serving's JSON lines, "
    "AIPerf's profile_export_aiperf.json or GuideLLM's benchmarks.json"
)


def read_groups(arguments: list[str]) -> list[Group]:
    """The groups that `arguments` name: each is a path, or NAME=path,path,... for repeats of the same run.

    If a path holds several results, each becomes a group, or in a NAME=... argument a repeat. Raises BadInput if a path
    cannot be read, or if there are fewer than two groups.
    """
    groups: list[Group] = []
    for argument in arguments:
        name, paths = _split_argument(argument)
        if name is None:
            found = read_path(paths[0])
            groups += [Group(_short_name(result), (result,)) for result in found]
        else:
            runs = [result for path in paths for result in read_path(path)]
            groups.append(Group(name, tuple(runs)))
    if len(groups) < 2:
        raise BadInput(f"one result cannot be compared; give at least two, each {KINDS}")
    return _with_distinct_names(groups)


def _split_argument(argument: str) -> tuple[str | None, list[str]]:
    """(name, paths). The name is None for a plain path, even one that contains an equals sign."""
    name, mark, rest = argument.partition("=")
    if not mark or "/" in name or Path(argument).exists():
        return None, [argument]
    paths = [path for path in rest.split(",") if path]
    if not name or not paths:
        raise BadInput(
            f"{argument!r} is not NAME=RUN,RUN...; give a name and its runs, such as ours=run1,run2"
        )
    return name, paths


def _short_name(result: ToolResult) -> str:
    return Path(result.path).resolve().name


def _with_distinct_names(groups: list[Group]) -> list[Group]:
    """Adds a number to a name that an earlier group has."""
    seen: dict[str, int] = {}
    found = []
    for group in groups:
        seen[group.name] = count = seen.get(group.name, 0) + 1
        found.append(group if count == 1 else Group(f"{group.name} ({count})", group.runs))
    return found


def read_path(path: str) -> list[ToolResult]:
    """The results in one folder or file. Raises BadInput if it cannot be read."""
    place = Path(path)
    if place.is_dir():
        if not (place / "records").is_dir() and (place / "benchmarks.json").is_file():
            return read_path(str(place / "benchmarks.json"))
        return [aisbench.read_folder(place)]
    if place.name in ("summary.json", "vllm.json") and (place.parent / "records" / "run.json").is_file():
        # The records beside it contain more: single requests, and that aisbench measured them.
        return [aisbench.read_folder(place.parent)]
    return [result for content in _objects_of(place) for result in read_object(content, path)]


def read_object(content: dict[str, Any], path: str) -> list[ToolResult]:
    try:
        if aisbench.recognises(content):
            return [aisbench.read_summary(content, path)]
        if sglang.recognises(content):
            return [sglang.read(content, path)]
        if vllm.recognises(content):
            return [vllm.read(content, path)]
        if guidellm.recognises(content):
            return guidellm.read(content, path)
        if aiperf.recognises(content):
            return [aiperf.read(content, path)]
    except (TypeError, ValueError, KeyError, AttributeError, IndexError) as problem:
        raise BadInput(f"{path} is not in the expected format ({problem}); give {KINDS}") from None
    some = ", ".join(list(content)[:5]) or "nothing"
    raise BadInput(f"{path} is not the result of a known tool (it holds {some}); give {KINDS}")


def _objects_of(place: Path) -> list[dict[str, Any]]:
    """The JSON objects of a file: one, or one per line. Raises BadInput if there are none."""
    try:
        raw = place.read_bytes()
    except OSError as problem:
        raise BadInput(f"{place} cannot be read ({problem.strerror}); give {KINDS}") from None
    try:
        found = [_json_of(raw)]
    except ValueError as problem:
        lines = [line for line in raw.splitlines() if line.strip()]
        if len(lines) < 2:
            raise BadInput(f"{place} is not JSON ({problem}); give {KINDS}") from None
        found = [_json_line(line, place, at) for at, line in enumerate(lines, 1)]
    for content in found:
        if not isinstance(content, dict):
            raise BadInput(f"{place} is not a JSON object; give {KINDS}")
    return found


def _json_line(line: bytes, place: Path, at: int) -> Any:
    try:
        return _json_of(line)
    except ValueError as problem:
        raise BadInput(f"{place}: line {at} is not JSON ({problem}); give {KINDS}") from None


def _json_of(raw: bytes) -> Any:
    """Parses `raw` with orjson, or with the standard library what orjson refuses: NaN, infinity and halves of surrogate
    pairs. The halves become U+FFFD, as no file could hold them."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        found = json.loads(raw)
    if rb"\ud" not in raw.lower():
        return found
    return json.loads(valid(json.dumps(found, ensure_ascii=False)))
