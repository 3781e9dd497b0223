# SPDX-License-Identifier: MIT
"""The access log: which requests are told and how, what it does not tell, and that it costs nobody else; the
levels of kinds of events."""

import json
import os

import pytest
import redis

from harness.admin import both
from harness.client import eventually
from harness.daemon import DEFAULT_LISTENER, run_reactord
from harness.resp import request
from log_format_test import HOSTILE, from_logfmt


@pytest.fixture
def logging(daemon, tmp_path):
    """start(settings) -> (daemon, administrator, client, records(count) of the access log)"""
    path = tmp_path / "access"

    def start(settings="", form="json", parse=json.loads, tail=""):
        one = daemon(f'[log]\nformat = "{form}"\naccess_target = "{path}"\n{settings}\n'
                     + both(tmp_path / "admin.sock") + tail)

        def records(command, count):
            def found():
                if not path.exists():
                    return []
                whole_lines = path.read_text().rpartition("\n")[0]
                all_of_them = [parse(line) for line in whole_lines.splitlines()]
                return [each for each in all_of_them if each["reactord_command"] == command]
            eventually(lambda: len(found()) >= count)
            return found()
        return one, one.connect("admin"), one.connect("main"), records
    return start


def test_a_request_is_told_with_its_client(logging):
    one, _, client, records = logging("access_sample = 1")
    with redis.Redis(port=one.address("main")[1], client_name="me") as library:
        library.echo("x" * 10)
    told = records("echo", 1)[0]
    assert told["reactord_client_name"] == "me" and told["reactord_listener"] == "main"
    assert int(told["reactord_in"]) == len(request("ECHO", "x" * 10))
    assert int(told["reactord_out"]) == len(b"$10\r\n" + b"x" * 10 + b"\r\n")
    assert int(told["reactord_usec"]) >= 0 and told["reactord_host"] == "127.0.0.1"
    assert told["reactord_event"] == "request" and "reactord_error" not in told
    assert "reactord_arguments" not in told
    client.call("NOSUCH", "secret")
    assert records("NOSUCH", 1)[0]["reactord_error"] == "ERR"
    client.call("ECHO")
    assert records("ECHO", 1)[0]["reactord_error"] == "ERR"


def test_one_in_three_is_told_exactly(logging):
    _, _, client, records = logging("access_sample = 3")
    client.send(request("PING") * 300)
    client.read_exact(300 * len(b"+PONG\r\n"))
    client.call("ECHO", "x"), client.call("ECHO", "x"), client.call("ECHO", "x")
    records("echo", 1)
    assert len(records("ping", 100)) == 100


def test_it_is_switched_live_and_a_reload_leaves_it(logging):
    one, admin, client, records = logging()
    client.call("PING")
    assert admin.call("LOG", "ACCESS") == 0 and admin.call("LOG", "ACCESS", "ON") == "OK"
    client.call("ECHO", "x"), client.call("ECHO", "x")
    one.reload()
    eventually(lambda: "configuration reloaded" in one.log)
    client.call("ECHO", "x")
    assert len(records("echo", 2)) >= 2 and not records("ping", 0)
    assert admin.call("LOG", "ACCESS") == 1
    assert admin.call("CONFIG", "GET", "log.access_sample") == [b"log.access_sample", b"1"]
    for wrong in ("-1", "often", "1.5"):
        assert "one in how many" in str(admin.call("LOG", "ACCESS", wrong))
    assert admin.call("LOG", "ACCESS", "OFF") == "OK"
    client.call("TIME"), client.call("TIME")
    assert not records("time", 0)
    assert "log.access_sample changed from 0 to 1" in one.log


@pytest.mark.parametrize("form, parse", [("json", json.loads), ("logfmt", from_logfmt)])
def test_every_line_is_for_a_parser(logging, form, parse):
    _, _, client, records = logging("access_sample = 1\naccess_arguments = true", form, parse)
    client.call("CLIENT", "SETNAME", '"},{=')
    for bytes_ in HOSTILE:
        client.call("ECHO", bytes_)
        client.call(b"X" + bytes_)
    client.call("PING")
    assert records("ping", 1)[0]["reactord_client_name"] == '"},{='
    assert len(records("echo", len(HOSTILE))) == len(HOSTILE)


def test_what_is_secret_is_not_told(logging, tmp_path):
    _, _, client, records = logging("access_sample = 1\naccess_arguments = true")
    client.call("AUTH", "ann", "sesame")
    client.call("HELLO", "3", "AUTH", "ann", "sesame")
    client.call("ECHO", "shown" + "x" * 1000)
    assert '"shown' in records("echo", 1)[0]["reactord_arguments"]
    assert "sesame" not in (tmp_path / "access").read_text()


def test_a_reply_that_comes_later_is_told_then(logging):
    _, admin, _, records = logging("access_sample = 1")
    assert admin.call("RELOAD") == "OK"
    told = records("reload", 1)[0]
    assert int(told["reactord_out"]) == len(b"+OK\r\n") and "reactord_error" not in told


TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_trace_goes_with_all_requests_or_the_next(logging):
    _, _, client, records = logging("access_sample = 1")
    assert client.call("CLIENT", "TRACEPARENT", TRACE, "NEXT") == "OK"
    client.call("ECHO", "x"), client.call("ECHO", "x")
    assert [each.get("reactord_traceparent") for each in records("echo", 2)] == [TRACE, None]
    assert client.call("CLIENT", "TRACEPARENT", TRACE) == "OK"
    client.call("PING"), client.call("PING"), client.call("RESET"), client.call("PING")
    assert [each.get("reactord_traceparent") for each in records("ping", 3)] == [TRACE, TRACE, None]
    for wrong in (TRACE.upper(), TRACE[:-1], "01" + TRACE[2:], ""):
        assert "expected a traceparent" in str(client.call("CLIENT", "TRACEPARENT", wrong))


def test_a_trace_is_in_the_slow_logs_details(daemon, tmp_path):
    one = daemon('[slowlog]\nslower_than = "1ms"\n' + both(tmp_path / "admin.sock"))
    client = one.connect("main")
    client.call("CLIENT", "TRACEPARENT", TRACE)
    long = "x" * (15 << 20)  # to copy so much takes milliseconds
    eventually(lambda: client.call("TEXT", long) and client.call("SLOWLOG", "LEN") > 0)
    told = client.call("SLOWLOG", "DETAILS", "1")[0]
    assert told[6:] == [b"handler", TRACE.encode()]
    assert len(client.call("SLOWLOG", "GET", "1")[0]) == 6


def test_more_than_may_be_in_a_second_is_left_out_and_counted(logging):
    one, _, client, _ = logging("access_sample = 1\naccess_max_per_second = 5")
    client.send(request("PING") * 500)
    client.read_exact(500 * len(b"+PONG\r\n"))
    stats = one.info("stats")
    assert int(stats["access_log_left_out"]) > 0
    assert int(stats["access_log_left_out"]) + int(stats["event_request"]) >= 500


@pytest.mark.parametrize("target", ["/dev/full", "stalled"])
def test_a_log_that_cannot_be_written_costs_no_request(daemon, tmp_path, target):
    reader = None
    if target == "stalled":
        target = tmp_path / "stalled"
        os.mkfifo(target)
        reader = os.open(target, os.O_RDONLY | os.O_NONBLOCK)
    one = daemon(f'[log]\naccess_sample = 1\naccess_max_per_second = 100000\naccess_target = "{target}"\n'
                 + DEFAULT_LISTENER)
    client = one.connect()
    client.send(request("PING") * 5000)
    client.read_exact(5000 * len(b"+PONG\r\n"))
    eventually(lambda: int(one.info("stats")["access_log_dropped"]) > 0)
    assert one.info("stats")["log_records_dropped"] == "0"
    one.stop()
    if reader is not None:
        os.close(reader)


def test_a_target_that_cannot_be_is_told_before_anybody_switches_it_on(tmp_path):
    (tmp_path / "c").write_text('[log]\naccess_target = "/nonexistent/access"\n')
    done = run_reactord("--check-config", "--config", tmp_path / "c")
    assert done.returncode != 0 and "/nonexistent/access" in done.stderr


def test_kinds_of_events_have_levels_of_their_own(daemon):
    one = daemon('[log]\nlevels = ["connected = warning", "closed_* = off"]\n' + DEFAULT_LISTENER)
    one.connect().call("QUIT")
    eventually(lambda: " connected" in one.log)
    assert "warning 127.0.0.1" in one.log
    one.reload('[log]\nlevels = ["connected = off"]\n' + DEFAULT_LISTENER)
    eventually(lambda: "configuration reloaded" in one.log)
    before = one.log.count(" connected")
    one.connect().call("PING")
    assert one.log.count(" connected") == before
    assert int(one.info("stats")["event_connected"]) >= 2


def test_levels_are_changed_live_and_a_reload_leaves_them(daemon, tmp_path):
    one = daemon(both(tmp_path / "admin.sock"))
    admin = one.connect("admin")
    assert admin.call("LOG", "LEVELS") == []
    assert admin.call("LOG", "LEVELS", "connected = warning", "closed_*=off") == "OK"
    one.connect("main").call("PING")
    one.wait_for_log("warning 127.0.0.1:\\d+ connected")
    one.reload()
    one.wait_for_log("configuration reloaded")
    assert admin.call("LOG", "LEVELS") == [b"connected = warning", b"closed_*=off"]
    assert admin.call("CONFIG", "GET", "log.levels")[1] == b"connected = warning closed_*=off"
    assert "there is no event 'conected'" in str(admin.call("LOG", "LEVELS", "conected=off"))
    assert len(admin.call("LOG", "LEVELS")) == 2
    assert admin.call("LOG", "LEVELS", "NONE") == "OK" and admin.call("LOG", "LEVELS") == []
    one.wait_for_log("log.levels changed from 'connected = warning closed_\\*=off' to '' by unix:")


def test_a_kind_of_event_that_does_not_exist_is_refused(tmp_path):
    (tmp_path / "c").write_text('[log]\nlevels = ["conected = info"]\n')
    done = run_reactord("--check-config", "--config", tmp_path / "c")
    assert done.returncode != 0 and "conected" in done.stderr and "'connected'" in done.stderr
