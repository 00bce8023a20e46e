"""Where the requests go, and in which API's words."""

from __future__ import annotations

from aisbench.cli.options import option

TARGET_OPTIONS = (
    option(
        "--url",
        "--base-url",
        name="url",
        metavar="URL",
        help="Server to load, http://host:port. Without it the built-in simulator is started.",
    ),
    option(
        "--backend",
        name="backend",
        help="API family, by vLLM's names: openai (v1/completions), openai-chat, vllm, sglang, ...",
    ),
    option(
        "--endpoint", name="endpoint", metavar="PATH", help="Path to post to; the backend's own by default."
    ),
    option("--model", name="model", help="Model name to send; asked from /v1/models by default."),
    option(
        "--api-key",
        name="api_key",
        envvar=["AISBENCH_API_KEY", "OPENAI_API_KEY"],
        help="Sent as a bearer token. [env: AISBENCH_API_KEY, OPENAI_API_KEY]",
    ),
    option(
        "--header",
        name="header",
        multiple=True,
        metavar="NAME:VALUE",
        help="Header to send along; may be repeated.",
    ),
    option("--timeout", name="timeout_s", type=float, metavar="S", help="Seconds one request may take."),
)
