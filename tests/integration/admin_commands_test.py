# SPDX-License-Identifier: MIT
"""What the commands of administrators do: LOG LEVEL, DRAIN, RELOAD, SHUTDOWN, and what tells who asked."""

import os
import re
import signal

import pytest

from harness.admin import both
from harness.client import eventually, is_refused
from harness.reasons import TOLD
from harness.resp import pairs, request

STOPPED = 0


@pytest.fixture
def path(tmp_path):
    return tmp_path / "admin.sock"


def test_log_level(daemon, path):
    one = daemon('[log]\nlevel = "info"\n' + both(path))
    admin = one.connect("admin")
    assert admin.call("LOG", "LEVEL") == b"info"
    assert admin.call("LOG", "LEVEL", "DEBUG") == "OK"
    one.wait_for_log(r"log\.level changed from 'info' to 'debug' by unix:\S+ \(client \d+\)")
    assert admin.call("LOG", "LEVEL") == b"debug"
    assert admin.call("CONFIG", "GET", "log.level") == [b"log.level", b"debug"]
    one.connect("main").expect_alive()
    one.wait_for_log(r"debug .*127\.0\.0\.1:\d+ connected")
    error = admin.call("LOG", "LEVEL", "verbos")
    assert str(error).startswith("ERR log level: expected one of ") and "'verbos'" in str(error)
    assert admin.call("LOG", "LEVEL") == b"debug"
    # A rotation's reload does not undo it; the file does, once it says something else.
    assert admin.call("RELOAD") == "OK"
    assert admin.call("LOG", "LEVEL") == b"debug"
    assert admin.call("CONFIG", "GET", "log.level", "log.level_in_file") == [b"log.level", b"debug",
                                                         b"log.level_in_file", b"info"]
    one.write_config('[log]\nlevel = "warning"\n' + both(path))
    assert admin.call("RELOAD") == [b"applied: log.level changed from 'debug' to 'warning'"]
    assert admin.call("RELOAD") == "OK", "nothing changed"
    assert admin.call("CONFIG", "GET", "log.level", "log.level_in_file") == [b"log.level", b"warning"]


def test_drain(daemon, path):
    """New clients are refused, and who is connected stays."""
    one = daemon(both(path))
    admin, client = one.connect("admin"), one.connect("main")
    client.expect_alive()
    assert admin.call("DRAIN") == b"off"
    assert admin.call("DRAIN", "ON") == "OK"
    one.wait_for_log(r"new clients are refused from now on, .*: DRAIN ON by unix:\S+ \(client \d+\)")
    assert one.connect("main").read_line() == b"-ERR this server takes no new clients for now\r"
    one.wait_for_log(TOLD["refused, draining"].log)
    assert b"\r\nevent_refused_draining:1\r\n" in admin.call("INFO", "stats")
    client.expect_alive()
    one.connect("admin").expect_alive()
    assert b"\r\ndraining:1\r\n" in admin.call("INFO", "clients")
    assert admin.call("DRAIN", "OFF") == "OK"
    one.wait_for_log(r"new clients are taken again: DRAIN OFF by ")
    one.connect("main").expect_alive()
    assert admin.call("DRAIN") == b"off"


def test_drain_ends_the_waiting_in_the_backlog(daemon, path):
    one = daemon('[server]\nmax_connections = 1\nwhen_full = "wait"\n' + both(path))
    admin, client = one.connect("admin"), one.connect("main")
    client.expect_alive()
    waiting = one.connect("main")
    one.wait_for_log("new clients wait in the backlog")
    assert admin.call("DRAIN", "ON") == "OK"
    assert waiting.read_line() == b"-ERR this server takes no new clients for now\r"


def test_health_says_drain_before_new_clients_are_refused(daemon, path):
    one = daemon('[deadlines]\nleave = "1h"\n' + both(path))
    admin, client = one.connect("admin"), one.connect("main")
    assert client.call("HEALTH") == "OK"
    assert admin.call("DRAIN", "ON") == "OK"
    one.wait_for_log(r"HEALTH says DRAINING .*: DRAIN ON by unix:\S+ \(client \d+\)")
    assert admin.call("DRAIN") == b"on"
    assert one.connect("main").call("HEALTH") == "DRAINING: DRAIN ON", "nothing else has changed"
    assert admin.call("DRAIN", "OFF") == "OK"
    assert client.call("HEALTH") == "OK"

    one.write_config('[deadlines]\nleave = "10ms"\n' + both(path))
    assert admin.call("RELOAD")[0].startswith(b"applied: deadlines.leave")
    assert admin.call("DRAIN", "ON") == "OK"
    one.wait_for_log(r"new clients are refused from now on")
    assert one.connect("main").read_line() == b"-ERR this server takes no new clients for now\r"
    assert client.call("HEALTH") == "DRAINING: DRAIN ON"


def test_health_says_so_before_the_stop(daemon, path):
    one = daemon('[deadlines]\nleave = "1h"\n' + both(path))
    client = one.connect("main")
    one.signal(signal.SIGTERM)
    one.wait_for_log("HEALTH says DRAINING .*: SIGTERM")
    assert client.call("HEALTH") == "DRAINING: SIGTERM"
    one.connect("main").expect_alive()
    assert "the server is stopping" in str(one.connect("admin").call("RELOAD"))
    one.signal(signal.SIGTERM)
    one.wait_for_log("stopping on SIGTERM: answering what was received")
    assert one.wait() == STOPPED


@pytest.mark.parametrize("request_", ["SHUTDOWN", "SIGTERM"])
def test_the_wait_before_the_stop_ends_by_itself(daemon, path, request_):
    one = daemon('[deadlines]\nleave = "10ms"\n' + both(path))
    admin = one.connect("admin")
    if request_ == "SIGTERM":
        one.signal(signal.SIGTERM)
    else:
        assert admin.call(request_) == "OK"
    one.wait_for_log(f"HEALTH says DRAINING .*: {request_}")
    one.wait_for_log(f"stopping on {request_}: answering")
    assert one.wait() == STOPPED


def test_whoever_has_left_does_not_wait_again(daemon, path):
    one = daemon('[deadlines]\nleave = "1ms"\n' + both(path))
    admin = one.connect("admin")
    assert admin.call("DRAIN", "ON") == "OK"
    one.wait_for_log(r"new clients are refused from now on")
    one.write_config('[deadlines]\nleave = "1h"\n' + both(path))
    admin.call("RELOAD")
    one.signal(signal.SIGTERM)
    assert one.wait() == STOPPED
    assert one.log.count("HEALTH says DRAINING") == 1


def test_a_kill_tells_who_asked(daemon, path):
    one = daemon(both(path))
    admin, client = one.connect("admin"), one.connect("main")
    number = client.call("CLIENT", "ID")
    assert admin.call("CLIENT", "KILL", "ID", number) == 1
    one.wait_for_log(r"client: CLIENT KILL by unix:\S+ \(client \d+\) closes 1 of the clients")


def test_a_list_of_clients_names_the_listener_and_the_process(daemon, path):
    one = daemon(both(path))
    admin, client = one.connect("admin"), one.connect("main")
    for _ in range(3):
        client.call("PING")
    lines = admin.call("CLIENT", "LIST").decode().splitlines()
    assert any(line.endswith(f" listener=admin peer-pid={os.getpid()} peer-uid={os.geteuid()}")
               for line in lines), lines
    assert any(" tot-cmds=3 " in line and line.endswith(" listener=main") for line in lines), lines


def test_every_change_of_the_level_is_logged(daemon, path):
    """Whatever the level before and after: it explains a log that falls silent."""
    one = daemon(both(path))
    admin = one.connect("admin")
    for level in ("error", "warning", "off", "trace"):
        assert admin.call("LOG", "LEVEL", level) == "OK"
    assert admin.call("LOG", "LEVEL", "trace") == "OK"  # no change
    one.wait_for_log("from 'off' to 'trace'")
    assert re.findall(r"from '(\w+)' to '(\w+)' by", one.log) == [
        ("info", "error"), ("error", "warning"), ("warning", "off"), ("off", "trace")]


def test_reload(daemon, path):
    config = both(path)
    one = daemon('[handlers.text]\nreply = "one {message}"\n' + config)
    admin, client = one.connect("admin"), one.connect("main")
    assert client.call("TEXT", "x") == b"one x"
    one.write_config('[server]\nmax_admin_connections = 9\n'
                     '[handlers.text]\nreply = "two {message}"\n' + config)
    assert admin.call("RELOAD") == [
        b"applied: handlers.text.reply changed from 'one {message}' to 'two {message}'",
        b"needs a restart: server.max_admin_connections changed from '16' to '9'"]
    assert client.call("TEXT", "x") == b"two x", "it was in force when the reply came"
    one.wait_for_log(r"configuration reloaded on RELOAD by unix:\S+ \(client \d+\)")


def test_a_bad_reload_changes_nothing_and_says_why(daemon, path):
    config = both(path)
    one = daemon('[handlers.text]\nreply = "one {message}"\n' + config)
    admin, client = one.connect("admin"), one.connect("main")
    one.write_config('[handlers.text]\nreply = 7\n[nosuch]\n' + config)
    error = str(admin.call("RELOAD"))
    assert error.startswith("ERR configuration not reloaded, 2 problems; first: "), error
    assert f"{one.config_path}:2:9: " in error
    assert client.call("TEXT", "x") == b"one x"
    one.wait_for_log(r"RELOAD by unix:\S+ \(client \d+\): configuration not reloaded")
    assert one.stat("event_config_problem") == 2, "each mistake is told"
    one.config_path.unlink()
    error = str(admin.call("RELOAD"))
    assert error.startswith("ERR configuration not reloaded, 1 problem; first: "), error
    admin.expect_alive()


def test_a_log_that_cannot_be_opened_changes_no_level(daemon, path):
    one = daemon(both(path))
    admin = one.connect("admin")
    one.write_config('[log]\nlevel = "debug"\ntarget = "/nonexistent/folder/log"\n' + both(path))
    assert "/nonexistent/folder/log" in str(admin.call("RELOAD"))
    one.connect("main").expect_alive()
    assert admin.call("LOG", "LEVEL") == b"info"
    admin.call("LOG", "LEVEL", "error")
    one.wait_for_log("from 'info' to 'error'")
    assert " connected" not in one.log


def test_shutdown_answers_what_was_received(daemon, path):
    one = daemon(both(path))
    clients = [one.connect("main").expect_alive() for _ in range(20)]
    admin, other = one.connect("admin").expect_alive(), one.connect("admin").expect_alive()
    one.signal(signal.SIGSTOP)
    for client in clients:
        client.send(request("CEIL", "4.40") * 100)
    admin.send(request("SHUTDOWN"))
    one.signal(signal.SIGCONT)
    for client in clients:
        assert client.read_until_eof() == b":5\r\n" * 100
        client.close()
    assert admin.read_until_eof() == b"+OK\r\n"
    other.expect_eof()
    admin.close()
    other.close()
    assert one.wait() == STOPPED
    assert not path.exists() and is_refused(one.address("main"))
    one.wait_for_log(r"stopping on SHUTDOWN by unix:\S+ \(client \d+\): answering")


def test_shutdown_answers_what_waits_for_a_person(daemon, path):
    one = daemon('[handlers.text]\nmode = "operator"\noperator_fallback = "nobody {message}"\n' +
                 both(path))
    person, admin, client = one.connect("admin"), one.connect("admin"), one.connect("main")
    person.call("HELLO", "3")
    person.request("OPERATOR", "JOIN", "ann").read_line()
    client.request("TEXT", "hi")
    eventually(lambda: b"hi" in repr(admin.call("OPERATOR", "LIST")).encode(), what="it waits")
    assert admin.call("SHUTDOWN") == "OK"
    assert client.read_until_eof() == b"$9\r\nnobody hi\r\n"
    for each in (person, admin, client):
        each.close()
    assert one.wait() == STOPPED


def test_shutdown_in_a_pipeline(daemon, path):
    one = daemon(both(path))
    admin = one.connect("admin")
    admin.send(request("PING") + request("SHUTDOWN") * 2 + request("ECHO", "behind"))
    assert admin.read_until_eof() == b"+PONG\r\n+OK\r\n+OK\r\n$6\r\nbehind\r\n"
    admin.close()
    assert one.wait() == STOPPED


def test_a_signal_while_shutdown_drains_ends_it_at_once(daemon, path):
    one = daemon('[deadlines]\ndrain = "60s"\n' + both(path))
    stuck = one.connect("main", receive_buffer=4096)
    stuck.socket.settimeout(2)
    try:
        for _ in range(2000):
            stuck.socket.sendall(request("ECHO", "x" * 8000))
    except TimeoutError:
        pass
    assert one.connect("admin").call("SHUTDOWN") == "OK"
    one.wait_for_log("stopping on SHUTDOWN")
    assert one.running, "it drains"
    one.signal(signal.SIGTERM)
    assert one.wait() == STOPPED
    one.wait_for_log("stopped at once by SIGTERM")


def test_sigterm_drains_administrators_too(daemon, path):
    one = daemon(both(path))
    admin = one.connect("admin").expect_alive()
    one.signal(signal.SIGSTOP)
    admin.send(request("LOG", "LEVEL") + request("RELOAD"))
    one.signal(signal.SIGTERM)
    one.signal(signal.SIGCONT)
    replies = admin.read_until_eof()
    # Whether RELOAD still found the daemon serving depends on which the loop saw first.
    assert replies.startswith(b"$4\r\ninfo\r\n") and replies.count(b"\r\n") == 3
    admin.close()
    assert one.wait() == STOPPED


def test_they_are_told_in_help(daemon, path):
    admin = daemon(both(path)).connect("admin")
    docs = pairs(admin.call("COMMAND", "DOCS", "log"))
    assert b"log|level" in pairs(pairs(docs[b"log"])[b"subcommands"])
    assert b"Answers what was received and ends the daemon" in admin.call("HELP", "shutdown")
