"""Where the requests go, and in which API's words."""

from __future__ import annotations

from aisbench.cli.options.types import Choice, Duration, Line, Listed, option
from aisbench.config.run_config import CONNECTIONS, POLICIES


def backends() -> list[str]:
    from aisbench.backends.registry import BACKENDS

    return sorted(BACKENDS)


TARGET_OPTIONS = (
    option(
        "--url",
        "--base-url",
        name="url",
        multiple=True,
        metavar="URL",
        help="Server to load, http://host:port or https://host; may be repeated. Without it the built-in simulator is started.",
    ),
    option(
        "--url-policy",
        name="url_policy",
        type=Choice(POLICIES),
        help="Among several: round-robin, least (in flight), sticky (by conversation).",
    ),
    option(
        "--backend",
        name="backend",
        type=Choice(backends, open=True),
        help="API family, by vLLM's names: openai (v1/completions), openai-chat, vllm, sglang, ...",
    ),
    option(
        "--endpoint", name="endpoint", metavar="PATH", help="Path to post to; the backend's own by default."
    ),
    option("--model", name="model", help="Model name to send; asked from /v1/models by default."),
    option(
        "--api-key",
        name="api_key",
        envvar="OPENAI_API_KEY",
        help="Sent as a bearer token. [env: AISBENCH_API_KEY, OPENAI_API_KEY]",
    ),
    option(
        "--header",
        name="header",
        multiple=True,
        type=Line(),
        metavar="NAME:VALUE",
        help="Header to send along; may be repeated.",
    ),
    option(
        "--connections",
        name="connections",
        type=Choice(CONNECTIONS),
        help="keep-alive, or fresh: a new connection for every request.",
    ),
    option("--uds", name="uds", metavar="PATH", help="Unix socket to connect to instead of the URL's host."),
    option("--proxy", name="proxy", metavar="URL", help="HTTP proxy, http://[user:password@]host:port."),
    option(
        "--cacert",
        name="cacert",
        metavar="FILE",
        help="Certificates (PEM) to trust for https, instead of the system's.",
    ),
    option("--insecure", name="insecure", is_flag=True, help="Trust any certificate."),
    option(
        "--local-address",
        name="local_address",
        type=Listed(str),
        default=(),
        show_default=False,
        metavar="IP...",
        help="Addresses of this host to connect from, in turn: each has some 28,000 ports for a server.",
    ),
    option(
        "--server-metrics/--no-server-metrics",
        name="server_metrics",
        help="Read the servers' Prometheus pages (/metrics) once a second.",
    ),
    option(
        "--reset-prefix-cache",
        name="reset_prefix_cache",
        is_flag=True,
        help="Empty the server's prefix cache before the run (vLLM, SGLang, TensorRT-LLM, llama.cpp); says so when it refuses.",
    ),
    option(
        "--metrics-url", name="metrics_url", metavar="URL", help="The page's address, where it is another."
    ),
    option(
        "--device-metrics/--no-device-metrics",
        name="device_metrics",
        help="Read GPUs and NPUs once a second: a DCGM exporter's, or this host's if a server runs on it.",
    ),
    option(
        "--dcgm-url", name="dcgm_url", metavar="URL", help="A DCGM exporter's page, http://host:9400/metrics."
    ),
    option(
        "--timeout", name="timeout_s", type=Duration(), metavar="TIME", help="Seconds one request may take."
    ),
)
