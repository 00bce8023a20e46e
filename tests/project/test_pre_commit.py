"""The hooks of .pre-commit-config.yaml are the checks of scripts/test, run with the project's own tools."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
(REPOSITORY,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]


def checks() -> list[str]:
    """The checks that scripts/test runs besides the tests."""
    script = (ROOT / "scripts" / "test").read_text()
    return re.findall(r'"\$python" -m ((?:ruff|mypy)[^>&|\n]*?)(?: >.*)?$', script, re.MULTILINE)


def test_the_hooks_are_the_checks() -> None:
    assert checks()
    assert [hook["entry"] for hook in REPOSITORY["hooks"]] == [
        f".venv/bin/python -m {check}" for check in checks()
    ]


@pytest.mark.parametrize("hook", REPOSITORY["hooks"], ids=lambda hook: hook["id"])
def test_a_hook_needs_no_network_and_looks_at_everything(hook: dict[str, Any]) -> None:
    assert REPOSITORY["repo"] == "local"
    assert hook["language"] == "system"
    assert hook["pass_filenames"] is False
