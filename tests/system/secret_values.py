"""Secrets of every kind that a user gives, commands that get them, and the search for them in files and texts."""

from __future__ import annotations

import json
from pathlib import Path

from tests.system.running import run_command

KEY, TOKEN, COOKIE, PASSWORD = "sk-KeyOfTheServer1", "HeaderToken/456", "session=Cookie789", "Pass%2Fword012"
FIELD, TOOL, NOTED, JUDGE = "FieldKey-345é", "ToolToken678", "MetaPassword901", "sk-KeyOfTheJudge2"
SECRETS = [KEY, TOKEN, COOKIE, PASSWORD, "Pass/word012", FIELD, json.dumps(FIELD)[1:-1], TOOL, NOTED, JUDGE]
# In the body, at its top and deep inside.
BODY = {
    "api_key": FIELD,
    "tools": [{"server_url": "http://h", "headers": {"Authorization": f"Bearer {TOOL}"}}],
}


def finished(*args: str, code: int = 0) -> str:
    """What `aisbench` with `args` printed; KEY is in its environment."""
    done = run_command(*args, variables={"AISBENCH_API_KEY": KEY})
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def found_in(folder: Path) -> dict[str, list[str]]:
    """By file the secrets that stand in it."""
    found = {}
    for path in (path for path in folder.rglob("*") if path.is_file()):
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            # In /dev/shm, of another process that has ended.
            continue
        if held := [secret for secret in SECRETS if secret.encode() in content]:
            found[str(path)] = held
    return found


def found_in_text(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]
