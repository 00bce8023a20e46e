"""The server's own figures: since the last reset for /truth, since the start for /metrics."""

from __future__ import annotations

from collections import Counter

from aisbench.simulator.model.durations import Durations

# vLLM's bucket edges, in seconds.
_TTFT_EDGES = (
    *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5),
    *(10.0, 20.0, 40.0, 80.0, 160.0, 640.0, 2560.0),
)
_TOKEN_EDGES = (
    *(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5),
    *(10.0, 20.0, 40.0, 80.0),
)
_REQUEST_EDGES = (
    *(0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0),
    *(120.0, 240.0, 480.0, 960.0, 1920.0, 7680.0),
)


class Ledger:
    """Counts and durations.

    A token's time is taken right after its bytes went to the kernel, a request's when the loop has read it. A request
    that arrives while the tokens of a step are being sent (8 us each) waits in the kernel meanwhile. A client's TTFT
    includes that wait, and this ledger's does not.
    """

    def __init__(self) -> None:
        self.active = 0
        self.prompt_tokens = 0
        self.generated_tokens = 0
        self.finished: Counter[str] = Counter()
        self.ttft = Durations(_TTFT_EDGES)
        self.itl = Durations(_TOKEN_EDGES)
        self.tpot = Durations(_TOKEN_EDGES)
        self.e2e = Durations(_REQUEST_EDGES)
        self.queue = Durations(_REQUEST_EDGES)
        self.late = Durations(())
        self.all = (self.ttft, self.itl, self.tpot, self.e2e, self.queue, self.late)
        self.reset()

    def reset(self) -> None:
        """Restarts the figures of /truth; requests in flight stay active."""
        self.requests = self.done = self.tokens = self.prompts = self.cached = 0
        self.given_up_ns = 0
        self.peak = self.active
        self.faults: Counter[str] = Counter()
        for durations in self.all:
            durations.reset()

    def count_blocks(self) -> None:
        """Counts pending durations where there are enough of them; call it between steps."""
        for durations in self.all:
            durations.count_block()

    def arrived(self, prompt_tokens: int, cached_tokens: int = 0) -> None:
        self.requests += 1
        self.active += 1
        self.peak = max(self.peak, self.active)
        self.prompt_tokens += prompt_tokens
        self.prompts += prompt_tokens
        self.cached += cached_tokens

    def generated(self, tokens: int) -> None:
        self.generated_tokens += tokens
        self.tokens += tokens

    def completed(self, reason: str, e2e_ns: int, decode_ns: int, tokens: int) -> None:
        """Counts a request that was answered in full; `decode_ns` is the time from its first to its last token."""
        self.active -= 1
        self.done += 1
        self.finished[reason] += 1
        self.e2e.append(e2e_ns)
        if tokens > 1:
            self.tpot.append(decode_ns // (tokens - 1))

    def aborted(self, reason: str) -> None:
        """Counts a request that ended before it was answered in full."""
        self.active -= 1
        self.finished[reason] += 1

    def truth(self) -> dict[str, object]:
        """The figures of /truth. `requests`: accepted; `done`: answered in full; `faults`: injected, by kind.

        `late`: how long after its planned end each step was processed. `given_up_ms`: by how much the schedule was
        moved because the server was too far behind it.
        """
        return {
            "requests": self.requests,
            "done": self.done,
            "active": self.active,
            "peak_concurrency": self.peak,
            "prompt_tokens": self.prompts,
            "cached_tokens": self.cached,
            "tokens": self.tokens,
            "faults": dict(self.faults),
            "ttft": self.ttft.distribution(),
            "itl": self.itl.distribution(),
            "queue": self.queue.distribution(),
            "late": self.late.distribution(),
            "given_up_ms": self.given_up_ns / 1e6,
        }
