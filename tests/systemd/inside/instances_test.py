# SPDX-License-Identifier: MIT
"""Several instances on one port; and the service that binds its own."""

import pathlib
import select
import signal
import time

import pytest

import host
from harness.client import Client
from load import Load

NUMBERS = (1, 2, 3)


@pytest.fixture
def instances(service):
    host.systemctl("stop", "reactord.socket", service)
    host.systemctl("start", *[f"reactord@{number}.socket" for number in NUMBERS])
    host.systemctl("start", *[f"reactord@{number}.service" for number in NUMBERS])
    return [f"reactord@{number}.service" for number in NUMBERS]


def process_behind(address):
    with Client(address) as client:
        info = client.call("INFO", "server").decode()
    return int(info.partition("process_id:")[2].split()[0])


def test_they_share_a_port(instances):
    pids = {host.main_pid(unit) for unit in instances}
    assert len(pids) == len(NUMBERS)
    assert {process_behind(host.TCP) for _ in range(200)} == pids
    assert {process_behind(host.TCP6) for _ in range(200)} == pids


def test_each_can_be_reached_alone(instances):
    for number, unit in zip(NUMBERS, instances):
        assert process_behind(f"/run/reactord/{number}.sock") == host.main_pid(unit)


def test_each_can_have_its_own_configuration(instances):
    own = host.CONFIG.with_name("second.toml")
    example, = [text for text in host.documented("ini") if str(own) in text]
    try:
        own.write_text(host.CONFIG.read_text() + '[handlers.text]\nreply = "second"\n')
        host.drop_in("reactord@2.service", example)
        host.systemctl("restart", "reactord@2.service")
        with Client("/run/reactord/2.sock") as client:
            assert client.call("TEXT", "hello") == b"second"
        with Client("/run/reactord/1.sock") as client:
            assert client.call("TEXT", "hello") == b"hello"
    finally:
        own.unlink()


def test_restarting_one_disturbs_nobody(instances):
    with Load(host.TCP) as load:
        for number in range(10):
            before = load.answered()
            host.systemctl("restart", instances[number % len(instances)])
            host.eventually(lambda: load.answered() > before + 500)
    assert load.errors() == {}


def test_restarting_one_keeps_its_backlog(instances):
    """Its clients were given to its socket: nobody else can serve them."""
    host.systemctl("stop", *instances)
    waiting = [Client(host.TCP, timeout=30).request("CEIL", "4.40") for _ in range(60)]
    for client in waiting:
        assert client.reply() == 5
        client.close()


def has_answer(client):
    return bool(select.select([client.socket], [], [], 0)[0])


def test_killing_one_resets_nobody_who_waits_for_it(instances):
    """It hangs, and a third of the clients wait in its backlog while the others are served; it is
    restarted, and they are served too."""
    host.kill(signal.SIGSTOP, instances[1])
    clients = [Client(host.TCP, timeout=30).request("CEIL", "4.40") for _ in range(60)]
    host.eventually(lambda: sum(map(has_answer, clients)) >= 20)
    time.sleep(1)  # for the answers that are still under way
    waiting = [client for client in clients if not has_answer(client)]
    assert waiting, "none of 60 came to the second instance"
    host.kill(signal.SIGKILL, instances[1])
    for client in clients:
        assert client.reply() == 5
        client.close()


# --- reactord-standalone.service

@pytest.fixture
def standalone(service):
    host.systemctl("start", "reactord-standalone.service")
    return "reactord-standalone.service"


def test_it_takes_the_ports_over_and_gives_them_back(standalone):
    assert not host.is_active("reactord.socket") and not host.is_active("reactord.service")
    with Client(host.TCP) as client:
        assert client.call("CEIL", "4.40") == 5
    host.systemctl("start", "reactord.socket")
    assert not host.is_active(standalone)
    with Client(host.TCP, timeout=20) as client:
        assert client.call("CEIL", "4.40") == 5


def test_it_binds_a_unix_socket(standalone):
    config = pathlib.Path("/etc/reactord/standalone.toml")
    config.write_text('[[listener]]\naddress = "unix:/run/reactord/own.sock"\nmode = "0666"\n')
    host.systemctl("restart", standalone)
    with Client("/run/reactord/own.sock") as client:
        assert client.call("CEIL", "4.40") == 5


def test_it_reloads(standalone):
    config = pathlib.Path("/etc/reactord/standalone.toml")
    with Client(host.TCP) as client:
        config.write_text('[handlers.text]\nreply = "new"\n')
        host.systemctl("reload", standalone)
        assert client.call("TEXT", "hello") == b"new"
        config.write_text("nonsense = 1\n")
        assert host.systemctl("reload", standalone, check=False).returncode != 0
        assert client.call("TEXT", "hello") == b"new"


def test_its_root_is_shipped_whole(standalone):
    assert {str(path) for path in host.ROOT.rglob("*")} == host.mount_points()


@pytest.fixture
def other_address():
    """One of the machine's that is not on loopback's network."""
    host.run("ip", "address", "add", "10.9.9.1/32", "dev", "lo")
    yield "10.9.9.1"
    host.run("ip", "address", "del", "10.9.9.1/32", "dev", "lo")


def is_answered(address):
    try:
        with Client(address, timeout=1) as client:
            return client.call("CEIL", "4.40") == 5
    except OSError:
        return False


def test_its_packet_filter(standalone, other_address):
    config = pathlib.Path("/etc/reactord/standalone.toml")
    config.write_text(f'[[listener]]\naddress = "{other_address}:7000"\nallow = ["10.0.0.0/8"]\n')
    host.systemctl("restart", standalone)
    assert not is_answered((other_address, 7000))
    host.drop_in(standalone, "[Service]\nIPAddressAllow=10.0.0.0/8\n")
    host.systemctl("restart", standalone)
    assert is_answered((other_address, 7000))
