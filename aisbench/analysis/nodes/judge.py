"""The verdict on the nodes of a cluster: whether all took part to the end, and whether their clocks agree."""

from __future__ import annotations

from aisbench.analysis.nodes.block import node_of_rows
from aisbench.analysis.verdict import thresholds
from aisbench.analysis.verdict.verdict import Verdict
from aisbench.records.run import Run


def judge_nodes(verdict: Verdict, run: Run) -> None:
    nodes = run.info.get("nodes") or ()
    for one in nodes:
        if one["lost"] is not None:
            taken = int(node_of_rows(run, one).sum())
            verdict.worsen(
                "invalid",
                f"Node {one['node']} ({one['host']}) was lost: {one['lost']}. Its records are gone, so the {taken} requests that "
                "it had begun when it was last heard of are in no latency.",
            )
    for sentence in run.info.get("late_starts") or ():
        verdict.worsen("doubtful", f"{sentence[:1].upper()}{sentence[1:]}.")
    known = [one["clock_error_ns"] / 1e6 for one in nodes if one["lost"] is None]
    if known:
        verdict.hold(
            thresholds.NODE_CLOCKS,
            max(known),
            f"The clocks of the nodes are known within {max(known):.2f} ms",
        )
