"""`aisbench eval --models`: what a preset says goes out, unless another place says otherwise; --search tells which."""

from __future__ import annotations

from pathlib import Path

from tests.studies.evaluation.answering import answering
from tests.studies.evaluation.sums import adds, write_sums
from tests.system.running import run_command


def test_the_command_line_stands_above_a_config_file_and_that_above_the_preset(tmp_path: Path) -> None:
    write_sums(tmp_path / "datasets" / "gsm8k", 2)
    with answering(adds) as server:
        (tmp_path / "mine.toml").write_text(
            f'backend = "openai-chat"\nurl = "{server.url}"\nmodel = "a"\nmax_out_len = 77\nretry = 2\nbatch_size = 3\n'
            "[generation_kwargs]\ntemperature = 0.25\ntop_k = 5\n"
        )
        (tmp_path / "run.toml").write_text('model = "b"\noutput-len = 66\n')
        done = run_command(
            *("eval", "--models", "mine", "--config-dir", tmp_path, "--config", tmp_path / "run.toml"),
            *("--output-len", 55, "--datasets", "gsm8k", "--dataset-path", tmp_path / "datasets"),
            *("--work-dir", tmp_path / "out", "--no-progress"),
        )
    assert done.returncode == 0, done.stderr
    assert "retry = 2 is ignored, because no request is sent twice" in done.stderr
    (_, body) = server.asked
    assert (body["model"], body["temperature"], body["top_k"]) == ("b", 0.25, 5)
    assert 55 in (body.get("max_tokens"), body.get("max_completion_tokens"))


def test_search_tells_where_each_value_is_from_and_sends_nothing(tmp_path: Path) -> None:
    write_sums(tmp_path / "datasets" / "gsm8k", 2)
    preset, config = tmp_path / "mine.toml", tmp_path / "run.toml"
    with answering(adds) as server:
        preset.write_text(
            f'url = "{server.url}"\nmodel = "a"\nmax_out_len = 77\napi_key = "sk-very-secret"\n'
        )
        config.write_text('model = "b"\n')
        done = run_command(
            *("eval", "--search", "--config", config, "--models", "mine", "--config-dir", tmp_path),
            *("--datasets", "gsm8k", "--dataset-path", tmp_path / "datasets", "--work-dir", tmp_path / "out"),
            variables={"AISBENCH_CONCURRENCY": "9"},
        )
    assert done.returncode == 0, done.stderr
    assert not server.asked
    assert not (tmp_path / "out").exists()
    lines = done.stdout.splitlines()
    assert {
        f"preset {preset}",
        f"config file {config}",
        f"--model b (config file {config})",
        f"--output-len 77 (preset {preset})",
        "--concurrency 9 (environment AISBENCH_CONCURRENCY)",
        "--temperature 0.0 (default)",
        "--datasets gsm8k (option)",
        f"data set file {tmp_path / 'datasets' / 'gsm8k' / 'test.jsonl'}",
    } <= set(lines)
    assert "sk-very-secret" not in done.stdout
