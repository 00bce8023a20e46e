"""Tests that measure time do not run beside each other."""

from __future__ import annotations

import pytest


@pytest.mark.xdist_group("timing")
def test_workers_know_the_groups(request: pytest.FixtureRequest) -> None:
    """A pytest that pytest-xdist does not understand spreads a group over all workers, and says nothing."""
    suffix = "@timing" if getattr(request.config.option, "loadgroup", False) else ""
    assert request.node.nodeid.endswith(f"groups{suffix}")
