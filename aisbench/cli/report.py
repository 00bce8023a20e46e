"""`aisbench report DIR`: everything again from the records, also after a crash."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--table", default="vllm", show_default=True, help="Whose table to print: vllm or aisbench.")
def report(folder: Path, table: str) -> int:
    """Rebuild summary, vllm.json and report.html of the run in DIR from its records."""
    from aisbench.analysis.records import Run
    from aisbench.engine.config import TABLES, one_of
    from aisbench.report.console import print_result
    from aisbench.report.files import write_all

    one_of("--table", table, TABLES)
    summary = write_all(folder)
    print_result(summary, Run.load(folder).config["percentiles"], folder / "report.html", style=table)
    return 0
