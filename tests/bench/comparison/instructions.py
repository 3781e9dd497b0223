# SPDX-License-Identifier: MIT
"""Instructions of user space for each request: by the processor's counters, else by callgrind."""

import dataclasses
import pathlib
import re
import shutil
import subprocess
import tempfile

import load
from servers import Server

# Under callgrind everything is some fifty times slower, and the count does not vary.
CALLGRIND_REQUESTS = 20_000


def has_counters(event="instructions:u"):
    if shutil.which("perf") is None:
        return False
    done = subprocess.run(["perf", "stat", "-x,", "-e", event, "true"], capture_output=True,
                          text=True, check=False)
    return done.returncode == 0 and re.match(r"\d", done.stderr) is not None


def by_counters(row, name, event="instructions:u", seconds=1.0):
    """perf counts the server while a load is played."""
    with tempfile.TemporaryDirectory(prefix="bench-perf-") as folder, Server(name) as server:
        out = pathlib.Path(folder) / "counts"
        wrapper = ["perf", "stat", "-x,", "-o", out, "-e", event, "-p", server.process.pid, "--"]
        result = load.play(row, name, server.port, seconds=seconds, wrapper=wrapper)
        return float(re.search(r"^[\d.]+", out.read_text(), re.M)[0]) / result["replies"]


def counted_by_callgrind(row, name, requests):
    with tempfile.TemporaryDirectory(prefix="bench-callgrind-") as folder:
        out = pathlib.Path(folder) / "out"
        wrapper = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "-q"]
        with Server(name, wrapper=wrapper) as server:
            load.play(row, name, server.port, requests=requests)
        return int(re.search(r"^(?:totals|summary): (\d+)", out.read_text(), re.M)[1])


def start_by_callgrind(row, name):
    """What starting, stopping and the same connections cost, with one request on each."""
    return counted_by_callgrind(dataclasses.replace(row, depth=1), name, row.clients)


def by_callgrind(row, name, start):
    whole = counted_by_callgrind(row, name, CALLGRIND_REQUESTS)
    return (whole - start) / (CALLGRIND_REQUESTS - row.clients)


def measure_instructions(rows, name, counters, progress):
    """{row: instructions of a request}"""
    counts, start = {}, None
    for row in (row for row in rows if row.takes(name)):
        progress.step(f"instructions, {row.title}: {name}")
        if counters:
            counts[row.key] = by_counters(row, name)
            continue
        start = start if start is not None else start_by_callgrind(rows[0], name)
        counts[row.key] = by_callgrind(row, name, start)
    return counts
