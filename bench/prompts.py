"""Time to make random prompts, with aisbench and vLLM in turns: python -m bench.prompts --tokenizer DIR

With --vllm PYTHON (a Python that has vLLM), vLLM's own class makes the same prompts, and the hashes of both are
printed. Wall time depends on the machine's other work; CPU time is the cost.

The last rows are whole preparations, as `aisbench load` does them: the tokenizer is loaded and the bodies are written,
and the second time they come from the cache of prepared workloads.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile

import click

from bench.harness import table

OURS = """
import hashlib, json, sys, time
from aisbench.backends.registry import backend_named
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.datasets.generated.random import random_prompts
count, length, tokenizer = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
options = WorkloadOptions(count=count, model="m", input_len=length, tokenizer=tokenizer)
prompts = random_prompts(options, backend_named("openai"))
"""
THEIRS = """
import hashlib, json, sys, time
from vllm.benchmarks.datasets import RandomDataset
from vllm.tokenizers import get_tokenizer
count, length, tokenizer = int(sys.argv[1]), int(sys.argv[2]), get_tokenizer(sys.argv[3])
source = RandomDataset(random_seed=0)
"""
# Neither figure includes loading the tokenizer; imports and loading take vLLM far longer.
TIMED = """
wall, cpu = time.perf_counter(), time.process_time()
texts = {texts}
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
digest = hashlib.sha256("\\0".join(texts).encode()).hexdigest()
print(json.dumps({{"wall": wall, "cpu": cpu, "sha256": digest}}))
"""
# A new process each time, as for two runs. Imports are not included, but for those of the tokenizer.
PREPARED = """
import json, pathlib, sys, tempfile, time
from aisbench.backends.registry import backend_named
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prepared.cache import WorkloadCache
from aisbench.workload.prepared.cached import CachedWorkloads
from aisbench.workload.recipe import Recipe
count, length, tokenizer = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
options = WorkloadOptions(count=count, model="m", input_len=length, tokenizer=tokenizer)
build = CachedWorkloads(WorkloadCache(pathlib.Path(sys.argv[4])), lambda line: None)
with tempfile.TemporaryDirectory() as folder:
    wall, cpu = time.perf_counter(), time.process_time()
    made = build(Recipe(options, backend_named("openai")), pathlib.Path(folder))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
print(json.dumps({"wall": wall, "cpu": cpu, "sha256": made.bodies.fingerprint}))
"""
OUR_TEXTS = "[prompt.text for prompt in prompts.items]"
THEIR_TEXTS = "[s.prompt for s in source.sample(tokenizer=tokenizer, num_requests=count, input_len=length, output_len=128)]"


Made = dict[str, float | str]


def made(python: str, program: str, *args: str) -> Made:
    done = subprocess.run([python, "-c", program, *args], capture_output=True, text=True, check=True)
    found: Made = json.loads(done.stdout.splitlines()[-1])
    return found


def prompts(tokenizer: str, count: int, length: int) -> Made:
    """`wall` and `cpu`, in s, and `sha256` of aisbench's prompts."""
    return made(sys.executable, OURS + TIMED.format(texts=OUR_TEXTS), str(count), str(length), tokenizer)


def preparations(tokenizer: str, count: int, length: int) -> tuple[Made, Made]:
    """The same of a whole preparation, and of the next one, from the cache."""
    with tempfile.TemporaryDirectory() as cache:
        first, again = (
            made(sys.executable, PREPARED, str(count), str(length), tokenizer, cache) for _ in range(2)
        )
    return first, again


@click.command()
@click.option("--tokenizer", required=True, help="Folder of the tokenizer.")
@click.option("--count", default=10_000, help="Number of prompts.")
@click.option("--length", default=1024, help="Tokens in each prompt.")
@click.option("--vllm", help="A Python that has vLLM.")
@click.option("--rounds", default=2, help="How often to run each, in turns.")
def main(tokenizer: str, count: int, length: int, vllm: str | None, rounds: int) -> None:
    rows = [["client", "wall s", "CPU s", "sha256"]]
    for _ in range(rounds):
        rows.append(["aisbench", *_cells(prompts(tokenizer, count, length))])
        if vllm is not None:
            program = THEIRS + TIMED.format(texts=THEIR_TEXTS)
            rows.append(["vllm", *_cells(made(vllm, program, str(count), str(length), tokenizer))])
        first, again = preparations(tokenizer, count, length)
        rows += [["aisbench, whole", *_cells(first)], ["aisbench, whole, again", *_cells(again)]]
    print(table(rows))


def _cells(found: Made) -> list[str]:
    return [f"{found['wall']:.2f}", f"{found['cpu']:.2f}", str(found["sha256"])[:12]]


if __name__ == "__main__":
    main()
