"""Sends the figures of the Prometheus page to a collector by OTLP over HTTP, while a run goes on (`--otlp-endpoint`).

A low-priority thread of the coordinator sends the last snapshot every few seconds, and a last time at the end. Workers
are other processes and are not involved.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aisbench
from aisbench.errors import BadInput
from aisbench.extras import install_command
from aisbench.live.prometheus import Figures
from aisbench.live.snapshot import Snapshot
from aisbench.masking.masking import masked_url, remember_options

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import Metric, MetricsData
    from opentelemetry.sdk.resources import Resource

_FLAG = "--otlp-endpoint"
# The path that OTLP gives to metrics, for an endpoint without one.
_PATH = "/v1/metrics"
_EVERY_S = 5.0
# For one export with its repetitions. The end of a run waits for at most two of them.
_PATIENCE_S = 3.0
_NICENESS = 10


class Otlp:
    """A view of a run, and a context manager, that sends its snapshots to the collector at `endpoint`.

    `about`: attributes of the resource beside service.name. `say` gets one line when a collector first fails.
    Raises BadInput for an endpoint that is not a URL, and for a missing package, with the command that installs it.
    """

    def __init__(
        self,
        endpoint: str,
        about: Mapping[str, str],
        say: Callable[[str], None],
        *,
        every_s: float = _EVERY_S,
    ) -> None:
        remember_options({"otlp_endpoint": endpoint})
        self._shown = f"{_FLAG} {masked_url(endpoint)}"
        self._say = say
        self._every_s = every_s
        # Why the last attempt failed; empty if it did not.
        self._why = ""
        with _Quiet():
            self._exporter = self._exporter_to(endpoint)
        self._resource = _resource(about)
        self._snapshot: Snapshot | None = None
        self._start_ns = 0
        self._tried = self._failed = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True, name="otlp")

    def __enter__(self) -> Otlp:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def update(self, snapshot: Snapshot) -> None:
        """Keeps `snapshot` to be sent next."""
        if not self._start_ns:
            self._start_ns = time.time_ns() - int(1e9 * snapshot.elapsed_s)
        self._snapshot = snapshot

    def end(self) -> list[str]:
        """Sends the last snapshot, and returns a note for the report if some did not arrive."""
        self._ended.set()
        self._thread.join()
        if not self._failed:
            return []
        return [f"{self._shown}: {self._failed} of {self._tried} exports of live figures did not arrive"]

    # The methods below run in the thread

    def _serve(self) -> None:
        # On Linux, niceness applies to this thread only.
        os.nice(_NICENESS)
        sent = None
        with _Quiet():
            while not self._ended.wait(self._every_s):
                sent = self._send_unless(sent)
            self._send_unless(sent)
            self._exporter.shutdown()

    def _send_unless(self, sent: Snapshot | None) -> Snapshot | None:
        """Sends the last snapshot unless it is `sent`, and returns it."""
        from opentelemetry.sdk.metrics.export import MetricExportResult

        snapshot = self._snapshot
        if snapshot is None or snapshot is sent:
            return sent
        self._tried += 1
        data = otlp_data(snapshot, self._resource, start_ns=self._start_ns, now_ns=time.time_ns())
        if self._exporter.export(data) is not MetricExportResult.SUCCESS:
            self._failed += 1
            if self._failed == 1:
                why = self._why or "no attempt ended in time"
                self._say(
                    f"{self._shown}: live figures did not arrive ({why}); the run goes on, and later ones are tried"
                )
        return snapshot

    def _exporter_to(self, endpoint: str) -> Any:
        try:
            parts = urlsplit(endpoint)
            usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise BadInput(f"{self._shown} is not a URL of a collector; give one such as http://HOST:4318")
        try:
            import requests
            from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        except ImportError:
            command = install_command("otel", "opentelemetry-exporter-otlp-proto-http")
            raise BadInput(
                f"{self._shown} needs opentelemetry-exporter-otlp-proto-http: {command}, or leave it out"
            ) from None
        session: Any = requests.Session()
        # As for the load itself, no proxy is taken from the environment.
        session.trust_env = False
        session.send = self._recording(session.send)
        url = parts._replace(path=_PATH).geturl() if parts.path in ("", "/") else endpoint
        return OTLPMetricExporter(endpoint=url, timeout=_PATIENCE_S, session=session)

    def _recording(self, send: Callable[..., Any]) -> Callable[..., Any]:
        """`send` of a session, which also keeps why a request failed. The exporter only says that it did."""

        def recorded(*args: Any, **how: Any) -> Any:
            try:
                answer = send(*args, **how)
            except Exception as problem:
                self._why = _innermost(problem)
                raise
            self._why = "" if answer.ok else f"HTTP {answer.status_code} {answer.reason}"
            return answer

        return recorded


class _Quiet(logging.NullHandler):
    """A context manager that keeps OpenTelemetry's warnings of each failed attempt off the terminal."""

    def __init__(self) -> None:
        super().__init__()
        self.logger = logging.getLogger("opentelemetry")

    def __enter__(self) -> None:
        self.passed_on = self.logger.propagate
        self.logger.propagate = False
        self.logger.addHandler(self)

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.logger.removeHandler(self)
        self.logger.propagate = self.passed_on


def _innermost(problem: BaseException) -> str:
    """What the system says of a failed request: the first cause that has a text of its own."""
    text, cause = "", problem.__cause__ or problem.__context__
    if cause is not None:
        text = _innermost(cause)
    return text or (isinstance(problem, OSError) and problem.strerror) or str(problem)


def _resource(about: Mapping[str, str]) -> Resource:
    """What sends the figures: this program on this host. OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME come first."""
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource

    own = {
        "service.name": "aisbench",
        "service.version": aisbench.__version__,
        "service.instance.id": f"{socket.gethostname()}:{os.getpid()}",
        **about,
    }
    return Resource(own).merge(OTELResourceDetector().detect())


def otlp_data(snapshot: Snapshot, resource: Resource, *, start_ns: int, now_ns: int) -> MetricsData:
    """The figures of the Prometheus page of `snapshot`, with the same names, as cumulative OTLP metrics.

    `start_ns`, `now_ns`: the start of the run and the moment of the snapshot, ns since 1970.
    """
    from opentelemetry.sdk.metrics.export import MetricsData, ResourceMetrics, ScopeMetrics
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

    metrics = [_metric(family, start_ns, now_ns) for family in Figures(snapshot).collect()]
    scope = ScopeMetrics(InstrumentationScope("aisbench", aisbench.__version__), metrics, "")
    return MetricsData([ResourceMetrics(resource, [scope], "")])


def _metric(family: Any, start_ns: int, now_ns: int) -> Metric:
    """A family of prometheus_client as an OTLP metric."""
    from opentelemetry.sdk.metrics.export import (
        AggregationTemporality,
        Gauge,
        Histogram,
        HistogramDataPoint,
        Metric,
        NumberDataPoint,
        Sum,
    )

    cumulative = AggregationTemporality.CUMULATIVE
    unit = "s" if family.name.endswith("_seconds") else ""
    if family.type == "histogram":
        edges, counts = zip(*_buckets(family), strict=True)
        (total,) = (sample.value for sample in family.samples if sample.name.endswith("_sum"))
        point = HistogramDataPoint(
            {}, start_ns, now_ns, sum(counts), total, list(counts), list(edges[:-1]), _UNKNOWN, _UNKNOWN
        )
        return Metric(family.name, family.documentation, unit, Histogram([point], cumulative))
    points = [NumberDataPoint(sample.labels, start_ns, now_ns, sample.value) for sample in family.samples]
    if family.type == "gauge":
        return Metric(family.name, family.documentation, unit, Gauge(points))
    # The page's lines of a counter end in _total, its family does not.
    return Metric(
        family.samples[0].name, family.documentation, unit, Sum(points, cumulative, is_monotonic=True)
    )


# The page has no minimum and no maximum. Their fields in OTLP are optional, though not in the SDK's types.
_UNKNOWN: Any = None


def _buckets(family: Any) -> Iterator[tuple[float, int]]:
    """The upper edge of each bucket, s, and the number of values in it alone; the last edge is inf."""
    before = 0
    for sample in family.samples:
        if sample.name.endswith("_bucket"):
            yield float(sample.labels["le"]), int(sample.value) - before
            before = int(sample.value)
