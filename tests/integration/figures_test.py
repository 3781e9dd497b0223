# SPDX-License-Identifier: MIT
"""What the daemon tells of its speed and of its clients: latencies, SLOWLOG, MONITOR, CLIENT LIST; and CLIENT
PAUSE, for drills."""

import re
import signal
import subprocess
import threading

import pytest
import redis

from harness.admin import both
from harness.cli import CLI
from harness.client import eventually
from harness.resp import Error, pairs, request

# To copy so much into fresh memory takes milliseconds on any machine.
LONG = "x" * (15 << 20)
SLOW_CONFIG = """
    [slowlog]
    slower_than = "1ms"
    max_requests = 4
    [latency]
    slow_turn = "1ms"
"""


@pytest.fixture
def pair(daemon, tmp_path):
    """A daemon, an administrator and a client: start(config) -> (daemon, admin, client)."""
    def start(config="", **options):
        one = daemon(config + both(tmp_path / "admin.sock"), **options)
        return one, one.connect("admin"), one.connect("main")
    return start


def fields(line):
    return dict(word.split("=", 1) for word in line.decode().split())


# --- latencies

def histogram(client, *commands):
    return {name: pairs(value) for name, value in pairs(client.call("LATENCY", "HISTOGRAM", *commands)).items()}


def test_latencies_by_command(pair):
    one, _, client = pair()
    client.send(request("PING") * 500 + request("ECHO", "x") + request("CLIENT", "ID"))
    for _ in range(502):
        client.reply()
    told = histogram(client)
    assert told[b"ping"][b"calls"] == 500 and told[b"client|id"][b"calls"] == 1
    counts = list(pairs(told[b"ping"][b"histogram_usec"]).values())
    assert counts == sorted(counts) and counts[-1] == 500
    assert set(histogram(client, "client", "ECHO")) == {b"client|id", b"echo"}
    info = one.info("latencystats")
    assert re.fullmatch(r"p50=\d+\.\d{3},p99=\d+\.\d{3},p99\.9=\d+\.\d{3}", info["latency_percentiles_usec_ping"])
    assert "latency_percentiles_usec_client|id" in info
    assert int(one.info("stats")["request_usec_p99"]) >= 0


def test_unknown_commands_share_one_slot(pair):
    _, _, client = pair()
    for number in range(300):
        assert isinstance(client.call(f"NOSUCH{number}"), Error)
    assert histogram(client)[b"(unknown)"][b"calls"] == 300
    assert len(histogram(client)) < 10


def test_a_late_reply_has_its_time_when_it_comes(pair):
    """HELP is written in slices, and EXEC answers when all that it has run has answered."""
    _, _, client = pair()
    client.send(request("MULTI") + request("HELP") + request("PING") + request("EXEC") + request("HELP"))
    for _ in range(5):
        client.reply()
    told = histogram(client)
    assert {name: told[name][b"calls"] for name in (b"help", b"exec", b"ping", b"multi")} == {
        b"help": 2, b"exec": 1, b"ping": 1, b"multi": 1}


# --- what was slow

def test_slow_commands_and_slow_turns_are_on_record(pair):
    _, admin, client = pair(SLOW_CONFIG)
    client.call("CLIENT", "SETNAME", "slowcoach")
    for _ in range(6):
        client.call("TEXT", LONG)
    python = redis.Redis(unix_socket_path=admin.socket.getpeername(), socket_timeout=30)
    entries = python.slowlog_get(128)
    assert len(entries) == 4 == python.slowlog_len()
    assert [entry["id"] for entry in entries] == sorted((entry["id"] for entry in entries), reverse=True)
    entry = entries[0]
    assert entry["command"] == b"TEXT " + b"x" * 128 + b"... (%d more bytes)" % (len(LONG) - 128)
    assert entry["duration"] > 1000
    address, name = admin.call("SLOWLOG", "GET", "1")[0][4:]
    assert address.startswith(b"127.0.0.1:") and name == b"slowcoach"
    python.slowlog_reset()
    assert python.slowlog_len() == 0
    [[event, _, latest, longest]] = admin.call("LATENCY", "LATEST")
    assert event == b"turn" and 1 <= latest <= longest
    assert all(time > 1_700_000_000 and ms >= 1 for time, ms in admin.call("LATENCY", "HISTORY", "turn"))
    assert b"longest" in admin.call("LATENCY", "DOCTOR")
    assert admin.call("LATENCY", "RESET", "turn") == 1 and admin.call("LATENCY", "LATEST") == []
    python.close()


def test_redis_cli_shows_the_slow_log(pair):
    one, admin, client = pair(SLOW_CONFIG)
    client.call("TEXT", LONG)
    done = subprocess.run(["redis-cli", "-s", one.address("admin"), "--no-raw", "SLOWLOG", "GET", "1"],
                          capture_output=True, text=True, timeout=30)
    assert re.match(r"1\) 1\) \(integer\) \d+\n   2\) \(integer\) \d+\n   3\) \(integer\) \d+\n   4\) 1\) \"TEXT\"\n",
                    done.stdout), done.stdout[:300]
    assert admin.call("SLOWLOG", "LEN") >= 1


def test_what_is_not_slow_is_not_on_record(pair):
    _, admin, client = pair('[slowlog]\nslower_than = "off"\n[latency]\nslow_turn = "off"\n')
    client.call("TEXT", LONG)
    assert admin.call("SLOWLOG", "LEN") == 0 and admin.call("LATENCY", "LATEST") == []


# --- who watches

def shown(line):
    """The words of a line of MONITOR, as they are quoted."""
    return re.fullmatch(rb"\d+\.\d{6} \[0 (?:127\.0\.0\.1:\d+|unix:\S*)\] (.*)", line)[1]


def test_monitor_shows_what_is_run_and_no_secrets(pair):
    _, admin, client = pair()
    assert admin.call("MONITOR") == "OK"
    client.send(request("echo", 'a "b"\n\x00é') + request("NOSUCH", "x") + request("AUTH", "ann", "secret") +
                request("HELLO", "2", "AUTH", "ann", "secret") + request("MULTI") + request("PING") +
                request("EXEC") + b'ECHO "in line"\r\n' + request("AUTH", "too", "many", "secrets"))
    lines = [shown(admin.read_line(b"\r\n")[1:]) for _ in range(7)]
    assert lines == [rb'"echo" "a \"b\"\n\x00\xc3\xa9"', b'"AUTH" "(redacted)" "(redacted)"',
                     b'"HELLO" "2" "AUTH" "(redacted)" "(redacted)"', b'"MULTI"', b'"exec"', b'"PING"',
                     b'"ECHO" "in line"']
    admin.expect_silence()  # what is not run is not shown, nor what administrators do
    assert admin.call("RESET") == "RESET"
    client.call("PING")
    assert admin.call("CLIENT", "ID") > 0


def test_redis_cli_monitors(pair):
    one, admin, client = pair()
    with subprocess.Popen(["redis-cli", "-s", one.address("admin"), "MONITOR"], stdout=subprocess.PIPE) as watcher:
        assert watcher.stdout.readline() == b"OK\n"
        client.call("PING", "x")
        assert shown(watcher.stdout.readline().rstrip()) == b'"PING" "x"'
        assert one.info("handlers")["monitor_clients"] == "1"
        watcher.terminate()
    eventually(lambda: one.info("handlers")["monitor_clients"] == "0")
    with redis.Redis(unix_socket_path=one.address("admin"), socket_timeout=30).monitor() as python:
        client.call("PING", "y")
        assert python.next_command()["command"] == "PING y"


def test_reactor_cli_monitors(pair):
    one, _, client = pair()
    uri = f"unix:{one.address('admin')}"
    with subprocess.Popen([CLI, "--uri", uri, "monitor"], stdout=subprocess.PIPE) as watcher:
        assert watcher.stdout.readline() == b"OK\n"
        client.call("PING", "x")
        assert shown(watcher.stdout.readline().rstrip()) == b'"PING" "x"'
        client.call("PING", "y")
        assert shown(watcher.stdout.readline().rstrip()) == b'"PING" "y"'
        watcher.send_signal(signal.SIGINT)
        assert watcher.wait(30) == -signal.SIGINT
    eventually(lambda: one.info("handlers")["monitor_clients"] == "0")


def test_monitor_is_for_administrators(shared):
    error = shared.connect("public").call("MONITOR")
    assert str(error).endswith("(it takes an admin listener: reactor-cli --admin)")


def test_watchers_who_never_read_cost_a_bounded_memory_and_delay_nobody(pair):
    one, admin, client = pair('[server]\nmax_admin_connections = 40\n[limits]\noutput_high_water = "64KiB"\n')
    client.send(request("ECHO", "x" * 100) * 1000)
    client.read_exact(1000 * 108)
    watchers = [one.connect("admin") for _ in range(20)]
    for watcher in watchers:
        assert watcher.call("MONITOR") == "OK"
    before = one.memory_bytes()
    for _ in range(100):
        client.send(request("ECHO", "x" * 100) * 1000)
        client.read_exact(1000 * 108)
    assert one.memory_bytes() - before < 20 * (1 << 20)
    assert client.call("PING") == "PONG"


def test_a_hog_does_not_fill_the_watchers_screen(pair):
    """So many lines of a batch, of all who watch; the others are told as a number, and together they are all."""
    one, admin, client = pair("[server]\nmax_admin_connections = 40\n")
    for watching in [one.connect("admin") for _ in range(19)] + [admin]:
        assert watching.call("MONITOR") == "OK"
    lines = []

    def watch():
        while not lines or b'"end"' not in lines[-1]:
            lines.append(admin.read_line(b"\r\n"))

    watcher = threading.Thread(target=watch)
    watcher.start()
    total = 20_000
    for _ in range(total // 1000):
        client.send(request("PING") * 1000)
        client.read_exact(1000 * len(b"+PONG\r\n"))
    while watcher.is_alive():
        client.call("ECHO", "end")
        watcher.join(0.05)
    notes = [re.search(rb'\[0 reactord\] "(\d+) (?:requests|lines) were left out', line) for line in lines]
    left_out = sum(int(note[1]) for note in notes if note)
    assert left_out > 0 and left_out + notes.count(None) > total


def test_a_watcher_whose_rights_end_sees_no_more(daemon, tmp_path):
    config = both(tmp_path / "admin.sock", 'require = "user"\n') + """
        [[user]]
        name = "ann"
        password = ["sha256:%s"]
        commands = [%s]
    """ % ("2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b", '"all"')
    one = daemon(config)
    admin = one.connect("admin")
    assert admin.call("AUTH", "ann", "secret") == "OK"
    assert admin.call("MONITOR") == "OK"
    one.reload(config.replace('commands = ["all"]', 'commands = ["public"]'))
    admin.read_until_eof()


# --- clients

def test_client_list_counts_bytes_and_commands(pair):
    _, admin, client = pair()
    client.call("CLIENT", "SETNAME", "counted")
    sent = len(request("CLIENT", "SETNAME", "counted"))
    client.send(request("ECHO", "x") * 10)
    client.read_exact(10 * len(b"$1\r\nx\r\n"))
    line = next(line for line in admin.call("CLIENT", "LIST").splitlines() if b"name=counted" in line)
    told = fields(line)
    assert int(told["tot-net-in"]) == sent + 10 * len(request("ECHO", "x"))
    assert int(told["tot-net-out"]) == len(b"+OK\r\n") + 10 * len(b"$1\r\nx\r\n")
    assert int(told["tot-cmds"]) == 11 and told["cmd"] == "echo"
    assert int(told["tot-latency-usec"]) >= int(told["max-latency-usec"]) > 0
    assert 0 < int(told["tot-cpu-usec"]) <= int(told["tot-latency-usec"]) and told["last-error"] == ""


def test_client_list_tells_the_code_of_the_latest_error(pair):
    _, admin, client = pair()
    client.call("CLIENT", "SETNAME", "erring")
    for words, code in [(("HELLO", "9"), "NOPROTO"), (("NOSUCH",), "ERR"), (("PING",), "ERR")]:
        client.call(*words)
        line = next(line for line in admin.call("CLIENT", "LIST").splitlines() if b"name=erring" in line)
        assert fields(line)["last-error"] == code


def test_the_time_of_requests_is_told_apart_and_by_listener(pair):
    one, _, client = pair()
    client.send(request("ECHO", "x") * 10)
    client.read_exact(10 * len(b"$1\r\nx\r\n"))
    stats = dict(pair.split("=") for pair in one.info("commandstats")["cmdstat_echo"].split(","))
    assert int(stats["waited_usec"]) > 0 and stats["behind_usec"] == "0"
    listeners = one.info("listeners")
    told = dict(pair.split("=") for pair in listeners["listener_main"].split(","))
    assert int(told["requests"]) >= 10 and float(told["p99"]) > 0


@pytest.mark.parametrize("words, killed", [
    (("ID", "{id}"), 1), (("ADDR", "{addr}"), 1), (("LADDR", "{laddr}"), 2), (("TYPE", "normal"), 2),
    (("USER", "default"), 2), (("USER", "default", "ID", "{id}"), 1), (("MAXAGE", "1000000"), 0),
    (("TYPE", "pubsub"), 0), (("ADDR", "{addr}", "MAXAGE", "1000000"), 0), (("SKIPME", "yes"), 2),
], ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value))
def test_client_kill_ends_whom_all_filters_mean(pair, words, killed):
    one, admin, client = pair()
    other = one.connect("main")
    assert other.call("PING") == "PONG"
    about = fields(client.call("CLIENT", "INFO"))
    assert admin.call("CLIENT", "KILL", *(word.format(**about) for word in words)) == killed
    eventually(lambda: int(one.info("clients")["connected_clients"]) == 2 - killed + 1)
    assert admin.call("PING") == "PONG"


# --- drills

def test_a_pause_lets_clients_wait_and_administrators_go_on(pair):
    one, admin, client = pair()
    client.call("PING")
    assert admin.call("CLIENT", "PAUSE", "600000") == "OK"
    client.send(request("ECHO", "x") * 1000)
    late = one.connect("main")
    late.send(request("PING"))
    client.expect_silence()
    assert int(pairs_of_info(admin)["paused_timeout_milliseconds"]) > 0
    assert admin.call("CLIENT", "UNPAUSE") == "OK"
    client.read_exact(1000 * len(b"$1\r\nx\r\n"))
    assert late.reply() == "PONG"
    assert pairs_of_info(admin)["paused_timeout_milliseconds"] == "0"
    one.wait_for_log("CLIENT PAUSE by unix:")
    one.wait_for_log("CLIENT UNPAUSE by unix:")


def pairs_of_info(admin):
    return dict(line.split(":", 1) for line in admin.call("INFO", "clients").decode().split("\r\n") if ":" in line)


def test_a_pause_ends_by_itself_and_the_longest_counts(pair):
    one, admin, client = pair()
    assert admin.call("CLIENT", "PAUSE", "400", "ALL") == "OK"
    assert admin.call("CLIENT", "PAUSE", "1") == "OK"
    client.send(request("PING")).expect_silence()
    assert client.reply() == "PONG"
    one.wait_for_log("served again: its time has passed")


def test_a_pause_does_not_outlast_the_daemon(pair):
    one, admin, client = pair()
    assert admin.call("CLIENT", "PAUSE", "600000") == "OK"
    client.send(request("ECHO", "x") * 100).expect_silence()
    one.signal(signal.SIGTERM)
    assert client.read_until_eof() == 100 * b"$1\r\nx\r\n"


@pytest.mark.parametrize("words, problem", [
    (("x",), "ERR timeout is not an integer or out of range"),
    (("-1",), "ERR timeout is not an integer or out of range"),
    (("3600001",), "ERR timeout is not an integer or out of range"),
    (("1", "READ"), "ERR CLIENT PAUSE mode must be ALL"),
    (("1", "WRITE"), "ERR CLIENT PAUSE WRITE: no command here says whether it writes; ALL pauses all"),
], ids=lambda value: " ".join(value) if isinstance(value, tuple) else "")
def test_a_pause_that_makes_no_sense_is_refused(admin, words, problem):
    assert str(admin.call("CLIENT", "PAUSE", *words)) == problem
