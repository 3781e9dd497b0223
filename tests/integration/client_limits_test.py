# SPDX-License-Identifier: MIT
"""[[limit]]: what one client may have, what it is told beyond that, and that nobody else notices."""

import re
import threading
import time

import pytest

from harness.client import Client, eventually
from harness.daemon import run_reactord
from harness.reasons import assert_told, count
from harness.resp import request

PING, PONG = request("PING"), b"+PONG\r\n"
LISTENERS = """
[[listener]]
name = "main"
address = "127.0.0.1:0"
[[listener]]
name = "proxied"
address = "127.0.0.1:0"
proxy = ["127.0.0.1"]
[[listener]]
name = "admin"
role = "admin"
address = "127.0.0.1:0"
"""


def limited(keys, name="it"):
    return LISTENERS + f'[[limit]]\nname = "{name}"\nlisteners = ["proxied"]\n{keys}\n'


def come(one, client="192.0.2.1", sent=b""):
    """A client of that address, through a proxy."""
    family = b"TCP6" if ":" in client else b"TCP4"
    return one.connect("proxied").send(
        b"PROXY %s %s %s 1 2\r\n" % (family, client.encode(), client.encode()) + sent)


def limit_figures(one, name="it"):
    text = one.info("limits")[f"limit_{name}"]
    return {key: int(value) for key, value in (word.split("=") for word in text.split(","))}


# --- requests

def test_each_request_beyond_the_limit_gets_one_error(daemon):
    one = daemon(limited('request_rate = "1/h"\nrequest_burst = 5\n'))
    client = come(one, sent=PING * 8 + request("CEIL", "4.40"))
    assert client.read_exact(5 * len(PONG)) == PONG * 5
    for _ in range(4):
        assert re.fullmatch(rb"-LIMIT too many requests from your address; try again in \d+ ms",
                            client.read_line(b"\r\n"))
    # Another connection of the same address, and another address.
    assert come(one, sent=PING).read_line().startswith(b"-LIMIT too many requests")
    assert come(one, "192.0.2.2", PING * 5).read_exact(5 * len(PONG)) == PONG * 5
    # Not a client of the limited listener.
    assert one.connect("main").send(PING * 100).read_exact(100 * len(PONG)) == PONG * 100
    assert limit_figures(one)["request_rate"] == 5
    one.wait_for_log(r"requests of 192\.0\.2\.1:1 are refused by the limit it: LIMIT too many requests")
    assert one.connect("main").call("INFO", "errorstats").count(b"errorstat_LIMIT:count=5")


def test_waiting_as_long_as_it_says_is_enough(daemon):
    one = daemon(limited('request_rate = "10/s"\nrequest_burst = 1\n'))
    client = come(one, sent=PING)
    assert client.read_exact(len(PONG)) == PONG
    for _ in range(5):
        wait = int(re.search(rb"(\d+) ms", client.send(PING * 2).read_line())[1])
        client.read_line()
        assert 0 < wait <= 100
        time.sleep(wait / 1000)
        assert client.send(PING).read_exact(len(PONG)) == PONG


def test_slow_is_answered_later_and_costs_nothing_meanwhile(daemon):
    one = daemon(limited('request_rate = "100/s"\nrequest_burst = 10\naction = "slow"\n'))
    direct = one.connect("main")
    slow = come(one, sent=PING * 60)
    assert slow.read_exact(10 * len(PONG)) == PONG * 10
    turns = int(one.info("stats")["loop_turns"])
    direct.send(PING * 1000)
    assert direct.read_exact(1000 * len(PONG)) == PONG * 1000
    assert slow.read_exact(50 * len(PONG)) == PONG * 50
    assert int(one.info("stats")["loop_turns"]) - turns < 500, "it waits, and does not spin"
    assert_at_least(one, "slowed")


def assert_at_least(one, what, times=1):
    eventually(lambda: count(one, what) >= times)


def test_who_is_slowed_down_is_answered_at_the_stop(daemon):
    one = daemon(limited('request_rate = "1/h"\nrequest_burst = 3\naction = "slow"\n'))
    slow = come(one, sent=PING * 10)
    assert slow.read_exact(3 * len(PONG)) == PONG * 3
    assert one.stop() == 0
    assert slow.read_until_eof() == PONG * 7


def test_close_tells_why_and_ends(daemon):
    one = daemon(limited('request_rate = "1/h"\nrequest_burst = 3\naction = "close"\n'))
    client = come(one, sent=PING * 10)
    assert re.fullmatch(rb"(\+PONG\r\n){3}-LIMIT too many requests from your address; "
                        rb"try again in \d+ ms\r\n", client.read_until_eof())
    assert_told(one, "over a limit")


def test_bytes(daemon):
    one = daemon(limited('byte_rate = "1KiB/h"\nbyte_burst = "4KiB"\n'))
    client = come(one, sent=request("TEXT", b"x" * 3000))
    client.read_exact(3000 + len("$3000\r\n\r\n"))
    client.send(request("TEXT", b"x" * 3000)).read_exact(3000 + len("$3000\r\n\r\n"))
    assert client.send(PING).read_line().startswith(b"-LIMIT too many bytes from your address")
    assert limit_figures(one)["byte_rate"] == 1


def test_a_refused_request_spoils_a_transaction(daemon):
    one = daemon(limited('request_rate = "10/s"\nrequest_burst = 2\n'))
    client = come(one, sent=request("MULTI") + PING * 2 + request("EXEC"))
    assert client.read_line() + client.read_line() == b"+OK\r+QUEUED\r"
    assert client.read_line().startswith(b"-LIMIT") and client.read_line().startswith(b"-LIMIT")
    time.sleep(0.2)
    assert client.send(request("EXEC")).read_line().startswith(b"-EXECABORT")


def test_lines_are_told_in_their_own_words(daemon):
    one = daemon('[[listener]]\naddress = "127.0.0.1:0"\nframing = "line"\nhandler = "ceil"\n'
                 '[[limit]]\nrequest_rate = "1/h"\nrequest_burst = 1\n')
    client = one.connect().send(b"1.5\n2.5\n").half_close()
    assert re.fullmatch(rb"2\n\(error\) LIMIT too many requests from your address; "
                        rb"try again in \d+ ms\n", client.read_until_eof())


# --- connections

def test_connections_at_one_time(daemon):
    one = daemon(limited("connections = 2\n"))
    two = [come(one, sent=PING) for _ in range(2)]
    for client in two:
        assert client.read_exact(len(PONG)) == PONG
    assert come(one, sent=PING).read_until_eof() == (
        b"-LIMIT too many connections from your address; there may be 2 at a time\r\n")
    assert come(one, "192.0.2.2", PING).read_exact(len(PONG)) == PONG
    assert_told(one, "refused, limit")
    two[0].close()

    def admitted():
        try:
            return come(one, sent=PING).read_exact(len(PONG)) == PONG
        except (AssertionError, OSError):
            return False

    eventually(admitted)


def test_new_connections_by_address_and_by_64(daemon):
    one = daemon(limited('connection_rate = "1/h"\nconnection_burst = 2\n'))
    for client in ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1", "2001:db8::ffff:1"]:
        assert come(one, client, PING).read_exact(len(PONG)) == PONG
    for client in ["192.0.2.1", "2001:db8::2"]:
        assert re.fullmatch(rb"-LIMIT too many new connections from your address; try again in "
                            rb"\d+ ms\r\n", come(one, client).read_until_eof())
    assert come(one, "2001:db8:0:1::1", PING).read_exact(len(PONG)) == PONG
    assert limit_figures(one)["connection_rate"] == 2


def test_unix_sockets_are_one_client(daemon, tmp_path):
    config = f'[[listener]]\nname = "unix"\naddress = "unix:{tmp_path}/s"\n'
    limit = '[[limit]]\nname = "it"\nrequest_rate = "1/h"\nrequest_burst = 2\n'
    one = daemon(config + limit)
    assert one.connect().send(PING).read_exact(len(PONG)) == PONG
    assert one.connect().send(PING).read_exact(len(PONG)) == PONG
    assert one.connect().send(PING).read_line().startswith(b"-LIMIT")
    one.reload(config + limit + 'exempt = ["unix"]\n')
    one.wait_for_log("configuration reloaded")
    assert one.connect().send(PING).read_exact(len(PONG)) == PONG


# --- trying it out, and changing it

def test_a_dry_run_counts_and_logs_and_does_nothing(daemon):
    one = daemon(limited('connections = 1\nrequest_rate = "1/h"\nrequest_burst = 3\ndry_run = true\n'))
    clients = [come(one, sent=PING * 10) for _ in range(2)]
    for client in clients:
        assert client.read_exact(10 * len(PONG)) == PONG * 10
    figures = limit_figures(one)
    assert figures["dry_run"] == 1 and figures["connections"] == 1
    assert figures["request_rate"] == 17
    one.wait_for_log(r"the limit it, a dry run, would refuse 192\.0\.2\.1:1: LIMIT too many")


def test_a_reload_under_load_loses_no_reply(daemon):
    """The limit comes, changes and goes; each request still has one reply, and of the right kind."""
    one = daemon(LISTENERS)
    address, done, wrong, replies = one.address("proxied"), threading.Event(), [], [0]

    def ask():
        with Client(address) as client:
            client.send(b"PROXY TCP4 192.0.2.1 192.0.2.1 1 2\r\n")
            while not done.is_set():
                client.send(PING * 16)
                lines = [client.read_line() for _ in range(16)]
                wrong.extend(line for line in lines
                             if line != b"+PONG\r" and not line.startswith(b"-LIMIT too many requests"))
                replies[0] += 16

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for round_ in range(6):
        action = ["refuse", "slow", "refuse"][round_ % 3]
        one.reload(LISTENERS if round_ % 2 else
                   limited(f'request_rate = "500/s"\nconnections = 9\naction = "{action}"\n'))
        eventually(lambda done_=round_ + 1: one.log.count("configuration reloaded") >= done_)
        before = replies[0]
        eventually(lambda count_=before: replies[0] > count_ + 100)
    done.set()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[:3]


@pytest.mark.parametrize("keys, problem", [
    ("", "[[limit]] limits nothing: it needs one of connections, connection_rate, request_rate and byte_rate"),
    ('request_rate = "10"', "limit.request_rate: expected \"100/s\", \"30/m\", \"1000/h\" or \"off\""),
    ('request_rate = "0/s"', "with a number from 1 to 1000000000"),
    ('request_rate = "1.5/s"', "with a number from 1 to 1000000000"),
    ('byte_rate = "1MB/s"', "limit.byte_rate: "),
    ('byte_rate = "65536/s"', "expected \"1MiB/s\", \"100MiB/m\" or \"off\": '65536' has no unit"),
    ("connections = 1\nrequest_burst = 5", "limit.request_burst has no effect without request_rate"),
    ('connections = 1\nlisteners = ["mian"]', "there is no listener 'mian'; did you mean 'main'?"),
    ('connections = 1\naction = "drop"', "limit.action: "),
    ('connections = 1\nprefix = 8', "limit.prefix: "),
])
def test_what_is_wrong_with_a_limit(tmp_path, keys, problem):
    config = tmp_path / "reactord.toml"
    config.write_text(LISTENERS + "[[limit]]\n" + keys + "\n")
    done = run_reactord("--check-config", "--config", config)
    assert done.returncode == 78 and problem in done.stderr, done.stderr


def test_config_get_and_print_config(daemon):
    one = daemon(limited('byte_rate = "1MiB/s"\nconnection_rate = "30/m"\nexempt = ["10.0.0.0/8", "unix"]\n'))
    settings = one.connect("admin").call("CONFIG", "GET", "limit.*")
    text = dict(zip(settings[::2], settings[1::2]))
    assert text[b"limit.it.byte_rate"] == b"1MiB/s" and text[b"limit.it.connection_rate"] == b"30/m"
    assert text[b"limit.it.request_rate"] == b"off" and text[b"limit.it.exempt"] == b"10.0.0.0/8 unix"
    printed = run_reactord("--print-config", "--config", one.config_path).stdout
    again = one.directory / "printed.toml"
    again.write_text(printed)
    assert run_reactord("--print-config", "--config", again).stdout == printed
