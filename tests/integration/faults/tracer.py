# SPDX-License-Identifier: MIT
"""strace(1) on the daemon: which system calls it makes, and one of them that fails on purpose.

A fault is at the n-th call of that name of each thread, counted from the program's start or from when strace
attached to it. The call is not carried out. Knows no scenario, and judges nothing.
"""

import collections
import pathlib
import re
import subprocess
from dataclasses import dataclass

from harness.client import PATIENCE, eventually
from harness.net import program

# Always told, since a loop that spins shows in them.
TURNS = ("epoll_wait", "poll", "futex")

_CALL = re.compile(r"^(\d+) +(\w+)\((.*)$", re.M)


def _busiest(calls):
    by_thread = collections.Counter((thread, name) for thread, name, _ in calls)
    counts = collections.Counter()
    for (_, name), count in by_thread.items():
        counts[name] = max(counts[name], count)
    return counts


@dataclass(frozen=True)
class Fault:
    call: str
    error: str
    nth: int
    and_on: bool = False  # each one from there, as when a resource is used up
    injected: str = None  # what it is given back instead of the error

    def __str__(self):
        return f"{self.call}-{self.error}-{self.nth}{'+' if self.and_on else ''}"

    @property
    def options(self):
        when = f"{self.nth}{'+' if self.and_on else ''}"
        return ("-e", f"inject={self.call}:{self.injected or f'error={self.error}'}:when={when}")


class Trace:
    """What strace has written."""

    def __init__(self, path):
        self.path = pathlib.Path(path)

    @property
    def text(self):
        return self.path.read_text(errors="replace") if self.path.exists() else ""

    def calls(self):
        """Every (thread, name, arguments) in order."""
        return _CALL.findall(self.text)

    def counts(self):
        """Of each call the number that the busiest thread made."""
        return _busiest(self.calls())

    def counts_until(self, position):
        """The same, up to a place in the text."""
        return _busiest(_CALL.findall(self.text[:position]))

    def before(self, name, arguments):
        """Of each call the number before the first one that is so: the dynamic loader's, before main()."""
        counts = collections.Counter()
        for _, called, given in self.calls():
            if called == name and given.startswith(arguments):
                return counts
            counts[called] += 1
        raise AssertionError(f"no {name}({arguments} in the trace")

    def injected(self):
        """The lines of the calls that failed on purpose, with what they were called with."""
        begun, lines = {}, []
        for line in self.text.splitlines():
            thread = line.partition(" ")[0]
            if line.endswith("<unfinished ...>"):
                begun[thread] = line.removesuffix("<unfinished ...>")
            elif line.endswith("(INJECTED)"):
                resumed = " resumed>" in line
                lines.append(begun.pop(thread, "") + line.partition(" resumed>")[2] if resumed else line)
        return lines


def _options(path, fault):
    if fault is None:
        return ["-f", "-qq", "-o", str(path)]
    traced = ",".join(dict.fromkeys((fault.call, *TURNS)))
    return ["-f", "-qq", "-o", str(path), "-e", f"trace={traced}", "-e", "signal=none", *fault.options]


def from_its_start(path, fault=None):
    """What a command line begins with, so that the program is traced and keeps its process id."""
    quick = () if fault is None else ("--seccomp-bpf",)  # only what is traced stops
    return (program("strace"), "-D", *quick, *_options(path, fault))


class Attached:
    """strace at every thread of a process that runs, as a context manager; its `trace` is whole at the end."""

    def __init__(self, pid, path, fault=None):
        self.pid, self.path, self.fault = pid, pathlib.Path(path), fault
        self.trace = Trace(path)

    def __enter__(self):
        self.path.unlink(missing_ok=True)
        self.said = open(self.path.with_suffix(".said"), "w+", encoding="utf-8")
        options = [word for word in _options(self.path, self.fault) if word != "-qq"]
        self.process = subprocess.Popen([program("strace"), *options, "-p", str(self.pid)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=self.said)
        eventually(self._is_attached, what="strace attaches")
        return self.trace

    def _is_attached(self):
        said = pathlib.Path(self.said.name).read_text(encoding="utf-8")
        assert self.process.poll() is None, \
            f"strace cannot attach to the daemon, so no fault can be injected here (ptrace(2)): {said}"
        return "attached" in said

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()  # detaches
        self.process.wait(PATIENCE)
        self.said.close()
