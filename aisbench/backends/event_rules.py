"""Rules for reading an answer: the meanings that the native decoder knows, and OpenAI's rules for usage and errors."""

from __future__ import annotations

# A rule is (path, meaning). A path is object keys joined by dots; [] after a key means each element
# of that array. The meanings:
CHUNK = "chunk"  # a non-empty array marks the event as a token chunk, with or without text
CONTENT = "content"  # a non-empty string is generated text
CUMULATIVE = "cumulative"  # a string: the whole text so far; only what is new counts as generated
REASONING = "reasoning"  # a non-empty string is generated reasoning text
TOOL = "tool"  # anything non-empty is generated output, but not text
CALL = "call"  # anything non-empty is a piece of a tool call: generated output, but not text
PART = "part"  # anything non-empty belongs to a tool call, but does not count as generated
# A string that names the event; the content is reasoning if it contains "reasoning", and a piece of a tool call if it
# contains "_call".
KIND = "kind"
FINISH = "finish"  # a string: why generation ended
PROMPT_TOKENS = "prompt_tokens"  # an integer: the server's count of the input
OUTPUT_TOKENS = "output_tokens"  # an integer: the server's count of the output
CACHED_TOKENS = "cached_tokens"  # an integer: input tokens found in the server's prefix cache
# An integer: input tokens written to the server's cache. Rules with this meaning say that PROMPT_TOKENS excludes the
# tokens that were read from or written to the cache; the prompt is the sum of the three.
WRITTEN_TOKENS = "written_tokens"
ERROR = "error"  # anything but null, false and empty values: the stream reports a failure

Rules = tuple[tuple[str, str], ...]

# OpenAI's completions and chat APIs report usage and errors alike. The decoder tries the last rule under a parent first,
# and every event of a token has choices, so rules for what is in them follow these.
OPENAI_TRAILER: Rules = (
    ("usage.prompt_tokens", PROMPT_TOKENS),
    ("usage.completion_tokens", OUTPUT_TOKENS),
    ("usage.prompt_tokens_details.cached_tokens", CACHED_TOKENS),
    # DeepSeek's name, and llama.cpp's place.
    ("usage.prompt_cache_hit_tokens", CACHED_TOKENS),
    ("timings.cache_n", CACHED_TOKENS),
    ("error", ERROR),
    ("choices", CHUNK),
    ("choices[].finish_reason", FINISH),
)
