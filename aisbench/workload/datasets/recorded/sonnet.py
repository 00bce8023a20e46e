"""The `sonnet` data set: lines of a text file under one instruction, as older clients of vLLM made them.

The text is the user's own file (vLLM's repository has Shakespeare's sonnets as benchmarks/sonnet.txt). All
prompts begin with the same first lines, about --prefix-len tokens of them; the others are drawn with repetition.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from aisbench.backends.backend import Backend
from aisbench.backends.prompt import Prompt
from aisbench.errors import BadInput
from aisbench.workload.dataset_options import DEFAULT_COUNT
from aisbench.workload.datasets.recorded.custom import templated
from aisbench.workload.files.bad_lines import check_text
from aisbench.workload.files.dataset_files import dataset_file
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.tokens.token_counts import TokenCounter

INPUT_LEN, OUTPUT_LEN, _PREFIX_LEN = 550, 150, 200
_INSTRUCTION = "Pick as many lines as you can from these poem lines:\n"
# A prompt that is too long is drawn again; after this many in a row, the lines cannot give a shorter one.
_MOST_DRAWS = 1000


def sonnet_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """Raises BadInput if --input-len leaves no room after the instruction."""
    path = dataset_file(options, "a text file of lines, such as benchmarks/sonnet.txt of vLLM's repository")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    except UnicodeDecodeError as problem:
        raise BadInput(
            f"--dataset-path {path} is not UTF-8 ({problem.reason}, byte {problem.start})"
        ) from None
    for line in lines:
        check_text(line)
    counter = TokenCounter(options)
    input_len = INPUT_LEN if options.input_len is None else options.input_len
    output_len = OUTPUT_LEN if options.output_len is None else options.output_len
    prefix_len = _PREFIX_LEN if options.prefix_len is None else options.prefix_len
    average = sum(counter.counts(lines)) / len(lines)
    in_template = options.chat_template and bool(getattr(counter.tokenizer, "chat_template", None))

    def asked(text: str) -> str:
        return templated([text], counter.tokenizer, options)[0] if in_template else text

    instruction = counter.count(asked(_INSTRUCTION))
    if input_len <= instruction or average == 0:
        raise BadInput(
            f"--input-len {input_len} must be more than the {instruction} tokens of the instruction above the lines"
        )
    if prefix_len > input_len:
        raise BadInput(f"--prefix-len {prefix_len} must be at most --input-len {input_len}")
    wanted = round((input_len - instruction) / average)
    fixed = lines[: max(0, round((prefix_len - instruction) / average))]
    count = DEFAULT_COUNT if options.count is None else options.count
    generator = random.Random(options.seed)

    def items() -> Iterator[Prompt]:
        refused = 0
        made = 0
        while made < count:
            text = _INSTRUCTION + "".join(fixed + generator.choices(lines, k=max(0, wanted - len(fixed))))
            tokens = counter.count(asked(text))
            if tokens > input_len:
                refused += 1
                if refused >= _MOST_DRAWS:
                    raise BadInput(
                        f"{path}: its lines give no prompt of at most --input-len {input_len} tokens"
                    )
                continue
            refused, made = 0, made + 1
            # With a chat backend, the server applies the template.
            sent = text if backend.takes_messages else asked(text)
            yield Prompt(sent, tokens, output_len)

    note = f"prompts are {wanted} lines of {path.name}, the first {len(fixed)} of them the same in all"
    return Prompts(items(), count, [counter.note, note])
