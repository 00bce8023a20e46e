"""The judge: which server and model it is, and how it is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from aisbench import saying
from aisbench.backends.registry import backend_named
from aisbench.config import cluster
from aisbench.config.run_config import RunConfig
from aisbench.engine.target.discovery import model_for
from aisbench.engine.target.request_head import parse_headers
from aisbench.engine.target.small_requests import patiently
from aisbench.engine.target.transport import Transport
from aisbench.engine.target.urls import Target, resolve, with_scheme
from aisbench.errors import BadInput, CannotRun
from aisbench.studies.evaluation.judge.template import Template
from aisbench.studies.evaluation.settings import Settings

# What the judge shares with the model under test: the load, and how this host reaches servers. Everything else (key,
# headers, sampling, body fields) is for the model under test alone.
_SHARED = (
    *("rate", "burstiness", "arrival", "ramp_up", "ramp_from", "ramp_to", "concurrency", "workers", "seed"),
    *("grace_s", "timeout_s", "ready_timeout_s", "connections", "proxy", "cacert", "insecure"),
    *("local_address", "stream", "max_chunk_size", "work_dir"),
    *cluster.FIELDS,
)
_BACKEND = "openai-chat"
_FLAGS = re.compile(r"--(?=(?:url|model|api-key|extra-body|omit-field)\b)")


@dataclass(frozen=True)
class Judge:
    """`config`: the options of the runs that ask it."""

    config: RunConfig
    template: Template
    max_tokens: int

    @property
    def model(self) -> str:
        assert self.config.model is not None
        return self.config.model


def judge_for(config: RunConfig, settings: Settings) -> Judge:
    """The judge of these options, whose server was reached. `config`: of the model under test.

    Raises BadInput for a template without {prediction}, for a URL that is not a judge's, and for a server that is not
    there.
    """
    url = settings.judge_url
    assert url is not None
    _check_url(url)
    template = Template.of(settings.judge_prompt)
    options: dict[str, Any] = {name: getattr(config, name) for name in _SHARED}
    asked = RunConfig(
        **options,
        url=(url,),
        model=settings.judge_model,
        api_key=settings.judge_api_key,
        backend=_BACKEND,
        temperature=0.0,
        extra_body=settings.judge_extra_body,
        omit_field=settings.judge_omit_field,
        # Only its answers matter.
        server_metrics=False,
        device_metrics=False,
    )
    try:
        asked.check()
        transport = Transport.of(asked)
        headers = parse_headers((), asked.api_key, backend_named(asked.backend))
        model = patiently(
            lambda: model_for(asked, _target(url, transport), transport, headers),
            asked.ready_timeout_s,
            lambda line: saying.say(_in_its_flags(line), err=True),
        )
    except (BadInput, CannotRun) as problem:
        raise BadInput(_in_its_flags(str(problem))) from None
    return Judge(replace(asked, model=model.name), template, settings.judge_output_len)


def _check_url(url: str) -> None:
    """Raises BadInput for what stands in a URL and has an option of its own for the model under test alone."""
    try:
        parts = urlsplit(with_scheme(url))
    except ValueError:
        # `resolve` says what is wrong.
        return
    if parts.username or parts.password:
        raise BadInput(
            "--judge-url holds a user name, but a judge is sent a bearer token alone; leave the name out, and give "
            "the token with --judge-api-key"
        )
    if parts.query:
        raise BadInput(
            f"--judge-url {url} has a query, which is not sent to a judge; leave ?{parts.query} out"
        )


def _target(url: str, transport: Transport) -> Target:
    """The judge's server. Raises as `resolve` does, and BadInput for the URL of another endpoint."""
    target, endpoint = resolve(url, transport), backend_named(_BACKEND).path
    try:
        target.path(endpoint)
    except BadInput:
        raise BadInput(
            f"--url ends in {target.endpoint}, but a judge is asked at {endpoint}; give --url {target.base_url}"
        ) from None
    return target


def _in_its_flags(text: str) -> str:
    """A message about --url as one about --judge-url, and so on."""
    text = text.replace(", AISBENCH_API_KEY or OPENAI_API_KEY", " or AISBENCH_API_KEY")
    return _FLAGS.sub("--judge-", text).replace("AISBENCH_API_KEY", "AISBENCH_JUDGE_API_KEY")
