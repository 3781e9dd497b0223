# SPDX-License-Identifier: MIT
"""Starts the servers that the benchmarks compare, and reads what they use from /proc."""

import os
import pathlib
import re
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN_DIR = pathlib.Path(os.environ.get("REACTORD_BIN_DIR", ROOT / "build/release/bin"))

REACTORD_CONFIG = """
[server]
max_connections = 17000

[log]
level = "warning"

[handlers.text]
log_level = "off"

[[listener]]
name = "bench"
address = "127.0.0.1:{port}"
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server process on a loopback port. Use it in a with statement: it is ended by its pid."""

    def __init__(self, name):
        self.name = name
        self.directory = tempfile.TemporaryDirectory(prefix=f"bench-{name}-")
        self.port = free_port()
        self.process = None

    def command(self):
        if self.name == "floor":
            return [BIN_DIR / "floor"]
        if self.name == "redis":
            return ["redis-server", "--bind", "127.0.0.1", "--port", self.port, "--save", "",
                    "--maxclients", 17000, "--dir", self.directory.name]
        config = pathlib.Path(self.directory.name) / "reactord.toml"
        config.write_text(self.configuration())
        return [BIN_DIR / "reactord", "--config", config]

    def configuration(self):
        """Of reactord."""
        return REACTORD_CONFIG.format(port=self.port)

    def __enter__(self):
        output = pathlib.Path(self.directory.name) / "output"
        with open(output, "wb") as log:
            self.process = subprocess.Popen([str(word) for word in self.command()], stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL)
        try:
            self._wait(output)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait(self, output):
        for _ in range(500):
            if self.process.poll() is not None:
                break
            if self.name == "floor":
                if found := re.search(r"127\.0\.0\.1:(\d+)", output.read_text()):
                    self.port = int(found[1])
                    return
            else:
                try:
                    socket.create_connection(("127.0.0.1", self.port)).close()
                    return
                except OSError:
                    pass
            time.sleep(0.02)
        raise SystemExit(f"{self.name} does not start: {output.read_text(errors='replace')}")

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.directory.cleanup()

    def cpu_nanoseconds(self):
        """On-CPU time of all threads, user and system, from /proc/PID/task/*/schedstat.

        The same time as utime + stime of /proc/PID/stat, in nanoseconds instead of ticks of 10 ms.
        """
        return sum(int(path.read_text().split()[0])
                   for path in pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/schedstat"))

    def private_bytes(self):
        """Memory that the process itself has written to."""
        text = pathlib.Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return 1024 * int(re.search(r"^Private_Dirty:\s+(\d+) kB", text, re.M)[1])


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
