"""What the page shows of the server, the devices, the client and the slices, in a real browser."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bench.browser import Page
from tests.analysis.made_runs import SECOND, START_NS, base_config, made_rows, write_run
from tests.report.written import written

ALL = ("heat", "lag", "delay", "server", "devices", "slices")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 requests in 6 s, sliced, of a server that tells of itself and of two devices."""
    config = base_config(rate=100.0, arrival="constant", concurrency=64, slice_s=2.0)
    rows = made_rows(np.arange(600) * 10.0, ttft_ms=20 + np.arange(600) * 0.1, itl_ms=5)
    folder = write_run(tmp_path_factory.mktemp("runs") / "told", rows, config=config)
    server = [
        {
            "t_ns": START_NS + int((at - 0.2) * SECOND),
            "endpoint": 0,
            "values": {
                "running": 3.0 + at,
                "waiting": at % 2,
                "kv_use": at / 10,
                "prefix_queries": 100.0 * at,
                "prefix_hits": 40.0 * at,
                "drafts": 10.0 * at,
                "draft_tokens": 30.0 * at,
                "accepted_tokens": 15.0 * at,
                "accepted_at": {"0": 9.0 * at, "1": 6.0 * at},
                "ttft_sum": 4.8 * at,
                "ttft_count": 100.0 * at,
                "ttft_buckets": {"0.04": 40.0 * at, "0.1": 100.0 * at, "inf": 100.0 * at},
            },
        }
        for at in range(7)
    ]
    devices = [
        {
            "t_ns": START_NS + int((at - 0.2) * SECOND),
            "source": "nvml",
            "device": f"gpu {device}",
            "name": "<L4>",
            "utilisation_percent": 10 * at + device,
            "memory_used_bytes": 8 << 30,
            "power_w": 70.0,
        }
        for at in range(7)
        for device in range(2)
    ]
    for name, lines in (("server", server), ("devices", devices)):
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / f"records/{name}.jsonl").write_text(text)
    return written(folder)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_all_of_it_is_drawn(page: Page, told: Path, width: int, scheme: str) -> None:
    page.prefer(scheme)
    page.resize(width, 900)
    page.open(told)
    assert page.complaints() == []
    for name in ALL:
        assert page.value(f"document.querySelectorAll('#{name} .main-svg').length") > 0, name
        assert page.value(f"document.getElementById('{name}').getBoundingClientRect().width") <= width
    assert page.value("document.documentElement.scrollWidth") <= width


def test_the_servers_requests_lie_beside_ours(page: Page, told: Path) -> None:
    page.open(told)
    traces = page.value("document.getElementById('concurrency').data.map((t) => t.name)")
    assert {"in flight", "running at server", "waiting at server"} <= set(traces)
    at = traces.index("running at server")
    # The sample before the start is not of the run.
    assert page.value(f"Array.from(document.getElementById('concurrency').data[{at}].y)") == [
        4,
        5,
        6,
        7,
        8,
        9,
    ]
    hits = page.value("Array.from(document.getElementById('server').data[1].y)")
    assert hits == pytest.approx([40.0] * 6)


def test_the_servers_latencies_stand_beside_ours(page: Page, told: Path) -> None:
    page.open(told)
    text = page.value("document.querySelector('[data-csv=server]').closest('section').innerText")
    ours = 20 + 0.1 * 299.5
    assert "48.00" in text
    assert f"{ours:.2f}" in text
    assert f"{ours - 48:.2f}" in text
    assert "40.00 to 100.0" in text, "its percentile is known to its bucket"
    hits = page.value(
        "[...document.querySelectorAll('h2')].find(h => h.innerText == 'Prefix cache').parentNode.innerText"
    )
    assert "hits, from the server's metrics\t40.0" in hits
    assert "accepted at position 1" in text


def test_the_latency_of_the_heatmap_can_be_chosen_by_key(page: Page, told: Path) -> None:
    page.open(told)
    counted = (
        "document.getElementById('heat').data[0].customdata.flat().reduce((sum, n) => sum + (n || 0), 0)"
    )
    assert page.value(counted) == 600
    first = page.value("document.getElementById('heat').layout.yaxis.title.text")
    page.driver.execute_script("document.querySelector('[data-form=e2el]').focus()")
    page.driver.switch_to.active_element.send_keys(" ")
    page.wait("document.getElementById('heat').layout.yaxis.title.text.startsWith('E2EL')")
    assert first.startswith("TTFT")
    pressed = "Array.from(document.querySelectorAll('[data-forms=heat] [data-form]'), (b) => b.getAttribute('aria-pressed'))"
    assert page.value(pressed) == ["false", "false", "true"]
    assert page.value(counted) == 600


def test_curves_can_be_cumulative(page: Page, told: Path) -> None:
    page.open(told)
    by_percentile = page.value("Array.from(document.getElementById('request-curves').data[0].y)")
    page.driver.execute_script("document.querySelector('[data-form=cdf]').click()")
    page.wait("document.getElementById('request-curves').layout.yaxis.title.text === 'share'")
    assert page.value("Array.from(document.getElementById('request-curves').data[0].x)") == by_percentile
    shares = page.value("Array.from(document.getElementById('request-curves').data[0].y)")
    assert shares[0] == 0
    assert 0.99 < shares[-1] < 1


def test_lag_and_slices_are_the_runs(page: Page, told: Path) -> None:
    page.open(told)
    lag = page.value("Array.from(document.getElementById('lag').data[0].y)")
    assert lag == pytest.approx([0.1] * len(lag), abs=0.001)
    # The limit held nothing back, so our own lag is all of it and not drawn twice.
    assert page.value("document.getElementById('lag').data.length") == 3
    assert page.value("document.getElementById('slices').data[0].y.length") == 3, (
        "without the last tenth of a second"
    )
    assert page.value("document.querySelectorAll('#slices ~ details tbody tr').length") == 4


def test_the_data_behind_each_can_be_had(page: Page, told: Path) -> None:
    page.open(told)
    heads = {
        "heat": "metric,from_s,to_s,from_ms,to_ms,requests",
        "lag": "seconds,lag_p50_ms,lag_p99_ms,lag_max_ms,lag_own_p99_ms",
        "delay": "fraction,ms",
        "server": "name,seconds,value",
        "devices": "name,seconds,value",
        "slices": "begin_s,end_s,sent",
    }
    for name, head in heads.items():
        lines = page.value(f"CSV.{name}()").splitlines()
        assert lines[0].startswith(head), name
        assert len(lines) > 3, name
        assert {line.count(",") for line in lines} == {lines[0].count(",")}, name
        assert page.value(f"document.querySelector('[data-csv={name}]').offsetParent !== null"), name
    assert sum(int(line.split(",")[5]) for line in page.value("CSV.heat()").splitlines()[1:]) == 3 * 600


def test_what_a_run_has_not_is_not_shown(page: Page, tmp_path: Path) -> None:
    rows = made_rows(np.zeros(40))
    run = write_run(
        tmp_path / "plain",
        rows,
        config=base_config(concurrency=50),
        client_delay_ns=np.empty(0, np.int64),
    )
    page.open(written(run))
    assert page.complaints() == []
    for name in ALL[1:]:
        assert not page.value(f"document.getElementById('{name}')?.offsetParent"), name
        assert not page.value(f"document.querySelector('[data-csv={name}]')?.offsetParent"), name
    text = page.value("document.body.innerText")
    assert "Server metrics" not in text
    assert "Devices" not in text
    assert "Slices" not in text
