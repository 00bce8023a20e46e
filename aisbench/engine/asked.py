"""The servers and the backend of a run, settled before anything is prepared."""

from __future__ import annotations

from dataclasses import dataclass

from aisbench.backends.backend import Backend
from aisbench.config.run_config import RunConfig
from aisbench.engine.target.discovery import Model
from aisbench.engine.target.transport import Transport
from aisbench.engine.target.urls import Target
from aisbench.errors import BadInput
from aisbench.metrics import BY_NAME, metrics_of


@dataclass(frozen=True)
class Asked:
    """What is known about a run before it is prepared: its configuration, backend, servers and model."""

    config: RunConfig
    backend: Backend
    workers: int
    headers: dict[str, str]
    transport: Transport
    targets: list[Target]
    model: Model
    open_files: int
    simulator: bool
    command: list[str]

    @property
    def streams(self) -> bool:
        return self.config.stream and self.backend.rules is not None

    @property
    def needs_tokenizer(self) -> bool:
        """True when --tokenizer counts the output after the run, so that the texts must be kept."""
        return self.backend.generates and not self.backend.counts_output and self.config.tokenizer is not None

    @property
    def endpoint(self) -> str:
        return self.config.endpoint or self.backend.path_for(self.model.name, stream=self.streams)


def check_stream(config: RunConfig, backend: Backend) -> None:
    """Raises BadInput where the backend is not said to answer as the run asks."""
    if not backend.plain_rules and not (config.stream and backend.rules is not None):
        raise BadInput(
            "--no-stream: the file of --template has no [whole], which says where whole answers have their text"
        )


def check_goodput(config: RunConfig, backend: Backend) -> None:
    """Raises BadInput when --goodput bounds a metric that answers without streaming do not have."""
    if config.stream and backend.rules is not None:
        return
    for name in config.goodput or ():
        if BY_NAME[name].needs_stream:
            what = "--no-stream" if backend.rules is not None else f"--backend {config.backend}"
            alone = ", ".join(metric.name for metric in metrics_of(streams=False))
            raise BadInput(
                f"--goodput {name} needs streamed answers, which {what} does not have; bound only {alone}"
            )
