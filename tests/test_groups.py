"""Tests that measure time do not run at the same time."""

from __future__ import annotations

import pytest


@pytest.mark.xdist_group("timing")
def test_workers_know_the_groups(request: pytest.FixtureRequest) -> None:
    """With a pytest that is too new, pytest-xdist silently spreads a group over all workers."""
    suffix = "@timing" if getattr(request.config.option, "loadgroup", False) else ""
    assert request.node.nodeid.endswith(f"groups{suffix}")
