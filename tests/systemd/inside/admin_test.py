# SPDX-License-Identifier: MIT
"""The admin socket: its own unit, for root alone."""

import os
import stat

import host
from harness.client import Client

ADMIN = "/run/reactord/admin.sock"


def test_it_is_for_root_alone(service):
    status = os.stat(ADMIN)
    assert stat.S_IMODE(status.st_mode) == 0o600 and status.st_uid == 0


def test_it_reloads_and_names_what_is_wrong(service):
    with Client(ADMIN) as client:
        assert client.call("RELOAD") == "OK"
        host.CONFIG.write_text(host.CONFIG.read_text() + "[server]\nnonsense = 1\n")
        client.request("RELOAD")
        assert client.read_line(b"\r\n").startswith(b"-ERR")
    assert "not reloaded" in host.eventually(lambda: host.show(service, "StatusText"))


def test_a_shutdown_leaves_the_sockets(service):
    """It ends as asked, which is no failure; the next client starts it again."""
    with Client(ADMIN) as client:
        client.call("SHUTDOWN")
    host.eventually(lambda: not host.is_active(service))
    assert host.is_active("reactord.socket") and host.is_active("reactord-admin.socket")
    with Client(host.TCP, timeout=20) as client:
        assert client.call("CEIL", "4.40") == 5


def test_clients_cannot_do_what_it_can(service):
    with Client(host.UNIX) as client:
        client.request("SHUTDOWN")
        assert client.read_line(b"\r\n").startswith(b"-ERR")
    assert host.is_active(service)
