"""Fixtures for all tests: one simulator and one browser. Hypothesis has no deadlines, as test machines are noisy."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import importlib
import json
import os
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from aisbench.simulator.process import SimulatorProcess
from tests.analysis.summaries import wrong_in
from tests.simulators import start_simulator

if TYPE_CHECKING:
    from bench.browser import Page

settings.register_profile("aisbench", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("aisbench")

_LONGEST_ID = 80


def pytest_make_parametrize_id(val: object) -> str | None:
    """A short name for a long text or answer: pytest sends the names of all tests between its processes."""
    if not isinstance(val, str | bytes) or len(val) <= _LONGEST_ID:
        return None
    digest = hashlib.sha256(val if isinstance(val, bytes) else val.encode(errors="surrogatepass")).hexdigest()
    return f"{val[:_LONGEST_ID]!a} {digest[:8]}"


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keeps what is collected, which stays until the end, out of the searches for garbage."""
    gc.disable()
    try:
        _import_tests()
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def _import_tests() -> None:
    """Imports the tests, each worker of pytest-xdist from another place on: they would compile the same modules else."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None:
        return
    root = Path(__file__).parents[1]
    paths = sorted(root.joinpath("tests").rglob("test_*.py"))
    workers = int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    first = len(paths) * int(worker.removeprefix("gw")) // workers
    for path in (*paths[first:], *paths[:first]):
        # What cannot be imported is reported when it is collected.
        with contextlib.suppress(Exception, pytest.skip.Exception):
            importlib.import_module(".".join(path.relative_to(root).with_suffix("").parts))


_LOWERED = pytest.StashKey[bool]()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Lets tests that measure time go before the others, which run in other workers of pytest-xdist meanwhile.

    They are the largest group, so a worker that gets them begins with them. Without privileges, a priority can only
    be lowered: the first other test does it.
    """
    stash = item.config.stash
    group = item.get_closest_marker("xdist_group")
    measures_time = group is not None and group.args == ("timing",)
    if "PYTEST_XDIST_WORKER" in os.environ and not measures_time and not stash.get(_LOWERED, False):
        os.nice(19)
        stash[_LOWERED] = True


@pytest.fixture(autouse=True, scope="session")
def _cache_of_the_session() -> Iterator[None]:
    """Gives the tests an empty cache, so that earlier measurements on this host do not affect them."""
    with tempfile.TemporaryDirectory() as cache, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", cache)
        yield


# Quick steps keep whole runs short, and still take far longer than the client's own work.
QUICK = ["--decode-base-ms", "4", "--decode-per-seq-us", "5", "--prefill-us-per-token", "5"]


@pytest.fixture(scope="session")
def quick_simulator() -> Iterator[SimulatorProcess]:
    """A simulator that all tests of a session may use one after another. A test must reset it first."""
    with start_simulator(QUICK) as simulator:
        yield simulator


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the tests that need the browser into one group, and those that need SciPy: one worker starts or loads it."""
    for item in items:
        if "_browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("browser"))
        elif hasattr(getattr(item, "module", None), "scipy"):
            item.add_marker(pytest.mark.xdist_group("scipy"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Checks every summary.json that a test's runs have written against the schema."""
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    wrong = {}
    for path in sorted(folder.rglob("summary.json")) if folder is not None else ():
        if path.is_file() and path.parent.joinpath("records").is_dir():
            wrong[path] = wrong_in(json.loads(path.read_text()))
    # The fixtures clean up first, even if a check fails.
    yield
    for path, problems in wrong.items():
        assert problems == [], path


@pytest.fixture(scope="session")
def _browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    from bench.browser import browser

    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def page(_browser: Page) -> Page:
    """A browser with a desktop's width and a light theme, and nothing in its console."""
    _browser.driver.get("about:blank")
    _browser.prefer("light")
    _browser.resize(1280, 900)
    _browser.complaints()
    return _browser
