# SPDX-License-Identifier: MIT
"""Who is connected stays connected when the service restarts (server.survive)."""

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


def went_on():
    """How many connections each process has taken over."""
    return [int(record["REACTORD_COUNT"]) for record in host.journal("REACTORD_EVENT=taken_over")]


@pytest.mark.parametrize("address", [host.TCP, host.UNIX], ids=["tcp", "unix"])
def test_20_restarts_lose_no_connection(surviving, address):
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
    assert went_on()[-1] >= 2 + load.clients


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


def test_the_status_says_how_many_went_on(surviving):
    clients = [Client(host.TCP) for _ in range(3)]
    for client in clients:
        client.expect_alive()
    host.systemctl("restart", surviving)
    assert "3 connections go on from the process before" in "\n".join(host.messages())
    assert host.show(surviving, "StatusText").endswith("; 3 connections taken over from the process before")
    assert host.systemctl("show", "-P", "NFileDescriptorStore", surviving).stdout.strip() == "0"
    for client in clients:
        client.expect_alive()
