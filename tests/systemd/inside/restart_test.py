# SPDX-License-Identifier: MIT
"""Nothing is lost when it restarts or reloads."""

import signal
import time

import pytest

import host
from harness.client import Client
from load import Load

RESTARTS = 20


@pytest.mark.parametrize("address", [host.TCP, host.UNIX], ids=["tcp", "unix"])
def test_20_restarts_under_load(service, address):
    pids = set()
    with Load(address) as load:
        for _ in range(RESTARTS):
            before = load.answered()
            host.systemctl("restart", service)
            pids.add(host.main_pid())
            host.eventually(lambda: load.answered() > before + 500, what="clients are served")
    print(f"\n{RESTARTS} restarts: {dict(load.counts)}")
    assert len(pids) == RESTARTS
    assert load.errors() == {}
    assert load.counts["answered"] > RESTARTS * 500
    assert load.counts["asked again"] <= RESTARTS * load.clients, "once a restart at most"


def test_what_was_received_is_answered(service):
    """The log names each message that was served: its client has the answer to each of them, so what
    is asked again was never served before."""
    host.drop_in(service, "[Service]\nLogRateLimitIntervalSec=0\n")
    host.systemctl("restart", service)
    with Load(host.TCP, clients=10, command=b"TEXT") as load:
        for _ in range(5):
            before = load.answered()
            host.systemctl("restart", service)
            host.eventually(lambda: load.answered() > before + 200)
    assert load.errors() == {}
    served = [record["REACTORD_MESSAGE"] for record in host.journal("REACTORD_EVENT=handler_info")]
    served = [text for text in served if text.startswith("message-")]
    assert len(served) >= 100, "a hundred a second are told, of each process"
    assert len(served) == len(set(served)), "nothing was served twice"
    assert set(served) <= load.answers, "nothing that was served stayed without an answer"


def test_clients_wait_out_a_bad_configuration(service):
    good = host.CONFIG.read_text()
    host.CONFIG.write_text(good + "max_conections = 5\n")
    host.systemctl("restart", service, check=False)
    assert host.systemctl("is-active", "reactord.socket").stdout.strip() == "active"
    waiting = [Client(host.TCP, timeout=30).request("CEIL", "4.40") for _ in range(20)]
    time.sleep(7)  # it has been tried more often than systemd's default limit
    assert host.is_active("reactord.socket")
    host.CONFIG.write_text(good)
    for client in waiting:
        assert client.reply() == 5
        client.close()
    assert any("max_conections" in text for text in host.messages())


def test_reload(service):
    client = Client(host.TCP)
    assert client.call("CEIL", "4.40") == 5
    pid = host.main_pid()
    host.CONFIG.write_text(host.CONFIG.read_text() + '[handlers.text]\nreply = "new: {message}"\n')
    host.systemctl("reload", service)
    assert client.call("TEXT", "hello") == b"new: hello", "reload returns when it is in force"
    assert host.main_pid() == pid
    client.close()


def test_a_reload_with_a_mistake_fails_and_changes_nothing(service):
    client = Client(host.TCP)
    assert client.call("TEXT", "hello") == b"hello"
    pid = host.main_pid()
    host.CONFIG.write_text(host.CONFIG.read_text()
                           + '[handlers.text]\nreply = "new: {message}"\nreplly = ""\n')
    assert host.systemctl("reload", service, check=False).returncode != 0
    assert client.call("TEXT", "hello") == b"hello"
    assert host.is_active() and host.main_pid() == pid
    status = host.systemctl("status", service).stdout
    assert "status=78" in status and "replly" in status
    client.close()


def test_a_signal_with_a_mistake_in_the_file_is_told_in_the_status(service):
    pid = host.main_pid()
    good = host.CONFIG.read_text()
    host.CONFIG.write_text(good + "nonsense = 1\n")
    host.kill(signal.SIGHUP)
    host.eventually(lambda: "not reloaded" in host.show(service, "StatusText"),
                    what=lambda: host.show(service, "StatusText"))
    assert host.main_pid() == pid and host.is_active()
    host.CONFIG.write_text(good)
    host.systemctl("reload", service)
    host.eventually(lambda: "not reloaded" not in host.show(service, "StatusText"))


def test_100_reloads_under_load(service):
    with Load(host.TCP, clients=5) as load:
        for _ in range(100):
            host.systemctl("reload", service)
    assert load.errors() == {} and load.counts["connections"] == 5
