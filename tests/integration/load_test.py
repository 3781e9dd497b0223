# SPDX-License-Identifier: MIT
"""reactor-load, the built program: against the daemon, and against servers that lie."""

import json
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time

import pexpect
import pytest

from harness.daemon import BIN_DIR, ROOT
from harness.net import free_port, run

LOAD = str(BIN_DIR / "reactor-load")
# soak.toml needs a daemon with short deadlines: soak_test.py.
SCENARIOS = sorted(path for path in (ROOT / "tests/load").glob("*.toml")
                   if path.name != "soak.toml")
RUN_SECONDS = 60

# What a scenario of its own listener needs.
PORTS = {"lines.toml": "line", "raw.toml": "raw"}


def load(*arguments, seconds=RUN_SECONDS, **options):
    return run(LOAD, *arguments, seconds=seconds, **options)


def against(server, *arguments, **options):
    return load("--port", server.port, *arguments, **options)


def result_of(tmp_path, *arguments):
    """The JSON of a run, and how it ended."""
    path = tmp_path / "result.json"
    done = load(*arguments, "--quiet", "--json", path)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(path.read_text()), done


class LyingServer:
    """Answers each request with what `answer(number, words)` returns; None closes."""

    def __init__(self, answer, greeting=b""):
        self.answer, self.greeting = answer, greeting
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(10)

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.settimeout(RUN_SECONDS)
        with connection, connection.makefile("rb") as stream:
            try:
                connection.sendall(self.greeting)
                for number in range(1, 1_000_000):
                    words = self._request(stream)
                    reply = None if words is None else self.answer(number, words)
                    if reply is None:
                        return
                    connection.sendall(reply)
            except OSError:
                pass

    @staticmethod
    def _request(stream):
        header = stream.readline()
        if not header:
            return None
        words = []
        for _ in range(int(header[1:])):
            length = int(stream.readline()[1:])
            words.append(stream.read(length + 2)[:-2])
        return words


def pong(_number, _words):
    return b"+PONG\r\n"


def assert_failed(done, kind, *shown):
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(rf"^  {kind}: group '\w+', client 1, connection \d+", done.stdout, re.M), \
        done.stdout
    for text in shown:
        assert text in done.stdout, done.stdout


# --- servers that lie

def test_a_server_that_answers_rightly_passes():
    with LyingServer(pong) as server:
        done = against(server, "-c", 3, "-n", 300, "ping")
        assert done.returncode == 0, done.stdout
        assert re.search(r"^  PING +300 ", done.stdout, re.M)


def test_a_wrong_reply_fails_the_run():
    def answer(number, _words):
        return b":5\r\n" if number != 7 else b":4\r\n"

    with LyingServer(answer) as server:
        done = against(server, "-c", 1, "-n", 20, "CEIL", "4.40")
        assert_failed(done, "wrong reply", "request 7 on it", "CEIL\\r\\n$4\\r\\n4.40",
                      "expected  the integer 5", "got       ':4\\r\\n'",
                      "FAILED  wrong == 0: 1")
        assert re.search(r"^  CEIL +20 ", done.stdout, re.M)  # the others are counted


def test_a_single_wrong_byte_in_a_long_echo_fails_the_run():
    def answer(number, words):
        body = bytearray(words[1])
        if number == 3:
            body[70_000] ^= 1
        return b"$%d\r\n%s\r\n" % (len(body), body)

    with LyingServer(answer) as server:
        done = against(server, "-c", 1, "-n", 5, "ECHO", "{bytes:100000}")
        assert_failed(done, "wrong reply", "request 3 on it", "the 100000 bytes that were sent")


def test_a_missing_reply_fails_the_run():
    with LyingServer(lambda number, _: b"+PONG\r\n" if number < 5 else None) as server:
        done = against(server, "-c", 1, "-d", 3, "-n", 9, "ping")
        assert_failed(done, "missing reply", "request 5 on it", "the server closed, with 2 replies")


def test_a_surplus_reply_fails_the_run():
    with LyingServer(lambda n, _: b"+PONG\r\n" * (2 if n == 4 else 1)) as server:
        done = against(server, "-c", 1, "-n", 10, "ping")
        assert done.returncode == 1
        assert "surplus reply: group 'PING', client 1, connection 1" in done.stdout
        assert "expected  nothing more: every request was answered" in done.stdout


def test_a_surplus_reply_at_the_very_end_fails_the_run():
    with LyingServer(lambda n, _: b"+PONG\r\n+PO" if n == 10 else b"+PONG\r\n") as server:
        done = against(server, "-c", 1, "-n", 10, "ping")
        assert done.returncode == 1, done.stdout


def test_a_greeting_that_nobody_asked_for_is_wrong():
    with LyingServer(pong, greeting=b"+HELLO\r\n") as server:
        done = against(server, "-c", 1, "-n", 3, "ping")
        assert done.returncode == 1
        assert "'+HELLO\\r\\n'" in done.stdout


def test_a_reply_before_the_request_is_sent_whole_does_not_end_the_generator():
    class DeafServer(LyingServer):
        """Reads a line of the request, and leaves the value unread."""

        @staticmethod
        def _request(stream):
            return stream.readline()

    def answer(*_):
        time.sleep(0.5)  # the generator goes on meanwhile
        return b"-ERR too long\r\n"

    with DeafServer(answer) as server:
        done = against(server, "-c", 1, "-n", 3, "-t", "3s", "--expect", "error:ERR too long*",
                       "ECHO", "{bytes:64MiB}")
        assert done.returncode in (0, 1), done.stderr
        assert re.search(r"^  ECHO +[123] ", done.stdout, re.M), done.stdout + done.stderr


def test_what_is_no_reply_fails_the_run():
    with LyingServer(lambda *_: b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        done = against(server, "-c", 1, "-n", 1, "ping")
        assert_failed(done, "not a reply", "HTTP/1.1 400")


def test_a_slow_reply_fails_the_run(tmp_path):
    def answer(number, _words):
        if number == 3:
            time.sleep(1.5)
        return b"+PONG\r\n"

    scenario = tmp_path / "slow.toml"
    scenario.write_text('[run]\ntimeout = "500ms"\n[[group]]\nname = "g"\nloops = 5\n'
                        'steps = [{ send = "PING" }]\n')
    with LyingServer(answer) as server:
        done = against(server, scenario)
        assert_failed(done, "no reply in time", "request 3 on it", "nothing for 500 ms")


def test_a_server_that_does_not_close_fails_who_waits_for_it(tmp_path):
    scenario = tmp_path / "close.toml"
    scenario.write_text('[[group]]\nname = "g"\nloops = 1\n'
                        'steps = [{ send = "PING" }, { await_close = "200ms" }]\n')
    with LyingServer(pong) as server:
        done = against(server, scenario)
        assert_failed(done, "not closed in time")


def test_latency_counts_from_the_planned_time(tmp_path):
    """One pause of the server delays all that were due meanwhile: no coordinated omission."""
    def answer(number, _words):
        if number == 20:
            time.sleep(1)
        return b"+PONG\r\n"

    with LyingServer(answer) as server:
        result, done = result_of(tmp_path, "--port", server.port, "-c", 1, "-r", 100, "-n", 200,
                                 "ping")
        assert done.returncode == 0, done.stdout
        # A second at 100 a second: of the 200 requests, 100 were due meanwhile, and had to wait.
        assert result["latency"]["p90"] > 200e6, result["latency"]
        assert result["held_back"] > 50
        closed, _ = result_of(tmp_path, "--port", server.port, "-c", 1, "-n", 200, "ping")
        assert closed["latency"]["p90"] < 200e6, closed["latency"]


# --- the verdict and the exit code

def test_thresholds_decide_the_exit_code(shared):
    port = shared.address("main")[1]
    done = load("--port", port, "-n", 500, "--check", "p99 < 30s", "--check", "rate > 1", "ping")
    assert done.returncode == 0, done.stdout
    assert "ok      p99 < 30s: " in done.stdout
    done = load("--port", port, "-n", 500, "--check", "p50 < 1ns", "ping")
    assert done.returncode == 1
    assert "FAILED  p50 < 1ns: " in done.stdout


def test_nobody_listens():
    done = load("--port", free_port(), "ping")
    assert (done.returncode, done.stdout) == (3, "")
    assert "cannot connect to 127.0.0.1:" in done.stderr


@pytest.mark.parametrize("arguments, message", [
    (["--clinets", "5"], "--clinets"),
    (["-c", "0"], "--clients '0': 0 is out of range"),
    (["-c", "many"], "--clients 'many': "),
    (["-t", "5"], "--time '5'"),
    (["-t", "0s"], "--time '0s': "),
    (["--check", "p99 of PNIG < 1s", "ping"],
     "--check: no request is called 'PNIG'; did you mean 'PING'?"),
    (["--check", "p98 < 1ms"], "--check: nothing called 'p98' is measured"),
    (["--expect", "ecko", "ping"], "did you mean 'echo'?"),
    (["ECHO", "{txt:5}"], "did you mean 'text'?"),
    (["nonexistent.toml"], "nonexistent.toml"),
    (["--protocol", "http"], "--protocol 'http': "),
    (["--uri", "http://x"], "expected tcp://HOST:PORT or unix:PATH"),
])
def test_wrong_usage(arguments, message):
    done = load(*arguments)
    assert (done.returncode, done.stdout) == (2, ""), done.stdout
    assert message in done.stderr


def test_a_bad_scenario_is_explained(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text('[[group]]\nclinets = 5\nsteps = [{ send = "PING", expect = "pong" }]\n')
    done = load(path)
    assert done.returncode == 2
    assert f"{path}:2:1: unknown key 'clinets' in [[group]]; did you mean 'clients'?" in done.stderr
    assert f"{path}:3:36: expect: expected echo" in done.stderr


def test_help_fits_a_screen():
    help_text = load("--help").stdout
    assert max(map(len, help_text.splitlines())) <= 80
    assert len(help_text.splitlines()) <= 24
    for option in ("--version", "--keys", "--generators", "--personas"):
        done = load(option)
        assert done.returncode == 0 and done.stdout
    for scenario in re.findall(r"\S+/\S+\.toml", help_text):
        assert (ROOT / scenario).exists(), scenario


# --- the daemon

@pytest.mark.parametrize("preset", ["ping", "echo", "ceil", "text"])
def test_runs_of_one_line(shared, preset):
    port = shared.address("main")[1]
    done = load("--port", port, "-c", 20, "-d", 10, "-n", 5000, preset)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(rf"^  {preset.upper()} +5 000 ", done.stdout, re.M), done.stdout


def test_options_may_follow_a_preset(shared):
    done = load("--port", shared.address("main")[1], "ceil", "-n", 10, "-c", 1)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^  CEIL +10 ", done.stdout, re.M)


def test_an_option_among_the_words_of_a_request_is_not_sent_by_mistake(shared):
    port = shared.address("main")[1]
    for option in (["-n", 10], ["--expect=any"], ["-q"]):
        done = load("--port", port, "ECHO", "hello", *option)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"'{option[0]}' stands behind the request: put it before 'ECHO'" in done.stderr
    done = load("--port", port, "-n", 10, "--", "ECHO", "-q")
    assert done.returncode == 0, done.stdout + done.stderr
    done = load("--port", port, "-n", 10, "CEIL", "-4.40")
    assert done.returncode == 0, done.stdout + done.stderr


def test_other_protocols(shared):
    for listener, protocol in (("line", "line"), ("raw", "raw")):
        done = load("--port", shared.address(listener)[1], "--protocol", protocol, "-c", 3, "-n",
                    300, "--expect", "ceil", "{real:-100..100:2}")
        assert done.returncode == 0, done.stdout + done.stderr
    done = load("--port", shared.address("main")[1], "--protocol", "line", "-c", 3, "-n", 300,
                "ceil")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_unix_socket(daemon, tmp_path):
    path = tmp_path / "socket"
    daemon(f'[[listener]]\nname = "unix"\naddress = "unix:{path}"\n')
    done = load("--uri", f"unix:{path}", "-n", 1000, "-c", 5, "ceil")
    assert done.returncode == 0, done.stdout + done.stderr


def test_redis(redis_address):
    done = load("--port", redis_address[1], "-c", 10, "-d", 5, "-n", 2000, "ECHO", "{bytes:1..300}")
    assert done.returncode == 0, done.stdout + done.stderr


def test_threads_share_the_clients_and_the_requests(shared, tmp_path):
    result, done = result_of(tmp_path, "--port", shared.address("main")[1], "--threads", 3, "-c", 10,
                             "-n", 1000, "echo")
    assert done.returncode == 0
    assert result["replies"] == 1000
    assert result["groups"][0]["connects"] == 10


def test_the_same_seed_sends_the_same(tmp_path):
    """Whatever the threads, and whatever the order in which clients get their turn."""
    scenario = tmp_path / "seed.toml"
    scenario.write_text('[[group]]\nclients = 4\nloops = 10\nsteps = [{ send = "ECHO {text:16}" }]\n')

    def requests_of(seed, threads):
        seen = []

        def answer(_number, words):
            seen.append(words[1])
            return b"$%d\r\n%s\r\n" % (len(words[1]), words[1])

        with LyingServer(answer) as server:
            done = against(server, scenario, "--seed", seed, "--threads", threads)
            assert done.returncode == 0, done.stdout
        assert len(seen) == len(set(seen)) == 40
        return sorted(seen)

    assert requests_of(1, 1) == requests_of(1, 2)
    assert requests_of(1, 1) != requests_of(2, 1)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.name)
def test_the_shipped_scenarios(shared, path):
    """Each is played, shorter; times are the business of the scenario's own thresholds elsewhere."""
    text = re.sub(r'^(warm_up|ramp_up|delay) = .*$', r'\1 = "200ms"', path.read_text(), flags=re.M)
    text = re.sub(r'"(p50|p99|rate) [<>][^"]*",? ?', "", text)
    text = re.sub(r'^clients = (\d+)$', lambda m: f"clients = {min(int(m[1]), 60)}", text, flags=re.M)
    copy = shared.directory / path.name
    copy.write_text(text)
    (shared.directory / "words.txt").write_text((path.parent / "words.txt").read_text())
    port = shared.address(PORTS.get(path.name, "main"))[1]
    done = load(copy, "--port", port, "--time", "1500ms")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "errors == 0: 0" in done.stdout


HOSTILE = """
[run]
duration = "4s"
thresholds = ["errors == 0", "closed_by_reset == 0"]
[[group]]
name = "honest"
thresholds = ["closed_by_server == 0"]
clients = 10
steps = [{ send = "CEIL {real:-9..9:3}" }, { send = "ECHO {text:1..500}" }, { think = "1ms" }]
[[group]]
persona = "trickler"
clients = 20
thresholds = ['closed "request was not complete in time" >= 20']
[[group]]
persona = "never-reader"
clients = 3
thresholds = ["closed >= 3"]
[[group]]
persona = "announcer"
clients = 20
thresholds = ['closed "request was not complete in time" >= 20']
[[group]]
persona = "garbage-sender"
clients = 20
thresholds = ["closed_by_server >= 20"]
[[group]]
persona = "resetter"
clients = 20
thresholds = ["closed_by_client >= 20"]
[[group]]
persona = "connect-and-leave"
clients = 20
[[group]]
persona = "half-closer"
clients = 5
"""


def test_personas_do_what_they_are_for_and_the_honest_do_not_notice(daemon, tmp_path):
    server = daemon('[deadlines]\nframe = "500ms"\nwrite_stall = "500ms"\n')
    path = tmp_path / "hostile.toml"
    path.write_text(HOSTILE)
    done = against(server, path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.release_only
def test_a_thousand_hostile_clients_and_what_fifty_honest_ones_get(daemon, tmp_path):
    """The shipped scenario, whole; its times are for who runs it by hand."""
    server = daemon()
    path = tmp_path / "hostile.toml"
    text = (ROOT / "tests/load/hostile.toml").read_text()
    path.write_text(text.replace(', "p99 < 100ms"', ""))
    out = tmp_path / "result.json"
    done = against(server, path, "-t", "4s", "--json", out)
    assert done.returncode == 0, done.stdout + done.stderr
    groups = {group["name"]: group for group in json.loads(out.read_text())["groups"]}
    honest = groups.pop("honest")
    assert sum(group["clients"] for group in groups.values()) == 1000
    assert all(group["hostile"] and group["connects"] >= group["clients"]
               for group in groups.values()), groups
    assert (honest["connects"], honest["closed_by_server"], honest["missing"]) == (50, 0, 0)
    for command in honest["commands"]:
        assert command["replies"] > 1000 and command["wrong"] == 0, command


def test_wrong_listener_is_told_not_hung(shared):
    """RESP to a listener of lines: each line is an error reply."""
    done = load("--port", shared.address("line")[1], "-c", 2, "-n", 10, "ping")
    assert done.returncode == 1
    assert "not a reply" in done.stdout


# --- what is shown

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


def test_an_interrupt_waits_for_what_is_owed_and_a_second_one_does_not(tmp_path):
    scenario = tmp_path / "slow.toml"
    scenario.write_text('[run]\ntimeout = "1h"\n[[group]]\nname = "g"\n'
                        'steps = [{ send = "PING" }]\n')
    asked = threading.Event()

    def answer(*_):
        asked.set()
        time.sleep(RUN_SECONDS)

    with LyingServer(answer) as server:
        process = subprocess.Popen([LOAD, "--port", str(server.port), str(scenario)],
                                   stdout=subprocess.PIPE, text=True)
        assert asked.wait(RUN_SECONDS)
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=20)[0]
    assert process.returncode == 1
    assert "interrupted" in output and "missing reply" in output


def test_a_rate_that_is_not_reached_is_told(shared, tmp_path):
    port = shared.address("main")[1]
    out = tmp_path / "a.json"
    done = load("--port", port, "-t", "1s", "-r", 100_000_000, "ping", "--json", out)
    assert "was to send" in json.loads(out.read_text())["warnings"][-1]
    assert re.search(r"^WARNING: 'PING' was to send 100 000 000 requests a second, and sent [\d ]+",
                     done.stdout, re.M), done.stdout
    done = load("--port", port, "-t", "1s", "-r", 50, "ping")
    assert "was to send" not in done.stdout, done.stdout


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


def test_markup_in_a_scenario_stays_text(shared, tmp_path):
    page = tmp_path / "a.html"
    done = load("--port", shared.address("main")[1], "-n", 10, "-c", 1, "--html", page, "ECHO",
                "</script><img src=x>")
    assert done.returncode == 0, done.stderr
    assert "</script><img" not in page.read_text()


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


# --- the page in a browser

def png_size(path):
    header = path.read_bytes()[:24]
    assert header.startswith(b"\x89PNG")
    return struct.unpack(">II", header[16:24])


def chromium(tmp_path, *arguments):
    return run("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
               "--no-first-run", "--disable-background-networking", "--disable-component-update",
               "--disable-sync", "--hide-scrollbars", f"--user-data-dir={tmp_path / 'profile'}",
               *arguments, seconds=90)


@pytest.fixture(name="page", scope="module")
def page_of_a_run(shared_daemon, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    scenario = folder / "page.toml"
    scenario.write_text('[run]\ntitle = "A page to look at"\nduration = "2s"\n'
                        'thresholds = ["p99 < 30s"]\n[[group]]\nname = "callers"\nclients = 10\n'
                        'steps = [{ send = "CEIL {real:-9..9:2}" }, { send = "ECHO {text:9}" }]\n'
                        '[[group]]\npersona = "garbage-sender"\nclients = 2\n')
    path = folder / "page.html"
    done = load(scenario, "--port", shared_daemon().address("main")[1], "--html", path)
    assert done.returncode == 0, done.stdout + done.stderr
    return path


@pytest.mark.release_only
def test_a_browser_draws_the_page(page, tmp_path):
    done = chromium(tmp_path, "--virtual-time-budget=3000", "--enable-logging=stderr",
                    "--dump-dom", f"file://{page}")
    assert "Uncaught" not in done.stderr, done.stderr
    for text in ("A page to look at", "passed", "Latency over time", "Replies a second",
                 "Distribution of latency", "Latency by percentile", "By group and command",
                 "How connections ended", "Verdict", "The machine", "The scenario"):
        assert text in done.stdout, text
    assert "[object" not in done.stdout
    assert done.stdout.count("<svg") == 4
    drawn = re.findall(r'<path d="(M[^"]+)"', done.stdout)
    assert len(drawn) >= 8
    assert not any("NaN" in path or "Infinity" in path for path in drawn)


@pytest.mark.release_only
def test_a_browser_shows_what_went_wrong(shared, tmp_path):
    page = tmp_path / "failed.html"
    done = load("--port", shared.address("main")[1], "-n", 20, "-c", 1, "--html", page, "NOSUCH",
                "<b>bold</b>")
    assert done.returncode == 1, done.stderr
    shown = chromium(tmp_path, "--virtual-time-budget=3000", "--dump-dom", f"file://{page}").stdout
    assert "[object" not in shown and "What went wrong" in shown
    assert "any reply but an error" in shown
    assert "&lt;b&gt;bold&lt;/b&gt;" in shown and "<b>bold" not in shown


@pytest.mark.release_only
def test_a_browser_shows_a_run_without_any_reply(tmp_path):
    page = tmp_path / "silent.html"
    with LyingServer(lambda *_: None) as server:
        done = against(server, "-n", 3, "-c", 1, "--check", "p99 < 1s", "--html", page, "ping")
    assert done.returncode == 1, done.stderr
    assert "FAILED  p99 < 1s: nothing was measured" in done.stdout
    shown = chromium(tmp_path, "--virtual-time-budget=3000", "--enable-logging=stderr",
                     "--dump-dom", f"file://{page}")
    assert "Uncaught" not in shown.stderr and "NaN" not in shown.stdout.partition("<script>")[0]
    assert "<span>Median</span><b class=\"\">–</b>" in shown.stdout, shown.stdout[-3000:]
    assert "nothing was measured" in shown.stdout


@pytest.mark.release_only
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_screenshot_shows_something(page, tmp_path, scheme):
    picture = tmp_path / f"{scheme}.png"
    dark = ["--blink-settings=preferredColorScheme=0"] if scheme == "dark" else []
    chromium(tmp_path, *dark, "--window-size=1200,1600", "--virtual-time-budget=3000",
             f"--screenshot={picture}", f"file://{page}")
    assert png_size(picture) == (1200, 1600)
    assert picture.stat().st_size > 40_000  # an empty page of that size takes a tenth of it
