# SPDX-License-Identifier: MIT
"""Fixtures: daemons started and judged, a real Redis to compare with, and a limit on time."""

import contextlib
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile

import pytest

from harness.client import Client, eventually
from harness.daemon import Daemon, SANITIZED
from harness.keeper import Keeper
from harness.net import free_port
from harness.scripted import ScriptedServer
from harness.tmux import Tmux

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools/scripts"))
from suite import caller  # noqa: E402

TEST_SECONDS = 120

# Whoever starts the tests, and how: they begin alike, and what programs remember goes with them.
HOME = tempfile.mkdtemp(prefix="home-of-tests-")
caller.forget_signals()
caller.forget_environment(HOME)

SHARED_CONFIG = """
[log]
level = "info"

# On a busy machine something is slow now and then.
[slowlog]
slower_than = "off"
[latency]
slow_turn = "off"

[[listener]]
name = "main"
address = "127.0.0.1:0"

[[listener]]
name = "resp"
address = "127.0.0.1:0"
inline_replies = "resp"

[[listener]]
name = "line"
address = "127.0.0.1:0"
framing = "line"
handler = "ceil"

[[listener]]
name = "line-text"
address = "127.0.0.1:0"
framing = "line"
handler = "text"

[[listener]]
name = "raw"
address = "127.0.0.1:0"
framing = "raw"
handler = "ceil"

[[listener]]
name = "raw-text"
address = "127.0.0.1:0"
framing = "raw"
handler = "text"

[[listener]]
name = "public"
address = "127.0.0.1:0"
allow_commands = ["public"]

[[listener]]
name = "admin"
role = "admin"
address = "127.0.0.1:0"
"""


def pytest_unconfigure():
    shutil.rmtree(HOME, ignore_errors=True)


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="also run the tests marked long")


def pytest_collection_modifyitems(config, items):
    """Leaves out what was not asked for; what is left out so is not a skipped test."""
    def wanted(item):
        if item.get_closest_marker("long") and not config.getoption("--long"):
            return False
        return not (item.get_closest_marker("release_only") and SANITIZED)

    left_out = [item for item in items if not wanted(item)]
    items[:] = [item for item in items if wanted(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    """No test runs for ever."""
    long = item.get_closest_marker("long")
    seconds = long.kwargs.get("seconds", TEST_SECONDS * 5) if long else TEST_SECONDS

    def give_up(*_):
        raise TimeoutError(f"the test took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture
def daemon(tmp_path):
    """Starts daemons: daemon(config, ...) -> Daemon. Each is ended and judged after the test."""
    started = []

    def start(config="", expected_status=0, **options):
        directory = tmp_path / f"daemon{len(started)}"
        directory.mkdir()
        started.append((Daemon(directory, config, **options), expected_status))
        return started[-1][0]

    yield start
    problems = []
    for one, status in started:
        try:
            one.finish(status)
        except AssertionError as problem:
            problems.append(str(problem))
    assert not problems, "\n".join(problems)


@pytest.fixture(scope="session")
def shared_daemon(tmp_path_factory):
    """The shared daemon; a new one after a test that has ended it."""
    started = []

    def running():
        if not started or not started[-1].running:
            started.append(Daemon(tmp_path_factory.mktemp("shared"), SHARED_CONFIG))
        return started[-1]

    yield running
    if started and started[-1].running:
        started[-1].finish()


@pytest.fixture
def shared(shared_daemon):
    """One daemon for all tests that leave it as it was; see SHARED_CONFIG for its listeners."""
    one = shared_daemon()
    yield one
    one.close_clients()
    one.assert_clean()
    assert one.running, f"the shared daemon has ended:\n{one.log[-4000:]}"


@pytest.fixture
def client(shared):
    """A connection to the shared daemon's main listener."""
    return shared.connect()


@pytest.fixture
def admin(shared):
    """A connection to the shared daemon's admin listener, which knows the commands of all classes."""
    return shared.connect("admin")


@pytest.fixture(scope="session")
def redis_address(tmp_path_factory):
    """A real redis-server, to compare replies with."""
    directory = tmp_path_factory.mktemp("redis")
    port = free_port()
    with open(directory / "log", "wb") as log:
        process = subprocess.Popen(
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "",
             "--dir", str(directory)], stdout=log, stderr=log)

    def answers():
        try:
            with Client(("127.0.0.1", port), timeout=2) as probe:
                return probe.call("PING")
        except OSError:
            return None

    try:
        eventually(answers, 10, what="redis-server")
        yield ("127.0.0.1", port)
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def redis_client(redis_address):
    with Client(redis_address) as one:
        yield one


@pytest.fixture
def keeper(tmp_path):
    """A service manager with a store of descriptors."""
    with contextlib.closing(Keeper(tmp_path / "notify")) as one:
        yield one


@pytest.fixture
def serve(tmp_path):
    """Starts scripted servers, and ends them after the test."""
    servers = []

    def start(script, unix=False):
        path = str(tmp_path / f"server{len(servers)}.sock" if unix is True else unix) if unix else None
        servers.append(ScriptedServer(script, path))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def many_descriptors():
    """For 10,000 clients, and as many again."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(before[1], 20_000), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture
def tmux(tmp_path):
    """Runs programs on terminals: tmux.run(command, ...) -> Terminal."""
    home = tmp_path / "home"
    home.mkdir()
    one = Tmux(home)
    yield one
    one.close()
