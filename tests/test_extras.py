"""The command that installs an optional package."""

from __future__ import annotations

import shlex
import sys
from importlib import metadata

import pytest

from aisbench.extras import install_command

REQUIRED = [
    "click>=8.1",
    'transformers<6,>=5.0; extra == "tokenizer"',
    "jinja2>=3.1; extra == 'tokenizer'",
    'kaleido>=1.0; extra == "plot"',
]


def test_the_packages_of_an_extra_go_into_this_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "requires", lambda _: REQUIRED)
    own = [sys.executable, "-m", "pip", "install"]
    command = install_command("tokenizer", "jinja2")
    assert shlex.split(command) == [*own, "transformers<6,>=5.0", "jinja2>=3.1"]
    assert shlex.split(install_command("plot", "plotly")) == [*own, "kaleido>=1.0", "plotly"]


def test_what_is_missing_is_named_without_an_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: str) -> list[str]:
        raise metadata.PackageNotFoundError("aisbench")

    monkeypatch.setattr(metadata, "requires", unknown)
    assert install_command("plot", "plotly").endswith(" -m pip install plotly")
