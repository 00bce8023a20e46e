"""What is not imported before the first request, so that it leaves early."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from aisbench.simulator.referee import start_referee
from tests.system.running import environment

# Slow to import, with all that is in them.
_HEAVY = ("aiohttp", "plotly", "rich", "transformers", "aisbench.report", "aisbench.analysis.measured")
_ALLOWED = ("aisbench.report.files.vllm_files",)


def loaded(code: str, *args: str) -> list[str]:
    """The modules that `code` has loaded when it prints them."""
    done = subprocess.run(
        [sys.executable, "-c", code, *args], capture_output=True, text=True, env=environment(), check=False
    )
    line = next((one for one in done.stderr.splitlines() if one.startswith("loaded: ")), None)
    assert line is not None, done.stderr
    return line.split()[1:]


def test_a_worker_loads_no_numpy() -> None:
    modules = loaded(
        "import sys, aisbench.engine.crew.worker; print('loaded:', *sys.modules, file=sys.stderr)"
    )
    assert {"numpy", "aiohttp", "http.client"} & set(modules) == set()


def test_what_only_reports_need_is_loaded_after_the_load(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from aisbench.cli.main import load_main\n"
        "from aisbench.engine.coordinator import Coordinator\n"
        "def watch(coordinator, watch=Coordinator.watch):\n"
        "    print('loaded:', *sys.modules, file=sys.stderr)\n"
        "    watch(coordinator)\n"
        "Coordinator.watch = watch\n"
        "load_main()\n"
    )
    options = "--backend openai-chat --num-requests 2 --concurrency 2 --output-len 2 --no-progress"
    with start_referee(ttft_us=1000, itl_us=1000, tokens=2) as server:
        modules = loaded(code, "--url", server.url, "--work-dir", str(tmp_path), *options.split())
    packages = {
        name
        for name in modules
        if name.startswith(_HEAVY) and not any(one.startswith(name) for one in _ALLOWED)
    }
    assert packages == set()
    # The data sets that are not used.
    assert "aisbench.workload.datasets.generated.random" in modules
    assert "aisbench.workload.datasets.recorded.trace" not in modules
    assert os.listdir(tmp_path)
