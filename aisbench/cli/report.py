"""`aisbench report DIR`: rebuilds a run's reports from its records, also after a crash."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from aisbench.cli.command import Command
from aisbench.cli.options.types import Choice
from aisbench.config.output import TABLES
from aisbench.errors import BadInput
from aisbench.saying import say
from aisbench.studies.saturation.folder import STATE, SearchFolder
from aisbench.studies.sweep.folder import STATE as SWEEP
from aisbench.studies.sweep.folder import SweepFolder

# Values of --format that print a file of the folder. The others are made for the terminal.
_FILES = {"json": "summary.json", "csv": "summary.csv", "vllm": "vllm.json"}
_FORMATS = ("table", "markdown", *_FILES)
_SEARCH_FILES = {"json": "saturation.json", "csv": "saturation.csv"}
_SWEEP_FILES = {"json": "summary.json", "csv": "sweep.csv"}


@click.command(cls=Command)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    default="table",
    show_default=True,
    type=Choice(_FORMATS),
    help="What to print: table, markdown, json (summary.json), csv (summary.csv) or vllm (vllm.json).",
)
@click.option(
    "--table",
    type=Choice(TABLES),
    default="vllm",
    show_default=True,
    help="Layout of the table: vllm or aisbench.",
)
@click.option(
    "--output",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Folder for the files.  [default: DIR]",
)
@click.option(
    "--trust-remote-code",
    is_flag=True,
    help="Allow the run's tokenizer to run its own code to count tokens, if the run used this option.",
)
@click.option(
    "--upload",
    metavar="URL",
    help="Copy the run's folder there: s3://BUCKET/FOLDER, gs://, file:///FOLDER (docs/export.md).",
)
def report(
    folder: Path, form: str, table: str, output: Path | None, trust_remote_code: bool, upload: str | None
) -> int:
    """Rebuild summary, vllm.json and report.html of the run in DIR from its records, and print it.

    \b
    aisbench report outputs/default/20260102_030405 --format markdown
    aisbench report outputs/default/20260102_030405 --output elsewhere

    DIR may also be the folder of `aisbench saturate` or `aisbench sweep`: its page and its data are rebuilt from the
    runs.
    """
    from aisbench.analysis.contract.summary_type import plain
    from aisbench.analysis.measured import Measured
    from aisbench.export.upload import Upload
    from aisbench.records.run import Run
    from aisbench.report.files.write import write_reports
    from aisbench.report.text.console import print_result
    from aisbench.report.text.markdown import markdown

    if upload is not None:
        _check_upload(folder, output)
    if (folder / STATE).exists():
        _report_search(folder, form, output, trust_remote_code=trust_remote_code)
        return 0
    if (folder / SWEEP).exists():
        _report_sweep(folder, form, output, trust_remote_code=trust_remote_code)
        return 0
    run = Run.load(folder, trust_remote_code=trust_remote_code)
    place = Upload.to(upload) if upload is not None else None
    summary = plain(write_reports(Measured(run), output))
    percents = run.config.percentiles
    if form == "table":
        print_result(summary, percents, (output or folder) / "report.html", style=table)
    elif form == "markdown":
        say(markdown(summary, percents))
    else:
        click.echo(((output or folder) / _FILES[form]).read_text(), nl=False)
    if place is not None:
        say(f"uploaded: {place.send(folder)}", err=True)
    return 0


def _check_upload(folder: Path, output: Path | None) -> None:
    """Raises BadInput for what --upload cannot copy."""
    if output is not None:
        raise BadInput("--upload copies DIR, and --output writes elsewhere; give one of them")
    if (folder / STATE).exists() or (folder / SWEEP).exists():
        raise BadInput(f"--upload is for runs, and {folder} holds several; give the folder of one of them")


def _report_search(folder: Path, form: str, output: Path | None, *, trust_remote_code: bool) -> None:
    from aisbench.studies.saturation.measure import reported
    from aisbench.studies.saturation.table import answer_text

    if form != "table" and form not in _SEARCH_FILES:
        raise BadInput(f"--format {form} is for runs; for a search give table, json or csv")
    search = SearchFolder.load(folder, None)
    asked = search.config.trust_remote_code
    search.config = replace(search.config, trust_remote_code=asked and trust_remote_code)
    found = reported(search, output)
    if form == "table":
        say(answer_text(found, search.settings, output or folder))
    else:
        click.echo(((output or folder) / _SEARCH_FILES[form]).read_text(), nl=False)


def _report_sweep(folder: Path, form: str, output: Path | None, *, trust_remote_code: bool) -> None:
    from aisbench.studies.sweep.measure import reported
    from aisbench.studies.sweep.table import result_text

    if form != "table" and form not in _SWEEP_FILES:
        raise BadInput(f"--format {form} is for runs; for a sweep give table, json or csv")
    swept = SweepFolder.load(folder, None)
    asked = any(point.config.trust_remote_code for point in swept.points)
    found = reported(swept, output, trust_remote_code=asked and trust_remote_code)
    if form == "table":
        say(result_text(found, output or folder))
    else:
        click.echo(((output or folder) / _SWEEP_FILES[form]).read_text(), nl=False)
