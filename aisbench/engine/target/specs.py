"""The parts of a worker's spec on servers, and on how requests name their sessions; from_spec makes the core's of them."""

from __future__ import annotations

from aisbench.config.run_config import RunConfig
from aisbench.engine.asked import Asked
from aisbench.engine.crew.worker_spec import NamesSpec, TargetSpec
from aisbench.engine.target.request_head import request_head, tunnel_head


def target_specs(asked: Asked, run: str) -> list[TargetSpec]:
    """The servers, with the heads of their requests; `run` begins the request ids, unless they have a given prefix."""
    given = asked.config.request_id_prefix
    specs = []
    for target in asked.targets:
        head = request_head(
            target,
            target.path(asked.endpoint),
            asked.headers,
            asked.transport,
            asked.config.id_header,
            f"{run}-" if given is None else given,
            accepts=asked.backend.accepts(streams=asked.streams),
        )
        specs.append(
            TargetSpec(
                address=target.sockaddr.decode("latin-1"),
                head=head.decode("latin-1"),
                numbered=asked.config.id_header is not None,
                tunnel=tunnel_head(target, asked.transport).decode("latin-1"),
                is_tls=target.is_tls,
                server_name=target.host,
            )
        )
    return specs


def names_spec(config: RunConfig, run: str, in_bodies: bool) -> NamesSpec | None:
    """How requests say which session they belong to; None: they do not."""
    headers = (*config.session_header, *config.session_parent_header)
    if not headers and config.session_token_header is None and not in_bodies:
        return None
    return NamesSpec(
        prefix=f"session-{config.seed}-",
        run=run,
        own=list(config.session_header),
        parent=list(config.session_parent_header),
        token=config.session_token_header,
        in_bodies=in_bodies,
    )
