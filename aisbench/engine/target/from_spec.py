"""Makes the core's servers, and its names of sessions, from a worker's spec."""

from __future__ import annotations

from aisbench._native.sending.names import Names
from aisbench._native.targets import Target, Targets
from aisbench.engine.crew.worker_spec import NamesSpec, WorkerSpec


def targets(spec: WorkerSpec) -> Targets:
    """The servers in the spec; those with https share one TLS context."""
    context = None
    if any(target.is_tls for target in spec.targets):
        from aisbench.engine.target.transport import tls_context

        context = tls_context(spec.cacert, insecure=spec.insecure)
    return Targets(
        [
            Target(
                address=target.address.encode("latin-1"),
                head=target.head.encode("latin-1"),
                numbered=target.numbered,
                tunnel=target.tunnel.encode("latin-1"),
                tls=context if target.is_tls else None,
                server_name=target.server_name,
            )
            for target in spec.targets
        ],
        spec.policy,
        keep_alive=spec.keep_alive,
        local_addresses=[address.encode("latin-1") for address in spec.local_addresses],
    )


def names(spec: NamesSpec) -> Names:
    return Names(
        prefix=spec.prefix.encode(),
        run=spec.run.encode(),
        own=[name.encode() for name in spec.own],
        parent=[name.encode() for name in spec.parent],
        token=None if spec.token is None else spec.token.encode(),
        fills=spec.in_bodies,
    )
