# SPDX-License-Identifier: MIT
"""Who is connected stays connected when the service restarts (server.survive)."""

import signal
import time

import pytest

import host
from harness import resp
from harness.client import Client
from load import Load

SURVIVE = '[server]\nsurvive = "restart"\n'


@pytest.fixture
def surviving(service):
    host.CONFIG.write_text(SURVIVE + host.CONFIG.read_text())
    host.systemctl("restart", service)
    return service


@pytest.fixture
def since():
    """What the journal has said before is of other tests."""
    return host.journal_cursor()


def counted(event, since):
    """How many connections each process has taken over."""
    return [int(record["REACTORD_COUNT"])
            for record in host.journal(f"REACTORD_EVENT={event}", since=since)]


@pytest.mark.parametrize("address", [host.TCP, host.UNIX], ids=["tcp", "unix"])
def test_20_restarts_lose_no_connection(surviving, address, since):
    client, half = Client(address), Client(address)
    number = client.call("CLIENT", "ID")
    half.send(resp.request("ECHO", "whole")[:-4])
    pids = set()
    with Load(address) as load:
        for _ in range(20):
            before = load.answered()
            host.systemctl("restart", surviving)
            pids.add(host.main_pid())
            host.eventually(lambda: load.answered() > before + 500, what="clients are served")
    assert len(pids) == 20
    assert load.errors() == {}
    assert load.counts["closed"] == load.counts["asked again"] == 0, "nobody had to connect again"
    assert load.counts["connections"] == load.clients
    assert client.call("CLIENT", "ID") == number
    half.send(resp.request("ECHO", "whole")[-4:])
    assert half.reply() == b"whole"
    assert min(counted("taken_over", since)) >= 2 + load.clients


def test_a_stop_drains_and_leaves_nothing(surviving):
    client = Client(host.TCP)
    client.expect_alive()
    host.systemctl("stop", surviving)
    client.expect_eof()
    host.systemctl("start", surviving)
    assert Client(host.TCP).call("CEIL", "4.40") == 5


def test_without_it_a_restart_drains(service):
    client = Client(host.TCP)
    client.expect_alive()
    host.systemctl("restart", service)
    client.expect_eof()


def test_upgrade_restarts_the_unit(surviving):
    client = Client(host.TCP)
    client.expect_alive()
    before = host.main_pid()
    told = host.run("reactor-cli", "upgrade").stdout
    assert f"(process {host.main_pid()}) serves in place of" in told and f"(process {before})" in told
    assert host.main_pid() != before
    client.expect_alive()


def test_the_status_says_how_many_went_on(surviving, since):
    clients = [Client(host.TCP) for _ in range(3)]
    for client in clients:
        client.expect_alive()
    host.systemctl("restart", surviving)
    assert "3 connections go on from the process before" in "\n".join(host.messages(since=since))
    assert host.show(surviving, "StatusText").endswith("; 3 connections taken over from the process before")
    assert host.systemctl("show", "-P", "NFileDescriptorStore", surviving).stdout.strip() == "0"
    for client in clients:
        client.expect_alive()


# --- a crash (survive = "crash")

@pytest.fixture
def outliving(service):
    host.CONFIG.write_text(SURVIVE.replace("restart", "crash") + host.CONFIG.read_text())
    host.systemctl("restart", service)
    return service


def stored(unit):
    return host.systemctl("show", "-P", "NFileDescriptorStore", unit).stdout.strip()


def test_kill_9_keeps_who_is_at_rest(outliving, since):
    clients = [Client(address) for address in (host.TCP, host.UNIX) for _ in range(50)]
    half = Client(host.TCP)
    for client in (*clients, half):
        client.expect_alive()
    numbers = [client.call("CLIENT", "ID") for client in clients]
    time.sleep(2.5)  # older than a second, and kept in the second after it
    half.send(resp.request("ECHO", "never")[:-4])
    for _ in range(3):
        before = host.kill(signal.SIGKILL)
        host.eventually(lambda: host.main_pid() not in (0, before) and host.is_active(), what="another process")
        host.eventually(lambda: stored(outliving) == "1", what="what is kept")
    assert half.read_until_eof().startswith(b"-ERR the server crashed while a request of this connection was in work")
    assert [client.call("CLIENT", "ID") for client in clients] == numbers
    assert counted("kept_taken_over", since) == [100, 100, 100]


def test_after_a_stop_nothing_is_kept(outliving):
    client = Client(host.TCP)
    client.expect_alive()
    assert stored(outliving) == "1"
    host.systemctl("stop", outliving)
    client.expect_eof()
    assert stored(outliving) == "0"
