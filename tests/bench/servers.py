# SPDX-License-Identifier: MIT
"""Starts the servers that the benchmarks compare, and reads what they use from /proc."""

import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN_DIR = pathlib.Path(os.environ.get("REACTORD_BIN_DIR", ROOT / "build/release/bin")).resolve()

# Each server is allowed more connections than any benchmark makes.
MOST_CONNECTIONS = 17_000

REACTORD_CONFIG = f"""
[server]
max_connections = {MOST_CONNECTIONS}

[log]
level = "warning"

[handlers.text]
log_level = "off"

[[listener]]
name = "bench"
address = "127.0.0.1:{{port}}"
"""


def reactord(_, directory):
    return [BIN_DIR / "reactord", "--config", directory / "configuration"]


def redis(port, directory):
    return ["redis-server", "--bind", "127.0.0.1", "--port", port, "--save", "", "--maxclients",
            MOST_CONNECTIONS, "--dir", directory, "--supervised", "auto"]


def memcached(port, _):
    """One thread, as the others have. As root it wants to be told that root is meant."""
    return ["memcached", "-l", "127.0.0.1", "-p", port, "-t", 1, "-c", MOST_CONNECTIONS,
            *(["-u", "root"] if os.geteuid() == 0 else [])]


def peer(name, mode):
    return lambda port, _: [BIN_DIR / f"peer_{name}", mode, port]


COMMANDS = {
    "floor": lambda port, _: [BIN_DIR / "floor", port],
    "reactord": reactord,
    "redis": redis,
    "memcached": memcached,
    **{name: peer(name, "resp") for name in ("libevent", "libuv", "asio")},
    **{f"{name}-echo": peer(name, "echo") for name in ("libevent", "libuv", "asio")},
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def spawning(cpus=None):
    """While a process is started and taken down in a variable: an interrupt waits until it is, or
    nobody would end the process. Gives what to call in the child, which runs on those CPUs."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})

    def in_child():
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if cpus:
            os.sched_setaffinity(0, cpus)

    try:
        yield in_child
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end(process):
    """Ends it by its pid, at once if it does not go."""
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Server:
    """A server process on a loopback port. Use it in a with statement: it is ended by its pid.

    `wrapper` is a command that runs the server, such as a profiler; `cpus` are those that it may
    run on; with `notify` it tells that path when it is ready, if it knows how (sd_notify(3)).
    """

    def __init__(self, name, wrapper=(), cpus=None, notify=None):
        self.name = name
        self.wrapper, self.cpus, self.notify = wrapper, cpus, notify
        self.directory = tempfile.TemporaryDirectory(prefix=f"bench-{name}-")
        self.port = free_port()
        self.process = None

    def start(self):
        """Starts it, and does not wait until it listens."""
        directory = pathlib.Path(self.directory.name)
        (directory / "configuration").write_text(self.configuration())
        command = [*self.wrapper, *self.command(directory)]
        environment = {**os.environ, **({"NOTIFY_SOCKET": str(self.notify)} if self.notify else {})}
        with open(directory / "output", "wb") as log, spawning(self.cpus) as in_child:
            self.process = subprocess.Popen([str(word) for word in command], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, env=environment,
                                            preexec_fn=in_child)

    def command(self, directory):
        return COMMANDS[self.name](self.port, directory)

    def configuration(self):
        """Of reactord; others have theirs in their arguments."""
        return REACTORD_CONFIG.format(port=self.port)

    def __enter__(self):
        try:
            self.start()
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait(self):
        until = time.monotonic() + 30  # a profiler is slow
        while self.process.poll() is None and time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                time.sleep(0.02)
        output = pathlib.Path(self.directory.name) / "output"
        raise SystemExit(f"{self.name} does not start: {output.read_text(errors='replace')}")

    def __exit__(self, *_):
        if self.process:
            end(self.process)
        self.directory.cleanup()

    def cpu_nanoseconds(self):
        """On-CPU time of all threads, user and system, from /proc/PID/task/*/schedstat.

        The same time as utime + stime of /proc/PID/stat, in nanoseconds instead of ticks of 10 ms.
        """
        return sum(int(path.read_text().split()[0])
                   for path in pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/schedstat"))

    def memory_bytes(self, what):
        """`Private_Dirty`: what the process itself has written to. `Rss`: all that is in memory."""
        text = pathlib.Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return 1024 * int(re.search(rf"^{what}:\s+(\d+) kB", text, re.M)[1])


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def table(head, rows):
    """Aligned columns; the first is flush left."""
    cells = [head] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    for row in cells:
        print("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))).rstrip())
