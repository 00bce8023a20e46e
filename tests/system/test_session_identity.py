"""How requests say which session they belong to: headers, fields of bodies, and the server's own tokens."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import QUICK
from tests.simulators import start_simulator
from tests.system.running import Finished, run_command, run_load
from tests.system.scripted import STREAM, Asked, Reply, chat, chat_events, scripted

SHORT = (
    "--backend",
    "openai-chat",
    "--model",
    "m",
    "--no-progress",
    "--no-server-metrics",
    "--no-device-metrics",
)
TALKS = ("--dataset", "conversations", "--turns", 2, "--input-len", 3, "--output-len", 1)


def load(tmp_path: Path, url: str, *args: object) -> Finished:
    done = run_load(tmp_path, "--url", url, *SHORT, *args)
    assert done.code == 0, done.out + done.err
    assert done.summary["failed"] == 0
    return done


def turns_of(asked: list[Asked], name: str) -> dict[str, list[int]]:
    """By the value of a header, how many messages each request with it had, in order."""
    found: dict[str, list[int]] = defaultdict(list)
    for one in asked:
        found[one.headers[name]].append(len(one.body["messages"]))
    return dict(found)


def test_every_turn_of_a_session_names_it(tmp_path: Path) -> None:
    """Two prepared sessions, each sent twice: four names, with both turns each."""
    given = ("--session-header", "X-Session-ID,x-correlation-id", "--seed", 7, "--concurrency", 2)
    export = tmp_path / "two.jsonl"
    made = run_command(
        "workload",
        "export",
        *TALKS,
        "--backend",
        "openai-chat",
        "--model",
        "m",
        "--num-requests",
        4,
        "--output",
        export,
    )
    assert made.returncode == 0, made.stderr
    twice = (
        "--dataset",
        "file",
        "--dataset-path",
        export,
        "--rate",
        10,
        "--arrival",
        "constant",
        "--duration",
        "0.49",
    )
    with scripted(chat) as (url, asked):
        load(tmp_path / "one", url, *twice, *given, "--warmup", 1)
    warm, *asked = asked
    assert "X-Session-ID" not in warm.headers
    names = turns_of(asked, "X-Session-ID")
    assert names == {f"session-7-{number}": [1, 3] for number in range(4)}
    assert turns_of(asked, "x-correlation-id") == names
    assert len({one.headers["X-Request-Id"] for one in asked}) == len(asked)


def test_sub_agents_have_names_of_their_own_and_name_their_parent(tmp_path: Path) -> None:
    def said(text: str, **more: Any) -> dict[str, Any]:
        return {"messages": [{"role": "user", "content": text}], "output_tokens": 1, **more}

    turns = [
        said("plan", id="plan"),
        said("one", id="one", continues=None, after=["plan"]),
        said("deep", id="deep", continues=None, after=["one"]),
        said("more", id="more", continues="one"),
        {**said("all", continues="plan"), "messages": [{"role": "user", "answer_of": "more"}]},
    ]
    path = tmp_path / "s.jsonl"
    path.write_text(json.dumps({"session": "a", "turns": turns}))
    headers = (
        "--session-header",
        "X-Dynamo-Session-ID",
        "--session-parent-header",
        "X-Dynamo-Parent-Session-ID",
    )
    given = ("--dataset", "sessions", "--dataset-path", path, "--concurrency", 1, "--seed", 3)
    with scripted(chat) as (url, asked):
        load(tmp_path / "out", url, *given, *headers, "--session-field", "user")
    named = {
        one.body["messages"][0 if len(one.body["messages"]) == 1 else -1]["content"]: (
            one.headers["X-Dynamo-Session-ID"],
            one.headers["X-Dynamo-Parent-Session-ID"],
        )
        for one in asked
    }
    main, one, deep = "session-3-0", "session-3-0-agent-1", "session-3-0-agent-2"
    assert named == {
        "plan": (main, None),
        "one": (one, main),
        "deep": (deep, one),
        "more": (one, main),
        "hi": (main, None),
    }
    assert [body["user"] for body in (one.body for one in asked)] == [
        one.headers["X-Dynamo-Session-ID"] for one in asked
    ]


def test_a_server_s_token_goes_back_with_the_next_turns(tmp_path: Path) -> None:
    """The first turn has none, and the last value that a session got stays, where an answer has none."""
    given: dict[str, int] = {}

    def reply(asked: Asked) -> Reply:
        name = asked.headers["X-Session-ID"]
        turn = given[name] = given.get(name, 0) + 1
        token = {"X-Session-Token": f"{name}/{turn}"} if turn == 1 else {}
        return Reply(chat_events("hi"), {**STREAM, **token})

    headers = ("--session-header", "X-Session-ID", "--session-token-header", "x-session-token")
    with scripted(reply) as (url, asked):
        done = load(tmp_path, url, *TALKS, "--turns", 3, "--num-requests", 6, "--seed", 1, *headers)
    tokens = defaultdict(list)
    for one in asked:
        tokens[one.headers["X-Session-ID"]].append(one.headers["X-Session-Token"])
    assert tokens == {f"session-1-{n}": [None, *[f"session-1-{n}/1"] * 2] for n in range(2)}
    assert "4 of 6 answers had no header x-session-token (--session-token-header)" in done.out


def test_fields_of_bodies_have_a_value_for_each_session_or_for_the_run(tmp_path: Path) -> None:
    fields = (
        *("--session-field", "prompt_cache_key", "session_params.session_id", "--run-field", "cache_salt"),
        *("--extra-body", '{"session_params": {"kept": 1}}', "--warmup", 1),
    )
    with scripted(chat) as (url, asked):
        for folder in ("one", "two"):
            load(tmp_path / folder, url, *TALKS, "--num-requests", 4, "--seed", 5, *fields)
    assert len(asked) == 2 * 5
    salts = []
    for warm, *run in (asked[:5], asked[5:]):
        (salt,) = {one.body["cache_salt"] for one in (warm, *run)}
        salts.append(salt)
        assert warm.body["prompt_cache_key"] == salt
        seen: dict[str, list[int]] = defaultdict(list)
        for one in run:
            seen[one.body["prompt_cache_key"]].append(len(one.body["messages"]))
            assert one.body["session_params"] == {"kept": 1, "session_id": one.body["prompt_cache_key"]}
            assert run[0].headers["X-Request-Id"].startswith(salt)
        assert seen == {"session-5-0": [1, 3], "session-5-1": [1, 3]}
    assert len(set(salts)) == 2
    sums = [
        json.loads(path.read_text())["fingerprint"]["bodies"]
        for path in tmp_path.glob("*/*/records/run.json")
    ]
    assert len(set(sums)) == 1


def test_requests_outside_sessions_name_none_and_a_note_says_so(tmp_path: Path) -> None:
    given = ("--input-len", 3, "--output-len", 1, "--num-requests", 2, "--concurrency", 1)
    names = ("--session-header", "X-Session-ID", "--session-field", "user", "--request-id-header", "none")
    with scripted(chat) as (url, asked):
        done = load(tmp_path, url, *given, *names, "--header", "X-Request-Id: mine")
    assert [one.headers["X-Session-ID"] for one in asked] == [None, None]
    assert [one.headers.get_all("X-Request-Id") for one in asked] == [["mine"], ["mine"]]
    assert not any("user" in one.body for one in asked)
    assert "--session-header: these requests belong to no session, so none carries such a header" in done.err
    assert "--session-field: these requests belong to no session, so none has user" in done.err


def test_a_router_that_knows_the_sessions_finds_their_caches(tmp_path: Path) -> None:
    """All sessions begin alike, so that a router which goes by that sends them to one of four small caches."""
    talks = ("--dataset", "conversations", "--turns", 4, "--input-len", 100, "--output-len", 10)
    given = (*talks, "--num-requests", 48, "--concurrency", 12, "--seed", 3, "--system-prompt", "word " * 20)
    caches = ("--replicas", "4", "--prefix-cache-tokens", "1600")
    shares = []
    for number, names in enumerate([(), ("--session-header", "X-Session-ID")]):
        with start_simulator([*QUICK, "--model-alias", "m", *caches]) as simulator:
            done = load(tmp_path / str(number), simulator.url, *given, *names)
        shares.append(done.summary["prefix_cache"]["request_share"])
    assert shares[0] + 0.2 < shares[1], shares


def test_an_exported_workload_keeps_its_names_open(tmp_path: Path) -> None:
    path = tmp_path / "w.jsonl"
    given = (
        *TALKS,
        "--backend",
        "openai-chat",
        "--model",
        "m",
        "--num-requests",
        4,
        "--session-field",
        "user",
        "--run-field",
        "cache_salt",
    )
    assert run_command("workload", "export", *given, "--output", path).returncode == 0
    with scripted(chat) as (url, asked):
        load(tmp_path / "out", url, "--dataset", "file", "--dataset-path", path, "--seed", 2)
    assert {one.body["user"] for one in asked} == {"session-2-0", "session-2-1"}
    assert all(one.headers["X-Request-Id"].startswith(one.body["cache_salt"]) for one in asked)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (
            ["--session-header", "X Y:"],
            "--session-header must be the name of a header such as X-Session-ID, got 'Y:'",
        ),
        (["--session-header", "Host"], "--session-header Host frames the request"),
        (["--session-header", "X-A", "--header", "x-a: 1"], "--session-header X-A is also given by --header"),
        (
            ["--session-header", "x-request-id"],
            "--session-header x-request-id is also given by --request-id-header",
        ),
        (["--header", "X-Request-Id: 1"], "--header X-Request-Id is set by aisbench for each request"),
        (["--request-id-header", "a b"], "--request-id-header must be the name of a header"),
        (["--session-field", "messages.0"], "--session-field cannot replace 'messages.0'"),
        (["--session-field", "a..b"], "--session-field must be names of fields such as user"),
        (["--session-field", "a,a.b"], "--session-field and --run-field: a and a.b cannot both be set"),
        (["--session-field", "user", "--omit-field", "user"], "--omit-field leaves out user"),
    ],
)
def test_names_that_cannot_be_used(args: list[str], said: str) -> None:
    done = run_command("load", *args)
    assert done.returncode == 2
    assert said in done.stderr
