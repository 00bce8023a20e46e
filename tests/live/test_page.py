"""The live page over real sockets, and in headless Chromium."""

from __future__ import annotations

import http.client
import json
import socket
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from aisbench.errors import BadInput
from aisbench.live.page import MOST_POINTS, LivePage, listen
from aisbench.live.snapshot import Snapshot
from aisbench.records.histograms import Histogram
from bench.browser import Page
from tests.live.test_terminal import SNAPSHOT

ENDED = {"outcome": "finished", "reason": None, "folder": "outputs/default/1"}


def open_page() -> LivePage:
    return LivePage(listen("127.0.0.1", 0), "aisbench <test>")


def get(page: LivePage, path: str, **headers: str) -> http.client.HTTPResponse:
    host, port = page.listening.getsockname()[:2]
    connection = http.client.HTTPConnection(host, port, timeout=30)
    connection.request("GET", path, headers=headers)
    return connection.getresponse()


def next_event(answer: http.client.HTTPResponse) -> tuple[str, dict[str, Any]]:
    """The name and the data of the next server-sent event."""
    name, data = "message", ""
    while line := answer.readline().decode().rstrip("\n"):
        field, _, value = line.partition(": ")
        name, data = (value, data) if field == "event" else (name, value)
    return name, json.loads(data)


def test_points_come_as_they_are_made_and_the_end_is_told() -> None:
    with open_page() as page:
        page.update(SNAPSHOT)
        early = get(page, "/events")
        _, first = next_event(early)
        assert [point["t"] for point in first["points"]] == [30.4]
        page.update(replace(SNAPSHOT, elapsed_s=30.9, ttft_recent_ms=48.5))
        name, second = next_event(early)
        assert (name, second["all"]) == ("message", False)
        assert second["points"] == [
            {"t": 30.9, "in_flight": 37, "rate": 49.8, "tokens": 5120.4, "ttft": 48.5, "itl": None, "failed": 3}
        ]  # fmt: skip
        assert ["in flight", "37 of 512"] in second["fields"]
        # Who comes later gets what was.
        _, caught_up = next_event(get(page, "/events"))
        assert [point["t"] for point in caught_up["points"]] == [30.4, 30.9]
        assert caught_up["all"]
        page.ended = ENDED
    assert next_event(early) == ("end", ENDED)
    assert early.read() == b""


def test_a_long_run_keeps_its_last_ten_minutes() -> None:
    with open_page() as page:
        for i in range(MOST_POINTS + 50):
            page.update(replace(SNAPSHOT, elapsed_s=float(i)))
        _, told = next_event(get(page, "/events"))
    assert len(told["points"]) == MOST_POINTS
    assert told["points"][-1]["t"] == MOST_POINTS + 49


def test_before_the_run_and_beside_the_page() -> None:
    with open_page() as page:
        assert get(page, "/metrics").read() == b""
        _, told = next_event(get(page, "/events"))
        assert told["points"] == []
        assert "fields" not in told
        assert get(page, "/nothing").status == 404
        text = get(page, "/").read().decode()
    assert "aisbench &lt;test&gt;" in text
    assert "{{" not in text


def test_metrics_are_prometheus_text() -> None:
    ttft_ns = np.array([2, 45, 45, 3_000_000]) * 1_000_000
    now = replace(SNAPSHOT, token_events=9876, histograms={"ttft": Histogram.of_values(ttft_ns)})
    with open_page() as page:
        page.update(now)
        answer = get(page, "/metrics")
        text = answer.read().decode()
        # What Prometheus asks for since 2.5.
        newer = get(page, "/metrics", Accept="application/openmetrics-text;version=1.0.0")
        assert (newer.getheader("Content-Type") or "").startswith("application/openmetrics-text")
        assert newer.read().endswith(b"# EOF\n")
    assert (answer.getheader("Content-Type") or "").startswith("text/plain")
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["aisbench_requests_in_flight",] == 37
    assert samples["aisbench_in_flight_limit",] == 512
    assert samples["aisbench_requests_sent_total",] == 1520
    assert samples["aisbench_requests_ok_total",] == 1477
    assert samples["aisbench_token_events_total",] == 9876
    assert samples["aisbench_requests_failed_total", "timeout"] == 2
    assert samples["aisbench_requests_failed_total", "connect"] == 0
    name = "aisbench_time_to_first_token_seconds"
    assert samples[f"{name}_count",] == samples[f"{name}_bucket", "+Inf"] == 4
    assert samples[f"{name}_sum",] == pytest.approx(3000.092)
    assert samples[f"{name}_bucket", "0.04"] == 1
    assert samples[f"{name}_bucket", "0.063"] == samples[f"{name}_bucket", "1000.0"] == 3


def test_a_port_that_is_taken_or_a_host_that_is_not_ours() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(BadInput, match=rf"--live-port 127.0.0.1:{port} cannot be used \(Address"):
            listen("127.0.0.1", port)
    with pytest.raises(BadInput, match=r"--live-port 192\.0\.2\.1:0 cannot be used"):
        listen("192.0.2.1", 0)
    with pytest.raises(BadInput, match=r"give \[HOST:\]PORT"):
        listen("no such host", 0)


def wandering(count: int) -> list[Snapshot]:
    return [
        replace(
            SNAPSHOT,
            elapsed_s=i * 0.5,
            in_flight=200 + i % 40,
            ttft_recent_ms=None if 10 <= i < 14 else 45.0 + i % 7,
            itl_recent_ms=10.0 + i % 3,
            failed=i // 20,
        )
        for i in range(count)
    ]


def test_in_a_browser(page: Page) -> None:
    with open_page() as live:
        page.resize(1280, 900)
        page.prefer("light")
        for snapshot in wandering(100):
            live.update(snapshot)
        page.visit(live.url)
        assert page.value("document.querySelectorAll('#charts svg').length") == 6
        assert page.value("points.length") == 100
        assert "37" not in page.value("document.querySelector('.in_flight output').textContent")
        assert page.value("document.querySelector('.in_flight output').textContent") == "219"
        stroke = "getComputedStyle(document.querySelector('.{} .line')).stroke"
        assert page.value(stroke.format("ttft")) == "rgb(216, 64, 47)"
        assert page.value(stroke.format("tokens")) == "rgb(31, 111, 235)"
        # Without a value the line has a gap.
        assert page.value("document.querySelector('.ttft .line').getAttribute('d').split('M').length") == 3
        assert "512" in page.value("document.getElementById('figures').textContent")
        live.update(replace(SNAPSHOT, elapsed_s=50.0, in_flight=300))
        page.wait("points.length === 101")
        page.wait("document.querySelector('.in_flight output').textContent === '300'")
        # The arrow keys go through the moments.
        page.value("charts[0].svg.focus()")
        page.value(
            "charts[0].svg.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowLeft', cancelable: true}))"
        )
        assert page.value("charts[0].output.textContent") == "0:50: 300"
        for width in (1280, 390):
            for scheme in ("light", "dark"):
                page.resize(width, 900)
                page.prefer(scheme)
                assert page.value("document.documentElement.scrollWidth") <= width
        assert page.value("document.getElementById('state').textContent") == "running"
        live.ended = ENDED
    page.wait("document.getElementById('state').textContent === 'finished'")
    assert "outputs/default/1" in page.value("document.getElementById('told').textContent")
    assert page.complaints() == []
