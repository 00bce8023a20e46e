"""What servers, data sets and users call things stays text on every page, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from aisbench.cli.compare import compare as compare_command
from aisbench.cli.plan import plan
from aisbench.cli.workload.workload import workload
from aisbench.live.page import LivePage, listen
from aisbench.studies.comparison.comparing import compare
from aisbench.studies.comparison.page import write_comparison
from aisbench.studies.comparison.result import Group
from aisbench.studies.evaluation.page import write_page
from aisbench.studies.saturation.page import write_saturation
from aisbench.studies.sweep.page import write_sweep
from bench.browser import Page
from tests.analysis.made_runs import START_NS, base_config, fail, made_rows, write_run
from tests.live.test_terminal import SNAPSHOT
from tests.report.written import written
from tests.studies.comparison.made_results import made as made_result
from tests.studies.evaluation.made_results import result_of, sums
from tests.studies.saturation.test_page import SETTINGS, searched
from tests.studies.sweep.made_results import swept

# Would run as HTML, as the end of a script, of an attribute or of a text, as a link, or as a template of ours.
HOSTILE = (
    "<script>window.ran=1</script></script><img src=x onerror=window.ran=1>\"'><svg onload=window.ran=1>"
    '<a href="javascript:window.ran=1">here</a><!-- {{data}} ${window.ran=1} \u2028\u202e\x00\x1b[2J'
)
# The part that every page shows as it is.
SHOWN = "<script>window.ran=1</script></script><img src=x onerror=window.ran=1>"


def _run(folder: Path) -> Path:
    rows = made_rows(np.arange(40) * 25.0)
    fail(rows, 3, "http_status", http_status=500)
    rows["conversation"], rows["turn"] = np.arange(40) // 2, np.arange(40) % 2
    names = ("label", "model", "dataset", "dataset_path", "tokenizer", "url", "backend", "endpoint")
    run = write_run(
        folder,
        rows,
        config=base_config(**dict.fromkeys(names, HOSTILE), metadata={HOSTILE: HOSTILE}),
        command=["aisbench-load", "--label", HOSTILE],
        notes=[HOSTILE],
        error_samples=[{"kind": HOSTILE, "http_status": 500, "slot": 3, "message": HOSTILE}],
        outcome="failed",
        outcome_reason=HOSTILE,
        version=HOSTILE,
        host={"cpus": 2, "steal_ns": 0, "throttled_ns": 0, "kernel": HOSTILE},
        conversations=20,
    )
    times = [START_NS + at * 100_000_000 for at in range(8)]
    device = {
        "source": HOSTILE,
        "device": HOSTILE,
        "name": HOSTILE,
        "utilisation_percent": 10,
        "power_w": 200.0,
    }
    values = {"running": 3.0, "waiting": 1.0, "kv_use": 0.5, "accepted_at": {HOSTILE: 1.0}}
    for name, line in (("devices", device), ("server", {"endpoint": 0, "values": values})):
        text = "".join(json.dumps({"t_ns": t_ns, **line}) + "\n" for t_ns in times)
        (run / "records" / f"{name}.jsonl").write_text(text)
    return written(run)


def _comparison(folder: Path) -> Path:
    theirs = Group(
        HOSTILE, (made_result("AIPerf", data=False, path=HOSTILE, fingerprint={HOSTILE: HOSTILE}),)
    )
    write_comparison(compare([Group("ours", (made_result(seed=1),)), theirs]), folder)
    return folder / "comparison.html"


def _sweep(folder: Path) -> Path:
    found = json.loads(
        json.dumps(swept("input_len=512 concurrency=1,8", runs=1)).replace(
            json.dumps("input_len=512 concurrency=8")[1:-1], json.dumps(HOSTILE)[1:-1]
        )
    )
    write_sweep(found, ["aisbench", "sweep", HOSTILE], folder / "sweep.html")
    return folder / "sweep.html"


def _search(folder: Path) -> Path:
    found = json.loads(json.dumps(searched()).replace("CPU at 90 %", json.dumps(HOSTILE)[1:-1]))
    found["ended"] = HOSTILE
    write_saturation(found, SETTINGS, ["aisbench", "saturate", HOSTILE], folder / "saturation.html")
    return folder / "saturation.html"


def _evaluation(folder: Path) -> Path:
    details = sums(8)
    for one in details.values():
        text = (
            "prompt",
            "origin_prediction",
            "predictions",
            "references",
            "rule",
            "subset",
            "finish",
            "reasoning",
        )
        one |= dict.fromkeys(text, HOSTILE)  # type: ignore[typeddict-item]
    details = {**details, HOSTILE: details["1"]}
    write_page(
        folder / "evaluation.html",
        HOSTILE,
        [(HOSTILE, result_of({str(i): one for i, one in enumerate(details.values())}))],
    )
    return folder / "evaluation.html"


def _evaluations(folder: Path) -> Path:
    for name, score in (("one", 1.0), ("other", 0.0)):
        results, predictions = (
            folder / name / part / HOSTILE[:8].replace("/", "_") for part in ("results", "predictions")
        )
        results.mkdir(parents=True)
        predictions.mkdir(parents=True)
        questions = {f"{i}": {"prompt": HOSTILE, "scores": [score]} for i in range(3)}
        (results / "<b>.json").write_text(json.dumps({"questions": questions}))
        answers = {
            f"{i}": {"origin_prompt": HOSTILE, "gold": HOSTILE, "prediction": HOSTILE} for i in range(3)
        }
        (predictions / "<b>.json").write_text(json.dumps(answers))
    _called(compare_command, str(folder / "one"), str(folder / "other"), "--output", str(folder / "out"))
    return folder / "out" / "comparison.html"


def _plan(folder: Path) -> Path:
    _called(
        plan,
        "--rate",
        "5",
        "--num-requests",
        "9",
        "--label",
        HOSTILE.replace("\x00", ""),
        "--output",
        str(folder / "plan.html"),
    )
    return folder / "plan.html"


def _workload(folder: Path) -> Path:
    tool = {"type": "function", "function": {"name": HOSTILE, "description": HOSTILE, "parameters": {}}}
    turns = [
        {
            "messages": [{"role": "user", "content": HOSTILE}],
            "output_tokens": 9,
            "tools": [tool],
            "model": HOSTILE,
        }
        for _ in range(2)
    ]
    path = folder / HOSTILE.replace("/", "\u2215").replace("\x00", "")
    path.write_text(
        "".join(json.dumps({"session": f"{HOSTILE}{i}", "at_s": i, "turns": turns}) + "\n" for i in range(3))
    )
    _called(workload, "describe", str(path), "--page", str(folder / "workload.html"))
    return folder / "workload.html"


def _called(command: object, *args: str) -> None:
    done = CliRunner().invoke(command, args, standalone_mode=False)  # type: ignore[arg-type]
    assert done.exception is None, done.exception


MAKE: dict[str, Callable[[Path], Path]] = {
    "run": _run,
    "comparison": _comparison,
    "sweep": _sweep,
    "search": _search,
    "evaluation": _evaluation,
    "evaluations": _evaluations,
    "plan": _plan,
    "workload": _workload,
}


@pytest.mark.parametrize("made", MAKE)
def test_words_of_others_stay_words(page: Page, tmp_path: Path, made: str) -> None:
    page.driver.get(MAKE[made](tmp_path).as_uri())
    page.wait("document.documentElement.dataset.drawn === 'yes' || !document.getElementById('data')")
    if made == "evaluation":
        page.driver.execute_script("choose(every[0])")
    # The plan names no one, and a file's name holds no slash.
    shown = {"plan": "", "workload": SHOWN.replace("/", "\u2215")}.get(made, SHOWN)
    harmless(page, shown)


def harmless(page: Page, shown: str) -> None:
    # A script that our policy has kept from running has complained.
    assert page.complaints() == []
    assert page.value("typeof window.ran") == "undefined"
    assert (
        page.value("document.querySelectorAll('img, main script:not([type]), [onload], [onerror]').length")
        == 0
    )
    links = "Array.from(document.querySelectorAll('a'), (a) => a.getAttribute('href') || a.getAttribute('xlink:href') || '')"
    assert [link for link in page.value(links) if link.startswith("javascript:")] == []
    assert page.value("document.querySelectorAll('svg a').length") == 0
    assert shown in page.value("document.documentElement.textContent")


def test_a_pages_csv_holds_no_formulas(page: Page, tmp_path: Path) -> None:
    page.open(_run(tmp_path / "run"))
    cells = ["=1+1", "-2+3", '@"a"', "-1.5", -1.5, "-", "plain"]
    assert page.value(f"{json.dumps(cells)}.map(csvCell)") == [
        "'=1+1",
        "'-2+3",
        '"\'@""a"""',
        "-1.5",
        -1.5,
        "-",
        "plain",
    ]


def test_the_live_page(page: Page) -> None:
    with LivePage(listen("127.0.0.1", 0), HOSTILE) as live:
        live.update(SNAPSHOT)
        page.visit(live.url)
        page.wait("points.length === 1")
        live.ended = {"outcome": "failed", "reason": HOSTILE, "folder": HOSTILE}
    page.wait("document.getElementById('state').textContent === 'failed'")
    harmless(page, SHOWN)


def test_only_our_own_scripts_run(page: Page, tmp_path: Path) -> None:
    """Were a word to slip through, the page's policy would keep it from running."""
    path = _sweep(tmp_path)
    text = path.read_text()
    path.write_text(
        text.replace("<main>", "<main><script>window.ran=1</script><img src=x: onerror=window.ran=1>", 1)
    )
    page.open(path)
    assert page.value("typeof window.ran") == "undefined"
    assert any("Content Security Policy" in one for one in page.complaints())
