"""The `random-mm` data set: random prompts with generated images, in the numbers and sizes of vLLM's options.

The number of images in a request and their sizes are drawn by vLLM's rules. The images are those of the data set
`images`, because vLLM encodes noise as JPEG, whose bytes depend on the build of an image library.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from aisbench.backends.backend import Backend
from aisbench.backends.prompt import Prompt
from aisbench.errors import BadInput
from aisbench.workload.datasets.generated.images import made_image
from aisbench.workload.datasets.generated.random import random_prompts
from aisbench.workload.options import WorkloadOptions
from aisbench.workload.prompts import Prompts
from aisbench.workload.vllm_dataset_options import DEFAULT_LIMIT, buckets


def random_mm_prompts(options: WorkloadOptions, backend: Backend) -> Prompts:
    """Raises BadInput for a backend without messages."""
    if not backend.takes_messages:
        raise BadInput(f"--dataset random-mm: {backend.family} takes no images; use --backend openai-chat")
    sizes = buckets(options.random_mm_bucket_config)
    base, ratio = options.random_mm_base_items_per_request, options.random_mm_num_mm_items_range_ratio
    limit = (options.random_mm_limit_mm_per_prompt or DEFAULT_LIMIT).get("image", 0)
    least, most = max(0, math.floor(base * (1 - ratio))), min(limit, math.ceil(base * (1 + ratio)))
    if least > most:
        raise BadInput(
            f"--random-mm-limit-mm-per-prompt allows {limit} images, but each request should have at least {least}; "
            "raise it, or lower --random-mm-base-items-per-request"
        )
    texts = random_prompts(options, backend)
    generator = np.random.default_rng([options.seed, 1])
    shapes, shares = list(sizes), list(sizes.values())

    def items() -> Iterator[Prompt]:
        made = 0
        for prompt in texts.items:
            urls = []
            for _ in range(int(generator.integers(least, most + 1))):
                height, width, _ = shapes[int(generator.choice(len(shapes), p=shares))]
                urls.append(made_image(options.seed, made, width, height))
                made += 1
            media = tuple({"type": "image_url", "image_url": {"url": url}} for url in urls)
            yield replace(prompt, media=media)

    count = f"{least}" if least == most else f"{least} to {most}"
    note = f"{count} generated images per request, all different; images are not counted in input lengths"
    texts.notes.append(note)
    return replace(texts, items=items())
