"""System calls that the kernel refuses raise, where the run cannot go on without them."""

from __future__ import annotations

import os

import pytest

from aisbench._native.memory.shared import Slots
from aisbench._native.os.clock import Timer, now_ns
from aisbench._native.wakers import Wakers


def closed_fd() -> int:
    fd = os.eventfd(0)
    os.close(fd)
    return fd


def test_slots_that_can_be_neither_taken_nor_given_back() -> None:
    slots = Slots(fd=closed_fd())
    with pytest.raises(OSError, match="an in-flight slot cannot be taken: Bad file descriptor"):
        slots.take()
    with pytest.raises(OSError, match="an in-flight slot cannot be given back: Bad file descriptor"):
        slots.put()


def test_sockets_that_cannot_wake_the_loop() -> None:
    with pytest.raises(OSError, match="epoll_ctl cannot watch a descriptor: Bad file descriptor"):
        Wakers(-1)


def test_a_timer_that_cannot_be_set() -> None:
    timer = Timer()
    with open(os.devnull) as other:
        os.dup2(other.fileno(), timer.fd)
    with pytest.raises(OSError, match="timerfd_settime: Invalid argument"):
        timer.arm_at(now_ns() + 1_000_000_000)
