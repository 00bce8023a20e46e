"""Secrets of every kind that a user gives, and the search for them in files and texts."""

from __future__ import annotations

import json
from pathlib import Path

KEY, TOKEN, COOKIE, PASSWORD = "sk-KeyOfTheServer1", "HeaderToken/456", "session=Cookie789", "Pass%2Fword012"
FIELD, TOOL, NOTED, JUDGE = "FieldKey-345é", "ToolToken678", "MetaPassword901", "sk-KeyOfTheJudge2"
SECRETS = [KEY, TOKEN, COOKIE, PASSWORD, "Pass/word012", FIELD, json.dumps(FIELD)[1:-1], TOOL, NOTED, JUDGE]
# In the body, at its top and deep inside.
BODY = {
    "api_key": FIELD,
    "tools": [{"server_url": "http://h", "headers": {"Authorization": f"Bearer {TOOL}"}}],
}


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
