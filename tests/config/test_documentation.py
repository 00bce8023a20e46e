"""docs/options.md matches the declarations, which cover every flag of vLLM's client."""

from __future__ import annotations

import re
from pathlib import Path

import click

from aisbench.cli.load import load
from aisbench.config.documentation import page
from aisbench.config.foreign.vllm_flags import VllmFlags
from aisbench.config.run_config import RunConfig
from aisbench.options.option import declared

ROOT = Path(__file__).parents[2]
# Flags of the command itself, which are not options of a run.
OWN = {
    *(
        "--config",
        "--models",
        "--config-dir",
        "--search",
        "--json",
        "--no-progress",
        "--disable-tqdm",
        "--live-port",
        "--upload",
        "--otlp-endpoint",
    ),
    *("--version", "--help"),
}


def test_the_page_is_up_to_date() -> None:
    assert (ROOT / "docs" / "options.md").read_text() == page(), "python -m aisbench.config.documentation"


def test_the_page_has_every_flag_that_is_not_hidden() -> None:
    shown = {
        flag
        for one in load.params
        if isinstance(one, click.Option) and not one.hidden
        for flag in (*one.opts, *one.secondary_opts)
    }
    assert shown - OWN - set(re.findall(r"`(--[a-z0-9-]+)`", page())) == set()


def test_every_flag_of_vllm_is_declared_to_be_answered() -> None:
    theirs = (ROOT / "tests" / "cli" / "vllm_flags.txt").read_text().split()
    options = [one.option for one in (*declared(RunConfig), *declared(VllmFlags))]
    answered = [flag for one in options for flag in (*one.vllm, *one.scoped)]
    # These belong to the command itself.
    assert set(theirs) - set(answered) <= OWN
    assert set(answered) - set(theirs) == set()
    assert len(answered) == len(set(answered))
