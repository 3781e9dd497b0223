# SPDX-License-Identifier: MIT
"""reactor-load, the built program, against the daemon; load_liars_test.py has servers that lie."""

import json
import re

import pytest

from harness.daemon import ROOT
from harness.load import against, load, result_of
from harness.net import free_port
from harness.scripted import answering

# soak.toml needs a daemon with short deadlines: soak_test.py.
SCENARIOS = sorted(path for path in (ROOT / "tests/load").glob("*.toml")
                   if path.name != "soak.toml")

# What a scenario of its own listener needs.
PORTS = {"lines.toml": "line", "raw.toml": "raw"}


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
    (["-c", "0"], "--clients '0': expected a number from 1 to 1000000"),
    (["-c", "many"], "--clients 'many': expected a number from 1 to 1000000"),
    (["--seed", "-1"], "--seed '-1': expected a number from 0 to 9223372036854775807"),
    (["--seed=-1"], "--seed '-1': expected a number from 0 to 9223372036854775807"),
    (["--seed", "9223372036854775808"],
     "--seed '9223372036854775808': expected a number from 0 to 9223372036854775807"),
    (["--seed", "1x"], "--seed '1x': expected a number from 0 to"),
    (["-t", "5"], "--time '5'"),
    (["-t", "0s"], "--time '0s': "),
    (["--check", "p99 of PNIG < 1s", "ping"],
     "--check: no request is called 'PNIG'; did you mean 'PING'?"),
    (["--check", "p98 < 1ms"], "--check: nothing called 'p98' is measured"),
    (["--expect", "ecko", "ping"], "did you mean 'echo'?"),
    (["ECHO", "{txt:5}"], "did you mean 'text'?"),
    (["nonexistent.toml"], "nonexistent.toml"),
    (["--protocol", "http"], "--protocol 'http': "),
    (["--uri", "http://x"], "expected tcp://HOST:PORT, tls://HOST:PORT, unix:PATH"),
])
def test_wrong_usage(arguments, message):
    done = load(*arguments)
    assert (done.returncode, done.stdout) == (2, ""), done.stdout
    assert message in done.stderr


@pytest.mark.parametrize("seed", [0, 2**63 - 1])
def test_the_smallest_and_the_largest_seed(shared, seed):
    done = load("--port", shared.address("main")[1], "--seed", seed, "-n", 100, "ceil")
    assert done.returncode == 0, done.stderr


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


def test_the_same_seed_sends_the_same(serve, tmp_path):
    """Whatever the threads, and whatever the order in which clients get their turn."""
    scenario = tmp_path / "seed.toml"
    scenario.write_text('[[group]]\nclients = 4\nloops = 10\nsteps = [{ send = "ECHO {text:16}" }]\n')

    def requests_of(seed, threads):
        seen = []

        def answer(_number, words):
            seen.append(words[1])
            return b"$%d\r\n%s\r\n" % (len(words[1]), words[1])

        server = serve(answering(answer))
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
    text = re.sub(r'^rate = \d+$', "rate = 100", text, flags=re.M)  # a busy machine keeps that up
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
    path.write_text(text.replace(', "p99 < 100ms"', ', "reached > 0"'))
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
