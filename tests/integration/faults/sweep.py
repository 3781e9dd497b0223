# SPDX-License-Identifier: MIT
"""Plays one fault at a daemon, and says what went wrong: it crashed, hung, span, leaked, said nothing, or
whoever came afterwards was not served."""

import concurrent.futures
import errno
import os
import re
import signal
import threading

from harness.client import eventually, is_refused
from harness.daemon import Daemon, to_address, wanted_addresses

from . import scenes
from .table import ROWS, is_void
from .tracer import TURNS, Attached, Trace, from_its_start

# Waits and turns, and calls that fail, beside those of a run without a fault: what spins makes thousands.
MOST_TIMES, MOST_MORE = 4, 300
MOST_SECONDS = 20
SIDE_BY_SIDE = 4


class Broken(AssertionError):
    """The daemon did what no fault may lead to."""


def last_words(log):
    """Of a crash, its report and nothing before it, which whoever cuts long texts would leave."""
    crash = log.rfind(" crashed: ")
    return log[-2000:] if crash < 0 else log[log.rfind("\n", 0, crash) + 1:]


class Lane:
    """One daemon, at which one fault after another is tried; a new one where it was spoilt."""

    def __init__(self, world, directory, scene):
        self.world, self.directory, self.scene = world, directory, scene
        self.number = 0
        self.one = None
        self.descriptors = 0  # that it has open where nothing fails, at most
        self.quiet = None

    def start(self):
        """The scene is played once before it counts: threads and buffers are there then."""
        self.number += 1
        directory = self.directory / str(self.number)
        directory.mkdir(parents=True)
        self.one = start(self.world, directory)
        for _ in range(2):  # a reload alternates
            scenes.serve_all(self.world, self.one)
            self.scene(self.world, self.one)
            self.descriptors = max(self.descriptors, self.one.open_descriptors())
        scenes.assert_served(self.world, self.one)

    def measure(self):
        """What the scene calls where nothing fails."""
        if self.one is None:
            self.start()
        with Attached(self.one.pid, self.directory / "quiet") as trace:
            for _ in range(2):
                self.scene(self.world, self.one)
        self.quiet = trace.counts()
        return trace

    def play(self, fault):
        """False where the call that failed was of a kind that cannot."""
        if self.one is None or not self.one.running:
            self.start()
        one, before = self.one, len(self.one.log)
        ended = self.world.ended[one.pid]
        with Attached(one.pid, self.directory / "trace", fault) as trace:
            problem = problem_of(self.scene, self.world, one)
        failed = trace.injected()
        is_judged = failed and not any(is_void(fault.call, line) for line in failed)
        if not is_judged:
            if problem:
                self.give_up()
            return bool(failed)
        try:
            judge_running(one, trace, fault, problem, self.quiet)
            if ROWS[fault.call]["serving"] == "goes on" and not fault.and_on and self.world.ended[one.pid] > ended:
                raise Broken(f"somebody's connection has ended: {failed}")
            told = ROWS[fault.call].get("told", {}).get(self.scene.__name__)
            if told and not re.search(told, one.log[before:]):
                raise Broken(f"the log does not say {told!r}: {failed}\n{one.log[before:]}")
            scenes.assert_served(self.world, one)
            eventually(lambda: one.open_descriptors() <= self.descriptors, 3,
                       what=f"{one.open_descriptors()} descriptors come down to {self.descriptors} again")
        except (AssertionError, OSError) as error:
            self.give_up()
            raise Broken(f"{error}\n{failed[:3]}\n{one.log[before:][-2000:]}") from None
        return True

    def give_up(self):
        end(self.one)
        self.one = None


def start(world, directory, config=None, environment=None, **options):
    """With a place of its own for what it writes. A sanitizer cannot look for leaks while it is traced."""
    return Daemon(directory, config or world.config(directory), environment={
        "TMPDIR": str(directory), "ASAN_OPTIONS": "detect_leaks=0", **(environment or {})}, **options)


def end(one):
    if one is not None and one.running:
        one.process.kill()
        one.process.wait()
    if one is not None:
        one.process.stdout.close()


def problem_of(scene, world, one):
    try:
        scene(world, one)
        return None
    except (AssertionError, OSError) as problem:
        return problem


def judge_running(one, trace, fault, problem, quiet):
    if not one.running:
        raise Broken(f"it ended with {one.process.returncode}")
    if problem:
        raise Broken(f"{type(problem).__name__}: {problem}")
    judge_turns(trace, fault, quiet)


def judge_turns(trace, fault, quiet):
    """No clock says so: a loop that spins shows in the number of its calls."""
    for name in {fault.call, *TURNS}:
        made = sum(1 for _, called, _ in trace.calls() if called == name)
        if made > MOST_TIMES * quiet.get(name, 0) + MOST_MORE:
            raise Broken(f"it spins: {made} times {name} instead of {quiet.get(name, 0)}")


# --- the start

def measured_start(world, directory):
    """Of a start: what is called up to where it is ready, and how much of that before main()."""
    directory.mkdir(parents=True)
    one = start(world, directory, prefix=from_its_start(directory / "quiet"))
    trace = Trace(directory / "quiet")
    eventually(lambda: " ready" in one.log, what="ready")
    one.signal(signal.SIGTERM)
    one.wait()
    one.process.stdout.close()
    return trace.before("fcntl", "0, F_GETFD"), trace.counts_until(trace.text.index("epoll_wait("))


def play_start(world, directory, fault):
    """False where nothing failed."""
    directory.mkdir(parents=True)
    config = world.config(directory, is_fixed=True)  # known also where the log cannot be written
    one = start(world, directory, config, prefix=from_its_start(directory / "trace", fault), ready=False)
    one.addresses = [(name, to_address(address)) for name, address in wanted_addresses(config)]
    trace = Trace(directory / "trace")
    try:
        eventually(lambda: not one.running or is_up(one), MOST_SECONDS, what="it is ready, or ends")
        if one.running:
            if not fault.and_on and "not listening on" not in one.log:
                scenes.assert_served_soon(world, one)
            one.signal(signal.SIGTERM)
        status = one.wait(MOST_SECONDS)
        failed = trace.injected()
        judge_start(one.log, status, fault, failed)
        judge_turns(trace, fault, {})
        return bool(failed)
    except (AssertionError, OSError) as problem:
        if any(is_void(fault.call, line) for line in trace.injected()):
            return True
        raise Broken(f"{problem}\n{trace.injected()[:3]}\n{last_words(one.log)}") from None
    finally:
        end(one)


def is_up(one):
    """The last listener is there; a log that cannot be written does not say so."""
    return " ready" in one.log or not is_refused(one.address("tls"))


def judge_start(log, status, fault, failed):
    row = ROWS[fault.call]["start"]
    if status == 0:
        if row == "fails" and failed:
            raise Broken("it starts as if nothing had failed")
        return
    if status not in (1, 78):
        raise Broken(f"it ended with {status}")
    if row == "goes on":
        raise Broken(f"it does not start: {failed}")
    said = log.strip().splitlines()[-1] if log.strip() else ""
    if os.strerror(getattr(errno, fault.error)) not in said and not re.search(
            "memory|libmicrohttpd|OpenSSL|thread|getsockname", said):
        raise Broken(f"it does not say what failed: {said!r}")


# --- many

def play_all(faults, play_one):
    """Side by side; returns how many were played, and what went wrong. `play_one` takes a lane's number, too."""
    waiting, lock, wrong, played = list(reversed(list(faults))), threading.Lock(), [], [0]

    def work(lane):
        while True:
            with lock:
                if not waiting:
                    return
                fault = waiting.pop()
            try:
                counted = play_one(lane, fault)
            except Broken as problem:
                with lock:
                    wrong.append(f"--- {fault}: {problem}")
                counted = True
            with lock:
                played[0] += counted

    with concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for done in [pool.submit(work, lane) for lane in range(SIDE_BY_SIDE)]:
            done.result()
    return played[0], wrong
