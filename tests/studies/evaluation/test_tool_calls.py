"""An evaluation whose answers are tool calls, in pieces over a socket."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.studies.evaluation.answering import STREAM, Body, RecordingServer, serving, text_of
from tests.system.running import environment

DATA = Path(__file__).parents[2] / "data" / "accuracy" / "bfcl"
# The third question gets no call.
ANSWERED, ASKED = 2, 3


def right_calls() -> dict[str, list[tuple[str, dict[str, Any]]]]:
    """Calls that the known answers allow, by the question's text."""

    def rows(path: Path) -> dict[str, Any]:
        return {row["id"]: row for row in map(json.loads, path.read_text().splitlines())}

    name = "BFCL_v3_parallel.json"
    known = rows(DATA / "possible_answer" / name)
    return {
        row["question"][0][-1]["content"]: [
            (
                function.replace(".", "_"),
                {name: values[0] for name, values in given.items() if values[0] != ""},
            )
            for one in known[key]["ground_truth"]
            for function, given in one.items()
        ]
        for key, row in rows(DATA / name).items()
    }


class CallingServer(RecordingServer):
    """All calls have the index 0, as some servers number them."""

    def __init__(self) -> None:
        super().__init__(None)
        self.calls = right_calls()

    def respond(self, body: Body) -> tuple[int, str, str]:
        deltas: list[Body] = []
        right = list(self.calls).index(text_of(body)) < ANSWERED
        for number, (name, given) in enumerate(self.calls[text_of(body)] if right else ()):
            text = json.dumps(given)
            named: Body = {
                "id": f"call_{number}",
                "type": "function",
                "function": {"name": name, "arguments": ""},
            }
            pieces: list[Body] = [
                {"index": 0, "function": {"arguments": text[at : at + 5]}} for at in range(0, len(text), 5)
            ]
            deltas += [{"tool_calls": [one]} for one in ({"index": 0, **named}, *pieces)]
        deltas = deltas or [{"content": "I cannot."}]
        events: list[Body] = [
            {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas
        ]
        events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
        return 200, "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n", STREAM


def test_bfcl_is_scored_by_the_calls_in_the_stream(tmp_path: Path) -> None:
    server = CallingServer()
    with serving(server):
        done = subprocess.run(
            [
                *(
                    sys.executable,
                    "-m",
                    "aisbench",
                    "eval",
                    "--work-dir",
                    str(tmp_path / "out"),
                    "--no-progress",
                ),
                *("--datasets", "bfcl", "--dataset-path", str(DATA / "BFCL_v3_parallel.json")),
                *("--num-prompts", str(ASKED), "--url", server.url, "--dump-eval-details"),
            ],
            capture_output=True,
            text=True,
            timeout=100,
            env=environment(),
        )
    assert done.returncode == 0, done.stderr
    assert "tools" in server.asked[0]
    (folder,) = (tmp_path / "out").iterdir()
    (results,) = folder.glob("results/*/bfcl.json")
    details = json.loads(results.read_text())["details"]
    assert [detail["correct"] for detail in details.values()] == [True] * ANSWERED + [False]
    first = details["0"]["tool_calls"]
    assert len(first) > 1
    assert [call["type"] for call in first] == ["function"] * len(first)
    assert isinstance(json.loads(first[0]["function"]["arguments"]), dict)
    (predictions,) = folder.glob("predictions/*/bfcl.json")
    kept = json.loads(predictions.read_text())
    assert kept["0"]["tool_calls"] == first
    assert "tool_calls" not in kept["2"]
    (run,) = folder.glob("**/records/text-0.bin")
    assert b'"tool_calls":[{"id":"call_0"' in run.read_bytes()
    page = (folder / "evaluation.html").read_text()
    name = first[0]["function"]["name"]
    assert f"{name}({{" in page
