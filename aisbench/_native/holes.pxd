"""Holes in the bodies of later turns, and the answers that fill them.

A zero byte is the text of an answer. A part between the bytes 1 and 2 is a message that is left out if the answer in it
is empty, as servers refuse an assistant's message without content (after an answer that was all reasoning). A part
between the bytes 3 and 4 is a live turn: the assistant's message with its tool calls, then their results, which are
chosen from the scripted ones in that part. A byte 5 is the id of an answer. JSON text contains none of these bytes.
"""

cdef bytes filled(const char* body, Py_ssize_t n, list answers)
