"""The `hf` data set: the Hugging Face data sets that vLLM's client knows, from files on disk or the local cache.

--dataset-path is the name of the data set, or a file or folder with its rows; in that case, --hf-name gives its name.
Prompts are made from the same fields as in vLLM, with the same output lengths.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aisbench.backends.backend import Backend
from aisbench.errors import BadInput
from aisbench.workload.datasets.recorded import bfcl
from aisbench.workload.files.bad_lines import BadLine
from aisbench.workload.files.hf_files import bad_lines, data_files, hf_root, parsers_of
from aisbench.workload.files.media import image_part, sound_part
from aisbench.workload.files.text_rows import Row, row_prompts, taken, text_of
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts

Entry = Mapping[str, Any]
Read = Callable[[Entry, WorkloadOptions, Path], Row | None]


@dataclass(frozen=True)
class Kind:
    """How a data set's rows are used.

    `output_len`: in tokens; None: the length of the row's own answer. `template`: prompts go into the chat template.
    `longest`: the longest prompt, and the longest prompt with its answer, in tokens; longer rows are left out.
    """

    read: Read
    output_len: int | None = None
    template: bool = False
    split: str | None = "train"
    subset: str | None = None
    longest: tuple[int, int] = (1024, 2048)
    has_media: bool = False


def _of_field(name: str) -> Read:
    return lambda entry, options, root: Row(text_of(entry, name))


def _instruct_coder(entry: Entry, options: WorkloadOptions, root: Path) -> Row:
    code, task = text_of(entry, "input"), text_of(entry, "instruction")
    return Row(f"{code}\n\n{task} Just output the code, do not include any explanation.")


def _first_turn(entry: Entry, options: WorkloadOptions, root: Path) -> Row:
    turns = entry.get("turns")
    if not isinstance(turns, list) or not turns or not isinstance(turns[0], str):
        raise BadLine("no list of texts in 'turns'")
    return Row(turns[0])


def _blazedit(entry: Entry, options: WorkloadOptions, root: Path) -> Row | None:
    distance = entry.get("norm_distance")
    if not isinstance(distance, (int, float)):
        raise BadLine("no number in 'norm_distance'")
    if not options.blazedit_min_distance <= distance <= options.blazedit_max_distance:
        return None
    code, change = text_of(entry, "code"), text_of(entry, "change_request")
    return Row(
        "Given a code file, please apply the change requests and generate the new file.\n\n"
        f"Original file:\n```python\n{code}\n```\n\nChange request:\n{change}\n\n"
        'Please generate the new code file in the "New file" section below.'
    )


def _aimo(entry: Entry, options: WorkloadOptions, root: Path) -> Row:
    return Row(text_of(entry, "problem"), answer=text_of(entry, "solution"))


def _zeta(entry: Entry, options: WorkloadOptions, root: Path) -> Row:
    output = text_of(entry, "output")
    at = output.find("<|editable_region_start|>")
    text = (
        "### Instruction:\nYou are a code completion assistant and your task is to analyze user edits and then "
        "rewrite an excerpt that the user provides, suggesting the appropriate edits within the excerpt, taking "
        f"into account the cursor location.\n\n### User Edits:\n\n{text_of(entry, 'events')}\n\n"
        f"### User Excerpt:\n\n{text_of(entry, 'input')}\n\n### Response:\n\n"
    )
    return Row(text, answer=output[at:])


def _mlperf(entry: Entry, options: WorkloadOptions, root: Path) -> Row:
    return Row(
        text_of(entry, "question"), answer=text_of(entry, "output"), system=text_of(entry, "system_prompt")
    )


def _conversation(entry: Entry, options: WorkloadOptions, root: Path) -> Row | None:
    turns = entry.get("conversations")
    if not isinstance(turns, list):
        raise BadLine("no list named conversations")
    if len(turns) < 2:
        return None
    texts = [turn.get("value") if isinstance(turn, Mapping) else None for turn in turns[:2]]
    if not all(isinstance(text, str) for text in texts):
        raise BadLine("a turn without a text in 'value'")
    media = (image_part(entry["image"], root),) if entry.get("image") is not None else ()
    return Row(str(texts[0]), answer=str(texts[1]), media=media)


def _vision_arena(name: str) -> Read:
    def read(entry: Entry, options: WorkloadOptions, root: Path) -> Row:
        try:
            text, image = entry[name][0][0]["content"], entry["images"][0]
        except (LookupError, TypeError):
            raise BadLine(f"no first message in {name!r}, or no image in 'images'") from None
        return Row(str(text), media=(image_part(image, root),))

    return read


def _mmstar(entry: Entry, options: WorkloadOptions, root: Path) -> Row:
    text = text_of(entry, "question").split("Options:", 1)[0].strip()
    return Row(text, media=(image_part(entry.get("image"), root),))


def _speech(entry: Entry, options: WorkloadOptions, root: Path) -> Row | None:
    part, seconds = sound_part(entry.get("audio", entry.get("url")), root)
    least, most = options.asr_min_audio_len_sec, options.asr_max_audio_len_sec
    if (least, most) != (0.0, float("inf")):
        if seconds is None:
            raise BadLine("the length of a sound is known for WAV files only")
        if not least <= seconds <= most:
            return None
    return Row("", media=(part,))


_SPEECH = Kind(_speech, 1024, has_media=True)
_AIMO = Kind(_aimo, longest=(2048, 32000))
_BLAZEDIT = Kind(_blazedit, 4000, template=True)
_MLPERF = Kind(_mlperf, template=True)
KINDS: dict[str, Kind] = {
    "Aeala/ShareGPT_Vicuna_unfiltered": Kind(_conversation, split=None),
    "likaixin/InstructCoder": Kind(_instruct_coder, 200, template=True),
    "philschmid/mt-bench": Kind(_first_turn, 256, template=True),
    "openai/openai_humaneval": Kind(_of_field("prompt"), 256, template=True, split="test"),
    "openai/gsm8k": Kind(_of_field("question"), 256, template=True, split="test", subset="main"),
    "vdaita/edit_5k_char": _BLAZEDIT,
    "vdaita/edit_10k_char": _BLAZEDIT,
    "AI-MO/aimo-validation-aime": _AIMO,
    "AI-MO/NuminaMath-1.5": _AIMO,
    "AI-MO/NuminaMath-CoT": _AIMO,
    "zed-industries/zeta": Kind(_zeta, longest=(1 << 40, 1 << 40)),
    "mgoin/mlperf-inference-llama2-data": _MLPERF,
    "mgoin/mlperf-inference-llama3.1-data": _MLPERF,
    "lmms-lab/LLaVA-OneVision-Data": Kind(_conversation, split=None, has_media=True),
    "lmarena-ai/VisionArena-Chat": Kind(_vision_arena("conversation"), 128, has_media=True),
    "lmarena-ai/vision-arena-bench-v0.1": Kind(_vision_arena("turns"), 128, has_media=True),
    "Lin-Chen/MMStar": Kind(_mmstar, 128, split="val", has_media=True),
    "openslr/librispeech_asr": _SPEECH,
    "facebook/voxpopuli": _SPEECH,
    "LIUM/tedlium": _SPEECH,
    "edinburghcstr/ami": _SPEECH,
    "speechcolab/gigaspeech": _SPEECH,
    "kensho/spgispeech": _SPEECH,
    "ArtificialAnalysis/Earnings22-Cleaned-AA": _SPEECH,
    "D4nt3/esb-datasets-earnings22-validation-tiny-filtered": _SPEECH,
}
# Its videos can only be loaded by a library of Hugging Face, which downloads them.
_REFUSED = {"yale-nlp/MMVU": "its videos cannot be sent"}
_LEAST = 4


def hf_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """Raises BadInput for a data set that vLLM's client does not know either, and for rows that are not on disk."""
    name = options.hf_name or options.dataset_path or ""
    if name in bfcl.NAMES:
        return bfcl.bfcl_prompts(options, backend)
    kind = KINDS.get(name)
    root = hf_root(options)
    if kind is None:
        why = _REFUSED.get(name, "the format of its rows is not known")
        known = ", ".join([*KINDS, *bfcl.NAMES])
        raise BadInput(
            f"--dataset hf: {name if name in _REFUSED else root}: {why}; give a known data set with --hf-name: {known}"
        )
    if kind.has_media and not backend.takes_messages:
        raise BadInput(
            f"--dataset hf {name}: {backend.family} takes no images or sounds; use --backend openai-chat"
        )
    files = data_files(root, options, options.hf_split or kind.split, options.hf_subset or kind.subset)
    folder = root if root.is_dir() else root.parent
    bad = bad_lines(files, options)
    rows = taken(parsers_of(files, options), lambda entry: kind.read(entry, options, folder), bad)
    if options.shuffle:
        rows = [rows[i] for i in np.random.default_rng(options.seed).permutation(len(rows)).tolist()]
    longest, longest_sum = kind.longest

    def fits(asked: int, answered: int) -> bool:
        return asked >= _LEAST and answered >= _LEAST and asked <= longest and asked + answered <= longest_sum

    return row_prompts(
        rows,
        bad,
        options,
        output_len=kind.output_len if options.output_len is None else options.output_len,
        template=kind.template and options.chat_template,
        generator=random.Random(options.seed),
        fits=fits,
    )
