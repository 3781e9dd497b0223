# SPDX-License-Identifier: MIT
"""Memory that is refused: the k-th allocation of the real daemon fails, of any thread and any library, once or from
there on (faults/failing_malloc.c). What has to come of it, by where it happens:

    start       it serves, where it can do without; else it ends with status 1 or 78, and says so
    requests    that client's connection ends, and nobody else's; a reply may be an error
    reload      all of it, or nothing: the old configuration stays
    dump        it is written, or that it cannot be is told
    a log line  it is lost, and counted as lost where that can be
    stop        it ends with status 0: whoever cannot be answered any more is cut off. Without any memory it is tried
                again until there is some
    take-over   all go on in the new process, or nothing has happened

It never ends by a signal, and once there is memory again everybody is served. unit/server/out_of_memory_test.cpp does
the same for each allocation of the loop, with more kinds of requests.
"""

import contextlib
import random
import signal
import time

import pytest

from faults import allocations, scenes
from faults.endings import NO_THREAD_LOCAL, assert_ended_well, judge_heirs
from faults.sweep import MOST_SECONDS, Broken, end, last_words, play_all, start
from harness.client import Client, eventually

pytestmark = pytest.mark.release_only  # a sanitizer has a malloc of its own

SAMPLE = 12
LONG_SAMPLE = 250  # of each kind; all of them are half an hour
EVERY = 1 << 40
RELIEF_SECONDS = 1.0  # until there is memory again, where somebody has to be waited for


@pytest.fixture
def world(tmp_path):
    one = scenes.World(tmp_path)
    one.library = allocations.build(tmp_path)
    one.asks_backend = False  # daemon/PROMISES.md, "What was not proved"
    yield one
    one.close()


@pytest.fixture(params=[SAMPLE, pytest.param(LONG_SAMPLE, marks=pytest.mark.long)], ids=["some", "many"])
def most(request):
    return request.param


def choose(made, most):
    """Which of so many fail, once and from there on: the first and the last, and others by chance."""
    every = [(nth, goes_on) for nth in range(1, made + 1) for goes_on in (False, True)]
    chosen = random.Random(11).sample(every, min(most, len(every)))
    return [*{*chosen, (1, False), (1, True), (made, False), (made, True)}]


class Starved:
    """A daemon with its allocations."""

    def __init__(self, world, directory, **options):
        directory.mkdir(parents=True)
        self.memory = allocations.Allocations(world.library, directory / "memory")
        self.environment = {**self.memory.environment, "TMPDIR": str(directory)}
        self.directory, self.options, self.one = directory, options, None

    def start(self, world, **options):
        self.one = start(world, self.directory, environment=self.environment, **options)
        return self.one

    def end(self):
        end(self.one)
        self.memory.close()


def judged(one, what):
    """Nothing but a wrong ending or a client who waits is a fault."""
    return Broken(f"{what}\n{last_words(one.log)}")


def assert_none(played, wrong):
    assert not wrong, f"{len(wrong)} of {played}:\n" + "\n".join(wrong[:10])
    assert played, "no allocation failed: nothing was tried"


# --- the start

def play_start(world, directory, nth, goes_on):
    starved = Starved(world, directory)
    starved.memory.fail(nth, goes_on)
    one = starved.start(world, ready=False)
    try:
        with contextlib.suppress(AssertionError):  # a log that gets no memory does not say "ready"
            eventually(lambda: not one.running or " ready" in one.log, 5)
        failed = starved.memory.heal()
        if one.running:
            if " ready" in one.log:
                one._wait_until_ready(None)  # pylint: disable=protected-access
                scenes.assert_served(world, one)
            one.signal(signal.SIGTERM)
            assert_ended_well(one)
        else:
            assert one.process.returncode in (1, 78) or NO_THREAD_LOCAL in one.log, \
                f"ended with {one.process.returncode}"
            assert one.log.strip(), "it does not say why"
        return failed > 0
    except (AssertionError, OSError) as problem:
        raise judged(one, problem) from None
    finally:
        starved.end()


def test_a_start_without_memory(world, tmp_path, most):
    starved = Starved(world, tmp_path / "quiet")
    starved.start(world)
    made = starved.memory.made
    starved.end()
    played, wrong = play_all(choose(made, most), lambda _, case: play_start(world, tmp_path / f"{case[0]}-{case[1]}", *case))
    assert_none(played, wrong)


# --- while it runs

class Lane:
    """One daemon, whose allocations fail again and again."""

    def __init__(self, world, directory, scene):
        self.world, self.directory, self.scene, self.number, self.starved = world, directory, scene, 0, None

    def start(self):
        self.number += 1
        self.starved = Starved(self.world, self.directory / str(self.number))
        one = self.starved.start(self.world)
        for _ in range(2):
            scenes.serve_all(self.world, one)
            self.scene(self.world, one)

    def measure(self):
        self.start()
        before = self.starved.memory.made
        self.scene(self.world, self.starved.one)
        return self.starved.memory.made - before

    def play(self, nth, goes_on):
        if self.starved is None:
            self.start()
        one, memory = self.starved.one, self.starved.memory
        memory.fail(nth, goes_on)
        relief = memory.healed_in(RELIEF_SECONDS)  # whoever waits for memory goes on then
        problem = None
        try:
            self.act(one, goes_on)
        except (AssertionError, OSError) as error:
            problem = error
        relief.cancel()
        failed = memory.heal()
        try:
            assert one.running, f"ended with {one.process.returncode}"
            assert problem is None, f"{type(problem).__name__}: {problem}"
            scenes.assert_served(self.world, one)
        except (AssertionError, OSError) as error:
            self.give_up()
            raise judged(one, error) from None
        return failed > 0

    def act(self, one, goes_on):
        """Without any memory nobody is answered for sure: it is looked at only afterwards."""
        if not goes_on or self.scene is scenes.serve_all:
            return self.scene(self.world, one)
        one.signal({scenes.reload: signal.SIGHUP, scenes.dump: signal.SIGUSR1}[self.scene])
        return time.sleep(0.2)

    def give_up(self):
        if self.starved:
            self.starved.end()
        self.starved = None


@pytest.mark.parametrize("scene", [scenes.serve_all, scenes.reload, scenes.dump], ids=lambda scene: scene.__name__)
def test_without_memory_while_it_runs(world, tmp_path, scene, most):
    lanes = [Lane(world, tmp_path / f"lane{number}", scene) for number in range(4)]
    cases = choose(lanes[0].measure(), most)
    played, wrong = play_all(cases, lambda lane, case: lanes[lane].play(*case))
    for lane in lanes:
        lane.give_up()
    assert_none(played, wrong)


# --- the end, and another process

def play_stop(world, directory, nth, goes_on):
    starved = Starved(world, directory)
    one = starved.start(world)
    clients = [world.connect(one, listener) for listener in ("main", "local", "tls", "admin")]
    for client in clients:
        client.expect_alive()
    clients[0].send(b"PING\n*1\r\n$4\r\nPI").expect(b"+PONG\r\n")
    before = starved.memory.made
    starved.memory.fail(nth, goes_on)
    one.signal(signal.SIGTERM)
    relief = starved.memory.healed_in(RELIEF_SECONDS)
    try:
        for client in clients:
            with world.may_end(one):
                client.read_until_eof(MOST_SECONDS)
            client.close()
        assert_ended_well(one)
        return starved.memory.heal() > 0 if nth < EVERY else starved.memory.made - before
    except (AssertionError, OSError) as problem:
        raise judged(one, problem) from None
    finally:
        relief.cancel()
        starved.end()


def test_a_stop_without_memory(world, tmp_path, most):
    made = play_stop(world, tmp_path / "quiet", EVERY, False)
    played, wrong = play_all(choose(made, most), lambda _, case: play_stop(world, tmp_path / f"{case[0]}-{case[1]}", *case))
    assert_none(played, wrong)


def play_take_over(world, directory, is_new, nth, goes_on):
    """Of the old process or of the new one; how many it made where none is to fail."""
    first, second = Starved(world, directory), Starved(world, directory / "new")
    config = world.config(directory, is_fixed=True)
    one = first.start(world, config=config)
    clients = [Client(one.address(listener), timeout=scenes.SECONDS) for listener in ("main", "local", "main")]
    for client in clients:
        client.expect_alive()
    starved = second if is_new else first
    before = starved.memory.made
    starved.memory.fail(nth, goes_on)
    relief = starved.memory.healed_in(RELIEF_SECONDS)
    two = second.start(world, config=config, ready=False, arguments=("--take-over", str(directory / "admin")))
    try:
        # Who is not answered for want of memory waits for a minute, and ends (handover/take_over.cpp).
        eventually(lambda: not (one.running and two.running), 70, what="one of them ends")
        made = starved.memory.made - before
        failed = starved.memory.heal()
        judge_heirs(world, one, two, clients)
        return failed > 0 if nth < EVERY else made
    except (AssertionError, OSError) as problem:
        raise judged(one, f"{problem}\n{last_words(two.log)}\n") from None
    finally:
        relief.cancel()
        first.end()
        second.end()


@pytest.mark.parametrize("is_new", [False, True], ids=["the old process", "the new process"])
def test_a_take_over_without_memory(world, tmp_path, is_new, most):
    made = play_take_over(world, tmp_path / "quiet", is_new, EVERY, False)
    played, wrong = play_all(choose(made, most),
                             lambda _, case: play_take_over(world, tmp_path / f"{case[0]}-{case[1]}", is_new, *case))
    assert_none(played, wrong)
