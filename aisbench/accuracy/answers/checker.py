"""A process that compares mathematical expressions with math-verify, one pair of JSON lines at a time.

Some comparisons never end, and Python runs no signal handler in them. The kernel ends this process when one has
used up its CPU time.
"""

from __future__ import annotations

import json
import logging
import resource
import signal
import sys

_BYTES = 2 << 30


def main(cpu_seconds: float) -> None:
    """Answers each line of standard input; `cpu_seconds`: the CPU time for one, after which the process is ended."""
    from math_verify import parse, verify

    logging.disable()
    resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
    print("ready", flush=True)
    for line in sys.stdin:
        gold, answer = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
        try:
            # In a box, "1,2,3" is a set, whose order does not count, and "4!" a factorial.
            sides = [parse(rf"$\boxed{{{text}}}$", parsing_timeout=None) for text in (gold, answer)]
            same = verify(*sides, timeout_seconds=None)
        except Exception:
            # sympy raises many kinds of exception. An expression that it cannot read is not equal to another.
            same = False
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps(bool(same)), flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]))
