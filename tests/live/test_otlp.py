"""The export of live figures by OTLP, to a real HTTP server that decodes it."""

from __future__ import annotations

import socket
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from aisbench.errors import BadInput
from aisbench.live.otlp import Otlp
from aisbench.live.prometheus import prometheus_page
from aisbench.live.snapshot import Snapshot
from aisbench.records.histograms import Histogram
from tests.live.collector import collecting, metrics_of
from tests.live.test_terminal import SNAPSHOT
from tests.waiting import wait_until

TTFT_NS = np.array([2, 45, 45, 3_000_000]) * 1_000_000
NOW = replace(
    SNAPSHOT, token_events=9876, errors={"timeout": 2, "http_status": 1}, histograms={"ttft": Histogram.of_values(TTFT_NS)}
)  # fmt: skip


def exported(snapshot: Snapshot, **about: str) -> tuple[str, Any]:
    """The path and the request of the export at the end of a run."""
    with collecting() as collector:
        with Otlp(collector.url, about, pytest.fail):
            pass  # before the first snapshot there is nothing to send
        with Otlp(collector.url, about, pytest.fail) as otlp:
            otlp.update(snapshot)
            assert otlp.end() == []
        path, request = collector.received.get_nowait()
        assert collector.received.empty()
        return path, request


def test_names_and_values_are_those_of_the_prometheus_page() -> None:
    path, request = exported(NOW)
    assert path == "/v1/metrics"
    found: dict[tuple[object, ...], Any] = {}
    for name, metric in metrics_of(request).items():
        kind = metric.WhichOneof("data")
        if kind == "histogram":
            (point,) = metric.histogram.data_points
            edges = [*point.explicit_bounds, float("inf")]
            for edge, total in zip(edges, np.cumsum(point.bucket_counts), strict=True):
                found[f"{name}_bucket", edge] = total
            found[f"{name}_count",], found[f"{name}_sum",] = point.count, point.sum
            continue
        for point in getattr(metric, kind).data_points:
            value = getattr(point, point.WhichOneof("value"))
            found[name, *(label.value.string_value for label in point.attributes)] = value
    text = prometheus_page(NOW, "")[0].decode()
    wanted = {
        (sample.name, *(float(text) if name == "le" else text for name, text in sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }  # fmt: skip
    assert found == wanted
    assert found["aisbench_requests_failed_total", "timeout"] == 2


def test_counters_and_histograms_grow_from_the_start_of_the_run() -> None:
    metrics = metrics_of(exported(NOW)[1])
    sent = metrics["aisbench_requests_sent_total"].sum
    assert sent.is_monotonic
    ttft = metrics["aisbench_time_to_first_token_seconds"]
    assert ttft.unit == "s"
    # 2 is cumulative.
    assert (sent.aggregation_temporality, ttft.histogram.aggregation_temporality) == (2, 2)
    for point in (sent.data_points[0], ttft.histogram.data_points[0]):
        passed_s = (point.time_unix_nano - point.start_time_unix_nano) / 1e9
        assert passed_s >= SNAPSHOT.elapsed_s - 1e-3
    assert not ttft.histogram.data_points[0].HasField("max")


def test_the_sender_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "team=serving")
    _, request = exported(NOW, **{"aisbench.label": "night"})
    (resource,) = (one.resource for one in request.resource_metrics)
    about = {one.key: one.value.string_value for one in resource.attributes}
    assert about["service.name"] == "aisbench"
    assert about["service.instance.id"].startswith(f"{socket.gethostname()}:")
    assert (about["team"], about["aisbench.label"]) == ("serving", "night")


def test_figures_come_while_the_run_goes_on() -> None:
    with collecting() as collector, Otlp(f"{collector.url}/own/path", {}, pytest.fail, every_s=0.01) as otlp:
        for count in (5, 6):
            otlp.update(replace(SNAPSHOT, sent=count))
            path, request = collector.received.get(timeout=60)
            (point,) = metrics_of(request)["aisbench_requests_sent_total"].sum.data_points
            assert (path, point.as_int) == ("/own/path", count)
        otlp.end()
        # Nothing is sent twice.
        assert collector.received.empty()


@pytest.mark.parametrize("status", [400, None], ids=["refuses", "down"])
def test_a_failing_collector_is_told_once(
    status: int | None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("aisbench.live.otlp._PATIENCE_S", 0.05)
    said: list[str] = []
    with collecting(status or 200) as collector:
        pass
    # Its port is closed now.
    with collecting(400) as refusing:
        url = (refusing if status else collector).url.replace("//", "//me:Secret-pass-1@")
        with Otlp(url, {}, said.append, every_s=0.001) as otlp:
            otlp.update(replace(SNAPSHOT, sent=1))
            wait_until(lambda: said)
            otlp.update(replace(SNAPSHOT, sent=2))
            notes = otlp.end()
    (line,) = said
    assert line.startswith("--otlp-endpoint http://***@127.0.0.1:")
    why = "HTTP 400 Bad Request" if status else "Connection refused"
    assert line.endswith(f": live figures did not arrive ({why}); the run goes on, and later ones are tried")
    (note,) = notes
    assert note.endswith("2 of 2 exports of live figures did not arrive")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("url", ["collector:4318", "grpc://h:4317", "http://", "http://h:x", "h"])
def test_what_is_not_a_url_of_a_collector(url: str) -> None:
    with pytest.raises(
        BadInput, match=r"^--otlp-endpoint .* is not a URL .*; give one such as http://HOST:4318$"
    ):
        Otlp(url, {}, pytest.fail)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.metric_exporter", None)
    with pytest.raises(
        BadInput, match=r"needs opentelemetry-exporter-otlp-proto-http: .* -m pip install '?opentele"
    ):
        Otlp("http://h:4318", {}, pytest.fail)
