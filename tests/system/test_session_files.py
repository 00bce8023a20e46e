"""Sessions from files, sent to a server: who waits for whom, and what later turns hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aisbench.records.run import Run
from aisbench.simulator.process import SimulatorProcess
from tests.system.running import run_load


def turn(text: str, **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}], "output_tokens": 5, **more}


def load(tmp_path: Path, simulator: SimulatorProcess, path: Path, *args: object) -> Run:
    given = ("--url", simulator.url, "--no-progress", "--dataset", "sessions", "--dataset-path", path)
    run = run_load(tmp_path / "out", *given, "--backend", "openai-chat", "--concurrency", 8, *args)
    assert run.code == 0, run.err + run.out
    assert run.summary["failed"] == 0
    return Run.load(run.folder)


def test_sub_agents_start_together_and_end_before_the_agent_goes_on(
    tmp_path: Path, quick_simulator: SimulatorProcess
) -> None:
    quotes = [{"role": "user", "answer_of": name} for name in ("one", "two")]
    turns = [
        turn("plan", id="plan"),
        turn("part one", id="one", continues=None, after=["plan"]),
        turn("part two", id="two", continues=None, after=["plan"]),
        {**turn("all", continues="plan", think_s=0.05), "messages": [*quotes, *turn("all")["messages"]]},
    ]
    path = tmp_path / "s.jsonl"
    path.write_text("\n".join(json.dumps({"session": i, "turns": turns}) for i in range(3)))
    rows = load(tmp_path, quick_simulator, path).rows
    assert len(rows) == 12
    for number in range(3):
        session = rows[rows["conversation"] == number]
        session = session[session["turn"].argsort()]
        done, sent = session["done_ns"], session["sent_ns"]
        assert (sent[1:3] >= done[0]).all()
        assert sent[3] >= done[1:3].max() + 50_000_000
        # The words of the plan's answer and of the two that are quoted, five each, and of the questions.
        assert session["prompt_tokens"].tolist() == [1, 2, 2, 17]


def test_whole_bodies_of_a_log_go_at_their_times(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    messages = [{"role": "user", "content": "one two three"}]
    bodies = [{"messages": messages * n, "max_tokens": 2, "stream": False} for n in (1, 2)]
    path = tmp_path / "log.jsonl"
    path.write_text(
        "\n".join(json.dumps({"timestamp": 5 + i / 10, "body": body}) for i, body in enumerate(bodies))
    )
    run = load(tmp_path, quick_simulator, path)
    assert ((run.rows["planned_ns"] - run.start_ns) / 1e6).tolist() == [0, 100]
    assert run.rows["prompt_tokens"].tolist() == [3, 6]
    assert run.rows["output_tokens"].tolist() == [2, 2]
