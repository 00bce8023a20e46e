"""What a run does beside sending its load: the ready check, probes, the profiler, and vLLM's result file."""

from __future__ import annotations

import math
from dataclasses import dataclass

from aisbench.errors import BadInput


@dataclass(frozen=True, kw_only=True)
class ClientOptions:
    """Fields of RunConfig. `self_timed` None: a trace's own times count unless a rate is given."""

    ready_timeout_s: float = 0.0
    profile: bool = False
    request_id_prefix: str | None = None
    probe_rate: float = 0.0
    self_timed: bool | None = None
    save_result: bool = False
    append_result: bool = False
    result_dir: str | None = None
    result_filename: str | None = None
    plot_timeline: bool = False
    timeline_itl_thresholds: tuple[float, ...] = (25.0, 50.0)
    plot_dataset_stats: bool = False

    def check_client(self) -> None:
        """Raises BadInput for the first of these options that cannot be followed."""
        if not 0 <= self.ready_timeout_s < math.inf:
            raise BadInput(
                f"--ready-check-timeout-sec must be a number of at least 0, got {self.ready_timeout_s:g}"
            )
        if not 0 <= self.probe_rate < math.inf:
            raise BadInput(f"--probe-request-rate must be a number of at least 0, got {self.probe_rate:g}")
        prefix = self.request_id_prefix or ""
        if any(not 32 < ord(c) < 127 for c in prefix):
            raise BadInput(
                "--request-id-prefix goes into a header: it must be ASCII letters, digits and signs "
                f"without blanks, got {prefix!r}"
            )
        bounds = self.timeline_itl_thresholds
        if len(bounds) != 2 or not 0 < bounds[0] <= bounds[1] < math.inf:
            raise BadInput(
                "--timeline-itl-thresholds must be two rising numbers of milliseconds such as 25,50, "
                f"got {','.join(f'{bound:g}' for bound in bounds)}"
            )

    @property
    def wants_result_file(self) -> bool:
        """True when vLLM's client would write a result, and so has a name for it."""
        return self.save_result or self.append_result or self.plot_timeline or self.plot_dataset_stats
