# SPDX-License-Identifier: MIT
"""The journal, from inside the shipped sandbox: fields to search by, priorities, explanations."""

import pathlib

import pytest

import host
from harness.client import Client

SOCKETS = ["systemd-journald.socket", "systemd-journald-dev-log.socket",
           "systemd-journald-audit.socket"]


@pytest.fixture
def since(service):
    return host.journal_cursor()


def one(records):
    assert len(records) == 1, records
    return records[0]


def test_a_record_is_found_by_its_peer(since):
    with Client(host.TCP) as client:
        client.call("TEXT", "hello journal")
        peer = f"127.0.0.1:{client.socket.getsockname()[1]}"
    record = one(host.journal(f"REACTORD_PEER={peer}", "REACTORD_EVENT=handler_info"))
    assert record["MESSAGE"].startswith("text: hello journal")
    assert record["REACTORD_EVENT"] == "handler_info"
    assert record["REACTORD_COMMAND"] == "text"
    assert record["REACTORD_HOST"] == "127.0.0.1"
    assert int(record["REACTORD_CLIENT"]) > 0
    assert record["PRIORITY"] == "6"
    assert record["SYSLOG_IDENTIFIER"] == "reactord"
    assert record["_SYSTEMD_UNIT"] == "reactord.service", "it is the service's own record"


def test_every_record_has_an_id(since):
    host.systemctl("restart", "reactord.service")
    records = [record for record in host.journal(since=since) if "REACTORD_EVENT" in record]
    assert {"draining", "stopped", "starting", "listening", "ready"} <= \
        {record["REACTORD_EVENT"] for record in records}
    assert all(len(record["MESSAGE_ID"]) == 32 for record in records)


@pytest.mark.parametrize("sent, reason, priority", [
    (b"*x\r\n", "protocol_error", "6"),
    (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "foreign", "4"),
])
def test_a_close_has_its_reason(since, sent, reason, priority):
    with Client(host.TCP) as client:
        client.send(sent).read_until_eof()
    record = one(host.eventually(
        lambda: host.journal(f"REACTORD_CLOSE_REASON={reason}", since=since)))
    assert record["PRIORITY"] == priority


def test_the_catalog_explains(since):
    with Client(host.TCP) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").read_until_eof()
    host.eventually(lambda: host.journal("REACTORD_EVENT=closed_foreign", since=since))
    text = host.run("journalctl", "-x", "REACTORD_EVENT=closed_foreign", "--no-pager").stdout
    assert "Subject: A client speaks another protocol" in text
    assert "@REACTORD_" not in text, "fields are filled in"


def test_what_clients_send_cannot_forge_a_field(since):
    with Client(host.TCP) as client:
        client.call("TEXT", "x\nPRIORITY=0\nREACTORD_EVENT=ready")
    record = one(host.journal("REACTORD_EVENT=handler_info", since=since))
    assert record["PRIORITY"] == "6"


def test_problems_of_the_configuration_are_there(since):
    host.CONFIG.write_text("nonsense = 1\n")
    host.systemctl("restart", "reactord.service", check=False)
    assert any("nonsense" in record["MESSAGE"] for record in host.journal(since=since))


def test_the_journal_stops(service):
    """It serves on, and tells again when the journal is back."""
    host.systemctl("stop", *SOCKETS, "systemd-journald.service", check=False)
    try:
        with Client(host.TCP, timeout=20) as client:
            for number in range(3000):
                assert client.call("TEXT", f"unheard {number}") == f"unheard {number}".encode()
        assert host.is_active()
    finally:
        host.systemctl("start", *SOCKETS, "systemd-journald.service", check=False)
    host.eventually(lambda: pathlib.Path("/run/systemd/journal/socket").exists())
    with Client(host.TCP) as client:
        def is_heard():
            client.call("TEXT", "heard again")  # of this second's messages a hundred were told
            return any("heard again" in text for text in host.messages())
        host.eventually(is_heard)
