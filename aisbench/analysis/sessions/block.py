"""The block `sessions`: how many there were, how long they took, and their turns."""

from __future__ import annotations

from typing import Annotated, TypedDict

from aisbench.analysis.contract.keys import Count, MeanInFlight
from aisbench.analysis.measured import Measured
from aisbench.analysis.sessions.by_turn import TurnRange, turn_ranges
from aisbench.analysis.sessions.per_session import OUTCOMES
from aisbench.analysis.statistics.figures import Figures, describe


class SessionsBlock(TypedDict):
    """The sessions of a run; sessions.csv has a line for each. Times in s are figures over the completed sessions."""

    planned: Annotated[Count | None, "sessions of the workload; null if only time bounds the run"]
    begun: Annotated[Count, "sessions with at least one request"]
    completed: Annotated[Count, "sessions with all of their planned turns completed"]
    failed: Annotated[Count, "not completed, with a turn that failed"]
    cut: Annotated[Count, "neither completed nor failed, such as those that the end of the run cut off"]
    in_progress_mean: Annotated[
        MeanInFlight, "sessions between their first send and last answer, over the run"
    ]
    in_progress_max: Count
    turns: Annotated[Figures, "turns per session that began, as far as they were sent"]
    duration_s: Annotated[Figures, "from the first send to the last answer"]
    waiting_s: Annotated[
        Figures, "of this time, while users thought or tools ran, and nothing of the session was in flight"
    ]
    queued_s: Annotated[Figures, "of this time, while a turn was due and waited for an in-flight slot"]
    context_tokens: Annotated[Figures, "prompt and answer of the last turn, in tokens, of completed sessions"]
    by_turn: Annotated[list[TurnRange], "by the turn's place in its session: 1 to 20, then ranges"]


def sessions_block(measured: Measured) -> SessionsBlock | None:
    """None without sessions."""
    run, found = measured.run, measured.sessions
    if found is None:
        return None
    completed, failed, cut = (int((found.outcome == code).sum()) for code in range(len(OUTCOMES)))
    whole = found.outcome == 0
    progress = found.in_progress(run.duration_ns)
    planned_turns = run.info.get("planned_turns")
    percents = measured.percents
    return {
        "planned": int(planned_turns[0]) if planned_turns else None,
        "begun": len(found),
        "completed": completed,
        "failed": failed,
        "cut": cut,
        "in_progress_mean": progress.mean,
        "in_progress_max": progress.peak,
        "turns": describe(found.turns.astype(float), percents),
        "duration_s": describe(found.duration_ns[whole] / 1e9, percents),
        "waiting_s": describe(found.waiting_ns[whole] / 1e9, percents),
        "queued_s": describe(found.queued_ns[whole] / 1e9, percents),
        "context_tokens": describe(found.context_tokens[whole].astype(float), percents),
        "by_turn": turn_ranges(measured),
    }
