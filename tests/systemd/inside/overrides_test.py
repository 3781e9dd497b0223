# SPDX-License-Identifier: MIT
"""What systemd/README.md tells people to change, changed."""

import grp
import os
import pathlib

import pytest

import host
from harness.client import Client, is_refused

LINES_SOCKET = """[Unit]
PartOf=reactord.socket

[Socket]
FileDescriptorName=lines
Service=reactord.service
ListenStream=127.0.0.1:12346
TriggerLimitIntervalSec=0
"""
LINES_SERVICE = """[Unit]
Requires=reactord-lines.socket
After=reactord-lines.socket

[Service]
Sockets=reactord-lines.socket
"""
LINES_LISTENER = """
[[listener]]
name = "lines"
address = "systemd"
framing = "line"
handler = "ceil"
"""


def add_to_config(text):
    host.CONFIG.write_text(host.CONFIG.read_text() + text)


def test_another_address(service):
    host.drop_in("reactord.socket", "[Socket]\nListenStream=\nListenStream=127.0.0.2:7000\n")
    host.systemctl("restart", "reactord.socket", service)
    with Client(("127.0.0.2", 7000)) as client:
        assert client.call("CEIL", "4.40") == 5
    assert is_refused(host.TCP)


def test_a_port_below_1024(service):
    host.drop_in("reactord.socket", "[Socket]\nListenStream=127.0.0.1:7\n")
    host.systemctl("restart", "reactord.socket", service)
    with Client(("127.0.0.1", 7)) as client:
        assert client.call("CEIL", "4.40") == 5


@pytest.fixture
def lines(service):
    unit = host.DROP_INS / "reactord-lines.socket"
    unit.write_text(LINES_SOCKET)
    host.drop_in(service, LINES_SERVICE)
    yield
    host.systemctl("stop", "reactord-lines.socket", check=False)
    unit.unlink()


def test_one_more_listener(service, lines):
    add_to_config(LINES_LISTENER)
    host.systemctl("restart", "reactord-lines.socket", service)
    with Client(("127.0.0.1", 12346)) as client:
        client.send(b"4.40\n").expect(b"5\n")
    with Client(host.TCP) as client:
        assert client.call("CEIL", "4.40") == 5
    assert len(host.show(service, "TriggeredBy").split()) == 3


def test_a_socket_without_its_listener(service, lines):
    cursor = host.journal_cursor()
    host.systemctl("restart", "reactord-lines.socket", service, check=False)
    host.eventually(lambda: [text for text in host.messages(since=cursor) if
                             "a socket was passed under the name 'lines', but no [[listener]]" in text])


def test_the_group_of_the_admin_socket(service):
    host.drop_in("reactord-admin.socket", "[Socket]\nSocketGroup=adm\nSocketMode=0660\n")
    host.systemctl("restart", "reactord-admin.socket", service)
    status = os.stat("/run/reactord/admin.sock")
    assert (status.st_mode & 0o777, status.st_gid) == (0o660, grp.getgrnam("adm").gr_gid)
    with Client("/run/reactord/admin.sock") as client:
        assert client.call("RELOAD") == "OK"


def test_a_log_file(service):
    add_to_config('[log]\ntarget = "/var/log/reactord/reactord.log"\n')
    host.drop_in(service, "[Service]\nLogsDirectory=reactord\n")
    host.systemctl("restart", service)
    with Client(host.TCP) as client:
        client.call("TEXT", "to the file")
    log = pathlib.Path("/var/log/reactord/reactord.log")
    host.eventually(lambda: "to the file" in log.read_text())
    log.rename(log.with_suffix(".1"))
    host.systemctl("reload", service)
    host.eventually(log.exists, what="a new file after it was rotated")
    host.stop_everything()
    host.systemctl("clean", "--what=logs", service)


def test_more_connections(service):
    add_to_config("[server]\nmax_connections = 15000\n")
    host.drop_in(service, "[Service]\nLimitNOFILE=15240\n")
    cursor = host.journal_cursor()
    host.systemctl("restart", service)
    assert not [text for text in host.messages(since=cursor) if "lowered" in text]
    with Client(host.TCP) as client:
        assert b"maxclients:15000" in client.call("INFO", "clients")


def test_too_few_descriptors_are_told(service):
    host.drop_in(service, "[Service]\nLimitNOFILE=1000\n")
    cursor = host.journal_cursor()
    host.systemctl("restart", service)
    host.eventually(lambda: [text for text in host.messages(since=cursor) if "lowered" in text])
