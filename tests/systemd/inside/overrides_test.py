# SPDX-License-Identifier: MIT
"""What systemd/README.md tells people to change, changed."""

import grp
import os
import pathlib
import re

import pytest

import host
from harness.client import Client, is_refused

LINES_LISTENER = """
[[listener]]
name = "lines"
address = "systemd"
framing = "line"
handler = "ceil"
"""


def drop_in_with(text):
    """The one of the README's examples that contains this."""
    found, = [block for block in host.documented("ini") if text in block]
    return found


def add_to_config(text):
    host.CONFIG.write_text(host.CONFIG.read_text() + text)


def allow_in_config(network):
    name = 'name = "default"\n'
    text = host.CONFIG.read_text()
    assert name in text
    host.CONFIG.write_text(text.replace(name, f'{name}allow = ["{network}"]\n'))


def test_another_address(service):
    host.drop_in("reactord.socket", drop_in_with("10.0.0.5:12345"))
    allow_in_config("10.0.0.0/8")
    host.systemctl("restart", "reactord.socket", service)
    host.run("ip", "address", "add", "10.0.0.5/32", "dev", "lo")
    try:
        with Client(("10.0.0.5", 12345)) as client:
            assert client.call("CEIL", "4.40") == 5
    finally:
        host.run("ip", "address", "del", "10.0.0.5/32", "dev", "lo")
    with Client(host.UNIX) as client:
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
    unit.write_text(drop_in_with("FileDescriptorName=lines"))
    host.drop_in(service, drop_in_with("Requires=reactord-lines.socket"))
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


@pytest.fixture
def small_log_folder():
    """Where LogsDirectory= is, of a file system that 64 KiB fill."""
    folder = pathlib.Path("/var/log/private/reactord")
    folder.mkdir(parents=True)
    folder.parent.chmod(0o700)
    host.run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder)
    yield folder
    host.stop_everything()
    host.run("umount", folder)
    host.systemctl("clean", "--what=logs", "reactord.service")


def dropped(client):
    info = client.call("INFO").decode()
    return int(re.search(r"^log_records_dropped:(\d+)", info, re.M)[1])


def test_a_full_disk_for_the_log(service, small_log_folder):
    """It serves on, counts what is lost, and writes again when there is room."""
    add_to_config('[log]\ntarget = "/var/log/reactord/reactord.log"\n')
    host.drop_in(service, "[Service]\nLogsDirectory=reactord\n")
    host.systemctl("restart", service)
    log = small_log_folder / "reactord.log"
    with Client(host.TCP) as client:
        def is_full():
            for number in range(100):  # as many as are told in a second
                text = f"{number}" + 200 * "x"
                assert client.call("TEXT", text) == text.encode()
            return dropped(client) > 0

        def is_told_again():
            client.call("TEXT", "room again")
            return "room again" in log.read_text(errors="replace")

        host.eventually(is_full)
        os.truncate(log, 0)
        host.eventually(is_told_again)
    assert host.is_active()


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
