"""Options for the headers that say which request, session and agent a request is of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from aisbench.config.target import SECTION
from aisbench.errors import BadInput
from aisbench.options.option import ListOf, option

NO_ID = "none"
REQUEST_ID = "X-Request-Id"
# Headers that frame a request or belong to the connection, in lower case.
FRAMING = ("content-length", "transfer-encoding", "host", "content-type", "connection")
# The characters of a name (RFC 9110, token).
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_option = partial(option, section=SECTION)


def _check_name(flag: str, value: str) -> None:
    """Raises BadInput for what is not the name of a header, or of one that others need."""
    if not _NAME.fullmatch(value):
        raise BadInput(f"{flag} must be the name of a header such as X-Session-ID, got {value!r}")
    if value.lower() in FRAMING:
        raise BadInput(f"{flag} {value} frames the request; give another name, such as X-Session-ID")


def _check_names(flag: str, value: tuple[str, ...]) -> None:
    for name in value:
        _check_name(flag, name)


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class IdentityOptions:
    """Fields of RunConfig: headers that name sessions and requests (docs/agents.md#naming-sessions)."""

    session_header: tuple[str, ...] = _option(
        "--session-header",
        default=(),
        kind=ListOf(str, many=True),
        check=_check_names,
        metavar="NAME...",
        help="Headers with a value for each session, the same in all its turns: X-Session-ID, X-Correlation-ID, ... (docs/agents.md).",
    )
    session_parent_header: tuple[str, ...] = _option(
        "--session-parent-header",
        default=(),
        kind=ListOf(str, many=True),
        check=_check_names,
        metavar="NAME...",
        help="Headers of a sub-agent's requests with the value of the agent that started it: X-Dynamo-Parent-Session-ID.",
    )
    session_token_header: str | None = _option(
        "--session-token-header",
        check=_check_name,
        metavar="NAME",
        help="Header of an answer whose value later turns of the session send back: x-session-token, x-session-id.",
    )
    request_id_header: str = _option(
        "--request-id-header",
        default=REQUEST_ID,
        check=_check_name,
        metavar="NAME|none",
        help="Header with a new value for each request; none sends no such header.",
    )

    @property
    def id_header(self) -> str | None:
        """The name of the header with the request id; None: requests have none."""
        return None if self.request_id_header.lower() == NO_ID else self.request_id_header

    def check_identity(self, header: Sequence[str]) -> None:
        """Raises BadInput for a name that is given twice, also in `header`, the texts of --header."""
        taken = {re.split("[:=]", text, maxsplit=1)[0].strip().lower(): "--header" for text in header}
        if self.id_header is not None:
            if self.id_header.lower() in taken:
                raise BadInput(
                    f"--header {self.id_header} is set by aisbench for each request; leave it out, or give "
                    "--request-id-header none"
                )
            taken[self.id_header.lower()] = "--request-id-header"
        flags = {
            "--session-header": self.session_header,
            "--session-parent-header": self.session_parent_header,
            "--session-token-header": ()
            if self.session_token_header is None
            else (self.session_token_header,),
        }
        for flag, names in flags.items():
            for name in names:
                if name.lower() in taken:
                    raise BadInput(
                        f"{flag} {name} is also given by {taken[name.lower()]}; a request can have it only once"
                    )
                taken[name.lower()] = flag
