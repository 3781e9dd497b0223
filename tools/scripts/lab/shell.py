# SPDX-License-Identifier: MIT
"""Runs commands on hosts: the very strings that the reader is shown.

Every process is ended with what started it, by its own id, and every wait is bounded.
"""

import contextlib
import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass


class LabFailure(Exception):
    """The exercise cannot go on. Its text is for the reader."""


# What the lab's own handlers turn into exceptions.
INTERRUPTING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)


@contextlib.contextmanager
def uninterrupted():
    """Signals come afterwards: an exception between a process' start and its place in the list of
    those to end would leave it running."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def accept_signals():
    """In a child, which has been given our mask."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTING)


@dataclass(frozen=True)
class Done:
    """A command that has ended."""
    output: str  # both streams, as a terminal shows them
    status: int
    seconds: float


def until(condition, what, seconds=30.0):
    """Waits for `condition()` to be true and returns its value."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise LabFailure(f"waited {seconds:g} seconds for {what}")
        time.sleep(0.01)
    return value


class Process:
    """A command that runs. It leads a process group, so that it ends with all it started."""

    def __init__(self, arguments, environment, output_path):
        self.output_path = output_path
        with open(output_path, "wb") as output:
            self._process = subprocess.Popen(
                arguments, env=environment, stdin=subprocess.PIPE, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=accept_signals)
        self._began = time.monotonic()

    @property
    def output(self):
        return self.output_path.read_text(encoding="utf-8", errors="replace")

    @property
    def running(self):
        return self._process.poll() is None

    def type(self, text):
        """As at its terminal."""
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()

    def close_input(self):
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def wait(self, seconds=10.0):
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise LabFailure(f"not finished within {seconds:g} seconds; it said:\n"
                             f"{self.output}") from None
        finally:
            self.close_input()
        return Done(self.output, status, time.monotonic() - self._began)

    def stop(self, number=signal.SIGTERM, seconds=10.0):
        """Asks it to end, and returns how it did."""
        self._signal(number)
        return self.wait(seconds)

    def end(self):
        """Whatever it takes: for cleaning up."""
        self._signal(signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self.close_input()

    def _signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


class Shell:
    """`host` is None for this machine itself, else the name of a network namespace."""

    def __init__(self, folder, environment):
        self._folder = folder
        self._environment = environment
        self._processes = []

    def start(self, host, command, output_name=None):
        enter = ["ip", "netns", "exec", host] if host else []
        name = output_name or f".command-{len(self._processes)}"
        if not re.search("[;|&]", command):
            command = f"exec {command}"  # a program alone needs no shell that outlives its start
        with uninterrupted():
            self._processes.append(Process([*enter, "bash", "-c", command], self._environment,
                                           self._folder / name))
        return self._processes[-1]

    def run(self, host, command, seconds=20.0):
        process = self.start(host, command)
        process.close_input()
        try:
            return process.wait(seconds)
        finally:
            process.end()

    def end_all(self):
        for process in reversed(self._processes):
            process.end()
        self._processes.clear()
