"""Options for a load that comes from several hosts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from aisbench.config.traffic import SECTION
from aisbench.errors import BadInput
from aisbench.options.checks import whole
from aisbench.options.option import option

_option = partial(option, section=SECTION)
_ADDRESS = re.compile(r"(auto|local|(ray://)?([^\s:/]+|\[[0-9a-fA-F:]+\]):\d{1,5})")
# The fields of these options.
FIELDS = ("ray", "nodes", "workers_per_node", "node_dir", "reissue")
# What the nodes of a cluster cannot do, by field, and what is said of it.
_ALONE: Mapping[str, str] = {
    "workers": "--workers is for one host; with --ray give --workers-per-node",
    "local_address": "--local-address names addresses of this host, and with --ray the load comes from others; leave it out",
    "uds": "--uds is a socket of this host, and with --ray the load comes from others; give the server's --url",
}


def _check_address(flag: str, value: str) -> None:
    if not _ADDRESS.fullmatch(value):
        raise BadInput(
            f"{flag} must be auto (the cluster that this host is part of), local (one node, here), HOST:PORT of a Ray head or "
            f"ray://HOST:PORT of a Ray client server, got {value!r}"
        )


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class ClusterOptions:
    """Fields of RunConfig: the cluster."""

    ray: str | None = _option(
        "--ray",
        check=_check_address,
        metavar="ADDRESS",
        help="Send the load from the hosts of a Ray cluster: auto, local, HOST:PORT or ray://HOST:PORT. docs/scale.md explains it.",
    )
    nodes: int | None = _option(
        "--nodes",
        check=whole(1),
        metavar="N",
        help="Hosts of the cluster to send from. Default: all.",
    )
    workers_per_node: int | None = _option(
        "--workers-per-node",
        check=whole(1),
        metavar="N",
        help="Worker processes on each node. Default: as many as the load needs in all, at most one per CPU.",
    )
    node_dir: str | None = _option(
        "--node-dir",
        metavar="DIR",
        help="Folder of the nodes for their records during the run. If this host has it, too, records are moved, not sent. Default: their temporary folders.",
    )

    reissue: bool = _option(
        "--reissue",
        default=False,
        help="If a node is lost, another sends what that one had left to send. Without this, it is not sent.",
    )

    def check_cluster(self, given: Mapping[str, Any]) -> None:
        """Raises BadInput for options of the cluster that contradict others, by their fields."""
        if self.ray is None:
            for name, flag in (
                ("nodes", "--nodes"),
                ("workers_per_node", "--workers-per-node"),
                ("node_dir", "--node-dir"),
                ("reissue", "--reissue"),
            ):
                if given[name]:
                    raise BadInput(f"{flag} is for the nodes of a cluster; give --ray as well")
            return
        for name, said in _ALONE.items():
            if given[name]:
                raise BadInput(said)
