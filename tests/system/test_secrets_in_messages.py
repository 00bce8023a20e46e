"""No message of an error quotes a secret of the input that it is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.running import run_command
from tests.system.secret_values import FIELD, KEY, NOTED, PASSWORD, TOKEN, found_in_text


def refused(*args: str, given: str = "") -> str:
    """What it printed."""
    done = run_command(*args, given=given)
    assert done.returncode == 2, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "args",
    [
        ["--url", f"http://me:{PASSWORD}@127.0.0.1:99999"],
        ["--url", f"http://me:{PASSWORD}@127.0.0.1:1"],
        ["--proxy", f"ftp://me:{PASSWORD}@127.0.0.1:1"],
        ["--proxy", f"http://me:{PASSWORD}@127.0.0.1:port"],
        ["--header", TOKEN],
        ["--header", f"X Y: {TOKEN}"],
        ["--headr", f"X-Token: {TOKEN}", "--api-key", KEY],
        ["--extra-body", f'{{"api_key": "{FIELD}"'],
        ["--extra-body", f'{{"prompt": "x", "api_key": "{FIELD}"}}'],
        ["--metadata", f"password={NOTED}", "--rate", "x"],
    ],
)
def test_a_message_about_an_option_does_not_show_it(args: list[str], tmp_path: Path) -> None:
    shown = refused("load", *args, "--work-dir", str(tmp_path))
    assert shown.startswith("error: ")
    assert found_in_text(shown) == []


def test_a_message_about_a_config_file_does_not_quote_it(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(f"header: ['X-Token: {TOKEN}'\nrate: 5\n")
    shown = refused("load", "--config", str(config))
    assert "line" in shown
    assert found_in_text(shown) == []


@pytest.mark.parametrize(
    "line",
    [
        f'{{"output": "#### 12", "gold": "12", "api_key": "{FIELD}"',
        f'{{"output": {{"api_key": "{FIELD}"}}, "gold": "12"}}',
        f'["{FIELD}"]',
    ],
)
def test_a_message_about_outputs_to_score_does_not_quote_them(line: str) -> None:
    shown = refused("score", "--kind", "gsm8k", "-", given=line)
    assert "line 1" in shown
    assert found_in_text(shown) == []
