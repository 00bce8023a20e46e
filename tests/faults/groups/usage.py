"""Counts of tokens that are missing, odd or wrong."""

from __future__ import annotations

from typing import Any

from tests.faults.answers import DONE, STOP, TOKENS, USAGE, answer, chat, event, usage
from tests.faults.fault import Fault, broken, fine

_NONE: dict[str, Any] = {"prompt_tokens": -1, "output_tokens": -1}


def _counted(name: str, prompt: Any, output: Any, **counts: Any) -> Fault:
    return fine(name, answer(TOKENS, STOP, usage(prompt, output), DONE), **counts)


def _usage(name: str, value: Any, **counts: Any) -> Fault:
    return fine(name, answer(TOKENS, STOP, event({"choices": [], "usage": value}), DONE), **counts)


FAULTS: tuple[Fault, ...] = (
    fine("no usage", answer(TOKENS, STOP, DONE), **_NONE),
    _usage("usage: null", None, **_NONE),
    _usage("usage: an empty object", {}, **_NONE),
    _usage("usage: a list", [9, 3], **_NONE),
    _usage("usage: a text", "9 3", **_NONE),
    _usage("only the output", {"completion_tokens": 3}, prompt_tokens=-1),
    _usage("only the prompt", {"prompt_tokens": 9}, output_tokens=-1),
    _counted("counts of 0, which are placeholders", 0, 0, **_NONE),
    _counted("negative counts", -9, -3, **_NONE),
    _counted("counts as 9.0 and 3.0", 9.0, 3.0),
    _counted("counts with a fraction", 9.5, 3.5, **_NONE),
    _counted("counts as texts", "9", "3"),
    _counted("counts as words", "nine", "three", **_NONE),
    _counted("counts that are null", None, None, **_NONE),
    _counted("counts that are true", True, True, **_NONE),
    _counted("counts beyond 32 bits", 2**40, 2**40, **_NONE),
    _counted("more output than events, as with speculative decoding", 9, 120, output_tokens=120),
    _counted("less output than events", 9, 1, output_tokens=1),
    _usage(
        "cached tokens: null", {"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": None}
    ),
    _usage(
        "more cached tokens than prompt",
        {"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 99}},
        cached_tokens=99,
    ),
    fine("usage twice", answer(TOKENS, STOP, usage(8, 2), USAGE, DONE)),
    fine("usage, then zeros", answer(TOKENS, STOP, USAGE, usage(0, 0), DONE)),
    fine(
        "usage in every event",
        answer(
            *(
                chat({"content": "a"}, None, usage={"prompt_tokens": 9, "completion_tokens": n})
                for n in (1, 2, 3)
            ),
            STOP,
            DONE,
        ),
    ),
    fine("usage before the finish reason", answer(TOKENS, USAGE, STOP, DONE)),
    broken(
        "120 tokens counted, none sent", "no_output", b"120", answer(STOP, usage(9, 120), DONE), kept=True
    ),
)
