# SPDX-License-Identifier: MIT
"""The admin listener: who gets in, what it knows, and that it answers when the daemon is full.

What its commands do: admin_commands_test.py."""

import grp
import os
import pwd
import re
import socket
import stat
import subprocess
import sys
import tempfile
import time

import pytest

from harness.admin import both
from harness.client import Client, eventually
from harness.daemon import DEFAULT_LISTENER, run_reactord
from harness.reasons import TOLD
from harness.resp import Error
from sockets_test import start_with_sockets

STOPPED = 0
ADMIN_COMMANDS = [("LOG", "LEVEL"), ("LOG", "LEVEL", "debug"), ("LOG", "HELP"), ("RELOAD",),
                  ("DRAIN",), ("HANDOVER", "1"), ("SHUTDOWN",), ("CLIENT", "KILL", "ID", "999999"), ("SLOWLOG", "RESET"),
                  ("OPERATOR", "LIST"), ("DEBUG", "DUMP")]
ADMIN_NAMES = {b"debug", b"drain", b"handover", b"log", b"monitor", b"operator", b"reload", b"shutdown"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "admin.sock"


def assert_unknown(client, words):
    error = client.call(*words)
    assert isinstance(error, Error) and str(error).startswith("ERR unknown "), (words, error)


def test_what_one_listener_has_just_allowed_the_other_refuses(daemon, path):
    """The name is known from the request before; whether it is allowed is asked each time."""
    one = daemon(both(path))
    admin, public = Client(str(path)), one.connect()
    for _ in range(2):
        assert admin.call("RELOAD") == "OK"
        assert_unknown(public, ("RELOAD",))


# --- the socket

@pytest.mark.parametrize("mode", [0o660, 0o600])
def test_its_mode_and_group(daemon, path, mode):
    """Of another group than the process's own, where the process may choose."""
    group = "daemon" if os.geteuid() == 0 else grp.getgrgid(os.getegid()).gr_name
    daemon(both(path, f'group = "{group}"\nmode = "0{mode:o}"\n'))
    status = os.stat(path)
    assert stat.S_IMODE(status.st_mode) == mode
    assert grp.getgrgid(status.st_gid).gr_name == group
    assert status.st_uid == os.geteuid()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("member", [True, False])
def test_members_of_the_group_alone_get_in(daemon, member):
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # pytest's own are closed to others
        os.chmod(folder, 0o755)
        daemon(both(f"{folder}/s", 'group = "daemon"\n'))
        script = f"import socket; socket.socket(socket.AF_UNIX).connect('{folder}/s')"
        groups = [grp.getgrnam("daemon").gr_gid] if member else []
        nobody = pwd.getpwnam("nobody")
        done = subprocess.run([sys.executable, "-c", script], user=nobody.pw_uid,
                              group=nobody.pw_gid, extra_groups=groups, capture_output=True,
                              text=True, check=False)
    assert (done.returncode == 0) == member, done.stderr
    assert member or "PermissionError" in done.stderr


def failed_start(tmp_path, config):
    file = tmp_path / "reactord.toml"
    file.write_text(config)
    done = run_reactord("--config", file)
    assert done.returncode == 1, done
    return done.stderr


def test_a_group_that_does_not_exist(tmp_path, path):
    problem = failed_start(tmp_path, both(path, 'group = "no-such-group"\n'))
    assert "no group 'no-such-group'" in problem and "listener 'admin'" in problem
    assert "groupadd" in problem
    assert not path.exists()


@pytest.mark.parametrize("listener, problem", [
    ('address = "0.0.0.0:0"', r"reactord\.toml:4:11: .*'0\.0\.0\.0:0' can be reached from other"),
    ('address = ["unix:/a", "[::]:0"]', r"reactord\.toml:4:11: .*'\[::\]:0' can be reached"),
    ('address = "unix:/a"\nframing = "line"', r"reactord\.toml:5:11: .*framing is \"command\""),
    ('address = "127.0.0.1:0"\ngroup = "adm"', r"reactord\.toml:5:1: .*only Unix sockets have"),
])
def test_what_cannot_be_an_admin_listener(tmp_path, listener, problem):
    config = tmp_path / "reactord.toml"
    config.write_text(f'[[listener]]\nname = "admin"\nrole = "admin"\n{listener}\n')
    for arguments in (["--check-config"], []):
        done = run_reactord("--config", config, *arguments)
        assert done.returncode == 78 and re.search(problem, done.stderr), done
        assert len(done.stderr.splitlines()) == 1


SYSTEMD = '[[listener]]\nname = "admin"\nrole = "admin"\naddress = "systemd"\n'


def listening(family, address):
    sock = socket.socket(family)
    sock.bind(address)
    sock.listen(16)
    return sock


def test_a_local_socket_from_systemd(daemon, path):
    passed = [listening(socket.AF_UNIX, str(path)), listening(socket.AF_INET, ("127.0.0.1", 0))]
    one = start_with_sockets(daemon, passed, "admin:admin", SYSTEMD, expect_listeners=2)
    for sock in passed:
        with Client(sock.getsockname()) as client:
            assert client.call("LOG", "LEVEL") == b"info"
    assert one.running


def test_a_socket_from_systemd_that_others_can_reach(daemon):
    passed = [listening(socket.AF_INET, ("0.0.0.0", 0))]
    one = start_with_sockets(daemon, passed, "admin", SYSTEMD, ready=False, expected_status=1)
    assert one.wait() == 1
    one.wait_for_log(r"passed for the admin listener 'admin' is at 0\.0\.0\.0:\d+, which other "
                     r"machines can reach")


# --- what it knows

def test_no_public_listener_knows_them(daemon, path):
    one = daemon(both(path) + '\n[[listener]]\nname = "unix"\n'
                 f'address = "unix:{path.parent}/public.sock"\n')
    for listener in ("main", "unix"):
        client = one.connect(listener)
        for words in ADMIN_COMMANDS:
            assert_unknown(client, words)
        assert not ADMIN_NAMES & set(client.call("COMMAND", "LIST"))
        assert client.call("COMMAND", "INFO", "shutdown", "client|kill") == [None, None]
        assert not {b"SHUTDOWN", b"RELOAD", b"LOG"} & set(client.call("HELP").split())
        assert not any("KILL" in line for line in client.call("CLIENT", "HELP"))
        # It is local, so it may be looked at.
        assert not isinstance(client.call("CLIENT", "LIST"), Error)
    assert one.running


def test_the_admin_listener_knows_all(daemon, path):
    client = daemon(both(path)).connect("admin")
    assert ADMIN_NAMES <= set(client.call("COMMAND", "LIST"))
    assert {b"SHUTDOWN", b"RELOAD", b"LOG"} <= set(client.call("HELP").split())
    assert client.call("CEIL", "4.40") == 5
    for words in ADMIN_COMMANDS:
        if words not in (("SHUTDOWN",), ("HANDOVER", "1")):
            assert not isinstance(client.call(*words), Error), words


def test_a_listener_that_names_the_class_knows_them(daemon):
    for allowed in ('"all"', '["public", "admin"]'):
        one = daemon('[[listener]]\nname = "main"\naddress = "127.0.0.1:0"\n'
                     f"allow_commands = {allowed}\n")
        client = one.connect()
        assert client.call("LOG", "LEVEL") == b"info"
        assert ADMIN_NAMES <= set(client.call("COMMAND", "LIST"))


def test_an_admin_listener_may_know_less(daemon, path):
    client = daemon(both(path, 'allow_commands = ["public", "introspection"]\n')).connect("admin")
    assert_unknown(client, ("SHUTDOWN",))
    assert not isinstance(client.call("CLIENT", "LIST"), Error)


# --- slots

FULL = '[server]\nmax_connections = 3\nwhen_full = "{}"\n'


@pytest.mark.parametrize("mode", ["refuse", "wait"])
def test_a_full_daemon_still_answers_its_administrator(daemon, path, mode):
    one = daemon(FULL.format(mode) + both(path))
    three = [one.connect("main").expect_alive() for _ in range(3)]
    late = [one.connect("main") for _ in range(20)]
    began = time.perf_counter()
    admin = one.connect("admin")
    assert admin.call("PING") == "PONG"
    print(f"{mode}: answered in {1000 * (time.perf_counter() - began):.2f} ms")
    info = dict(line.split(":", 1) for line in admin.call("INFO", "clients").decode().split("\r\n")
                if ":" in line)
    assert info["connected_clients"] == info["maxclients"] == "3"
    assert info["connected_admin_clients"] == "1" and info["max_admin_clients"] == "16"
    # An administrator can make room.
    assert admin.call("CLIENT", "KILL", "ID", three[0].call("CLIENT", "ID")) == 1
    three[0].expect_eof()
    three[0].close()
    if mode == "wait":
        late[0].request("ECHO", "in").expect(b"$2\r\nin\r\n")
    for client in three[1:]:
        client.expect_alive()


@pytest.mark.parametrize("mode", ["refuse", "wait"])
def test_admin_slots_are_bounded_too(daemon, path, mode):
    """The 17th is refused, also where clients would wait: and takes nobody's slot."""
    one = daemon(FULL.format(mode) + both(path))
    sixteen = [one.connect("admin").expect_alive() for _ in range(16)]
    refused = one.connect("admin")
    assert refused.read_until_eof() == \
        b"-ERR max number of clients reached on the admin listeners\r\n"
    one.wait_for_log(TOLD["refused, admins full"].log)
    three = [one.connect("main").expect_alive() for _ in range(3)]
    sixteen[0].close()

    def admitted():
        with one.connect("admin", track=False) as client:
            try:
                return client.call("PING") == "PONG"
            except (AssertionError, OSError):
                return False

    eventually(admitted, what="a place that was freed is given away")
    for client in three + sixteen[1:]:
        client.expect_alive()


def test_as_many_as_the_configuration_says(daemon, path):
    one = daemon("[server]\nmax_admin_connections = 1\n" + both(path))
    one.connect("admin").expect_alive()
    assert one.connect("admin").read_until_eof().startswith(b"-ERR max number of clients")


def test_the_limit_per_address_does_not_count_administrators(daemon):
    one = daemon("[server]\nmax_connections_per_address = 1\n" + DEFAULT_LISTENER +
                 '[[listener]]\nname = "admin"\nrole = "admin"\naddress = "127.0.0.1:0"\n')
    admins = [one.connect("admin").expect_alive() for _ in range(3)]
    client = one.connect("main").expect_alive()
    assert one.connect("main").read_until_eof().startswith(b"-ERR max number of clients")
    for other in (*admins, one.connect("admin"), client):
        other.expect_alive()


def test_when_descriptors_are_few_they_stay(daemon, path):
    """With RLIMIT_NOFILE 64 clients get fewer connections; administrators have all of theirs."""
    one = daemon(both(path), prefix=("prlimit", "--nofile=64:64"))
    possible = int(one.wait_for_log(r"max_connections lowered from 10000 to (\d+):")[1])
    clients = [one.connect("main") for _ in range(100)]
    served = 0
    for client in clients:
        try:
            client.expect_alive()
            served += 1
        except (AssertionError, OSError):
            pass
    assert served == possible
    for admin in [one.connect("admin") for _ in range(16)]:
        admin.expect_alive()
    assert "cannot accept" not in one.log
