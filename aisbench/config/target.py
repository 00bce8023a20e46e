"""Options for the servers that requests go to, and for their API."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

from aisbench._native.targets import POLICIES
from aisbench.errors import BadInput
from aisbench.options.checks import above, whole
from aisbench.options.option import LINES, SPAN, ListOf, option

_CONNECTIONS = ("keep-alive", "fresh")
SECTION = "Target"
_option = partial(option, section=SECTION)


def _check_endpoint(flag: str, value: str) -> None:
    """Raises BadInput for a path that a request line cannot carry."""
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
        help="Server to load: http://host:port or https://host. Repeat it for several servers. Default: the built-in simulator.",
        vllm="--base-url",
        secret=True,
    )
    url_policy: str = _option(
        "--url-policy",
        default="round-robin",
        words=POLICIES,
        help="How requests are spread over several servers: in turn, to the one with the fewest in flight, or by conversation.",
    )
    backend: str = _option(
        "--backend",
        default="openai",
        words="aisbench.backends.registry:BACKENDS",
        open=True,
        help="API family, by vLLM's names: openai (v1/completions), openai-chat, vllm, sglang, ...",
        vllm="--backend",
    )
    template: str | None = _option(
        "--template",
        metavar="FILE",
        help="TOML file that describes the API of --backend template: path, headers, body, and where its answers have what (docs/backends.md).",
    )
    endpoint: str | None = _option(
        "--endpoint",
        check=_check_endpoint,
        metavar="PATH",
        help="Path of the requests. Default: the backend's.",
        vllm="--endpoint",
        secret=True,
    )
    model: str | None = _option(
        "--model",
        help="Model name in the requests. Default: the first that /v1/models lists.",
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
        help="keep-alive reuses connections; fresh opens a new one for every request.",
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
        help="Do not verify certificates.",
        vllm="--insecure",
    )
    local_address: tuple[str, ...] = _option(
        "--local-address",
        default=(),
        kind=ListOf(str, many=True),
        metavar="IP...",
        help="Local addresses to connect from, in turn. Each has about 28,000 ports per server.",
    )
    server_metrics: bool = _option(
        "--server-metrics/--no-server-metrics",
        default=True,
        help="Read the servers' Prometheus pages (/metrics) once a second.",
    )
    reset_prefix_cache: bool = _option(
        "--reset-prefix-cache",
        default=False,
        help="Empty the server's prefix cache before the run (vLLM, SGLang, TensorRT-LLM, llama.cpp); a note says so if the server refuses.",
    )
    cache_tokens: int | None = _option(
        "--cache-tokens",
        check=whole(1),
        metavar="TOKENS",
        help="Tokens that the prefix cache of each server holds, for the theory beside its hits. Default: as its metrics say.",
    )
    cache_block: int | None = _option(
        "--cache-block",
        check=whole(1, 10_000),
        metavar="TOKENS",
        help="Tokens in a block of that cache. Default: as the server's metrics say, or else 16.",
    )
    metrics_url: str | None = _option(
        "--metrics-url",
        metavar="URL",
        help="Address of the metrics page, if it is not /metrics of --url.",
        secret=True,
    )
    device_metrics: bool = _option(
        "--device-metrics/--no-device-metrics",
        default=True,
        help="Read GPU and NPU metrics once a second, from a DCGM exporter or, if a server runs on this host, from its devices.",
    )
    dcgm_url: str | None = _option(
        "--dcgm-url",
        metavar="URL",
        help="Metrics page of a DCGM exporter: http://host:9400/metrics.",
        secret=True,
    )
    timeout_s: float = _option(
        "--timeout",
        default=600.0,
        kind=SPAN,
        check=above(0, "seconds"),
        metavar="TIME",
        help="Time limit of a request, in seconds.",
    )

    def check_target(self) -> None:
        """Raises BadInput for options of this section that contradict each other."""
        if self.uds is not None and len(self.url) > 1:
            raise BadInput("--uds connects to one server; give at most one --url (for its name and path)")
