"""Where the requests go, and in which API's words."""

from __future__ import annotations

from aisbench.cli.options.click_options import click_options
from aisbench.config.target import TargetOptions
from aisbench.options.option import declared

TARGET_OPTIONS = click_options(declared(TargetOptions))
