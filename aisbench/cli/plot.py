"""`aisbench plot RUN...`: draws a chart for a paper."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aisbench.cli.command import Command
from aisbench.cli.options.types import Choice
from aisbench.errors import BadInput
from aisbench.extras import install_command
from aisbench.metrics import NAMES

if TYPE_CHECKING:
    import plotly.graph_objects as go

_SUFFIXES = (".svg", ".png", ".pdf", ".html")


def _run_charts() -> list[str]:
    """The names of the charts of runs, imported only when one is looked up: their module imports numpy."""
    from aisbench.report.charts.of_runs import CHARTS

    return [chart.name for chart in CHARTS if chart.in_plots]


def _search_charts() -> list[str]:
    from aisbench.studies.saturation.charts import CHARTS

    return [chart.name for chart in CHARTS if chart.in_plots]


@click.command(cls=Command)
@click.argument("folders", metavar="[NAME=]DIR...", nargs=-1, required=True)
@click.option(
    "--chart",
    type=Choice(lambda: [*_run_charts(), *_search_charts()]),
    help="For runs: percentiles, cdf, in-flight, rates, tokens, timeline, or a chart of the report page, such as heat. "
    "For searches: saturation, throughput, latency, accuracy. An unknown name lists them all.  "
    "[default: percentiles, or saturation]",
)
@click.option(
    "--metric",
    default="ttft",
    show_default=True,
    type=Choice(NAMES),
    help=f"Metric for percentiles, cdf and heat: {', '.join(NAMES)}.",
)
@click.option(
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Ends in .svg, .png, .pdf or .html.  [default: CHART.svg]",
)
@click.option("--title", help="Title above the chart.")
@click.option("--width", type=click.IntRange(200, 4000), default=900, show_default=True, metavar="PX")
@click.option("--height", type=click.IntRange(150, 4000), default=500, show_default=True, metavar="PX")
def plot(
    folders: tuple[str, ...],
    chart: str | None,
    metric: str,
    output: Path | None,
    title: str | None,
    width: int,
    height: int,
) -> int:
    """Draw one chart of one run, or of several over each other, for a paper.

    \b
    aisbench plot before=RUN1 after=RUN2 --chart cdf --output cdf.svg
    aisbench plot RUN --chart timeline --output timeline.pdf
    aisbench plot SEARCH --output saturation.png

    DIR is the folder of a run or of `aisbench saturate`; NAME appears in the legend. Drawing needs the
    extra packages of aisbench[plot], and Chromium for images.
    """
    from aisbench.options.checks import one_of

    named = _named_folders(folders)
    searches = [path for path in named.values() if (path / "saturation.json").exists()]
    if searches and len(searches) < len(named):
        raise BadInput("runs and searches cannot share a chart; give one kind")
    chart = chart or ("saturation" if searches else "percentiles")
    one_of("--chart", chart, _search_charts() if searches else _run_charts())
    one_of("--metric", metric, NAMES)
    path = output or Path(f"{chart}.svg")
    if path.suffix not in _SUFFIXES:
        raise BadInput(f"--output {path}: give a name that ends in {', '.join(_SUFFIXES)}")

    if importlib.util.find_spec("plotly") is None:
        raise BadInput(f"aisbench plot needs plotly: {install_command('plot', 'plotly')}")
    from aisbench.report.figures.plot_file import dressed, write_figure

    write_figure(dressed(_figure_of(chart, named, metric), title, width, height), path)
    click.echo(f"written: {path}")
    return 0


def _figure_of(chart: str, named: dict[str, Path], metric: str) -> go.Figure:
    from aisbench.records.run import Run
    from aisbench.report.figures.plots import run_figure

    if chart in _search_charts():
        from aisbench.studies.saturation.plot import search_figure

        return search_figure(chart, {name: _read_search(path) for name, path in named.items()})
    return run_figure(chart, {name: Run.load(path) for name, path in named.items()}, metric)


def _named_folders(given: tuple[str, ...]) -> dict[str, Path]:
    """The folders by their names in the legend. Raises BadInput for a name given twice, or if one is not a folder."""
    named: dict[str, Path] = {}
    for text in given:
        name, mark, path = text.partition("=")
        # A folder's own name may contain an equals sign.
        if not mark or Path(text).exists():
            name, path = Path(text).name, text
        if name in named:
            raise BadInput(f"two folders are called {name}; name them, as in before={text} after=DIR")
        if not Path(path).is_dir():
            raise BadInput(f"{path} is not a folder; give the folder of a run or of a search")
        named[name] = Path(path)
    return named


def _read_search(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((path / "saturation.json").read_text())
    except ValueError as problem:
        raise BadInput(f"{path / 'saturation.json'} cannot be read ({problem})") from None
    return found
