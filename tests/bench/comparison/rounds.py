# SPDX-License-Identifier: MIT
"""Plays every load against every server, round after round, and collects what it cost."""

import os
from contextlib import ExitStack

import idle
import instructions
import load
import startup
from rows import INSTRUCTION_ROWS, PEERS, Row
from servers import Server

# Of a row's seconds: percentiles need many requests.
LATENCY_SHARE = 3
LATENCY_ROW = Row("latency", "latency", "latency at half of the peak rate")
PEAK_TRIES = 3
PERCENTILES = ("p50", "p99", "p99.9")

# So many batches on each connection at least, so that connecting is not what is measured.
LEAST_BATCHES = 20


def split_cpus():
    """(the servers' CPU, the generator's): one each, where there are two, or both everywhere."""
    cpus = sorted(os.sched_getaffinity(0))
    return ({cpus[0]}, {cpus[1]}) if len(cpus) > 1 else (set(cpus), set(cpus))


class Comparison:
    """One run: which rows, servers and extras, and what was measured of them."""

    def __init__(self, settings, rows, servers, extras, progress):
        self.settings, self.rows, self.servers, self.extras = settings, rows, servers, extras
        self.progress = progress
        self.cpus, self.load_cpus = split_cpus()
        self.running = {}
        self.stack = ExitStack()
        self.result = {"rows": {}, **{extra: {} for extra in extras}}

    def run(self):
        with self.stack:
            for row in self.rows:
                self.result["rows"][row.key] = {"requests": self._requests_of(row), "servers": {}}
            if "latency" in self.extras:
                self.result["latency_rate"] = self._half_of_the_peak()
            for number in range(self.settings["rounds"]):
                self._round(f"round {number + 1} of {self.settings['rounds']}")
        for extra in ("start", "memory", "instructions"):
            if extra in self.extras:
                getattr(self, f"_{extra}")()
        return self.result

    def steps(self):
        """How many times progress is told of."""
        takes = sum(row.takes(name) for row in self.rows for name in self.servers)
        echoing = [name for name in self.servers if LATENCY_ROW.takes(name)]
        counted = sum(row.takes(name) for row in INSTRUCTION_ROWS for name in self.servers)
        extras = {"latency": len(echoing) * (1 + self.settings["rounds"]),
                  "instructions": counted, "memory": len(self.servers),
                  "start": len(self.servers)}
        return (len(self.rows) + self.settings["rounds"] * takes
                + sum(extras[extra] for extra in self.extras))

    # --- the rounds

    def _server_of(self, row, name):
        """A server that runs until the last round is over."""
        name = f"{name}-echo" if row.plain and name in PEERS else name
        if name not in self.running:
            self.running[name] = self.stack.enter_context(Server(name, cpus=self.cpus))
        return self.running[name]

    def _play(self, row, name, **how):
        return load.play(row, name, self._server_of(row, name).port, cpus=self.load_cpus, **how)

    def _requests_of(self, row):
        """The same for every server: what the first of them can do in the row's seconds."""
        name = next(filter(row.takes, self.servers), None)
        if name is None:
            return 0
        self.progress.step(f"how many requests, {row.title}: {name}")
        seconds = self.settings["seconds"]
        done = self._play(row, name, seconds=seconds)["rate"] * seconds
        return max(LEAST_BATCHES * row.clients * row.depth, round(done))

    def _half_of_the_peak(self):
        """Of the server with the least peak, so that none is asked for more than it can do."""
        peaks = []
        for name in filter(LATENCY_ROW.takes, self.servers):
            self.progress.step(f"peak rate: {name}")
            peaks.append(max(self._play(LATENCY_ROW, name, seconds=self.settings["seconds"])["rate"]
                             for _ in range(PEAK_TRIES)))
        return max(1, round(min(peaks) / 2))

    def _round(self, called):
        for row in self.rows:
            for name in filter(row.takes, self.servers):
                self.progress.step(f"{called}, {row.title}: {name}")
                self._measure(row, name)
        if "latency" in self.extras:
            for name in filter(LATENCY_ROW.takes, self.servers):
                self.progress.step(f"{called}, {LATENCY_ROW.title}: {name}")
                self._measure_latency(name)

    def _measure(self, row, name):
        server = self._server_of(row, name)
        figures = self.result["rows"][row.key]["servers"].setdefault(name, {})
        if row.idle:
            figures.setdefault("alone_nanoseconds", []).append(self._cost(row, name, server)[0])
        with idle.crowd(server, row.idle):
            nanoseconds, rate = self._cost(row, name, server)
        figures.setdefault("nanoseconds", []).append(nanoseconds)
        figures.setdefault("rate", []).append(rate)

    def _cost(self, row, name, server):
        """(nanoseconds of the server's CPU for each request, requests a second)"""
        before = server.cpu_nanoseconds()
        result = self._play(row, name, requests=self.result["rows"][row.key]["requests"])
        return (round((server.cpu_nanoseconds() - before) / result["replies"]),
                round(result["rate"]))

    def _measure_latency(self, name):
        result = self._play(LATENCY_ROW, name, seconds=LATENCY_SHARE * self.settings["seconds"],
                            rate=self.result["latency_rate"])
        figures = self.result["latency"].setdefault(name, {})
        for percentile in PERCENTILES:
            figures.setdefault(percentile, []).append(round(result["latency"][percentile]))
        figures.setdefault("late_share", []).append(
            round(result["late"] / max(1, result["replies"]), 6))

    # --- once, each with servers of their own

    def _start(self):
        for name in self.servers:
            self.progress.step(f"start: {name}")
            starts = [startup.measure_start(name) for _ in range(self.settings["starts"])]
            self.result["start"][name] = {key: [start[key] for start in starts]
                                          for key in starts[0]}

    def _memory(self):
        for name in self.servers:
            self.progress.step(f"memory: {name}")
            self.result["memory"][name] = idle.measure_memory(
                name, self.settings["idle"], self.settings["settle_seconds"])

    def _instructions(self):
        counters = instructions.has_counters()
        self.result["instructions_by"] = "perf stat" if counters else "callgrind"
        for name in filter(LATENCY_ROW.takes, self.servers):
            counts = instructions.measure_instructions(INSTRUCTION_ROWS, name, counters,
                                                       self.progress)
            for key, count in counts.items():
                self.result["instructions"].setdefault(key, {})[name] = round(count, 1)
