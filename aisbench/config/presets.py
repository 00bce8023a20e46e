"""Reads AISBench's presets (`--models NAME`), short TOML files whose keys stand for our options."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aisbench.errors import BadInput
from aisbench.options.checks import unknown

_OURS = Path(__file__).parents[1] / "presets"
# Keys that mean the same as one of our options. An empty text leaves the option unset.
_PLAIN = {
    "backend": "backend",
    "stream": "stream",
    "path": "tokenizer",
    "model": "model",
    "api_key": "api_key",
    "batch_size": "concurrency",
    "max_out_len": "output_len",
    "trust_remote_code": "trust_remote_code",
}
_TRAFFIC = {
    "burstiness": "burstiness",
    "ramp_up_strategy": "ramp_up",
    "ramp_up_start_rps": "ramp_from",
    "ramp_up_end_rps": "ramp_to",
}
_OWN_MEANING = (
    *("host_ip", "host_port", "url", "request_rate", "retry"),
    *("generation_kwargs", "traffic_cfg", "pred_postprocessor"),
)
_KEYS = (*_PLAIN, *_OWN_MEANING)
# Reasoning is split off before answers are extracted, whatever a preset says.
_POSTPROCESSORS = ("", "extract_non_reasoning_content")
# The keys of generation_kwargs that have an option. The others go into the body.
_GENERATION = ("temperature", "ignore_eos")
# At a lower rate AISBench sends all requests at once.
_LOWEST_RPS = 0.1
_TYPES: dict[str, tuple[type, ...]] = {
    "stream": (bool,),
    "trust_remote_code": (bool,),
    "batch_size": (int,),
    "max_out_len": (int,),
    "host_port": (int,),
    "retry": (int,),
    "request_rate": (int, float),
    "generation_kwargs": (dict,),
    "traffic_cfg": (dict,),
}


def preset_file(name: str, folder: str | None = None) -> Path:
    """The preset's file, from `folder` if it is there, else from ours. Raises BadInput for an unknown name."""
    if folder is not None and not Path(folder).is_dir():
        raise BadInput(f"--config-dir {folder} is not a folder; give one with presets (NAME.toml)")
    places = [_OURS] if folder is None else [Path(folder), _OURS]
    known = {file.stem: file for place in reversed(places) for file in sorted(place.glob("*.toml"))}
    if name not in known:
        raise BadInput(f"--models: {unknown(name, list(known))}")
    return known[name]


def options_of(file: Path) -> tuple[dict[str, Any], list[str]]:
    """Returns the options that the preset in `file` sets, by name, and notes for the user.

    Raises BadInput, naming the file, if it cannot be read or has unknown keys or invalid values.
    """
    # Only here: most commands have no preset, and are to start quickly.
    import tomllib

    try:
        preset = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except RecursionError:
        raise BadInput(f"preset {file} is nested too deeply; give plain tables") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise BadInput(f"preset {file} cannot be read: {problem}") from None
    _check(file, "", preset, _KEYS)
    for key, value in preset.items():
        wanted = _TYPES.get(key, (str,))
        if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
            raise BadInput(f"preset {file}: {key} must be {_NAMES[wanted[0]]}, got {value!r}")
    options = {option: preset[key] for key, option in _PLAIN.items() if preset.get(key, "") != ""}
    if url := _url(preset):
        options["url"] = [url]
    if preset.get("request_rate", 0) >= _LOWEST_RPS:
        options["rate"] = preset["request_rate"]
    traffic = preset.get("traffic_cfg", {})
    _check(file, "traffic_cfg: ", traffic, tuple(_TRAFFIC))
    options |= {_TRAFFIC[key]: value for key, value in traffic.items()}
    if "ramp_up" in options:
        # The ramp sets the rate.
        options.pop("rate", None)
    generation = dict(preset.get("generation_kwargs", {}))
    options |= {key: generation.pop(key) for key in _GENERATION if key in generation}
    if generation:
        options["extra_body"] = generation
    if (given := preset.get("pred_postprocessor", "")) not in _POSTPROCESSORS:
        raise BadInput(f"preset {file}: pred_postprocessor: {unknown(given, _POSTPROCESSORS[1:])}")
    retry = preset.get("retry", 0)
    said = (
        [f"preset {file}: retry = {retry} is ignored, because no request is sent twice"] if retry > 0 else []
    )
    return options, said


_NAMES: dict[type, str] = {
    str: "text",
    bool: "true or false",
    int: "a number",
    dict: "a table",
}


def _check(file: Path, where: str, given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in given:
        if key not in known:
            raise BadInput(f"preset {file}: {where}{unknown(key, known)}")


def _url(preset: Mapping[str, Any]) -> str:
    """The server's URL, from `url` or else from host_ip and host_port; empty if none is set."""
    if url := str(preset.get("url", "")):
        return url if "://" in url else f"http://{url}"
    host = str(preset.get("host_ip", ""))
    if not host:
        return ""
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"http://{host}:{preset.get('host_port', 8080)}"
