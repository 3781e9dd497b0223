# SPDX-License-Identifier: MIT
"""tools/test itself: that it says what it does, shows that a build goes on, and how a failure is repeated."""

import os
import shutil
import subprocess
import threading

import pytest

import run_tests  # of tools/scripts: conftest.py
from harness.client import eventually
from harness.daemon import ROOT
from suite import building, leftovers, part

CMAKE = """#!/bin/sh
case $1 in --build) ;; *) exit 0 ;; esac
echo '[1/2] a.cpp'
echo '[2/2] b.cpp'
[ ! -e {failing} ] || {{ echo 'b.cpp:1: error: no such thing'; exit 1; }}
"""


@pytest.fixture
def suite_of(tmp_path, monkeypatch):
    """A suite whose one part is given, with logs of its own and a stand-in for cmake."""
    cmake = tmp_path / "bin/cmake"
    cmake.parent.mkdir()
    cmake.write_text(CMAKE.format(failing=tmp_path / "failing"))
    cmake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{cmake.parent}:{os.environ['PATH']}")
    for module in (part, building, run_tests):
        monkeypatch.setattr(module, "LOGS", tmp_path)
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(building, "TELL_EVERY_SECONDS", 0)
    monkeypatch.setattr(part, "RUNNING", part.Running())
    monkeypatch.setattr(run_tests, "RUNNING", part.RUNNING)

    def start(function):
        monkeypatch.setattr(run_tests, "EVERY", {"one": function})
        return run_tests.Suite(["one"], False)

    return start


def needs_a_build(one):
    """what it checks"""
    one.case(one.built("asan"), "it is built")


def test_a_build_in_a_pipe_tells_how_far_it_is(suite_of, capsys):
    suite = suite_of(needs_a_build)
    suite.run([[["one"]]])
    said = capsys.readouterr().out
    assert "compiling asan: 1 of 2\n" in said and "compiling asan: 2 of 2\n" in said
    assert "ok: 1 passed, 0 failed" in said and "what it checks" in said
    assert "\r" not in said


def test_a_build_is_done_once_for_all_that_wait(suite_of, capsys):
    suite = suite_of(lambda one: [one.case(one.built("asan"), "") for _ in range(3)])
    suite.run([[["one"]]])
    assert capsys.readouterr().out.count("1 of 2") == 1


def test_a_failure_ends_with_the_command_that_repeats_it(suite_of, tmp_path, capsys):
    (tmp_path / "failing").touch()
    suite = suite_of(needs_a_build)
    suite.run([[["one"]]])
    said = capsys.readouterr().out
    assert "b.cpp:1: error: no such thing" in said
    assert said.endswith("    again:  tools/test one\n")


def test_an_end_of_the_suite_ends_what_its_parts_run(suite_of):
    suite = suite_of(lambda one: one.case(one.run("sleep", "1000"), "sleep"))

    def end_it():
        eventually(lambda: part.RUNNING.processes, 20, what="a process of the part")
        part.RUNNING.end_all()

    ender = threading.Thread(target=end_it)
    ender.start()
    suite.run([[["one"]]])
    ender.join()
    assert suite.total().failed == 1


def test_what_is_ended_takes_along_what_it_has_started(suite_of, tmp_path):
    told = tmp_path / "child"
    script = f"sleep 1000 & echo $! > {told}.new; mv {told}.new {told}; wait"
    suite = suite_of(lambda one: one.case(one.run("sh", "-c", script), "sh"))

    def end_it():
        eventually(told.exists, 20, what="the child")
        part.RUNNING.end_all()

    ender = threading.Thread(target=end_it)
    ender.start()
    suite.run([[["one"]]])
    ender.join()
    child = int(told.read_text(encoding="utf-8"))
    eventually(lambda: not is_running(child), 20, what="the end of the child")


def is_running(pid):
    """Ended ones that nobody has asked after do not count."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_it_says_at_its_start_what_it_will_do_and_about_how_long(capsys):
    run_tests.Suite(list(run_tests.SHORT), False).announce()
    said = capsys.readouterr().out
    assert "about nine minutes" in said and all(name in said for name in run_tests.SHORT)


def test_every_short_part_has_its_lane():
    assert sorted(sum(run_tests.LANES, [])) == sorted(run_tests.SHORT)


def test_all_leaves_no_part_out():
    parts = [name for lanes in run_tests.ALL_STAGES for lane in lanes for name in lane]
    assert sorted(parts) == sorted([*run_tests.SHORT, *run_tests.LONG])


@pytest.mark.parametrize("words, part_names, wanted", [
    (["unit", "ceil"], ["unit"], ["ceil"]), (["unit"], ["unit"], []),
    (["unit", "load"], ["unit", "load"], []), (["mutants", "listener"], ["mutants"], ["listener"])])
def test_a_word_that_is_no_part_chooses_some_of_the_part(words, part_names, wanted):
    options = run_tests.options_from(words)
    assert (options.part, options.filter) == (part_names, wanted)


def test_a_part_that_does_not_exist_is_named():
    done = subprocess.run([ROOT / "tools/test", "nosuch"], capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == 2 and "'nosuch'" in done.stderr and "integration" in done.stderr


def test_what_a_run_leaves_behind_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(leftovers, "ROOT", tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    program = tmp_path / "build/sleeper"
    program.parent.mkdir()
    shutil.copy("/usr/bin/sleep", program)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    before = leftovers.Leftovers()
    assert before.found() == []
    (tmp_path / "home").mkdir()
    (tmp_path / "home/.rediscli_history").touch()
    process = subprocess.Popen([program, "100"])
    try:
        found = before.found()
    finally:
        process.kill()
        process.wait()
    assert [text.split(":")[0] for text in found] == [
        "a file in the work tree", "a history", "a process"], found
