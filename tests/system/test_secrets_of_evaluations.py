"""No key, header value or password in anything that an evaluation or a campaign writes or shows."""

from __future__ import annotations

import json
from pathlib import Path

from aisbench.simulator.process import SimulatorProcess
from tests.forks import forks
from tests.studies.evaluation.answering import answering
from tests.studies.evaluation.sums import adds, write_sums
from tests.system.running import environment
from tests.system.secret_values import (
    BODY,
    FIELD,
    JUDGE,
    NOTED,
    TOKEN,
    TOOL,
    finished,
    found_in,
    found_in_text,
)


def test_an_evaluation_with_a_judge(tmp_path: Path) -> None:
    data = write_sums(tmp_path / "datasets" / "gsm8k", 2).parent
    with answering(adds) as server, answering(lambda _: "GRADE: C") as judge:
        judged = ["--judge-url", judge.url, "--judge-api-key", JUDGE]
        judged += ["--judge-extra-body", json.dumps(BODY)]
        asked = ["--datasets", "gsm8k", "--dataset-path", str(data), "--work-dir", str(tmp_path / "out")]
        asked += ["--url", server.url, "--header", f"X-Token: {TOKEN}", "--dump-eval-details"]
        shown = finished("eval", *asked, *judged, "--extra-body", json.dumps(BODY))
        again = finished("eval", *asked, "--mode", "eval", "--reuse", code=2)
        assert "--extra-body contains ***" in again
        shown += finished("eval", *asked, "--mode", "eval", "--reuse", "--extra-body", json.dumps(BODY))
        assert all(body["api_key"] == FIELD for body in (*server.asked, *judge.asked))
        assert judge.keys == [f"Bearer {JUDGE}"] * 2
    assert found_in_text(shown + again) == []
    assert found_in(tmp_path / "out") == {}


def test_a_campaign(tmp_path: Path, quick_simulator: SimulatorProcess) -> None:
    write_sums(tmp_path / "datasets" / "gsm8k", 2)
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "keyed.toml").write_text(
        f'backend = "openai-chat"\nurl = "{quick_simulator.url}"\napi_key = "{JUDGE}"\n'
        f'[generation_kwargs]\nhf_token = "{TOOL}"\n'
    )
    process = forks().start(
        "ais_bench_main",
        [
            *("-w", str(tmp_path / "out"), "--config-dir", str(tmp_path / "presets"), "--models", "keyed"),
            *("--datasets", "gsm8k", "--dataset-path", str(tmp_path / "datasets"), "--mode", "perf"),
            *("--", f"--header=X-Token: {TOKEN}", "--metadata", f"password={NOTED}"),
        ],
        environment(),
    )
    out, err = process.communicate(timeout=100)
    assert process.wait() == 0, err
    assert found_in_text(out + err) == []
    assert found_in(tmp_path / "out") == {}
