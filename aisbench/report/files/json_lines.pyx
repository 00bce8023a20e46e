"""Joins columns of values in JSON to lines, each with one object."""
from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_FromStringAndSize, PyByteArray_Resize
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t
from libc.stdlib cimport free, malloc
from libc.string cimport memchr, memcpy


cdef struct Column:
    # `,"name":`, or `{"name":` in the first column.
    const char* member
    Py_ssize_t member_size
    # The values that are left, up to `end`. NULL when there are none.
    const char* at
    const char* end
    char between
    # One byte per row, 0 where the value is null; NULL if there is none.
    const uint8_t* known


def json_lines(list columns not None, Py_ssize_t count):
    """`count` lines as a bytearray. `columns`: (name, text, between, known) for each member of the objects.

    `name` is written as it is. `text` has the column's values in JSON, with the byte `between`, which is in none of them, between each two. `known`
    is a mask of shape (count,): the value is replaced by null where it is False; None: all values are known. Raises
    ValueError for a column that does not have `count` values.
    """
    cdef Py_ssize_t width = len(columns)
    if count == 0:
        return bytearray()
    cdef Column* found = <Column*>malloc((width + 1) * sizeof(Column))
    if found == NULL:
        raise MemoryError()
    try:
        return _joined(found, columns, width, count)
    finally:
        free(found)


cdef bytearray _joined(Column* found, list columns, Py_ssize_t width, Py_ssize_t count):
    # What `found` points into, besides `columns`.
    cdef list held = []
    cdef const uint8_t[::1] mask
    cdef bytes text, between, member
    # The most bytes that the lines may have.
    cdef Py_ssize_t room = 3 * count
    cdef Py_ssize_t i
    for i in range(width):
        name, text, between, known = columns[i]
        member = (b',"' if i else b'{"') + name.encode() + b'":'
        held.append(member)
        found[i].member = PyBytes_AS_STRING(member)
        found[i].member_size = PyBytes_GET_SIZE(member)
        found[i].at = PyBytes_AS_STRING(text)
        found[i].end = found[i].at + PyBytes_GET_SIZE(text)
        found[i].between = between[0]
        found[i].known = NULL
        room += count * found[i].member_size + PyBytes_GET_SIZE(text)
        if known is not None:
            mask = known.view("u1")
            if len(mask) != count:
                raise ValueError(f"the column {name} has {len(mask)} marks for {count} values")
            held.append(mask)
            found[i].known = &mask[0]
            room += 4 * count
    cdef bytearray lines = PyByteArray_FromStringAndSize(NULL, room)
    cdef char* begin = PyByteArray_AS_STRING(lines)
    cdef char* end = begin
    cdef Py_ssize_t wrong
    with nogil:
        wrong = _write(&end, found, width, count)
    if wrong >= 0:
        raise ValueError(f"the column {columns[wrong][0]} does not have {count} values")
    PyByteArray_Resize(lines, end - begin)
    return lines


cdef Py_ssize_t _write(char** end, Column* columns, Py_ssize_t width, Py_ssize_t count) noexcept nogil:
    """Writes the lines at `end` and moves it. Returns the first column that has too few values or too many, or -1."""
    cdef Py_ssize_t row, i, size
    cdef char* out = end[0]
    cdef Column* column
    cdef const char* stop
    for row in range(count):
        for i in range(width):
            column = &columns[i]
            if column.at == NULL or column.at == column.end:
                return i
            memcpy(out, column.member, column.member_size)
            out += column.member_size
            stop = <const char*>memchr(column.at, column.between, column.end - column.at)
            if column.known != NULL and not column.known[row]:
                memcpy(out, b"null", 4)
                out += 4
            else:
                size = (column.end if stop == NULL else stop) - column.at
                memcpy(out, column.at, size)
                out += size
            column.at = stop
            if stop != NULL:
                column.at += 1
        out[0] = b"}"
        out[1] = b"\n"
        out += 2
    for i in range(width):
        if columns[i].at != NULL:
            return i
    end[0] = out
    return -1
