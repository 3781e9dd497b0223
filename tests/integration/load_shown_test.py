# SPDX-License-Identifier: MIT
"""What reactor-load shows while it runs and afterwards, and what it says of a run that failed."""

import json
import os
import re
import signal
import socket
import subprocess
import threading

import pexpect
import pytest

from harness.load import LOAD, RUN_SECONDS, against, load
from harness.scripted import answering


def test_a_pipe_gets_a_line_a_second(shared):
    done = load("--port", shared.address("main")[1], "-t", "2500ms", "-c", 2, "ping")
    lines = [line for line in done.stdout.splitlines() if re.match(r" +\d s  ", line)]
    assert len(lines) == 2, done.stdout
    assert re.match(r" +1 s +[\d ]+/s  in flight \d+ +errors 0 +p50 .* p99.9 .* max ", lines[0])


def test_a_terminal_gets_a_live_view(shared):
    child = pexpect.spawn(LOAD, ["--port", str(shared.address("main")[1]), "-t", "2s", "-c", "5",
                                 "ceil"], dimensions=(24, 80), encoding="utf-8", timeout=30,
                          env={**os.environ, "TERM": "xterm"})
    child.expect("█.*░.*left")
    child.expect("/s.*in flight.*errors 0")
    child.expect("p50 .*p99")
    child.expect("rate.*[▁-█]")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert "all" in child.before or "CEIL" in child.before


def test_an_interrupt_ends_with_the_result_so_far(shared):
    process = subprocess.Popen([LOAD, "--port", str(shared.address("main")[1]), "-t", "60s", "-c",
                                "2", "ping"], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline()
    process.terminate()
    output = process.communicate(timeout=20)[0]
    assert process.returncode == 0
    assert "interrupted" in output and re.search(r"^  PING +\d", output, re.M)


def test_an_interrupt_waits_for_what_is_owed_and_a_second_one_does_not(serve, tmp_path):
    scenario = tmp_path / "slow.toml"
    scenario.write_text('[run]\ntimeout = "1h"\n[[group]]\nname = "g"\n'
                        'steps = [{ send = "PING" }]\n')
    asked, ended = threading.Event(), threading.Event()

    def answer(*_):
        asked.set()
        ended.wait(RUN_SECONDS)

    server = serve(answering(answer))
    process = subprocess.Popen([LOAD, "--port", str(server.port), str(scenario)],
                               stdout=subprocess.PIPE, text=True)
    assert asked.wait(RUN_SECONDS)
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)
    process.send_signal(signal.SIGINT)
    output = process.communicate(timeout=20)[0]
    ended.set()
    assert process.returncode == 1
    assert "interrupted" in output and "missing reply" in output


def test_a_rate_that_is_not_reached_is_told_and_fails_the_run(shared, tmp_path):
    port = shared.address("main")[1]
    out = tmp_path / "a.json"
    done = load("--port", port, "-t", "1s", "-r", 100_000_000, "ping", "--json", out)
    assert "was to send" in json.loads(out.read_text())["warnings"][-1]
    assert re.search(r"^WARNING: 'PING' was to send 100 000 000 requests a second, and sent [\d ]+: "
                     "give it more clients", done.stdout, re.M), done.stdout
    assert done.returncode == 1, done.stdout
    assert re.search(r"^FAILED  PING: reached >= 95: ", done.stdout, re.M), done.stdout
    done = load("--port", port, "-t", "1s", "-r", 100_000_000, "--check", "reached > 0", "ping")
    assert done.returncode == 0, done.stdout
    assert "held back, because as many requests of their client as -d (pipeline) allows" in done.stdout
    done = load("--port", port, "-t", "1s", "-r", 50, "ping")
    assert "was to send" not in done.stdout, done.stdout


def test_clients_that_the_server_has_no_room_for_are_named_with_its_words(daemon):
    server = daemon("[server]\nmax_connections = 2\n")
    done = against(server, "-c", 5, "-t", "1s", "-r", 100, "ping")
    assert done.returncode == 1, done.stdout
    assert "wrong" not in done.stdout and "surplus" not in done.stdout, done.stdout
    assert re.search(r"^WARNING: 'PING': 3 of 5 clients never connected; \d+ x refused by the server: "
                     r"ERR max number of clients reached", done.stdout, re.M), done.stdout
    assert re.search(r"^FAILED  unconnected == 0: 3", done.stdout, re.M), done.stdout
    assert "give it more clients" not in done.stdout, done.stdout
    done = against(server, "-c", 5, "-t", "1s", "ping", "--check", "errors < 1000", "--check",
                   "unconnected <= 3")
    assert done.returncode == 0, done.stdout


def test_the_last_words_of_a_close_are_those_of_the_server(daemon, tmp_path):
    """A client that leaves after an error was not closed by the server."""
    path = tmp_path / "leaving.toml"
    path.write_text('''
[run]
duration = "500ms"
[[group]]
name = "leaves"
thresholds = ['closed "unknown command" == 0', "closed_by_client > 0", "closed_by_server == 0"]
steps = [{ connect = true }, { send = "NOSUCH", expect = "error:ERR unknown*" }, { disconnect = true }]
[[group]]
persona = "garbage-sender"
thresholds = ['closed "Protocol error" > 0', "closed_by_server > 0"]
''')
    done = against(daemon(), path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_refused_connections_are_not_blamed_on_too_few_clients(serve):
    """The first connection is the generator's own, that looks whether anybody is there."""
    def go_away(_peer):
        server.stop_listening()

    server = serve(go_away)
    done = against(server, "-c", 3, "-t", "1s", "-r", 1000, "ping")
    assert done.returncode == 1, done.stdout
    assert "x connection refused" in done.stdout and "give it more clients" not in done.stdout
    assert "its connections failed, as said above" in done.stdout


def test_clients_that_nobody_accepts_fail_a_run_without_any_error():
    """A full queue of connections: the attempts are neither made nor refused while the run lasts."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        done = load("--port", port, "-c", 3, "-t", "500ms", "ping")
        assert done.returncode == 1, done.stdout
        assert re.search(r"^ok      errors == 0", done.stdout, re.M), done.stdout
        assert re.search(r"^FAILED  unconnected == 0: 3", done.stdout, re.M), done.stdout
        assert "3 of 3 clients never connected; 3 x not accepted by the server before the run ended" \
            in done.stdout
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        done = load("--port", listener.getsockname()[1], "-c", 3, "-t", "500ms", "ping", "--check",
                    "unconnected <= 3")
        assert done.returncode == 0, done.stdout


def test_clients_without_a_measured_reply_fail_the_run(serve):
    """The server answers once, during the warm-up, and goes."""
    def script(peer):
        if not peer.recv():
            return  # the generator looked whether anybody is there
        peer.send(b"+PONG\r\n")
        peer.recv()
        server.stop_listening()

    server = serve(script)
    done = against(server, "-c", 1, "-t", "300ms", "--warm-up", "2s", "ping", "--check",
                   "errors < 1000")
    assert done.returncode == 1, done.stdout
    assert re.search(r"^FAILED  unmeasured == 0: 1", done.stdout, re.M), done.stdout
    assert "1 of its clients connected, and had no measured reply" in done.stdout


def test_connections_of_the_warm_up_are_not_counted_among_those_measured(shared):
    done = load("--port", shared.address("main")[1], "-c", 2, "-t", "300ms", "--warm-up", "300ms",
                "ping")
    assert done.returncode == 0, done.stdout
    assert re.search(r"^  connect +0 ", done.stdout, re.M), done.stdout


def test_the_table_the_json_and_the_page_tell_the_same(shared, tmp_path):
    port = shared.address("main")[1]
    out, page = tmp_path / "a.json", tmp_path / "a.html"
    done = load("--port", port, "-n", 3000, "-c", 3, "ceil", "--json", out, "--html", page)
    assert done.returncode == 0, done.stderr
    result = json.loads(out.read_text())
    assert result["passed"] and result["replies"] == 3000 and result["errors"] == 0
    latency = result["latency"]
    assert latency["min"] <= latency["p50"] <= latency["p99"] <= latency["p99.9"] <= latency["max"]
    assert sum(count for _, count in result["distribution"]) == 3000
    assert sum(moment["replies"] for moment in result["moments"]) == 3000
    assert result["generator"]["cpu_seconds"] > 0
    text = page.read_text()
    assert not re.search(r'(src|href)\s*=|url\(|@import|fetch\(|http://(?!www\.w3\.org)|https://',
                         text)


def test_two_runs_side_by_side(shared, tmp_path):
    port = shared.address("main")[1]
    for name, depth in (("a", 1), ("b", 20)):
        load("--port", port, "-n", 2000, "-d", depth, "ceil", "--json", tmp_path / f"{name}.json")
    done = load("--compare", tmp_path / "a.json", tmp_path / "b.json")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^  replies a second +[\d ]+ +[\d ]+ +\d+\.\d\d +[+-]", done.stdout, re.M)
    assert re.search(r"^CEIL CEIL$", done.stdout, re.M)
    (tmp_path / "c.json").write_text("{}")
    done = load("--compare", tmp_path / "a.json", tmp_path / "c.json")
    assert done.returncode == 2 and "is no result" in done.stderr


@pytest.mark.parametrize("text", [
    "", "[]", "{}", '{"reactor_load": 1, "groups": 5}', '{"reactor_load": 1, "groups": [5]}',
    '{"reactor_load": 1, "groups": [{"name": "g", "commands": 5}]}',
    '{"reactor_load": 1, "groups": [{"name": 5, "commands": [{"name": []}]}], "machine": 5}',
])
def test_what_is_no_result_is_not_compared(tmp_path, text):
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(text)
    done = load("--compare", tmp_path / "a.json", tmp_path / "b.json")
    assert (done.returncode, done.stdout) == (2, ""), done.stdout
    assert f"{tmp_path / 'a.json'} is no result: write one with --json FILE" in done.stderr


@pytest.mark.parametrize("option", ["--json", "--html"])
def test_an_unwritable_result_is_told_before_the_run(shared, tmp_path, option):
    done = load("--port", shared.address("main")[1], "-n", 10, "ping", option,
                tmp_path / "none" / "a")
    assert (done.returncode, done.stdout) == (2, "") and "cannot write" in done.stderr
