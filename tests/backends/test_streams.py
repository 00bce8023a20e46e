"""Each backend's rules over whole streams, as the servers' documentation and sources have them."""

from __future__ import annotations

import json

import pytest

from aisbench.backends.registry import backend_named
from tests.backends.reading import Read, read_stream

COMPLETIONS = """\
data: {"id":"cmpl-1","object":"text_completion","created":1,"model":"m","choices":[{"index":0,"text":" Hi","logprobs":null,"finish_reason":null,"stop_reason":null,"prompt_token_ids":null,"token_ids":null}],"usage":null}

data: {"id":"cmpl-1","object":"text_completion","created":1,"model":"m","choices":[{"index":0,"text":"","logprobs":null,"finish_reason":null,"stop_reason":null}],"usage":null}

data: {"id":"cmpl-1","object":"text_completion","created":1,"model":"m","choices":[{"index":0,"text":" you","logprobs":null,"finish_reason":"length","stop_reason":null}],"usage":null}

data: {"id":"cmpl-1","object":"text_completion","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":4,"total_tokens":7,"completion_tokens":3}}

data: [DONE]

"""

CHAT = """\
data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}

data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"reasoning_content":"hm"},"logprobs":null,"finish_reason":null}]}

data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"Hi"},"logprobs":null,"finish_reason":"stop","stop_reason":null}]}

data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":9,"total_tokens":11,"completion_tokens":2}}

data: [DONE]

"""

# TGI 2 and newer; no blank behind the colon, no [DONE].
TGI = """\
data:{"index":1,"token":{"id":49392,"text":" Deep","logprob":-0.5175781,"special":false},"generated_text":null,"details":null}

: ping

data:{"index":2,"token":{"id":29889,"text":" learning","logprob":-0.21582031,"special":false},"generated_text":null,"details":null}

data:{"index":3,"token":{"id":2,"text":"</s>","logprob":-0.1,"special":true},"generated_text":" Deep learning","details":{"finish_reason":"eos_token","generated_tokens":3,"seed":null,"input_length":6}}

"""
# MindIE's TGI-style endpoint: ids in a list, the prompt's length under another name.
TGI_MINDIE = """\
data: {"token":{"id":[13],"text":"Jan","logprob":null,"special":null},"generated_text":null,"details":null}

data: {"token":{"id":[151645],"text":"et","logprob":null,"special":null},"generated_text":"Janet","details":{"prompt_tokens":1,"finish_reason":"length","generated_tokens":2,"seed":2296576927}}

"""

TENSORRT_LLM = """\
data: {"context_logits":0.0,"cum_log_probs":0.0,"generation_logits":0.0,"model_name":"ensemble","model_version":"1","output_log_probs":0.0,"sequence_end":false,"sequence_id":0,"sequence_start":false,"text_output":"**"}

data: {"context_logits":0.0,"cum_log_probs":0.0,"generation_logits":0.0,"model_name":"ensemble","model_version":"1","output_log_probs":[0.0,0.0],"sequence_end":false,"sequence_id":0,"sequence_start":false,"text_output":"To"}

data: {"model_name":"ensemble","model_version":"1","sequence_end":false,"sequence_id":0,"sequence_start":false,"text_output":""}

"""

SGLANG = """\
data: {"text":" Paris","output_ids":[12095],"meta_info":{"id":"a","finish_reason":null,"prompt_tokens":5,"weight_version":"default","completion_tokens":1,"cached_tokens":0}}

data: {"text":" Paris.\\n","output_ids":[12095,13],"meta_info":{"id":"a","finish_reason":null,"prompt_tokens":5,"weight_version":"default","completion_tokens":2,"cached_tokens":0}}

data: {"text":" Paris.\\n","output_ids":[12095,13,5],"meta_info":{"id":"a","finish_reason":null,"prompt_tokens":5,"completion_tokens":3,"cached_tokens":0}}

data: {"text":" Paris.\\nIt","output_ids":[12095,13,5,8],"meta_info":{"id":"a","finish_reason":{"type":"length","length":4},"prompt_tokens":5,"completion_tokens":4,"cached_tokens":0,"e2e_latency":0.2}}

data: [DONE]

"""

RESPONSES = """\
event: response.created
data: {"response":{"id":"resp_1","created_at":1,"error":null,"incomplete_details":null,"model":"m","object":"response","output":[],"status":"in_progress","usage":null},"sequence_number":0,"type":"response.created"}

event: response.in_progress
data: {"response":{"id":"resp_1","error":null,"status":"in_progress","output":[],"usage":null},"sequence_number":1,"type":"response.in_progress"}

event: response.output_item.added
data: {"item":{"id":"rs_1","summary":[],"type":"reasoning","content":null,"status":"in_progress"},"output_index":0,"sequence_number":2,"type":"response.output_item.added"}

event: response.reasoning_text.delta
data: {"content_index":0,"delta":"Think","item_id":"rs_1","output_index":0,"sequence_number":3,"type":"response.reasoning_text.delta"}

event: response.reasoning_text.done
data: {"content_index":0,"item_id":"rs_1","output_index":0,"sequence_number":4,"text":"Think","type":"response.reasoning_text.done"}

event: response.content_part.added
data: {"content_index":0,"item_id":"msg_1","output_index":1,"part":{"annotations":[],"text":"","type":"output_text","logprobs":[]},"sequence_number":5,"type":"response.content_part.added"}

event: response.output_text.delta
data: {"content_index":0,"delta":" Hi","item_id":"msg_1","logprobs":[],"output_index":1,"sequence_number":6,"type":"response.output_text.delta"}

event: response.output_text.delta
data: {"type":"response.output_text.delta","content_index":0,"delta":" you","item_id":"msg_1","logprobs":[],"output_index":1,"sequence_number":7}

event: response.output_text.done
data: {"content_index":0,"item_id":"msg_1","logprobs":[],"output_index":1,"sequence_number":8,"text":" Hi you","type":"response.output_text.done"}

event: response.completed
data: {"response":{"id":"resp_1","error":null,"incomplete_details":null,"model":"m","object":"response","output":[{"id":"msg_1","content":[{"annotations":[],"text":" Hi you","type":"output_text"}],"role":"assistant","status":"completed","type":"message"}],"status":"completed","usage":{"input_tokens":5,"input_tokens_details":{"cached_tokens":0},"output_tokens":3,"output_tokens_details":{"reasoning_tokens":1},"total_tokens":8}},"sequence_number":9,"type":"response.completed"}

"""

MESSAGES = """\
event: message_start
data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"m","stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":25,"cache_creation_input_tokens":100,"cache_read_input_tokens":2048,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

event: ping
data: {"type": "ping"}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Think"}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQBCgIYAhIM"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":" Hi"}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":" you"}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":15}}

event: message_stop
data: {"type":"message_stop"}

"""

MINDIE_TRITON = """\
data:{"id":"a123","model_name":"llama3-70b","model_version":null,"text_output":"live","details":{"generated_tokens":1,"first_token_cost":null,"decode_cost":null,"batch_size":1,"queue_wait_time":5082},"prefill_time":28,"decode_time":null}

data:{"id":"a123","model_name":"llama3-70b","model_version":null,"text_output":" France","details":{"finish_reason":"length","generated_tokens":2,"first_token_cost":null,"decode_cost":null,"perf_stat":[[5735,28],[297,9]],"batch_size":1,"queue_wait_time":24},"prefill_time":null,"decode_time":7}

"""

MINDIE_INFER = """\
data: {"prefill_time":45.54,"decode_time":null,"token":{"id":[626],"text":"am"}}

data: {"prefill_time":null,"decode_time":128.32,"token":{"id":[263],"text":" a"}}

data: {"prefill_time":null,"decode_time":16.80,"generated_text":"am a French","details":{"finish_reason":"length","generated_tokens":3,"seed":846930886},"token":{"id":[29945],"text":null}}

"""

MINDIE_CHAT = """\
data: {"id":"endpoint_common_8","object":"chat.completion.chunk","created":1729614610,"model":"llama3_70b","choices":[{"index":0,"delta":{"role":"assistant","content":"Hi"},"finish_reason":null}]}

data: {"id":"endpoint_common_8","object":"chat.completion.chunk","created":1729614610,"model":"llama3_70b","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}

data: {"id":"endpoint_common_8","object":"chat.completion.chunk","created":1729614610,"model":"llama3_70b","usage":{"prompt_tokens":54,"completion_tokens":3,"total_tokens":57},"choices":[{"index":0,"delta":{"role":"assistant","content":"."},"finish_reason":"stop"}]}

data: [DONE]

"""

STREAMS = [
    ("vllm", COMPLETIONS, Read(2, 3, " Hi you", "", "length", 4, 3)),
    ("openai-chat", CHAT, Read(2, 3, "Hi", "hm", "stop", 9, 2)),
    ("tgi", TGI, Read(3, 0, " Deep learning</s>", "", "stop", 6, 3)),
    ("tgi", TGI_MINDIE, Read(2, 0, "Janet", "", "length", 1, 2)),
    ("tensorrt-llm", TENSORRT_LLM, Read(2, 0, "**To")),
    ("sglang-native", SGLANG, Read(3, 0, " Paris.\nIt", "", "length", 5, 4)),
    ("openai-responses", RESPONSES, Read(3, 0, " Hi you", "Think", "stop", 5, 3)),
    ("anthropic-messages", MESSAGES, Read(3, 0, " Hi you", "Think", "stop", 25, 15)),
    ("mindie-triton", MINDIE_TRITON, Read(2, 0, "live France", "", "length", -1, 2)),
    ("mindie-infer", MINDIE_INFER, Read(3, 0, "am a", "", "length", -1, 3)),
    ("mindie-chat", MINDIE_CHAT, Read(2, 3, "Hi.", "", "stop", 54, 3)),
    ("mindie", COMPLETIONS, Read(2, 3, " Hi you", "", "length", 4, 3)),
]


@pytest.mark.parametrize(("name", "stream", "wanted"), STREAMS)
def test_a_whole_stream_is_understood_by_the_scanner_alone(name: str, stream: str, wanted: Read) -> None:
    assert read_stream(backend_named(name).rules, stream) == wanted


@pytest.mark.parametrize(("name", "stream", "wanted"), STREAMS)
def test_only_some_streams_tell_chunks_without_text(name: str, stream: str, wanted: Read) -> None:
    assert backend_named(name).marks_chunks == (wanted.chunks > 0)


@pytest.mark.parametrize(
    ("name", "event"),
    [
        (
            "vllm",
            '{"error":{"message":"out of memory","type":"InternalServerError","param":null,"code":500}}',
        ),
        ("openai-chat", '{"error":{"message":"out of memory"}}'),
        ("tgi", '{"error":"Request failed during generation: CUDA","error_type":"generation"}'),
        ("tensorrt-llm", '{"error":"in ensemble \'ensemble\', no"}'),
        ("sglang-native", '{"error":{"message":"too long"}}'),
        ("openai-responses", '{"type":"error","code":"server_error","message":"boom","param":null}'),
        ("openai-responses", '{"error":{"message":"boom","code":500}}'),
        (
            "openai-responses",
            '{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"x"}}}',
        ),
        (
            "anthropic-messages",
            '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
        ),
        ("mindie-triton", '{"error":"no","error_type":"Incomplete Generation"}'),
        ("mindie-infer", '{"error":"no","error_type":"Incomplete Generation"}'),
    ],
)
def test_errors_in_a_stream(name: str, event: str) -> None:
    assert read_stream(backend_named(name).rules, f"data: {event}\n\n").failed


def test_an_aborted_sglang_request_has_failed() -> None:
    event = {"text": "a", "meta_info": {"finish_reason": {"type": "abort", "message": "m"}}}
    assert read_stream(backend_named("sglang-native").rules, f"data: {json.dumps(event)}\n\n").failed


def test_responses_that_ran_into_their_length() -> None:
    """vLLM says so in response.completed, OpenAI in an event of its own."""
    for kind in ("response.completed", "response.incomplete"):
        event = {"type": kind, "response": {"status": "incomplete", "error": None, "usage": None}}
        got = read_stream(backend_named("openai-responses").rules, f"data: {json.dumps(event)}\n\n")
        assert (got.finish, got.failed) == ("length", False)


def test_older_mindie_gives_an_id_without_a_list() -> None:
    got = read_stream(
        backend_named("mindie-infer").rules,
        'data: {"prefill_time":45.54,"decode_time":null,"token":{"id":626,"text":"am"}}\n\n',
    )
    assert (got.tokens, got.text, got.unsure) == (1, "am", 1)
