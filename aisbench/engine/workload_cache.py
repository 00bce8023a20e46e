"""The cache of prepared workloads that runs of this user share."""

from __future__ import annotations

from collections.abc import Callable

from aisbench.config.cache import cached_file
from aisbench.config.run_config import RunConfig
from aisbench.workload.build import Build, build_workload
from aisbench.workload.prepared.cache import WorkloadCache
from aisbench.workload.prepared.cached import CachedWorkloads


def workload_cache() -> WorkloadCache:
    return WorkloadCache(cached_file("workloads"))


def build_for(config: RunConfig, say: Callable[[str], None]) -> Build:
    """Makes workloads, or takes them from the cache if `config` lets it."""
    return CachedWorkloads(workload_cache(), say) if config.workload_cache else build_workload
