# SPDX-License-Identifier: MIT
"""Plays one fault while a daemon stops, or gives all to another process: each time with a daemon of its own."""

import contextlib
import signal

from harness.client import Client, eventually
from harness.resp import request

from . import scenes
from .sweep import MOST_SECONDS, Broken, end, judge_turns, last_words, start
from .table import is_void
from .tracer import Attached, Trace, from_its_start


@contextlib.contextmanager
def explained(fault, trace, *daemons):
    """What goes wrong in here is told with the calls that failed, and the logs; not where those cannot fail."""
    try:
        yield
    except (AssertionError, OSError) as problem:
        if any(is_void(fault.call, line) for line in trace.injected()):
            return
        logs = "\n".join(f"{one.pid}:\n{last_words(one.log)}" for one in daemons)
        raise Broken(f"{problem}\n{trace.injected()[:3]}\n{logs}") from None
    finally:
        for one in daemons:
            end(one)


# The C library ends a process by itself that leaves a library without memory (elf/dl-tls.c), after all is done.
NO_THREAD_LOCAL = "cannot allocate memory for thread-local data"


def assert_ended_well(one):
    status = one.wait(MOST_SECONDS)
    assert status == 0 or (status == 127 and NO_THREAD_LOCAL in one.log), f"it ended with {status}"


# --- a stop

def stop(world, directory, fault=None):
    """Some have asked, some are idle, one is in the middle: what it calls until it ends."""
    directory.mkdir(parents=True)
    one = start(world, directory)
    clients = [world.connect(one, listener) for listener in ("main", "local", "tls", "admin", "main")]
    for client in clients:
        client.expect_alive()
    clients[0].send(b"PING\n*1\r\n$4\r\nPI").expect(b"+PONG\r\n")
    with explained(fault, Trace(directory / "trace"), one):
        with Attached(one.pid, directory / "trace", fault) as trace:
            one.signal(signal.SIGTERM)
            for client in clients:
                with world.may_end(one):
                    while client.socket.recv(1 << 18):
                        pass
                client.close()
            one.wait(MOST_SECONDS)
        assert_ended_well(one)
        if fault:
            judge_turns(trace, fault, {})
    return trace


def play_stop(world, directory, fault):
    return bool(stop(world, directory, fault).injected())


# --- another process takes over

def hand_over(world, directory, old=None, new=None):
    """One of the two has a fault. All go on in the new process, or nothing has happened; the traces of both."""
    directory.mkdir(parents=True)
    config = world.config(directory, is_fixed=True)
    first = start(world, directory, config)
    clients = [Client(first.address(listener), timeout=scenes.SECONDS) for listener in ("main", "local", "main")]
    for client in clients:
        client.expect_alive()
    beside = directory / "new"
    beside.mkdir()
    traces = [Trace(directory / "old.trace"), Trace(directory / "new.trace")]
    with contextlib.ExitStack() as stack:
        if new is None:
            stack.enter_context(Attached(first.pid, traces[0].path, old))
        prefix = from_its_start(traces[1].path, new) if old is None else ()
        second = start(world, beside, config, prefix=prefix, ready=False,
                       arguments=("--take-over", str(directory / "admin")))
        stack.enter_context(explained(old or new, traces[0 if new is None else 1], first, second))
        eventually(lambda: not (first.running and second.running), MOST_SECONDS, what="one of them ends")
        judge_heirs(world, first, second, clients)
        if old or new:
            judge_turns(traces[0 if new is None else 1], old or new, {})
    for client in clients:
        client.close()
    return traces


def judge_heirs(world, first, second, clients):
    if first.running:
        assert second.wait() in (1, 78) or NO_THREAD_LOCAL in second.log, \
            f"who should take over ended with {second.process.returncode}"
        assert second.log.strip(), "who should take over does not say what failed"
        heir = first
    else:
        assert_ended_well(first)
        heir = second
        second.addresses = first.addresses  # a log that gets no memory does not tell them
    for client in clients:
        with world.may_end(heir):
            scenes.exchange(client, request("ECHO", "on"), b"$2\r\non\r\n")
    scenes.assert_served_soon(world, heir)
    heir.signal(signal.SIGTERM)
    assert_ended_well(heir)


def play_hand_over(world, directory, fault, is_new):
    old, new = hand_over(world, directory, **{"new" if is_new else "old": fault})
    return bool((new if is_new else old).injected())
