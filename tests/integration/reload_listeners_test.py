# SPDX-License-Identifier: MIT
"""Listeners come, move, change and go with a reload; rules belong to a bound address."""

import os
import socket
import stat

import pytest

from harness.client import Client, eventually
from harness.net import free_port

FROM_NOWHERE = 'allow = "203.0.113.0/24"\n'


def listener(address, name=None, extra=""):
    named = f'name = "{name}"\n' if name else ""
    return f'[[listener]]\n{named}address = "{address}"\n{extra}'


def reload(one, *listeners):
    """A reload that is over when this returns; what it says of itself."""
    before = one.log.count("configuration reloaded on") + one.log.count("not reloaded, the old")
    one.reload("".join(listeners))
    eventually(lambda: one.log.count("configuration reloaded on") +
               one.log.count("not reloaded, the old") > before, what=f"a reload:\n{one.log}")


def is_open(port, host="127.0.0.1"):
    try:
        socket.create_connection((host, port), timeout=5).close()
        return True
    except ConnectionRefusedError:
        return False


def test_listeners_come_and_go(daemon):
    first, second = free_port(), free_port()
    one = daemon(listener(f"127.0.0.1:{first}", "first"))
    old = one.connect("first")
    old.expect_alive()
    reload(one, listener(f"127.0.0.1:{second}", "second"))
    assert "listening on 127.0.0.1:%d" % second in one.log
    assert "no longer listening on 127.0.0.1:%d" % first in one.log
    assert is_open(second) and not is_open(first)
    old.expect_alive()
    with Client(("127.0.0.1", second)) as new:
        new.expect_alive()
    reload(one, listener(f"127.0.0.1:{first}", "first"), listener(f"127.0.0.1:{second}", "second"))
    assert is_open(first) and is_open(second)
    old.expect_alive()


def test_a_deleted_listener_gives_its_rules_to_nobody(daemon):
    """Unnamed, so that the second takes the first one's name."""
    public, local = free_port(), free_port()
    one = daemon(listener(f"0.0.0.0:{public}", extra=FROM_NOWHERE) +
                 listener(f"127.0.0.1:{local}", extra='allow_commands = "all"\n'))
    reload(one, listener(f"127.0.0.1:{local}", extra='allow_commands = "all"\n'))
    assert not is_open(public)
    with Client(("127.0.0.1", local)) as client:
        assert client.call("LOG", "LEVEL") == b"info"


def test_swapped_listeners_keep_their_rules(daemon):
    public, local = free_port(), free_port()
    parts = [listener(f"0.0.0.0:{public}", extra=FROM_NOWHERE),
             listener(f"127.0.0.1:{local}", extra='allow_commands = "all"\n')]
    one = daemon("".join(parts))
    reload(one, *reversed(parts))
    with Client(("127.0.0.1", public)) as client:
        assert b"not in the allow list" in client.read_until_eof()
    with Client(("127.0.0.1", local)) as client:
        assert client.call("LOG", "LEVEL") == b"info"


def test_all_addresses_become_one_of_them_and_back(daemon):
    port = free_port()
    one = daemon(listener(f"0.0.0.0:{port}", "main", FROM_NOWHERE))
    reload(one, listener(f"127.0.0.1:{port}", "main"))
    assert not is_open(port, "127.0.0.2")
    with Client(("127.0.0.1", port)) as client:
        client.expect_alive()
    reload(one, listener(f"0.0.0.0:{port}", "main"))
    assert is_open(port, "127.0.0.2")
    # Nobody else shares the port afterwards.
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError):
            thief.bind(("127.0.0.1", port))
            thief.listen()


def test_every_reload_warns_as_a_start_does(daemon):
    port = free_port()
    one = daemon(listener(f"0.0.0.0:{port}", "main", FROM_NOWHERE))
    warning = "has no allow list"
    assert warning not in one.log
    reload(one, listener(f"0.0.0.0:{port}", "main"))
    assert one.log.count(warning) == 1
    reload(one, listener(f"0.0.0.0:{port}", "main"))
    assert one.log.count(warning) == 2


def test_an_address_that_cannot_be_had_refuses_the_whole_reload(daemon):
    port, other = free_port(), free_port()
    one = daemon(listener(f"127.0.0.1:{port}", "main"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        blocked = taken.getsockname()[1]
        reload(one, '[deadlines]\nidle = "7s"\n', listener(f"127.0.0.1:{other}", "main"),
               listener(f"127.0.0.1:{blocked}", "more"))
    assert f"cannot bind 127.0.0.1:{blocked}" in one.log
    assert "another program listens there" in one.log
    assert is_open(port) and not is_open(other)
    client = one.connect()
    client.expect_alive()
    assert client.call("CONFIG", "GET", "deadlines.idle") == [b"deadlines.idle", b"off"]


def test_connections_have_the_new_rules_of_their_address(daemon):
    port = free_port()
    one = daemon(listener(f"127.0.0.1:{port}", "a", 'allow_commands = "all"\n'))
    client = one.connect("a")
    assert client.call("LOG", "LEVEL") == b"info"
    reload(one, listener(f"127.0.0.1:{port}", "b", 'allow_commands = ["public"]\n'))
    assert "unknown command" in str(client.call("LOG", "LEVEL"))


def test_connections_of_a_closed_address_keep_their_rules(daemon):
    port, other = free_port(), free_port()
    one = daemon(listener(f"127.0.0.1:{port}", "a", 'allow_commands = "all"\n'))
    client = one.connect("a")
    client.expect_alive()
    reload(one, listener(f"127.0.0.1:{other}", "a", 'allow_commands = ["public"]\n'))
    assert client.call("LOG", "LEVEL") == b"info"
    # Until their address is bound again.
    reload(one, listener(f"127.0.0.1:{port}", "c", 'allow_commands = ["public"]\n'))
    assert "unknown command" in str(client.call("LOG", "LEVEL"))


def test_a_listener_becomes_the_administrators(daemon):
    """Who is connected is counted as it came, and served by the new rules."""
    port, admin = free_port(), free_port()
    public = listener(f"127.0.0.1:{admin}", "main")
    one = daemon(listener(f"127.0.0.1:{port}", "a") + public)
    client = one.connect("a")
    client.expect_alive()
    reload(one, listener(f"127.0.0.1:{port}", "a", 'role = "admin"\n'), public)
    assert client.call("LOG", "LEVEL") == b"info"
    with Client(("127.0.0.1", port)) as new:
        assert new.call("LOG", "LEVEL") == b"info"
    reload(one, listener(f"127.0.0.1:{port}", "a"), public)
    client.close()
    with Client(("127.0.0.1", port)) as new:
        new.expect_alive()


def test_framing_changes_for_those_who_come(daemon):
    port = free_port()
    one = daemon(listener(f"127.0.0.1:{port}", "a"))
    old = one.connect("a")
    old.expect_alive()
    reload(one, listener(f"127.0.0.1:{port}", "a", 'framing = "line"\nhandler = "ceil"\n'))
    old.expect_alive()
    with Client(("127.0.0.1", port)) as new:
        assert new.send(b"4.40\n").read_line() == b"5"


def test_a_unix_socket_gets_its_mode(daemon, tmp_path):
    path = tmp_path / "s"
    one = daemon(listener(f"unix:{path}", "a"))
    inode = path.stat().st_ino
    reload(one, listener(f"unix:{path}", "a", 'mode = "0600"\n'))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_ino == inode
    reload(one, listener(f"unix:{path}", "a", 'mode = "0666"\ngroup = "nosuchgroup"\n'))
    assert "there is no group 'nosuchgroup'" in one.log
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    reload(one, listener(f"unix:{tmp_path}/t", "a"))
    assert not path.exists() and os.path.exists(tmp_path / "t")


def test_who_waits_in_the_backlog_is_taken_in(daemon):
    """A client that was never accepted because the table was full."""
    port, other = free_port(), free_port()
    head = '[server]\nmax_connections = 1\nwhen_full = "wait"\n'
    one = daemon(head + listener(f"127.0.0.1:{port}", "a"))
    first = one.connect("a")
    first.expect_alive()
    for turn in range(20):
        reload(one, head, listener(f"127.0.0.1:{other if turn % 2 == 0 else port}", "a"))
    first.expect_alive()
    first.close()
    eventually(lambda: is_open(port))


# --- descriptors: listeners and administrators are counted first

def crowded(count, path):
    return "".join(listener("127.0.0.1:0", f"n{i}") for i in range(count)) + \
        listener(f"unix:{path}", "admin", 'role = "admin"\n')


def test_listeners_and_administrators_keep_their_descriptors(daemon, tmp_path):
    one = daemon(crowded(50, tmp_path / "admin"), prefix=("prlimit", "--nofile=160:160"))
    match = one.wait_for_log(r"max_connections lowered from 10000 to (\d+)")
    crowd = [one.connect("n0") for _ in range(160)]
    assert sum(served(client) for client in crowd) == int(match[1])
    admin = one.connect("admin")
    assert admin.call("RELOAD") == "OK", "its files can be opened"
    assert "cannot accept" not in one.log


def served(client):
    try:
        client.expect_alive()
        return True
    except (AssertionError, OSError):
        return False


def test_a_reload_that_wants_too_many_descriptors_is_refused(daemon, tmp_path):
    one = daemon(crowded(1, tmp_path / "admin"), prefix=("prlimit", "--nofile=160:160"))
    reload(one, crowded(60, tmp_path / "admin"))
    assert "61 listening sockets leave descriptors for" in one.log
    one.connect("n0").expect_alive()
    reload(one, crowded(1, tmp_path / "admin"))
    eventually(lambda: one.log.count("max_connections lowered") == 2,
               what="each reload warns as a start does")
