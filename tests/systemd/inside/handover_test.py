# SPDX-License-Identifier: MIT
"""Who is connected stays connected when the service restarts (server.survive)."""

import contextlib
import os
import resource
import signal
import subprocess
import sys
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


def test_a_configuration_with_a_mistake_costs_time_and_nobody(surviving):
    clients = [Client(address) for address in (host.TCP, host.UNIX) for _ in range(20)]
    numbers = [client.call("CLIENT", "ID") for client in clients]
    good = host.CONFIG.read_text()
    host.CONFIG.write_text(good + "max_conections = 5\n")
    assert host.systemctl("restart", surviving, check=False).returncode != 0
    host.eventually(lambda: host.restarts() >= 2, what="it is tried again")
    host.CONFIG.write_text(good)
    assert [client.call("CLIENT", "ID") for client in clients] == numbers


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


def test_a_queue_that_is_full(outliving, since):
    """Descriptors on their way count for the user (unix(7), ETOOMANYREFS): another process of its has too many."""
    limit = 300
    uid = int(host.run("stat", "-c", "%u", f"/proc/{host.main_pid()}").stdout)
    with descriptors_on_their_way(uid, limit + 100):
        resource.prlimit(host.main_pid(), resource.RLIMIT_NOFILE, (limit, 10240))
        clients = [Client(host.TCP) for _ in range(20)]
        numbers = [client.call("CLIENT", "ID") for client in clients]
        host.eventually(lambda: host.journal("REACTORD_EVENT=kept_full", since=since), what="it is full")
        assert "Too many references" in host.journal("REACTORD_EVENT=kept_full", since=since)[0]["REACTORD_PROBLEM"]
        assert [client.call("CLIENT", "ID") for client in clients] == numbers, "they are served"
    time.sleep(2.5)  # it is tried every second
    before = host.kill(signal.SIGKILL)
    host.eventually(lambda: host.main_pid() not in (0, before) and host.is_active(), what="another process")
    assert [client.call("CLIENT", "ID") for client in clients] == numbers
    assert counted("kept_taken_over", since) == [20]


@contextlib.contextmanager
def descriptors_on_their_way(uid, count):
    """A process of that user has sent itself as many, and does not read."""
    code = f"""
import array, os, socket, sys
os.setuid({uid})
a, b = socket.socketpair()
for _ in range({count} // 100):
    a.sendmsg([b"."], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [a.fileno()] * 100))])
print("sent", flush=True)
sys.stdin.read()
"""
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert holder.stdout.readline() == b"sent\n"
        yield
    finally:
        holder.kill()
        holder.communicate()


def test_who_has_gone_makes_room_in_a_queue_that_is_full(outliving, since):
    limit = 90
    clients = [Client(host.TCP) for _ in range(100)]
    for client in clients:
        client.expect_alive()
    time.sleep(2.5)  # older than a second, and kept in the second after it
    for client in clients[:60]:
        client.close()
    host.eventually(lambda: len(os.listdir(f"/proc/{host.main_pid()}/fd")) < limit - 10, what="they are gone")
    resource.prlimit(host.main_pid(), resource.RLIMIT_NOFILE, (limit, 10240))
    clients = clients[60:] + [Client(host.TCP) for _ in range(10)]
    numbers = [client.call("CLIENT", "ID") for client in clients]
    time.sleep(3.5)
    before = host.kill(signal.SIGKILL)
    host.eventually(lambda: host.main_pid() not in (0, before) and host.is_active(), what="another process")
    assert [client.call("CLIENT", "ID") for client in clients] == numbers
    assert not host.journal("REACTORD_EVENT=kept_full", since=since)
