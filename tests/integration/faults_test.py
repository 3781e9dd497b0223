# SPDX-License-Identifier: MIT
"""System calls that fail, one by one, on the real daemon: strace makes them fail (faults/tracer.py), a table says which
can and what may come of it (faults/calls.toml), and scenes play what goes on meanwhile (faults/scenes.py).

They are here and no part of their own, since they need what the other tests from outside have: the daemon, its
listeners and clients. What is measured and what is played is one run, so that a new call cannot go unnoticed.
"""

import random

import pytest

from faults import scenes, table
from faults.endings import hand_over, play_hand_over, play_stop, stop
from faults.sweep import SIDE_BY_SIDE, Lane, measured_start, play_all, play_start
from harness.daemon import SANITIZED

SAMPLE = 6  # of each scene, in the short run; another one every day would make a failure hard to repeat

LEFT_OUT = table.OF_A_SANITIZER if SANITIZED else ()


@pytest.fixture
def world(tmp_path):
    one = scenes.World(tmp_path)
    yield one
    one.close()


def assert_known(counts):
    """A sanitizer makes calls of its own."""
    assert SANITIZED or not table.unknown(counts), f"a new call without its sweep: {table.unknown(counts)}"


def sample(faults):
    faults = list(faults)
    return random.Random(11).sample(faults, min(SAMPLE, len(faults)))


def assert_none(played, wrong, faults):
    print(f"{played} of {len(faults)} faults were met")
    assert not wrong, f"{len(wrong)} of {len(faults)} faults:\n" + "\n".join(wrong[:20])
    assert played, "no call failed: nothing was tried"


class Sweep:
    """A scene, lanes in which it is played, and what it calls."""

    def __init__(self, world, directory, scene):
        self.lanes = [Lane(world, directory / f"lane{number}", scene) for number in range(SIDE_BY_SIDE)]
        self.counts = self.lanes[0].measure().counts()
        assert_known(self.counts)
        for lane in self.lanes:
            lane.quiet = self.counts

    def play(self, faults):
        assert_none(*play_all(faults, lambda lane, fault: self.lanes[lane].play(fault)), faults)

    def end(self):
        for lane in self.lanes:
            lane.give_up()


SCENES = [scenes.serve_all, scenes.dump, scenes.reload]


@pytest.fixture(params=SCENES, ids=[scene.__name__ for scene in SCENES])
def sweep(world, tmp_path, request):
    one = Sweep(world, tmp_path, request.param)
    yield one
    one.end()


def test_a_call_that_fails_once_while_it_runs(sweep):
    sweep.play(sample(table.faults_of(sweep.counts, leave_out=LEFT_OUT)))


@pytest.mark.long
def test_each_call_fails_with_each_error_at_each_of_its_first_occurrences(sweep):
    sweep.play(list(table.faults_of(sweep.counts, leave_out=LEFT_OUT)))


@pytest.mark.long
def test_what_goes_on_failing_does_not_make_it_spin(world, tmp_path):
    one = Sweep(world, tmp_path, scenes.a_moment)
    one.play(list(table.lasting_faults(one.counts, leave_out=LEFT_OUT)))
    one.end()


def test_a_listener_that_may_accept_nobody_rests(world, tmp_path):
    """As under a security module that forbids it: the kernel leaves them waiting, and says so each time."""
    one = Sweep(world, tmp_path, scenes.a_moment)
    one.play([table.Fault("accept4", error, 1, and_on=True) for error in ("EPERM", "ECONNABORTED", "EMFILE")])
    assert "accept failed: Operation not permitted" in "".join(lane.one.log for lane in one.lanes if lane.one)
    one.end()


def starts(world, tmp_path, choose):
    before, counts = measured_start(world, tmp_path / "quiet")
    assert_known(counts)
    faults = choose([*table.faults_of(counts, before, leave_out=LEFT_OUT),
                     *table.lasting_faults(counts, before, leave_out=LEFT_OUT)])
    assert_none(*play_all(faults, lambda _, fault: play_start(world, tmp_path / str(fault), fault)), faults)


def test_a_start_in_which_a_call_fails(world, tmp_path):
    starts(world, tmp_path, sample)


@pytest.mark.long
def test_a_start_in_which_each_call_fails(world, tmp_path):
    starts(world, tmp_path, list)


# --- a stop, and another process that takes over

def stops(world, tmp_path, choose):
    counts = stop(world, tmp_path / "quiet").counts()
    assert_known(counts)
    faults = choose(table.faults_of(counts, leave_out=LEFT_OUT))
    assert_none(*play_all(faults, lambda _, fault: play_stop(world, tmp_path / str(fault), fault)), faults)


def hand_overs(world, tmp_path, is_new, choose):
    trace = hand_over(world, tmp_path / "quiet")[is_new]
    before = trace.before("connect", "") if is_new else {}  # what a start has in common is swept there
    counts = trace.counts()
    assert_known(counts)
    faults = choose(table.faults_of(counts, before, leave_out=LEFT_OUT))
    assert_none(*play_all(faults, lambda _, fault: play_hand_over(world, tmp_path / str(fault), fault, is_new)), faults)


def test_a_stop_in_which_a_call_fails(world, tmp_path):
    stops(world, tmp_path, sample)


@pytest.mark.long
def test_a_stop_in_which_each_call_fails(world, tmp_path):
    stops(world, tmp_path, list)


WHOSE = pytest.mark.parametrize("is_new", [False, True], ids=["the old process", "the new process"])


@WHOSE
def test_a_hand_over_in_which_a_call_fails(world, tmp_path, is_new):
    hand_overs(world, tmp_path, is_new, sample)


@pytest.mark.long
@WHOSE
def test_a_hand_over_in_which_each_call_fails(world, tmp_path, is_new):
    hand_overs(world, tmp_path, is_new, list)
