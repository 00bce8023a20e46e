"""Flags of other tools, and the advice for each."""

from __future__ import annotations

import pytest

from aisbench.cli.load import load
from aisbench.config.foreign.foreign_flags import FOREIGN, advice

OURS = [flag for param in load.params for flag in (*param.opts, *param.secondary_opts)]


@pytest.mark.parametrize("flag", FOREIGN)
def test_they_lead_to_flags_that_exist(flag: str) -> None:
    assert flag not in OURS, "it is an option of ours by now"
    named = {word.strip(":,;'") for word in FOREIGN[flag].split() if word.startswith("--")}
    assert named <= set(OURS)
    assert advice(flag, OURS).endswith(FOREIGN[flag])


@pytest.mark.parametrize(
    ("name", "known", "wanted"),
    [
        ("--request-count", OURS, "give --num-requests N"),
        ("--request_count", OURS, "give --num-requests N"),
        ("-n", OURS, "give --num-requests N"),
        ("--request-count", ["--seed"], ""),
        ("--dry-run", [], "`aisbench plan` draws when requests would be sent, and sends nothing"),
        ("--arival", OURS, "did you mean --arrival?"),
        ("--zzz", OURS, ""),
    ],
)
def test_what_to_give_instead(name: str, known: list[str], wanted: str) -> None:
    assert advice(name, known) == wanted
