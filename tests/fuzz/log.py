"""What each run of the fuzzers has done, a line each, and the sums."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

from tests.fuzz.engine import Outcome

LOG = "log.jsonl"


def append(path: Path, target: str, seed: int, outcome: Outcome) -> None:
    """Adds a line for one run. `guided`: with sanitizers, by the code that inputs reach."""
    line = {
        "target": target,
        "guided": outcome.guided,
        "seed": seed,
        "inputs": outcome.runs,
        "cpu_s": round(outcome.cpu_s, 1),
        "reached_new_code": len(outcome.kept),
        "finds": int(outcome.found is not None),
    }
    # A short line in one write is whole, also when several runs share the file.
    with path.open("ab", buffering=0) as file:
        file.write(json.dumps(line).encode() + b"\n")


def table(path: Path) -> str:
    """The sums of all runs, by target and way, as a table in Markdown."""
    sums: dict[tuple[str, bool], list[float]] = defaultdict(lambda: [0.0] * 4)
    for line in path.read_text().splitlines() if path.exists() else ():
        run = json.loads(line)
        for at, name in enumerate(("inputs", "cpu_s", "reached_new_code", "finds")):
            sums[run["target"], run["guided"]][at] += run[name]
    rows = ["| target | way | inputs | CPU time | reached new code | finds |", "|---|---|---|---|---|---|"]
    for (target, guided), (inputs, cpu_s, new, finds) in sorted(sums.items()):
        way = "with sanitizers, guided" if guided else "plain"
        rows.append(f"| `{target}` | {way} | {inputs:,.0f} | {cpu_s:,.1f} s | {new:.0f} | {finds:.0f} |")
    return "\n".join(rows) + "\n"
