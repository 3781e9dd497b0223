# SPDX-License-Identifier: MIT
"""reactor-cli --stat, --latency, --latency-dist, --intrinsic-latency and doctor: in a pipe, on a
terminal, interrupted; at reactord, and at servers that tell less or lie."""

import json
import re
import signal
import subprocess

import pexpect
import pytest
from harness.cli import CLI, MAX_RUN_SECONDS, cli
from harness.scripted import replies


def where(one):
    return f"tcp://127.0.0.1:{one.port}"


def run(one, *words, **options):
    return subprocess.run([CLI, "--uri", where(one), *words], capture_output=True, text=True,
                          timeout=MAX_RUN_SECONDS, check=False, **options)


def interrupted(*words, after):
    """What it prints, where Ctrl-C ends it once a line matches."""
    with subprocess.Popen([CLI, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:
        first = ""
        while after and not re.search(after, first):
            line = process.stdout.readline()
            assert line, process.stderr.read()
            first += line
        process.send_signal(signal.SIGINT)
        rest, error = process.communicate(timeout=MAX_RUN_SECONDS)
        return process.returncode, first + rest, error


def bulk(text):
    return b"$%d\r\n%s\r\n" % (len(text), text)


# --- in a pipe

def test_latency_is_one_line(daemon):
    done = run(daemon(), "--latency", "-i", "50ms")
    assert re.fullmatch(r"\d+\.\d\d \d+\.\d\d \d+\.\d\d [1-9]\d*\n", done.stdout) and done.returncode == 0
    low, high, mean, _ = map(float, done.stdout.split())
    assert low <= mean <= high


def test_latency_for_a_program(daemon):
    done = run(daemon(), "--json", "--latency", "-i", "50ms", "-n", "2")
    rounds = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rounds) == 2 and all(r["min_ms"] <= r["avg_ms"] <= r["max_ms"] for r in rounds)


def test_latency_dist_counts_every_sample(daemon):
    one = daemon()
    done = run(one, "--json", "--latency-dist", "-i", "50ms", "-n", "2")
    for line in done.stdout.splitlines():
        told = json.loads(line)
        assert sum(bucket["count"] for bucket in told["buckets"]) == told["samples"] > 0
    assert re.match(r"\d+ samples, max ", run(one, "--latency-dist", "-i", "50ms", "-n", "1").stdout)


def test_intrinsic_latency_asks_nobody():
    done = subprocess.run([CLI, "--port", "1", "--intrinsic-latency", "50ms"], capture_output=True,
                          text=True, timeout=MAX_RUN_SECONDS, check=False)
    assert done.returncode == 0
    assert "Max latency so far: " in done.stdout and re.search(r"^\d+ total runs", done.stdout, re.M)


def test_stat_has_the_figures_that_are_told(daemon, serve):
    titles, *lines = run(daemon(), "--stat", "-i", "50ms", "-n", "3").stdout.splitlines()
    assert titles.split()[:5] == ["mem", "clients", "blocked", "requests", "req/s"]
    assert len(lines) == 3
    requests = [int(line.split()[3]) for line in lines]
    assert requests == sorted(requests) and requests[2] == requests[0] + 2
    few = serve(replies(bulk(b"connected_clients:7\r\nused_memory:lots\r\n")))
    assert cli(few, "--stat", "-n", "1").stdout == b"clients\n      7\n"


def test_stat_for_a_program(daemon):
    done = run(daemon(), "--json", "--stat", "-i", "50ms", "-n", "2")
    first, second = map(json.loads, done.stdout.splitlines())
    assert second["requests"] == first["requests"] + 1
    assert "req/s" in second and "req/s" not in first


# --- Ctrl-C

@pytest.mark.parametrize("option, after, last", [
    ("--latency", None, None), ("--stat", r"\d us\n", r"\d us\n$"),
    ("--intrinsic-latency=1h", "so far", r"\d+ total runs .*\nWorst run took \d+x")])
def test_ctrl_c_ends_it_with_what_was_measured(daemon, option, after, last):
    words = ["--uri", where(daemon()), option]
    if option == "--latency":
        words, after, last = [*words, "-i", "100ms", "-n", "100"], r" \d+\n", r" \d+\n$"
    code, out, error = interrupted(*words, after=after)
    assert code == 0 and error == ""
    assert re.search(last, out)


def test_on_a_terminal_one_line_changes(daemon):
    with pexpect.spawn(CLI, ["--uri", where(daemon()), "--latency"], timeout=MAX_RUN_SECONDS) as one:
        one.expect(rb"min: \d+\.\d\d, max: \d+\.\d\d, avg: \d+\.\d\d \(5 samples\)")
        one.sendintr()
        one.expect(pexpect.EOF)
        assert one.before.count(b"\n") == 1 and one.before.endswith(b"\r\n")
    assert one.wait() == 0 if one.isalive() else one.exitstatus == 0


# --- what fails

@pytest.mark.parametrize("option", ["--latency", "--latency-dist", "--stat"])
def test_what_fails_is_told(serve, option):
    done = cli(serve(replies(b"-NOPERM not for you\x1b[2J\r\n")), option)
    assert done.returncode == 1 and b"NOPERM not for you" in done.stderr
    done = cli(serve(replies(b"!\r\n")), option)
    assert done.returncode == 5
    assert cli(None, "--port", "1", option).returncode == 3


def test_a_server_that_goes_leaves_what_was_measured(serve):
    done = cli(serve(replies(b"+PONG\r\n", b"+PONG\r\n", b"")), "--latency", "--timeout", "300ms")
    assert done.returncode in (4, 5) and re.fullmatch(rb"[\d.]+ [\d.]+ [\d.]+ 2\n", done.stdout)


# --- doctor

def test_doctor_finds_nothing_wrong_with_a_new_daemon(daemon):
    done = run(daemon(), "doctor")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Nothing is wrong." in done.stdout and "Not judged" not in done.stdout


def test_doctor_says_what_is_wrong_and_what_to_set(daemon):
    one = daemon('[server]\nmax_connections = 5\n[deadlines]\nframe = "off"\n')
    clients = [one.connect().expect_alive() for _ in range(4)]
    done = run(one, "doctor")
    assert done.returncode == 1
    assert re.search(r"near   clients-near-limit\n +5 of 5 places .*\n +set +server.max_connections above 5",
                     done.stdout)
    told = json.loads(run(one, "--json", "doctor").stdout)
    found = {finding["id"]: finding for finding in told["findings"]}
    assert found["clients-near-limit"]["read"] == {"connected_clients": "5", "maxclients": "5"}
    assert found["deadlines-off"]["severity"] == "note"
    assert told["not_judged"] == [] and told["rules"] > 30
    assert len(clients) == 4


def test_doctor_judges_what_a_server_tells(serve):
    info = b"redis_version:7.0.15\r\nconnected_clients:9\r\nmaxclients:10\r\ndraining:\x1b]0;x\x07\r\n"
    refused = b"-NOPERM\r\n"
    done = cli(serve(replies(bulk(info), refused, refused, refused)), "doctor")
    assert done.returncode == 1 and b"clients-near-limit" in done.stdout
    assert b"Not judged" in done.stdout and b"idle-clients" in done.stdout and b"\x1b" not in done.stdout


def test_doctor_is_not_led_on_by_names(serve):
    info = b"connected_clients:1\r\nmaxclients:10\r\n"
    settings = b"*2\r\n" + bulk(b"limits.output_high_water") + bulk(b"1KiB")
    clients = bulk(b"id=3 addr=\x1b[2J\xff omem=4096 idle=1\n")
    script = (bulk(info), bulk(b""), settings, clients)
    shown = cli(serve(replies(*script)), "doctor").stdout
    assert b"output-near-limit" in shown and b"\x1b" not in shown
    told = json.loads(cli(serve(replies(*script)), "--json", "doctor").stdout)
    assert told["findings"][0]["id"] == "output-near-limit"
