# SPDX-License-Identifier: MIT
"""reactor-cli top: on a terminal with keys, in a pipe, and at servers that tell little."""

import json
import signal
import subprocess

import pytest

from harness.admin import OVER_TCP
from harness.cli import CLI, MAX_RUN_SECONDS, cli
from harness.client import eventually
from harness.scripted import replies
from harness.tmux import Tmux


@pytest.fixture
def tmux(tmp_path):
    one = Tmux(tmp_path)
    yield one
    one.close()


@pytest.fixture
def one(daemon):
    return daemon(OVER_TCP)


def uri(one, listener="admin"):
    return "tcp://%s:%d" % one.address(listener)


def named(one, name):
    client = one.connect("main")
    assert client.call("CLIENT", "SETNAME", name) == "OK"
    return client


def test_clients_live_sorted_filtered_and_killed(one, tmux):
    ada, bob = named(one, "ada"), named(one, "bob")
    screen = tmux.run(CLI, "--uri", uri(one), "top", "-i", "0.1", columns=120)
    for row in screen.wait_for("ada"):
        assert len(row) <= 120
    screen.wait_for("bob")
    screen.type("/")
    screen.type("bob")
    screen.wait(lambda rows: not any("ada" in row for row in rows), "ada is filtered out")
    screen.press("Enter")
    screen.press("Enter")
    screen.wait_for("lib-name")
    screen.type(" ")
    screen.wait_for("q leave")
    screen.type("k")
    screen.wait_for("kill client")
    screen.type("n")
    screen.wait_for("q leave")
    screen.type("k")
    screen.wait_for("kill client")
    screen.type("y")
    bob.read_until_eof()
    screen.wait(lambda rows: not any(" bob" in row for row in rows), "bob has gone")
    assert one.stat("event_closed_killed") == 1
    assert ada.call("PING") == "PONG"
    screen.type("q")
    assert screen.exit_status() == 0


def test_commands_and_a_terminal_that_changes(one, tmux):
    client = one.connect("main")
    for _ in range(20):
        client.call("CEIL", "4.40")
    screen = tmux.run(CLI, "--uri", uri(one), "top", "-i", "0.1", columns=100, rows=10)
    screen.type("c")
    screen.wait_for("CALLS/s")
    rows = screen.wait_for("ceil")
    assert len(rows) <= 10
    screen.resize(60, 6)
    screen.wait(lambda rows: len(rows) == 6 and rows[-1].startswith("q leave"), "a smaller screen")
    screen.press("C-c")
    assert screen.exit_status() == 0
    # What was there before is there again.
    assert not any("CALLS/s" in row for row in screen.screen())


def test_the_terminal_is_as_it_was(one, tmux):
    screen = tmux.run("sh", "-c", f"{CLI} --uri {uri(one)} top -n 1 -i 0.1; stty -a | tr ' ' '\\n' | grep -x -e icanon -e echo")
    screen.wait_for("icanon")
    screen.wait_for("echo")


def run(one, *words):
    return subprocess.run([CLI, "--uri", uri(one), "top", *words], capture_output=True, text=True,
                          timeout=MAX_RUN_SECONDS, check=False, stdin=subprocess.DEVNULL)


def test_a_pipe_gets_a_table(one):
    named(one, "ada")
    done = run(one, "-i", "0.1")
    titles, *rows = done.stdout.splitlines()
    assert done.returncode == 0 and titles.split()[:2] == ["ID", "REQ/s"]
    assert any(row.endswith(" ada") for row in rows) and "\x1b" not in done.stdout


def test_a_program_gets_json(one):
    client = named(one, "ada")
    with subprocess.Popen([CLI, "--uri", uri(one), "top", "--json", "-n", "3", "-i", "0.2"],
                          stdout=subprocess.PIPE, text=True) as top:
        while top.poll() is None:
            client.call("CEIL", "4.40")
        looks = [json.loads(line) for line in top.stdout]
    assert len(looks) == 3
    for look in looks[1:]:
        mine, = [row for row in look["clients"] if row["client"].endswith(" ada")]
        assert mine["requests_per_second"] > 0 and mine["in_per_second"] > mine["requests_per_second"]
        ceil, = [row for row in look["commands"] if row["command"] == "ceil"]
        assert ceil["calls_per_second"] > 0 and ceil["p99_usec"] > 0


def test_names_do_no_harm_to_the_terminal(serve):
    info = b"redis_version:7.0.0\r\nuptime_in_seconds:5\r\n"
    listed = b"id=7 addr=1.2.3.4:5 name=\x1b[2Jx age=1 idle=0 tot-mem=9 cmd=\x07\xff user=default\n"

    def bulk(text):
        return b"$%d\r\n%s\r\n" % (len(text), text)

    look = [bulk(info), bulk(b""), bulk(b""), bulk(listed)]
    done = cli(serve(replies(*look, *look)), "top", "-i", "20ms")
    assert done.returncode == 0 and b"\x1b" not in done.stdout and b"\x07" not in done.stdout
    assert rb"\x1b[2Jx" in done.stdout


def test_a_server_that_tells_nothing_is_a_clear_error(serve):
    done = cli(serve(replies(b"-NOPERM no\r\n")), "top")
    assert done.returncode == 1 and b"does not tell its figures" in done.stderr


def test_it_ends_when_the_server_goes(one, tmux):
    screen = tmux.run(CLI, "--uri", uri(one), "top", "-i", "0.1")
    screen.wait_for("q leave")
    one.signal(signal.SIGTERM)
    eventually(screen.has_ended, 20)
    assert screen.exit_status() != 0
