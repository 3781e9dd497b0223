# SPDX-License-Identifier: MIT
"""What the figures of a run mean: ratios round by round, and the goals. Measures nothing."""

from dataclasses import dataclass
from typing import Callable

from servers import median


@dataclass(frozen=True)
class Spread:
    """A median, with the least and the most of the rounds."""

    median: float
    least: float
    most: float


def spread(values):
    return Spread(median(values), min(values), max(values)) if values else None


def quotients(ours, theirs):
    """Round by round, so that a moment in which the machine was slow counts against both."""
    return [a / b for a, b in zip(ours or [], theirs or []) if b]


def cpu_of(measured, row, server):
    """What the rounds of a row measured of a server; empty if it was not played."""
    return measured["rows"].get(row, {}).get("servers", {}).get(server, {})


def to_floor(measured, row, server):
    """Server CPU for each request, beside the floor's."""
    return spread(quotients(cpu_of(measured, row, server).get("nanoseconds"),
                            cpu_of(measured, row, "floor").get("nanoseconds")))


def to_itself_alone(measured, row, server):
    """Server CPU for each request, beside its own without the idle connections."""
    figures = cpu_of(measured, row, server)
    return spread(quotients(figures.get("nanoseconds"), figures.get("alone_nanoseconds")))


def latency_to_floor(measured, percentile, server):
    servers = measured.get("latency", {})
    return spread(quotients(servers.get(server, {}).get(percentile),
                            servers.get("floor", {}).get(percentile)))


def bytes_of_an_idle_connection(measured, server):
    memory = measured.get("memory", {}).get(server)
    return memory and spread([memory["each"]])


def instructions_of(measured, row, server):
    count = measured.get("instructions", {}).get(row, {}).get(server)
    return count and spread([count])


@dataclass(frozen=True)
class Goal:
    key: str
    text: str
    most: float
    figure: Callable  # measured -> Spread, or None where it was not measured


def floor_goal(row, text, most):
    return Goal(row, f"CPU to the floor's: {text}", most,
                lambda measured: to_floor(measured, row, "reactord"))


GOALS = [
    floor_goal("depth-1", "depth 1", 1.05),
    floor_goal("depth-16", "depth 16", 1.10),
    floor_goal("depth-100", "depth 100", 1.08),
    floor_goal("redis-benchmark-1", "redis-benchmark, depth 1", 1.05),
    floor_goal("redis-benchmark-16", "redis-benchmark, depth 16", 1.10),
    floor_goal("redis-benchmark-100", "redis-benchmark, depth 100", 1.35),
    floor_goal("value-64k", "64 KiB echoes", 1.1),
    floor_goal("value-1m", "1 MiB echoes", 1.1),
    Goal("connections-15000", "CPU with 15,000 idle beside 50 active, to its own without them",
         1.03, lambda measured: to_itself_alone(measured, "connections-15000", "reactord")),
    floor_goal("churn", "connect, request, close", 1.06),
    Goal("memory", "user-space bytes of an idle connection", 272,
         lambda measured: bytes_of_an_idle_connection(measured, "reactord")),
    Goal("instructions", "instructions a request, depth 100", 300,
         lambda measured: instructions_of(measured, "depth-100", "reactord")),
    Goal("latency", "p99 at half of the peak rate, to the floor's", 1.1,
         lambda measured: latency_to_floor(measured, "p99", "reactord")),
]


def judge(measured):
    """One entry for each goal; `met` is None where it was not measured."""
    verdicts = []
    for goal in GOALS:
        figure = goal.figure(measured)
        verdicts.append({"key": goal.key, "goal": goal.text, "at_most": goal.most,
                         "median": figure and round(figure.median, 3),
                         "least": figure and round(figure.least, 3),
                         "most": figure and round(figure.most, 3),
                         "met": figure and figure.median <= goal.most})
    return verdicts
