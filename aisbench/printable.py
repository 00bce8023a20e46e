"""Escapes characters in servers' texts that would control a terminal or hide text."""

from __future__ import annotations

import re

# Control characters (except line feeds and tabs), changes of writing direction, and invisible characters.
# Joiners stay, because scripts and emoji need them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ue000-\uf8ff\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)


def printable(text: str) -> str:
    """`text` with these characters escaped as in Python: `\\x1b` or `\\u202e`. Escaping it again changes nothing."""
    return _UNSEEN.sub(_escaped, text.replace("\r\n", "\n"))


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape", "backslashreplace").decode()


def words_of(raw: bytes) -> str:
    """Decodes bytes that should be UTF-8, as `printable` text; invalid bytes are written as `\\x8b`."""
    return printable(raw.decode("utf-8", "backslashreplace"))
