"""Shared by all tests: hypothesis without deadlines, since test machines are small and noisy; one simulator, one browser."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Generator, Iterator

import pytest
from hypothesis import HealthCheck, settings

from aisbench.simulator.process import SimulatorProcess, start_simulator
from bench.browser import Page, browser
from tests.analysis.summaries import wrong_in

settings.register_profile("aisbench", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("aisbench")


@pytest.fixture(autouse=True, scope="session")
def _cache_of_the_session() -> Iterator[None]:
    """Whose tests these are, and what was measured on this host before, is nothing to them."""
    with tempfile.TemporaryDirectory() as cache, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", cache)
        yield


# Quick steps keep whole runs short; what is measured is still far above what the client costs.
QUICK = ["--decode-base-ms", "4", "--decode-per-seq-us", "5", "--prefill-us-per-token", "5"]


@pytest.fixture(scope="session")
def quick_simulator() -> Iterator[SimulatorProcess]:
    """A simulator that all tests of a session may use one after another; reset it first."""
    with start_simulator(QUICK) as simulator:
        yield simulator


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With several workers, one of them has all the pages, and so one browser is started."""
    for item in items:
        if "_browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Every summary.json that a test's runs have written keeps its schema."""
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    wrong = {}
    for path in sorted(folder.rglob("summary.json")) if folder is not None else ():
        if path.is_file() and path.parent.joinpath("records").is_dir():
            wrong[path] = wrong_in(json.loads(path.read_text()))
    # What the fixtures have to put away is put away first.
    yield
    for path, problems in wrong.items():
        assert problems == [], path


@pytest.fixture(scope="session")
def _browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def page(_browser: Page) -> Page:
    """A browser of a desktop's width, light, without a complaint so far."""
    _browser.driver.get("about:blank")
    _browser.prefer("light")
    _browser.resize(1280, 900)
    _browser.complaints()
    return _browser
