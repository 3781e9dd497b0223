# SPDX-License-Identifier: MIT
"""tests/bench/compare: that it measures what it says, of every server, and ends what it started.

How fast anything is, is not judged here."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

from harness.client import eventually
from harness.daemon import BIN_DIR, ROOT

BENCH = ROOT / "tests/bench"
ECHOING = {"floor", "reactord", "redis", "libevent", "libuv", "asio"}

pytestmark = pytest.mark.skipif(BIN_DIR != (ROOT / "build/release/bin").resolve(),
                                reason="the comparison builds the release")


def compare(*words, seconds=110):
    """It builds what it misses, and does not need to be told where."""
    environment = {name: value for name, value in os.environ.items() if name != "REACTORD_BIN_DIR"}
    return subprocess.run([BENCH / "compare", *map(str, words)], capture_output=True, text=True,
                          timeout=seconds, stdin=subprocess.DEVNULL, env=environment, check=False)


def result_of(tmp_path, *words):
    done = compare("--quick", "--out", tmp_path, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "compare.md").read_text() in done.stdout
    ElementTree.parse(tmp_path / "compare.svg")
    return json.loads((tmp_path / "compare.json").read_text())


def judged(result):
    """The goals that the run says something of."""
    return {goal["key"] for goal in result["goals"] if goal["met"] is not None}


def test_every_echoing_server_is_measured_in_every_row(tmp_path):
    result = result_of(tmp_path, "--rows", "depth")
    assert set(result["measured"]["rows"]) == {"depth-1", "depth-16", "depth-100"}
    for row in result["measured"]["rows"].values():
        assert row["requests"] > 0 and set(row["servers"]) == ECHOING
        assert all(len(figures["nanoseconds"]) == 1 and figures["nanoseconds"][0] > 0
                   for figures in row["servers"].values())
    assert judged(result) == {"depth-1", "depth-16", "depth-100"}
    assert not result["whole"] and all(about["version"] != "unknown"
                                       for about in result["servers"].values())


def test_a_second_generator_measures_every_echoing_server(tmp_path):
    result = result_of(tmp_path, "--rows", "redis-benchmark")
    rows = result["measured"]["rows"]
    assert set(rows) == {"redis-benchmark-1", "redis-benchmark-16", "redis-benchmark-100"}
    for row in rows.values():
        assert row["requests"] > 0 and set(row["servers"]) == ECHOING
        assert all(figures["nanoseconds"][0] > 0 and figures["rate"][0] > 0
                   for figures in row["servers"].values())
    assert judged(result) == set(rows)


def test_large_values_come_back_whole_and_memcached_churns(tmp_path):
    result = result_of(tmp_path, "--rows", "values", "churn", "--seconds", "0.02")
    rows = result["measured"]["rows"]
    assert set(rows) == {"value-1k", "value-64k", "value-1m", "churn"}
    assert set(rows["value-1m"]["servers"]) == ECHOING
    assert set(rows["churn"]["servers"]) == ECHOING | {"memcached"}


def test_latency_memory_and_start_have_figures(tmp_path):
    servers = ("floor", "reactord", "memcached")
    result = result_of(tmp_path, "--rows", "latency", "memory", "start", "--servers", *servers)
    measured = result["measured"]
    assert set(measured["memory"]) == set(measured["start"]) == set(servers)
    assert set(measured["latency"]) == {"floor", "reactord"} and measured["latency_rate"] > 0
    assert all(figures["p50"][0] <= figures["p99"][0] <= figures["p99.9"][0]
               for figures in measured["latency"].values())
    assert all(measured["start"]["reactord"]["ready_ms"])
    assert measured["memory"]["reactord"]["resident"] > measured["memory"]["floor"]["resident"] > 0
    assert judged(result) == {"memory", "latency"}


def test_instructions_are_counted_where_a_parser_has_more_of_them(tmp_path):
    result = result_of(tmp_path, "--rows", "instructions", "--servers", "floor", "reactord")
    for counts in result["measured"]["instructions"].values():
        assert counts["reactord"] > counts["floor"] > 0
    assert judged(result) == {"instructions"}


def test_a_part_of_a_run_does_not_become_the_published_result(tmp_path):
    readme = tmp_path / "README.md"
    shutil.copy(BENCH / "README.md", readme)
    done = compare("--rows", "depth", "--update-readme", readme)
    assert done.returncode == 2 and "a whole run" in done.stderr
    assert readme.read_text() == (BENCH / "README.md").read_text()


def test_the_published_result_is_that_of_its_figures(tmp_path):
    """README.md and comparison.svg are what comparison.json renders to, and all of it is there."""
    readme = tmp_path / "README.md"
    shutil.copy(BENCH / "README.md", readme)
    done = compare("--from", BENCH / "comparison.json", "--out", tmp_path / "out",
                   "--update-readme", readme)
    assert done.returncode == 0, done.stderr
    for name in ("README.md", "comparison.json", "comparison.svg"):
        assert (tmp_path / name).read_text() == (BENCH / name).read_text(), (
            f"{name}: render it again: tests/bench/compare --from tests/bench/comparison.json "
            "--update-readme")
    result = json.loads((BENCH / "comparison.json").read_text())
    assert result["whole"] and len(judged(result)) == len(result["goals"])


def test_a_readme_without_the_place_is_left_alone(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("# Nothing\n")
    done = compare("--from", BENCH / "comparison.json", "--out", tmp_path / "out",
                   "--update-readme", readme)
    assert done.returncode == 1 and "no place for the result" in done.stderr
    assert readme.read_text() == "# Nothing\n" and not (tmp_path / "comparison.svg").exists()


def children_of(pid):
    found = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


def test_interrupted_it_ends_what_it_started(tmp_path):
    process = subprocess.Popen(
        ["/usr/bin/python3", "-B", BENCH / "comparison", "--rows", "depth", "--out", tmp_path],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        eventually(lambda: len(children_of(process.pid)) >= 3, 60, what="servers and a load")
        children = children_of(process.pid)
        process.send_signal(signal.SIGTERM)
        _, text = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 1 and "interrupted" in text
    assert [child for child in children if pathlib.Path(f"/proc/{child}").exists()] == []
    assert not (tmp_path / "compare.json").exists()
