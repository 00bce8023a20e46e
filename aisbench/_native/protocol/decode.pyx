"""The event decoder. See decode.pxd for the contract."""
from aisbench._native.protocol.event cimport (
    CACHED_TOKENS, CALL, CHUNK, CONTENT, CUMULATIVE, FAILURE, FINISH, KIND, NOTHING, OUTPUT_TOKENS, PART, PROMPT_TOKENS,
    REASONING, TOOL, WRITTEN_TOKENS, clear, sort_content,
)
from aisbench._native.protocol.finish cimport finish_of
from aisbench._native.protocol.scanner cimport Scanner

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
    "cached_tokens": CACHED_TOKENS,
    "written_tokens": WRITTEN_TOKENS,
    "error": FAILURE,
    "cumulative": CUMULATIVE,
    "kind": KIND,
    "call": CALL,
    "part": PART,
}

cdef enum:
    # The scanner has a bit for each.
    MOST_NODES = 64


cdef class Decoder(Scanner):
    """`rules`: pairs of a JSON path and a meaning of MEANINGS.

    A path is object keys joined by dots; `[]` after a key means each element of that array:
    `("choices[].delta.content", "content")`. Raises ValueError for an unknown meaning or too many rules.
    """

    def __cinit__(self, rules):
        self.keys = []
        self.rules = tuple((str(path), str(meaning)) for path, meaning in rules)
        self.node_count = 0
        self.unsure = 0
        self.adds_cached = any(meaning == "written_tokens" for _, meaning in self.rules)
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
        """Fills `event`, whose pointers are valid as long as `data` is, or until the next call."""
        return DECODED if self.scan(data, n) else self.decode_slowly(data, n)

    cdef int decode_slowly(self, const char* data, Py_ssize_t n) except -1:
        """Does the same with orjson; ignores values whose type does not fit the rule's meaning.

        Bytes that are not UTF-8 and halves of a surrogate pair become U+FFFD.
        """
        clear(&self.event)
        self.unsure += 1
        whole = loads(data[:n])
        if whole is None and data[:n].strip(b" \t\r\n") != b"null":
            return NOT_JSON
        content = []
        reasoning = []
        pieces = []
        for path, meaning in self.rules:
            found = list(values_at(whole, path.split(".")))
            if meaning == "content" or meaning == "cumulative":
                if meaning == "cumulative" and any(isinstance(value, str) for value in found):
                    self.event.is_cumulative = True
                for value in found:
                    take_text(value, content, reasoning)
            elif meaning == "reasoning":
                # Some servers send the same text under two names, for clients of either.
                thought = [value for value in found if isinstance(value, str) and value]
                reasoning += thought if thought != reasoning else []
            elif meaning == "call" or meaning == "part":
                try:
                    pieces += [json.dumps(value) for value in found if value]
                except RecursionError:
                    # orjson reads a little deeper than json writes.
                    return NOT_JSON
                self.event.has_tool = self.event.has_tool or (meaning == "call" and any(found))
            else:
                for value in found:
                    self.take_value(meaning, value)
        self.kept = (
            json.dumps("".join(content)).encode(), json.dumps("".join(reasoning)).encode(), ",".join(pieces).encode()
        )
        # Texts stand between quotes.
        self.event.content = <const char*><bytes>self.kept[0] + 1
        self.event.content_bytes = len(self.kept[0]) - 2
        self.event.reasoning = <const char*><bytes>self.kept[1] + 1
        self.event.reasoning_bytes = len(self.kept[1]) - 2
        self.event.call = <bytes>self.kept[2]
        self.event.call_bytes = len(self.kept[2])
        sort_content(&self.event)
        return DECODED

    def take_value(self, str meaning, value):
        """Takes a `value` with a `meaning` other than text into `event`."""
        if meaning == "chunk":
            self.event.is_chunk = self.event.is_chunk or (isinstance(value, list) and len(value) > 0)
        elif meaning == "tool":
            self.event.has_tool = self.event.has_tool or bool(value)
        elif meaning == "kind":
            if isinstance(value, str):
                self.event.is_reasoning = "reasoning" in value
                self.event.is_call = "_call" in value
        elif meaning == "finish":
            if isinstance(value, str):
                name = value.encode(errors="replace")
                self.event.finish = finish_of(name, len(name))
        elif meaning == "error":
            self.event.has_failure = self.event.has_failure or bool(value)
        elif (count := count_of(value)) >= 0:
            if meaning == "prompt_tokens":
                self.event.prompt_tokens = max(self.event.prompt_tokens, count)
            elif meaning == "output_tokens":
                self.event.output_tokens = max(self.event.output_tokens, count)
            elif meaning == "cached_tokens":
                self.event.cached_tokens = max(self.event.cached_tokens, count)
            else:
                self.event.written_tokens = max(self.event.written_tokens, count)

    def explain(self, bytes data, bint slowly=False):
        """The contents of the event in `data`, as a dict; None if it is not JSON. For tests.

        `slowly`: uses orjson alone, which tests compare the scanner with.
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
            "cached_tokens": self.event.cached_tokens,
            "written_tokens": self.event.written_tokens,
            "error": bool(self.event.has_failure),
            "cumulative": bool(self.event.is_cumulative),
            "calls": loads(b"[%b]" % self.event.call[:self.event.call_bytes]),
        }


def loads(bytes data):
    """The JSON value in `data`, also if its texts are not valid Unicode; None if it is not JSON."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        try:
            return json.loads(data.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            return None


def count_of(value):
    """The count that `value` is, also as 3.0 or "3" from a program without integers; -1 if it is not one."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
        value = int(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 0x7FFFFFFF:
        return int(value) if value == int(value) else -1
    return -1


def take_text(value, content, reasoning):
    """Adds a text to `content`; from a list of parts, adds thoughts to `reasoning` and texts to `content`."""
    if isinstance(value, str):
        content.append(value)
    elif isinstance(value, list):
        for part in value:
            take_text(part, content, reasoning)
    elif isinstance(value, dict):
        is_thought = any(word in str(value.get("type")) for word in ("thinking", "reasoning"))
        for name in ("thinking", "reasoning", "text", "refusal"):
            take_text(value.get(name), reasoning if is_thought else content, reasoning)


def values_at(whole, steps):
    """Yields every value in `whole` that the path `steps` leads to."""
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
