"""The event decoder. See decode.pxd for the contract."""
from aisbench._native.scanner cimport (
    CHUNK, CONTENT, CUMULATIVE, FAILURE, FINISH, KIND, NOTHING, OUTPUT_TOKENS, PROMPT_TOKENS, REASONING,
    Scanner, TOOL, finish_index,
)

import json

import orjson

MEANINGS = {
    "chunk": CHUNK,
    "content": CONTENT,
    "reasoning": REASONING,
    "tool": TOOL,
    "finish": FINISH,
    "prompt_tokens": PROMPT_TOKENS,
    "output_tokens": OUTPUT_TOKENS,
    "error": FAILURE,
    "cumulative": CUMULATIVE,
    "kind": KIND,
}

cdef enum:
    MOST_NODES = 64


cdef class Decoder(Scanner):
    """`rules`: pairs of a JSON path and a meaning of MEANINGS.

    A path is object keys joined by dots; `[]` behind a key means each element of that array:
    `("choices[].delta.content", "content")`. Raises ValueError for an unknown meaning.
    """

    def __cinit__(self, rules):
        self.keys = []
        self.rules = tuple((str(path), str(meaning)) for path, meaning in rules)
        self.node_count = 0
        self.unsure = 0
        self.new_node(None)
        for path, meaning in self.rules:
            if meaning not in MEANINGS:
                raise ValueError(f"unknown meaning {meaning!r}; known: {', '.join(MEANINGS)}")
            node = 0
            for step in path.split("."):
                node = self.child_of(node, step.removesuffix("[]"))
                if step.endswith("[]"):
                    if self.nodes[node].element < 0:
                        self.nodes[node].element = self.new_node(None)
                    node = self.nodes[node].element
            self.nodes[node].meaning = MEANINGS[meaning]

    def new_node(self, key):
        cdef bytes name = key.encode() if key is not None else b""
        cdef int index = self.node_count
        if index == MOST_NODES:
            raise ValueError("too many rules")
        self.keys.append(name)
        self.nodes[index].key = name
        self.nodes[index].key_bytes = len(name)
        self.nodes[index].meaning = NOTHING
        self.nodes[index].child = self.nodes[index].sibling = self.nodes[index].element = -1
        self.node_count += 1
        return index

    def child_of(self, int parent, str key):
        cdef bytes name = key.encode()
        cdef int index = self.find(parent, name, len(name))
        if index < 0:
            index = self.new_node(key)
            self.nodes[index].sibling = self.nodes[parent].child
            self.nodes[parent].child = index
        return index

    cdef int decode(self, const char* data, Py_ssize_t n) except -1:
        """Fills `event`; what it points to is valid as long as `data` is, or until the next call."""
        return DECODED if self.scan(data, n) else self.decode_slowly(data, n)

    cdef int decode_slowly(self, const char* data, Py_ssize_t n) except -1:
        """The same by orjson, lenient on types: what has not the type its meaning asks for says nothing."""
        self.clear()
        self.unsure += 1
        try:
            whole = orjson.loads(data[:n])
        except orjson.JSONDecodeError:
            return NOT_JSON
        content = []
        reasoning = []
        for path, meaning in self.rules:
            for found in values_at(whole, path.split(".")):
                if meaning == "chunk":
                    self.event.is_chunk = self.event.is_chunk or (isinstance(found, list) and len(found) > 0)
                elif meaning == "content" or meaning == "cumulative":
                    self.event.is_cumulative = self.event.is_cumulative or meaning == "cumulative"
                    content += [found] if isinstance(found, str) else []
                elif meaning == "reasoning":
                    reasoning += [found] if isinstance(found, str) else []
                elif meaning == "tool":
                    self.event.has_tool = self.event.has_tool or bool(found)
                elif meaning == "kind":
                    self.event.is_reasoning = isinstance(found, str) and "reasoning" in found
                elif meaning == "finish":
                    if isinstance(found, str):
                        name = found.encode()
                        self.event.finish = finish_index(name, len(name))
                elif meaning == "error":
                    self.event.has_failure = self.event.has_failure or found is not None
                elif isinstance(found, int) and not isinstance(found, bool) and 0 <= found <= 0x7FFFFFFF:
                    if meaning == "prompt_tokens":
                        self.event.prompt_tokens = found
                    else:
                        self.event.output_tokens = found
        escaped = tuple(
            json.dumps("".join(parts)).removeprefix('"').removesuffix('"').encode()
            for parts in (content, reasoning)
        )
        self.kept = escaped
        self.event.content = escaped[0]
        self.event.content_bytes = len(escaped[0])
        self.event.reasoning = escaped[1]
        self.event.reasoning_bytes = len(escaped[1])
        self.sort_reasoning()
        return DECODED

    def explain(self, bytes data, bint slowly=False):
        """What the event in `data` says, as a dict; None when it is not JSON. For tests.

        With `slowly` through orjson alone, which is the oracle of the scanner.
        """
        verdict = self.decode_slowly(data, len(data)) if slowly else self.decode(data, len(data))
        if verdict == NOT_JSON:
            return None

        def text(escaped):
            return json.loads(b'"' + escaped + b'"')

        return {
            "chunk": bool(self.event.is_chunk),
            "content": text(self.event.content[:self.event.content_bytes]),
            "reasoning": text(self.event.reasoning[:self.event.reasoning_bytes]),
            "tool": bool(self.event.has_tool),
            "finish": self.event.finish,
            "prompt_tokens": self.event.prompt_tokens,
            "output_tokens": self.event.output_tokens,
            "error": bool(self.event.has_failure),
            "cumulative": bool(self.event.is_cumulative),
        }


def values_at(whole, steps):
    """Every value in `whole` that the path `steps` leads to."""
    if not steps:
        yield whole
        return
    key = steps[0].removesuffix("[]")
    if not isinstance(whole, dict) or key not in whole:
        return
    if key == steps[0]:
        yield from values_at(whole[key], steps[1:])
    elif isinstance(whole[key], list):
        for element in whole[key]:
            yield from values_at(element, steps[1:])
