"""Files and options from users: each is taken, or refused with one line; never a traceback.

The first line of an input names a kind of file or an option; the rest is the file, or the option's value. The commands run
in this process, and nothing is sent.
"""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import click

from aisbench.errors import BadInput, CannotRun
from tests.fuzz.engine import Check, Target

_EXPORT = ("workload", "export", "--model", "m", "--num-requests", "4", "--output", "-")
_FROM = (*_EXPORT, "--dataset")

# What a kind of file is read by: the command, the file's name, and what comes after the name on the command line.
_KINDS: dict[bytes, tuple[tuple[str, ...], str]] = {
    **{
        name.encode(): ((*_FROM, name, *more, "--dataset-path"), file)
        for name, file, more in (
            ("jsonl", "f.jsonl", ()),
            ("csv", "f.csv", ()),
            ("sharegpt", "f.json", ()),
            ("custom", "f.jsonl", ("--skip-chat-template",)),
            ("burstgpt", "f.csv", ()),
            ("sonnet", "f.txt", ()),
            ("file", "f.jsonl", ()),
            ("trace", "f.jsonl", ()),
            ("timed_trace", "f.jsonl", ()),
            ("conversations", "f.jsonl", ("--backend", "openai-chat")),
            ("sessions", "f.jsonl", ("--backend", "openai-chat")),
            ("otel_spans", "f.jsonl", ("--backend", "openai-chat")),
        )
    },
    **{
        f"trace-{name}".encode(): ((*_FROM, "trace", "--trace-format", name, "--dataset-path"), "f." + end)
        for name, end in (("mooncake", "jsonl"), ("azure", "csv"), ("bailian", "jsonl"), ("weka", "json"))
    },
    b"describe": (("workload", "describe"), "f.jsonl"),
    b"import": (("workload", "import"), "f.jsonl"),
    b"convert": (("workload", "import", "--output", "-"), "f.jsonl"),
    b"result": (("compare",), "f.json"),
    b"yaml": (("load", "--search", "--config"), "f.yaml"),
    b"toml": (("load", "--search", "--config"), "f.toml"),
    b"template": ((*_EXPORT, "--backend", "template", "--template"), "f.toml"),
}
_OPTIONS = (
    *(
        "--extra-body",
        "--header",
        "--url",
        "--goodput",
        "--rate",
        "--rate-steps",
        "--rate-series",
        "--rate-sine",
    ),
    *(
        "--burst",
        "--percentiles",
        "--concurrency",
        "--input-len",
        "--range-ratio",
        "--duration",
        "--proxy",
        "--fail-on",
    ),
    *(
        "--omit-field",
        "--seed",
        "--think-time",
        "--warmup-time",
        "--api-key",
        "--endpoint",
        "--local-address",
    ),
)
_NUMBERS = (b"0", b"-1", b"1e999", b"NaN", b"1.5", b"2147483648", b"99999999999999999999", b"true", b"null")
_WORDS = (
    *_NUMBERS,
    *(
        b'"%b"' % name
        for name in (b"prompt", b"messages", b"role", b"user", b"content", b"output_tokens", b"system")
    ),
    *(
        b'"%b"' % name
        for name in (b"timestamp", b"hash_ids", b"input_length", b"output_length", b"body", b"model")
    ),
    *(
        b'"%b"' % name
        for name in (b"conversations", b"from", b"human", b"value", b"span_id", b"attributes", b"turns")
    ),
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b",",
        b"\n",
        b"\r\n",
        b'"',
        b"'",
        b"\\",
        b"\\ud800",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\x00",
    ),
    *(
        b"- ",
        b"a: ",
        b"rate: ",
        b"x = ",
        b"[stream]\n",
        b"{{ prompt }}",
        b"{% if",
        b"*a",
        b"&a",
        b"!!python/none",
        b"ms",
    ),
)


def _arguments(data: bytes, folder: Path) -> list[str]:
    """The command line that reads an input."""
    kind, _, content = data.partition(b"\n")
    if kind.decode("latin-1") in _OPTIONS:
        value = content.decode("utf-8", "replace").replace("\x00", "")
        return [*_EXPORT, f"{kind.decode()}={value}"]
    command, name = _KINDS.get(kind, _KINDS[b"jsonl"])
    path = folder / name
    path.write_bytes(content)
    if kind == b"result":
        return [*command, f"--output={folder / 'compared'}", str(path), str(path)]
    return [*command, str(path)]


def _nowhere(errors: str = "strict") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors=errors)


@contextlib.contextmanager
def _opened() -> Iterator[Check]:
    from aisbench.cli.commands import group

    with tempfile.TemporaryDirectory() as folder:

        def check(data: bytes) -> None:
            said = "something"
            try:
                with (
                    contextlib.redirect_stdout(_nowhere()),
                    contextlib.redirect_stderr(_nowhere("backslashreplace")),
                ):
                    group.main(_arguments(data, Path(folder)), "aisbench", standalone_mode=False)
            except (BadInput, CannotRun) as problem:
                said = str(problem)
            except click.ClickException as problem:
                said = problem.format_message()
            assert said, "it is refused without a word"

        yield check


def _value(rng: Random, depth: int = 0) -> object:
    choice = rng.random()
    if depth > 3 or choice < 0.5:
        return rng.choice((None, True, 0, -1, 1.5, 2**40, "", "x", "a b", "user", "1h", [], {}, float("nan")))
    if choice < 0.75:
        return [_value(rng, depth + 1) for _ in range(rng.randint(0, 3))]
    words = [word.strip(b'"').decode() for word in _WORDS if word.startswith(b'"') and len(word) > 2]
    return {rng.choice(words): _value(rng, depth + 1) for _ in range(rng.randint(0, 4))}


def _make(rng: Random) -> bytes:
    if rng.random() < 0.3:
        words = (
            *_NUMBERS,
            b"x",
            b"10",
            b"ttft:5",
            b"http://h:1/",
            b"1s",
            b"10x5s",
            b",",
            b":",
            b"{",
            b'"a":1}',
            b" ",
            b"=",
        )
        value = b"".join(rng.choice(words) for _ in range(rng.randint(0, 5)))
        return rng.choice(_OPTIONS).encode() + b"\n" + value
    kind = rng.choice([*_KINDS])
    lines = b"\n".join(json.dumps(_value(rng)).encode() for _ in range(rng.randint(0, 3)))
    return kind + b"\n" + lines


FILES = Target("files", _opened, _make, _WORDS)
