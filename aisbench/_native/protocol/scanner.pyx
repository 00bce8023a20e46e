"""The scanner. See scanner.pxd for the contract."""
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcmp

from aisbench._native.protocol.event cimport (
    CALL, CHUNK, CONTENT, CUMULATIVE, FAILURE, FINISH, KIND, NOTHING, REASONING, TOOL, clear, sort_content, take_count,
    take_piece,
)
from aisbench._native.protocol.finish cimport finish_of

cdef extern from "string.h" nogil:
    void* memmem(const void* haystack, size_t n, const void* needle, size_t m)

cdef enum:
    DEEPEST = 64

# Bytes that end or break the plain run of a string: the quote, the backslash, control characters.
cdef unsigned char SPECIAL[256]
cdef int code
for code in range(256):
    SPECIAL[code] = code < 32 or code == 34 or code == 92


cdef class Scanner:
    """Decoder makes the nodes; `scan` fills `event`."""

    cdef bint scan(self, const char* data, Py_ssize_t n) noexcept:
        """True if all of `data` was understood; `event` points into `data`."""
        clear(&self.event)
        self.at = data
        self.end = data + n
        if not self.value(0, 0):
            return False
        self.blank()
        sort_content(&self.event)
        return self.at == self.end

    cdef int find(self, int node, const char* key, Py_ssize_t n) noexcept:
        cdef int child = self.nodes[node].child
        while child >= 0:
            if self.nodes[child].key_bytes == n and memcmp(self.nodes[child].key, key, n) == 0:
                return child
            child = self.nodes[child].sibling
        return -1

    cdef void blank(self) noexcept:
        cdef char c
        while self.at != self.end:
            c = self.at[0]
            if c != b" " and c != b"\n" and c != b"\t" and c != b"\r":
                return
            self.at += 1

    # Each of the following returns True with `at` after the value, or False if it is not sure.

    cdef bint value(self, int node, int depth) noexcept:
        cdef char c
        cdef const char* text
        cdef Py_ssize_t n
        self.blank()
        if self.at == self.end or depth > DEEPEST:
            return False
        c = self.at[0]
        if c == b'"':
            if not self.string(&text, &n):
                return False
            return node < 0 or self.take_string(node, text, n)
        if c == b"{":
            return self.object_(node, depth)
        if c == b"[":
            return self.array(node, depth)
        if c == b"-" or b"0" <= c <= b"9":
            return self.number(node)
        return self.literal(node)

    cdef bint object_(self, int node, int depth) noexcept:
        cdef const char* key
        cdef Py_ssize_t n
        cdef int child
        cdef uint64_t seen = 0
        cdef int meaning = self.nodes[node].meaning if node >= 0 else NOTHING
        self.at += 1
        self.blank()
        if self.at != self.end and self.at[0] == b"}":
            self.at += 1
            return meaning == NOTHING or meaning == FAILURE or meaning == TOOL or meaning >= CALL
        if meaning == FAILURE:
            self.event.has_failure = True
        elif meaning == TOOL:
            self.event.has_tool = True
        elif meaning >= CALL:
            return self.piece(node, depth)
        elif meaning != NOTHING:
            return False
        while True:
            self.blank()
            if self.at == self.end or self.at[0] != b'"' or not self.string(&key, &n):
                return False
            child = -1
            if node >= 0:
                child = self.find(node, key, n)
                if child >= 0:
                    if seen >> child & 1:
                        return False  # a key that is there twice: the last one counts
                    seen |= <uint64_t>1 << child
                elif n > 0 and self.is_escaped(key, n):
                    return False  # it could spell one that a rule names
            self.blank()
            if self.at == self.end or self.at[0] != b":":
                return False
            self.at += 1
            if not self.value(child, depth + 1):
                return False
            self.blank()
            if self.at == self.end:
                return False
            if self.at[0] == b"}":
                self.at += 1
                return True
            if self.at[0] != b",":
                return False
            self.at += 1

    cdef bint is_escaped(self, const char* text, Py_ssize_t n) noexcept:
        cdef Py_ssize_t i
        for i in range(n):
            if text[i] == b"\\":
                return True
        return False

    cdef bint array(self, int node, int depth) noexcept:
        cdef int element = -1
        cdef int meaning = NOTHING
        if node >= 0:
            element = self.nodes[node].element
            meaning = self.nodes[node].meaning
        self.at += 1
        self.blank()
        if self.at != self.end and self.at[0] == b"]":
            self.at += 1
            return meaning == NOTHING or meaning == FAILURE or meaning == TOOL or meaning == CHUNK or meaning >= CALL
        if meaning == CHUNK:
            self.event.is_chunk = True
        elif meaning == TOOL:
            self.event.has_tool = True
        elif meaning == FAILURE:
            self.event.has_failure = True
        elif meaning >= CALL:
            return self.piece(node, depth)
        elif meaning != NOTHING:
            return False
        while True:
            if not self.value(element, depth + 1):
                return False
            self.blank()
            if self.at == self.end:
                return False
            if self.at[0] == b"]":
                self.at += 1
                return True
            if self.at[0] != b",":
                return False
            self.at += 1

    cdef bint string(self, const char** start, Py_ssize_t* n) noexcept:
        cdef const char* p = self.at + 1
        cdef const char* end = self.end
        cdef unsigned char c
        cdef int i
        start[0] = p
        while True:
            while p != end and not SPECIAL[<unsigned char>p[0]]:
                p += 1
            if p == end:
                return False
            if p[0] == b'"':
                n[0] = p - start[0]
                self.at = p + 1
                return True
            if p[0] != b"\\" or end - p < 2:
                return False
            c = <unsigned char>p[1]
            if c == b"u":
                if end - p < 6:
                    return False
                for i in range(2, 6):
                    c = <unsigned char>p[i]
                    if not (b"0" <= c <= b"9" or b"a" <= c <= b"f" or b"A" <= c <= b"F"):
                        return False
                p += 6
            elif c == b'"' or c == b"\\" or c == b"/" or c == b"b" or c == b"f" or c == b"n" or c == b"r" or c == b"t":
                p += 2
            else:
                return False

    cdef bint take_string(self, int node, const char* text, Py_ssize_t n) noexcept:
        cdef int meaning = self.nodes[node].meaning
        if meaning == CONTENT or meaning == CUMULATIVE:
            if meaning == CUMULATIVE:
                self.event.is_cumulative = True
            if n > 0:
                if self.event.content_bytes > 0:
                    return False  # several choices: orjson joins them
                self.event.content = text
                self.event.content_bytes = n
        elif meaning == REASONING:
            if n > 0:
                if self.event.reasoning_bytes > 0:
                    # The same text under another name, for other clients, counts once.
                    return (
                        node != self.reasoning_node and self.event.reasoning_bytes == n
                        and memcmp(self.event.reasoning, text, n) == 0
                    )
                self.reasoning_node = node
                self.event.reasoning = text
                self.event.reasoning_bytes = n
        elif meaning == KIND:
            # Nearly every event is of this kind.
            if n != 26 or memcmp(text, b"response.output_text.delta", 26) != 0:
                if self.is_escaped(text, n):
                    return False
                self.event.is_reasoning = memmem(text, n, b"reasoning", 9) != NULL
                self.event.is_call = memmem(text, n, b"_call", 5) != NULL
        elif meaning == FINISH:
            if self.is_escaped(text, n):
                return False
            self.event.finish = finish_of(text, n)
        elif meaning == TOOL:
            if n > 0:
                self.event.has_tool = True
        elif meaning == FAILURE:
            if n > 0:
                self.event.has_failure = True
        elif meaning >= CALL:
            return n == 0 or take_piece(&self.event, meaning, text - 1, n + 2)
        elif meaning != NOTHING:
            return False
        return True

    cdef bint piece(self, int node, int depth) noexcept:
        """Takes the object or array that has just begun as JSON, after a look at what else the rules want from it."""
        cdef int meaning = self.nodes[node].meaning
        cdef const char* begin = self.at - 1
        cdef bint known
        while begin[0] != b"{" and begin[0] != b"[":
            begin -= 1
        self.at = begin
        self.nodes[node].meaning = NOTHING
        known = self.object_(node, depth) if begin[0] == b"{" else self.array(node, depth)
        self.nodes[node].meaning = meaning
        return known and take_piece(&self.event, meaning, begin, self.at - begin)

    cdef bint number(self, int node) noexcept:
        cdef int meaning = self.nodes[node].meaning if node >= 0 else NOTHING
        cdef const char* p = self.at
        cdef const char* first
        cdef bint whole = True
        cdef int64_t total = 0
        if p[0] == b"-":
            p += 1
            whole = False
        first = p
        while p != self.end and b"0" <= p[0] <= b"9":
            if total < 1 << 40:
                total = total * 10 + (p[0] - 48)
            p += 1
        if p == first or (p - first > 1 and first[0] == b"0"):
            return False
        if p != self.end and p[0] == b".":
            whole = False
            p += 1
            first = p
            while p != self.end and b"0" <= p[0] <= b"9":
                p += 1
            if p == first:
                return False
        if p != self.end and (p[0] == b"e" or p[0] == b"E"):
            whole = False
            p += 1
            if p != self.end and (p[0] == b"+" or p[0] == b"-"):
                p += 1
            first = p
            while p != self.end and b"0" <= p[0] <= b"9":
                p += 1
            # A three-digit exponent may be out of a double's range; orjson decides.
            if p == first or p - first > 2:
                return False
        self.at = p
        return take_count(&self.event, meaning, whole, total)

    cdef bint literal(self, int node) noexcept:
        cdef int meaning = self.nodes[node].meaning if node >= 0 else NOTHING
        cdef Py_ssize_t there = self.end - self.at
        if there >= 4 and memcmp(self.at, b"null", 4) == 0:
            self.at += 4
            return True
        if there >= 4 and memcmp(self.at, b"true", 4) == 0:
            self.at += 4
            if meaning == FAILURE:
                self.event.has_failure = True
        elif there >= 5 and memcmp(self.at, b"false", 5) == 0:
            self.at += 5
        else:
            return False
        return meaning == NOTHING or meaning == FAILURE
