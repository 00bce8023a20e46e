"""One browser for all pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.browser import Page, browser


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
