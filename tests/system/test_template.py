"""APIs that a template file describes, over real sockets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.system.running import Finished, run_command, run_load
from tests.system.scripted import Asked, Reply, scripted
from tests.system.test_plugins import code

SHORT = (
    "--backend",
    "template",
    "--no-progress",
    "--no-server-metrics",
    "--no-device-metrics",
    "--model",
    "m",
)
OLLAMA = next(text for text in code("backends.md", "toml") if "ollama" in text)


def load(tmp_path: Path, url: str, template: str, *args: object) -> Finished:
    file = tmp_path / "api.toml"
    file.write_text(template)
    return run_load(tmp_path / "runs", "--url", url, *SHORT, "--template", file, *args)


def said(message: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"model": "m", "message": {"role": "assistant", **message}, **more}).encode() + b"\n"


END = {"done": True, "done_reason": "stop", "prompt_eval_count": 26, "eval_count": 3}


def ollama(asked: Asked) -> Reply:
    """As in Ollama's docs/api.md: JSON lines, or one object."""
    if not asked.body["stream"]:
        return Reply(said({"content": "Hi you"}, **END), {"Content-Type": "application/json"})
    lines = [
        said({"content": "", "thinking": "hm"}, done=False),
        said({"content": "Hi"}, done=False),
        said({"content": " you"}, done=False),
        said({"content": ""}, **END),
    ]
    return Reply(b"".join(lines), {"Content-Type": "application/x-ndjson"})


def test_the_example_of_the_docs_streams_json_lines(tmp_path: Path) -> None:
    """Two turns of a session, with a name, a field of the data set and one of the command line."""
    turns = (
        "--dataset",
        "conversations",
        "--turns",
        2,
        "--input-len",
        2,
        "--output-len",
        3,
        "--num-requests",
        2,
    )
    more = (
        "--save-outputs",
        "--temperature",
        0,
        "--session-field",
        "user",
        "--extra-body",
        '{"keep_alive": 5}',
    )
    with scripted(ollama) as (url, asked):
        done = load(tmp_path, url, OLLAMA, *turns, *more, "--seed", 4, "--api-key", "k")
    assert done.code == 0, done.out + done.err
    assert done.summary["completed"] == 2
    assert done.summary["total_input_tokens"] == 2 * 26
    assert done.summary["total_output_tokens"] == 2 * 3
    first, second = (one.body for one in asked)
    assert [one.path for one in asked] == ["/api/chat"] * 2
    assert asked[0].headers["Accept"] == "application/x-ndjson"
    assert asked[0].headers["Authorization"] == "Bearer k"
    assert list(first) == ["model", "messages", "stream", "options", "keep_alive", "user"]
    assert first["options"] == {"temperature": 0.0, "num_predict": 3}
    assert first["user"] == "session-4-0"
    assert second["messages"][:2] == [*first["messages"], {"role": "assistant", "content": "Hi you"}]
    text = [json.loads(line) for line in (done.folder / "requests.jsonl").read_text().splitlines()]
    assert {(one["content"], one["reasoning"]) for one in text} == {("Hi you", "hm")}


def test_whole_answers_of_the_example(tmp_path: Path) -> None:
    with scripted(ollama) as (url, asked):
        done = load(tmp_path, url, OLLAMA, "--no-stream", "--input-len", 2, "--num-requests", 1)
    assert done.code == 0, done.out + done.err
    assert done.summary["total_output_tokens"] == 3
    assert asked[0].body["stream"] is False
    assert asked[0].headers["Accept"] == "application/json"


SSE = """
path = "/v1/{model}/say"
body = '''{"q": {{ prompt | tojson }}, "sid": {{ session | tojson }}, "n": {{ max_tokens }}}'''
[headers]
X-Key = "Token {key}"
X-Version = "2"
[stream]
text = "out[].piece"
cached_tokens = "usage.cached"
prompt_tokens = "usage.in"
output_tokens = "usage.out"
end = "<END>"
"""


def sse(*pieces: str, ended: bool = True) -> Reply:
    events = [json.dumps({"out": [{"piece": piece}]}) for piece in pieces]
    events.append(json.dumps({"usage": {"in": 4, "out": 2, "cached": 1}}))
    data = "".join(f"data: {event}\n\n" for event in [*events, *(["<END>"] if ended else [])])
    return Reply(data.encode())


def test_events_with_an_end_mark_a_key_and_headers(tmp_path: Path) -> None:
    with scripted(lambda _: sse("a", "b")) as (url, asked):
        done = load(
            tmp_path, url, SSE, "--input-len", 2, "--output-len", 2, "--num-requests", 1, "--api-key", "k"
        )
    assert done.code == 0, done.out + done.err
    assert (done.summary["completed"], done.summary["total_output_tokens"]) == (1, 2)
    assert asked[0].path == "/v1/m/say"
    assert (asked[0].headers["X-Key"], asked[0].headers["X-Version"]) == ("Token k", "2")
    assert asked[0].body["sid"] is None


def test_a_stream_without_the_end_mark_was_cut(tmp_path: Path) -> None:
    with scripted(lambda _: sse("a", ended=False)) as (url, _):
        done = load(tmp_path, url, SSE, "--input-len", 2, "--output-len", 2, "--num-requests", 1)
    assert done.summary["failed"] == 1


def test_an_error_in_a_line_fails_the_request_with_the_server_s_words(tmp_path: Path) -> None:
    lines = Reply(
        said({"content": "Hi"}) + b'{"error": "out of memory"}\n', {"Content-Type": "application/x-ndjson"}
    )
    with scripted(lambda _: lines) as (url, _):
        done = load(tmp_path, url, OLLAMA, "--input-len", 2, "--num-requests", 1)
    assert done.summary["failed"] == 1
    assert "out of memory" in done.out


@pytest.mark.parametrize(
    ("template", "args", "wrong"),
    [
        (None, [], "--backend template needs --template FILE.toml"),
        (SSE, ["--backend", "openai"], "--template goes with --backend template, not with --backend openai"),
        (SSE, ["--no-stream"], "--no-stream: the file of --template has no [whole]"),
        ("path = 1 2", [], "is not TOML: "),
        (SSE + "stop = 1", [], "stream.stop is not known; known: text, reasoning"),
        (SSE.replace("/v1/", "v1/"), [], "path must begin with a slash, got 'v1/{model}/say'"),
        (
            SSE.replace("out[].piece", "out[0].piece"),
            [],
            "stream.text: the path 'out[0].piece' has the step 'out[0]'",
        ),
        (SSE.replace("out[].piece", "$.piece"), [], "stream.text: the path '$.piece' has the step '$'"),
        (
            SSE.replace("<END>", '{"a": 1}').replace('"{"', "'{\"").replace('1}"', "1}'"),
            [],
            "stream.end is JSON",
        ),
        (
            SSE.replace("{{ max_tokens }}", "{{ max_token }}"),
            [],
            "body uses max_token, which is not known; known: prompt,",
        ),
        (SSE.replace("{{ max_tokens }}", "{{ 1 + }}"), [], "of body is not a Jinja template"),
        (SSE.replace("prompt | tojson", "prompt"), [], "put texts through | tojson"),
        (
            SSE.replace("max_tokens }}", "max_tokens.__class__.__mro__ }}"),
            [],
            "body cannot be rendered: access to",
        ),
        ("method = 'GET'\n" + SSE, [], "method must be POST, the only one that is sent, got 'GET'"),
    ],
    ids=lambda value: "" if isinstance(value, list) or value is None or "path" in value else value[:30],
)
def test_templates_that_cannot_be_used_send_nothing(
    tmp_path: Path, template: str | None, args: list[str], wrong: str
) -> None:
    given: list[object] = ["--backend", "template"]
    if template is not None:
        (tmp_path / "api.toml").write_text(template)
        given += ["--template", tmp_path / "api.toml"]
    with scripted(lambda _: sse("a")) as (url, asked):
        few = ("--num-requests", 1, "--input-len", 2, "--output-len", 1, "--work-dir", tmp_path / "runs")
        done = run_command("load", *given, "--url", url, "--model", "m", *few, *args)
    assert done.returncode == 2, done.stdout + done.stderr
    assert wrong in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert asked == []
