"""`aisbench report DIR`: everything again from the records, also after a crash."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def report(folder: Path) -> int:
    """Rebuild summary, vllm.json and report.html of the run in DIR from its records."""
    from aisbench.analysis.records import Run
    from aisbench.report.console import print_result
    from aisbench.report.files import write_all

    summary = write_all(folder)
    print_result(summary, Run.load(folder).config["percentiles"], folder / "report.html")
    return 0
