# SPDX-License-Identifier: MIT
"""calls.toml: which system calls there are, how each may fail, and which failures a run is worth."""

import pathlib
import re
import tomllib

from .tracer import Fault

ROWS = tomllib.loads((pathlib.Path(__file__).parent / "calls.toml").read_text(encoding="utf-8"))

# Where it fails once, it may go on failing: what is used up, or forbidden.
LASTING = ("EACCES", "ECONNABORTED", "EIO", "EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "ENOSPC", "EPERM", "EROFS")

# A sanitizer takes its memory by these, tries by them whether an address can be read, or takes its stacks for signals
# from threads that end, and does not go on without.
OF_A_SANITIZER = {"brk", "clone3", "madvise", "mmap", "mprotect", "munmap", "read", "sigaltstack", "write"}


def unknown(counts):
    """What is called, and has no row."""
    return sorted(set(counts) - set(ROWS))


def is_void(call, line):
    return "void" in ROWS[call] and re.search(ROWS[call]["void"], line) is not None


def _moments(count):
    """Of `count` calls: the first three, one in the middle, and the last."""
    return sorted({nth for nth in (1, 2, 3, count // 2, count) if 0 < nth <= count})


def faults_of(counts, before=None, leave_out=()):
    """Every call x error x occurrence. `before`: how many there are that come before what is to be tried."""
    for call in sorted(set(counts) & set(ROWS) - set(leave_out)):
        skipped = (before or {}).get(call, 0)
        for error in ROWS[call].get("errors", "").split():
            for nth in _moments(counts[call] - skipped):
                yield Fault(call, error, skipped + nth, injected=ROWS[call].get("injected"))


def lasting_faults(counts, before=None, leave_out=()):
    """Those that go on from the first occurrence."""
    for call in sorted(set(counts) & set(ROWS) - set(leave_out)):
        skipped = (before or {}).get(call, 0)
        for error in set(ROWS[call].get("errors", "").split()) & set(LASTING):
            if counts[call] > skipped:
                yield Fault(call, error, skipped + 1, True, ROWS[call].get("injected"))
