"""`aisbench backends`."""

from __future__ import annotations

from click.testing import CliRunner

from aisbench.backends.registry import AISBENCH_NAMES, BACKENDS
from aisbench.cli.backends import backends


def test_every_name_is_listed_with_its_path_and_how_tokens_are_counted() -> None:
    said = CliRunner().invoke(backends).output
    lines = {line.split()[0]: line for line in said.splitlines() if line.strip()}
    for name, backend in BACKENDS.items():
        assert backend.path in lines[name]
        assert lines[name].endswith(backend.output_tokens_from)
        assert ("streamed or whole" in lines[name]) == backend.generates
    for name, ours in AISBENCH_NAMES.items():
        assert lines[name].split() == [name, ours]
