"""The pictures of docs/agents.md: python -m bench.agents [--sessions FILE] [--output docs/images]

Makes a file of agents' sessions, loads the simulator with it, and takes pictures of the report's panels, and of the file's
page. The sessions share a system prompt of 1,500 words; every third one starts two sub-agents and goes on with their
answers.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aisbench.simulator.process import start_simulator
from bench.browser import pictures

SESSIONS = 20
# The sub-agents start after this turn.
DIVIDED_AT = 2
SERVER = ("--prefix-cache-tokens", "30000", "--prefill-us-per-token", "40")
LOAD = ("--backend", "openai-chat", "--rate", "inf", "--concurrency", "8")
PANELS = ("sessions", "turns", "cached-share")


class Sessions:
    """Draws sessions of words, the same ones each time."""

    def __init__(self) -> None:
        self.random = random.Random(4)
        self.system = self.words(1500, 1500)

    def words(self, least: int, most: int) -> str:
        return " ".join(f"word{self.random.randrange(400)}" for _ in range(self.random.randint(least, most)))

    def all(self) -> Iterator[dict[str, Any]]:
        for number in range(SESSIONS):
            yield {"session": str(number), "system": self.system, "turns": self.turns(number % 3 == 0)}

    def turns(self, divides: bool) -> list[dict[str, Any]]:
        turns: list[dict[str, Any]] = []
        for place in range(self.random.randint(4, 12)):
            turn = {"id": f"turn {place}", "output_tokens": self.random.randint(15, 70)}
            if place:
                turn |= {
                    "continues": f"turn {place - 1}",
                    "think_s": self.random.choice([0.05, 0.1, 0.3, 0.8]),
                }
            turn["messages"] = [{"role": "user", "content": self.words(30, 1200)}]
            if divides and place == DIVIDED_AT + 1:
                agents = [self.agent(name) for name in ("one", "two")]
                turns += [part for agent in agents for part in agent]
                turn["messages"] = [{"role": "user", "answer_of": agent[-1]["id"]} for agent in agents]
                del turn["think_s"]
            turns.append(turn)
        return turns

    def agent(self, name: str) -> list[dict[str, Any]]:
        """The turns of a sub-agent, which knows nothing of what was said before."""
        turns: list[dict[str, Any]] = []
        for place in range(self.random.randint(2, 4)):
            before = {"continues": f"{name} {place - 1}", "think_s": 0.1}
            if not place:
                before = {"continues": None, "after": [f"turn {DIVIDED_AT}"]}
            message = {"role": "user", "content": self.words(80, 900)}
            turns.append({"id": f"{name} {place}", "output_tokens": 40, **before, "messages": [message]})
        return turns


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sessions", type=Path, help="keep the file of sessions here")
    parser.add_argument("--output", type=Path, default=Path("docs/images"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sessions = options.sessions or Path(folder) / "sessions.jsonl"
        sessions.write_text("".join(json.dumps(one) + "\n" for one in Sessions().all()))
        with start_simulator(list(SERVER)) as server:
            given = ["--url", server.url, "--dataset", "sessions", "--dataset-path", str(sessions), *LOAD]
            command = [sys.executable, "-m", "aisbench", "load", *given, "--no-progress"]
            subprocess.run([*command, "--work-dir", f"{folder}/out"], check=True)
        (run,) = (Path(folder) / "out").iterdir()
        pictures(run / "report.html", {name: options.output / f"agents-{name}.png" for name in PANELS})
        page = Path(folder) / "workload.html"
        describe = [sys.executable, "-m", "aisbench", "workload", "describe", str(sessions)]
        subprocess.run([*describe, "--page", str(page)], check=True)
        pictures(page, {"hits": options.output / "agents-hits.png"})


if __name__ == "__main__":
    main()
