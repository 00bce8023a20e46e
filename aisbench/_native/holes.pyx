"""Fills holes. See holes.pxd for the contract."""
from libc.string cimport memchr

import re

HOLE = re.compile(rb"\x01([^\x00\x02]*)\x00([^\x02]*)\x02|\x00|\x03([^\x04]*)\x04|(\x05)")


cdef bytes filled(const char* body, Py_ssize_t n, list answers):
    """The body with its holes filled by `answers` (History.answer's), in order; None if it has no hole."""
    if memchr(body, 0, n) == NULL and memchr(body, 3, n) == NULL and memchr(body, 5, n) == NULL:
        return None
    return with_answers(body[:n], answers)


def with_answers(bytes body, list answers):
    """The same for any body."""
    cdef list pieces = []
    cdef Py_ssize_t at = 0
    cdef Py_ssize_t number = 0
    cdef bytes said
    for hole in HOLE.finditer(body):
        pieces.append(body[at:hole.start()])
        at = hole.end()
        answer = answers[number] if number < len(answers) else None
        number += 1
        if answer is None:
            continue
        if hole.group(3) is not None:
            said = answer.messages(hole.group(3))
            pieces.append(said)
            if body[at:at + 1] == b"]" and not answer.has_calls:
                answer.noted_uncalled()
            if not said:
                at = without_comma(pieces, body, at)
        elif hole.group(4) is not None:
            pieces.append(answer.id)
        elif hole.group(1) is None:
            pieces.append(answer.text)
        elif answer.message is not None:
            pieces.append(answer.message + b", ")
        elif answer.text:
            pieces += [hole.group(1), answer.text, hole.group(2)]
    pieces.append(body[at:])
    return b"".join(pieces)


cdef Py_ssize_t without_comma(list pieces, bytes body, Py_ssize_t at):
    """Drops the comma beside an element that is left out; returns where the body goes on."""
    cdef bytes before
    if body[at:at + 2] == b", ":
        return at + 2
    before = b"".join(pieces)
    pieces[:] = [before.removesuffix(b", ")]
    return at
