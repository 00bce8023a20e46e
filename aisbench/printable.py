"""What servers say, before a person reads it: characters that would act on a terminal or hide text are escaped."""

from __future__ import annotations

import re

# Control characters (but line feeds and tabs), what turns the direction of writing round, and what cannot be seen.
# Joiners stay: scripts and emoji need them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ue000-\uf8ff\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)


def printable(text: str) -> str:
    """`text` with such characters as Python would write them, `\\x1b` or `\\u202e`. Twice is the same as once."""
    return _UNSEEN.sub(_escaped, text.replace("\r\n", "\n"))


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape", "backslashreplace").decode()


def words_of(raw: bytes) -> str:
    """Bytes that should be text; those that are not UTF-8 are written as `\\x8b`."""
    return printable(raw.decode("utf-8", "backslashreplace"))
