"""Options for the servers that requests go to, and for their API."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

from aisbench._native.targets import POLICIES
from aisbench.errors import BadInput
from aisbench.options.checks import above
from aisbench.options.option import LINES, SPAN, ListOf, option

_CONNECTIONS = ("keep-alive", "fresh")
SECTION = "Target"
_option = partial(option, section=SECTION)


def _check_endpoint(flag: str, value: str) -> None:
    """A request line can carry it."""
    if not value.startswith("/"):
        raise BadInput(f"{flag} must begin with a slash, as in /v1/completions, got {value}")
    if not all(32 < ord(c) < 127 for c in value):
        raise BadInput(
            f"{flag} {value!r} has a character that a request line cannot carry; "
            f"write it percent-encoded: {quote(value, safe='/?=&%:,;@+')}"
        )


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class TargetOptions:
    """Fields of RunConfig: the servers, and how they are reached."""

    url: tuple[str, ...] = _option(
        "--url",
        "--base-url",
        default=(),
        repeated=True,
        metavar="URL",
        help="Server to load, http://host:port or https://host; may be repeated. Without it the built-in simulator is started.",
        vllm="--base-url",
        secret=True,
    )
    url_policy: str = _option(
        "--url-policy",
        default="round-robin",
        words=POLICIES,
        help="Among several: round-robin, least (in flight), sticky (by conversation).",
    )
    backend: str = _option(
        "--backend",
        default="openai",
        words="aisbench.backends.registry:BACKENDS",
        open=True,
        help="API family, by vLLM's names: openai (v1/completions), openai-chat, vllm, sglang, ...",
        vllm="--backend",
    )
    endpoint: str | None = _option(
        "--endpoint",
        check=_check_endpoint,
        metavar="PATH",
        help="Path to post to; the backend's own by default.",
        vllm="--endpoint",
        secret=True,
    )
    model: str | None = _option(
        "--model",
        help="Model name to send; asked from /v1/models by default.",
        vllm="--model",
    )
    api_key: str | None = _option(
        "--api-key",
        help="Sent as a bearer token. [env: AISBENCH_API_KEY, OPENAI_API_KEY]",
        variable="OPENAI_API_KEY",
    )
    header: tuple[str, ...] = _option(
        "--header",
        default=(),
        kind=LINES,
        repeated=True,
        metavar="NAME:VALUE",
        help="Header to send along; may be repeated.",
        vllm="--header",
        secret=True,
    )
    connections: str = _option(
        "--connections",
        default="keep-alive",
        words=_CONNECTIONS,
        help="keep-alive, or fresh: a new connection for every request.",
    )
    uds: str | None = _option(
        "--uds",
        metavar="PATH",
        help="Unix socket to connect to instead of the URL's host.",
    )
    proxy: str | None = _option(
        "--proxy",
        metavar="URL",
        help="HTTP proxy, http://[user:password@]host:port.",
        secret=True,
    )
    cacert: str | None = _option(
        "--cacert",
        metavar="FILE",
        help="Certificates (PEM) to trust for https, instead of the system's.",
    )
    insecure: bool = _option(
        "--insecure",
        default=False,
        help="Trust any certificate.",
        vllm="--insecure",
    )
    local_address: tuple[str, ...] = _option(
        "--local-address",
        default=(),
        kind=ListOf(str, many=True),
        metavar="IP...",
        help="Addresses of this host to connect from, in turn: each has some 28,000 ports for a server.",
    )
    server_metrics: bool = _option(
        "--server-metrics/--no-server-metrics",
        default=True,
        help="Read the servers' Prometheus pages (/metrics) once a second.",
    )
    reset_prefix_cache: bool = _option(
        "--reset-prefix-cache",
        default=False,
        help="Empty the server's prefix cache before the run (vLLM, SGLang, TensorRT-LLM, llama.cpp); says so when it refuses.",
    )
    metrics_url: str | None = _option(
        "--metrics-url",
        metavar="URL",
        help="The page's address, where it is another.",
        secret=True,
    )
    device_metrics: bool = _option(
        "--device-metrics/--no-device-metrics",
        default=True,
        help="Read GPUs and NPUs once a second: a DCGM exporter's, or this host's if a server runs on it.",
    )
    dcgm_url: str | None = _option(
        "--dcgm-url",
        metavar="URL",
        help="A DCGM exporter's page, http://host:9400/metrics.",
        secret=True,
    )
    timeout_s: float = _option(
        "--timeout",
        default=600.0,
        kind=SPAN,
        check=above(0, "seconds"),
        metavar="TIME",
        help="Seconds one request may take.",
    )

    def check_target(self) -> None:
        """Raises BadInput for options of this part that contradict each other."""
        if self.uds is not None and len(self.url) > 1:
            raise BadInput("--uds is one server; give one --url (for its name and path) or none")
