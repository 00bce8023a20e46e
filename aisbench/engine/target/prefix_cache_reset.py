"""Empties the servers' prefix caches (--reset-prefix-cache), through the endpoint that each server has."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial

from aisbench.engine.aside import aside
from aisbench.engine.target.fetching import Client, Fetched, NoAnswer, TooLarge
from aisbench.engine.target.transport import Transport
from aisbench.engine.target.urls import Target

# vLLM and TensorRT-LLM, then SGLang.
_PATHS = ("/reset_prefix_cache", "/flush_cache")
MISSING = (404, 405)
_MOST_BYTES = 1 << 20
_TIMEOUT_S = 15.0
EMPTIED = "the cache was emptied before the run"


def reset_prefix_caches(targets: Sequence[Target], transport: Transport, headers: dict[str, str]) -> str:
    """Returns EMPTIED, or a line with the servers that refused and their messages."""
    at_once = [aside(partial(_refusal, target, transport, headers)) for target in targets]
    refused = [words for words in (one.result() for one in at_once) if words is not None]
    return "; ".join(dict.fromkeys(refused)) if refused else EMPTIED


def _refusal(target: Target, transport: Transport, headers: dict[str, str]) -> str | None:
    """Why this server's cache was not emptied; None when it was."""
    root = target.root_url
    try:
        with Client(transport, headers, _TIMEOUT_S) as client:
            for path in _PATHS:
                answer = client.fetch("POST", f"{root}{path}", most=_MOST_BYTES)
                if answer.status not in MISSING:
                    return None if is_done(answer) else refused(f"{root}{path}", answer)
            return _slots_refusal(client, root)
    except NoAnswer as problem:
        return f"not emptied: {root} did not answer ({problem})"
    except TooLarge:
        return f"not emptied: {root} answered with more than {_MOST_BYTES >> 20} MiB"


def _slots_refusal(client: Client, root: str) -> str | None:
    """Erases llama.cpp's slots one by one, which are its only cache; returns why one was not erased."""
    answer = client.fetch("GET", f"{root}/slots", most=_MOST_BYTES)
    try:
        slots = [int(slot["id"]) for slot in json.loads(answer.body)] if answer.status == 200 else []
    except (ValueError, TypeError, LookupError, RecursionError):
        slots = []
    if not slots:
        return (
            f"not emptied: {root} has no endpoint for it (vLLM has /reset_prefix_cache if started with "
            "VLLM_SERVER_DEV_MODE=1, llama.cpp /slots with --slots --slot-save-path)"
        )
    for slot in slots:
        url = f"{root}/slots/{slot}?action=erase"
        answer = client.fetch("POST", url, most=_MOST_BYTES)
        if not is_done(answer):
            return refused(url, answer)
    return None


def is_done(answer: Fetched) -> bool:
    """Whether the reset succeeded; vLLM may answer 200 and report a failure in the body."""
    if answer.status != 200:
        return False
    try:
        said = json.loads(answer.body)
    except (ValueError, RecursionError):
        return True
    return not (isinstance(said, dict) and said.get("success") is False)


def refused(url: str, answer: Fetched) -> str:
    words = f": {answer.words}" if answer.words else ""
    return f"not emptied: {url} answered {answer.status}{words}"
