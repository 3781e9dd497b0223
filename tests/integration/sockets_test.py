# SPDX-License-Identifier: MIT
"""Where it listens: Unix sockets, IPv6, several listeners, sockets passed by systemd."""

import os
import socket
import stat
import subprocess
import sys

import pytest

from harness.client import Client, eventually
from harness.daemon import REACTORD, run_reactord
from harness.keeper import LAUNCHER
from harness.net import free_port, program


def unix_config(path, extra=""):
    return f'[[listener]]\nname = "local"\naddress = "unix:{path}"\n{extra}'


# --- Unix sockets

def test_a_unix_socket(daemon, tmp_path):
    one = daemon(unix_config(tmp_path / "s"))
    client = one.connect()
    assert client.call("CEIL", "4.40") == 5
    assert f"laddr=unix:{tmp_path}/s ".encode() in client.call("CLIENT", "INFO")
    client.close()
    one.stop()
    assert not (tmp_path / "s").exists(), "it is removed at the end"


@pytest.mark.parametrize("mode", [0o660, 0o600, 0o666])
def test_its_mode(daemon, tmp_path, mode):
    extra = "" if mode == 0o660 else f'mode = "0{mode:o}"\n'
    daemon(unix_config(tmp_path / "s", extra))
    assert stat.S_IMODE(os.stat(tmp_path / "s").st_mode) == mode


def test_a_stale_socket_is_replaced(daemon, tmp_path):
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / "s"))
    left.close()
    daemon(unix_config(tmp_path / "s")).connect().expect_alive()


def test_a_live_socket_is_not_stolen(daemon, tmp_path):
    one = daemon(unix_config(tmp_path / "s"))
    second = tmp_path / "second.toml"
    second.write_text(unix_config(tmp_path / "s"))
    done = run_reactord("--config", second)
    assert done.returncode == 1 and str(tmp_path / "s") in done.stderr
    one.connect().expect_alive()


def test_a_file_that_is_no_socket_is_kept(tmp_path):
    (tmp_path / "s").write_text("precious")
    config = tmp_path / "reactord.toml"
    config.write_text(unix_config(tmp_path / "s"))
    done = run_reactord("--config", config)
    assert done.returncode == 1 and (tmp_path / "s").read_text() == "precious"


def test_a_path_that_is_too_long(tmp_path):
    config = tmp_path / "reactord.toml"
    config.write_text(unix_config("/tmp/" + "x" * 200))
    assert run_reactord("--config", config).returncode == 78


# --- addresses

def test_ipv4_and_ipv6_and_unix_in_one_listener(daemon, tmp_path):
    one = daemon(f'[[listener]]\nname = "main"\n'
                 f'address = ["127.0.0.1:0", "[::1]:0", "unix:{tmp_path}/s"]\n')
    assert len(one.addresses) == 3
    for _, address in one.addresses:
        with Client(address) as client:
            assert client.call("CEIL", "4.40") == 5


def test_the_same_port_on_ipv4_and_ipv6(daemon):
    """IPv6 sockets are V6ONLY, so [::] and 0.0.0.0 do not collide."""
    port = free_port("::1")
    one = daemon(f'[[listener]]\nname = "main"\naddress = ["0.0.0.0:{port}", "[::]:{port}"]\n')
    for host in ("127.0.0.1", "::1"):
        with Client((host, port)) as client:
            assert client.call("CEIL", "4.40") == 5
    assert one.running


def test_a_peer_is_shown_with_its_address(daemon):
    one = daemon('[[listener]]\nname = "main"\naddress = "[::1]:0"\n')
    client = one.connect()
    port = client.socket.getsockname()[1]
    assert f"addr=[::1]:{port} ".encode() in client.call("CLIENT", "INFO")


# --- sockets passed by systemd

def passed_sockets(count):
    sockets = []
    for _ in range(count):
        sock = socket.socket()
        sock.bind(("127.0.0.1", 0))
        sock.listen(16)
        sockets.append(sock)
    return sockets


def start_with_sockets(daemon, sockets, names, config, **options):
    fds = [sock.fileno() for sock in sockets]
    prefix = (sys.executable, "-c", LAUNCHER, names, ",".join(map(str, fds)))
    return daemon(config, prefix=prefix, pass_fds=fds, **options)


def test_passed_sockets_are_adopted(daemon):
    sockets = passed_sockets(2)
    one = start_with_sockets(daemon, sockets, "main:main",
                             '[[listener]]\nname = "main"\naddress = "systemd"\n',
                             expect_listeners=2)
    for sock in sockets:
        with Client(sock.getsockname()) as client:
            assert client.call("CEIL", "4.40") == 5
    assert one.running


def test_passed_sockets_find_their_listener_by_name(daemon):
    sockets = passed_sockets(2)
    start_with_sockets(daemon, sockets, "lines:main", """
[[listener]]
name = "main"
address = "systemd"

[[listener]]
name = "lines"
address = "systemd"
framing = "line"
handler = "ceil"
""", expect_listeners=2)
    with Client(sockets[0].getsockname()) as client:
        client.send(b"4.40\n").expect(b"5\n")
    with Client(sockets[1].getsockname()) as client:
        client.send(b"CEIL 4.40\n").expect(b"5\n")


def test_the_backlog_of_a_passed_socket_is_left_to_the_successor(daemon):
    """Nobody is refused while one daemon follows another."""
    sockets = passed_sockets(1)
    config = '[[listener]]\nname = "main"\naddress = "systemd"\n'
    one = start_with_sockets(daemon, sockets, "main", config, expect_listeners=1)
    with Client(sockets[0].getsockname()) as client:
        client.expect_alive()
    one.stop()
    waiting = Client(sockets[0].getsockname()).request("CEIL", "4.40")
    start_with_sockets(daemon, sockets, "main", config, expect_listeners=1)
    assert waiting.reply() == 5
    waiting.close()


def test_a_listening_socket_that_breaks_is_told_and_the_others_go_on(daemon):
    """Whoever passed it can shut it down: from then on accept(2) fails for good."""
    sockets = passed_sockets(2)
    one = start_with_sockets(daemon, sockets, "main:main",
                             '[[listener]]\nname = "main"\naddress = "systemd"\n', expect_listeners=2)
    sockets[1].shutdown(socket.SHUT_RDWR)
    one.wait_for_log(r"accept failed: Invalid argument")
    with Client(sockets[0].getsockname()) as client:
        assert client.call("CEIL", "4.40") == 5
    assert one.stat("event_accept_failed") >= 1


def test_a_listener_that_wants_a_socket_and_gets_none(tmp_path):
    config = tmp_path / "reactord.toml"
    config.write_text('[[listener]]\nname = "main"\naddress = "systemd"\n')
    done = run_reactord("--config", config)
    assert done.returncode in (1, 78) and "main" in done.stderr


def test_sockets_meant_for_another_process_are_not_taken(tmp_path):
    config = tmp_path / "reactord.toml"
    config.write_text('[[listener]]\nname = "main"\naddress = "systemd"\n')
    done = run_reactord("--config", config,
                        environment={"LISTEN_FDS": "1", "LISTEN_PID": "1"})
    assert done.returncode in (1, 78)


def test_started_by_systemd_socket_activate(tmp_path):
    port = free_port()
    config = tmp_path / "reactord.toml"
    config.write_text('[[listener]]\nname = "main"\naddress = "systemd"\n')
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen(
            [program("systemd-socket-activate"), "-l", f"127.0.0.1:{port}", "--fdname=main",
             str(REACTORD), "--config", str(config)], stdout=log, stderr=log)
    try:
        def answer():
            try:
                with Client(("127.0.0.1", port)) as client:
                    return client.call("CEIL", "4.40") == 5
            except (OSError, AssertionError):
                return False
        eventually(answer, what=(tmp_path / "log").read_text())
    finally:
        process.terminate()
        assert process.wait(15) == 0
