"""Fixtures for tests of the core."""

from __future__ import annotations

import pytest

from tests.native import servers
from tests.readers import READERS


@pytest.fixture(params=READERS)
def each_reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs the test with each reader that this machine has."""
    monkeypatch.setattr(servers, "READER", request.param)
