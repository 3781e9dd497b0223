# SPDX-License-Identifier: MIT
"""systemd/haproxy.md, for real: two hosts with two instances each behind one HAProxy; a rolling restart
of all four and a kill -9 under load."""

import dataclasses
import re
import signal
import subprocess
import threading

import pytest

from harness.client import Client, eventually
from harness.daemon import ROOT, Daemon
from harness.hosts import hosts_up
from harness.net import program

PAGE = ROOT / "systemd/haproxy.md"
PORT = 12345
ADDRESSES = {"balancer": "10.0.0.1", "client": "10.0.0.2", "a": "10.0.0.11", "b": "10.0.0.12"}
INSTANCES = {f"{host}{number}": (host, PORT + number - 1) for host in "ab" for number in (1, 2)}
CLIENTS = 8
REQUESTS_BETWEEN = 200  # of all clients: beside each step somebody is being served


def block(language):
    """The page's configuration in this language."""
    return re.search(rf"```{language}\n(.*?)```", PAGE.read_text(), re.S)[1]


def haproxy_config(stats):
    """As on the page, with a socket that tells what HAProxy thinks of its servers."""
    return block("haproxy").replace("global\n", f"global\n  stats socket {stats} level admin\n", 1)


def reactord_config(address, extra=""):
    """As on the page; but nobody passes a socket here."""
    return block("toml").replace('address = "systemd"', f'address = "{address}"') + extra


@dataclasses.dataclass
class Tally:
    replies: int = 0
    repeats: int = 0  # a connection ended before the reply, and the request was sent again
    wrong: list = dataclasses.field(default_factory=list)


class Load:
    """Clients that may send a request again when its connection has ended before the reply."""

    def __init__(self, hosts):
        self._hosts = hosts
        self._over = threading.Event()
        self.tallies = [Tally() for _ in range(CLIENTS)]
        self._threads = [threading.Thread(target=self._run, args=(tally,)) for tally in self.tallies]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    @property
    def replies(self):
        return sum(tally.replies for tally in self.tallies)

    def go_on(self):
        """Until all have been answered for a while longer."""
        target = self.replies + REQUESTS_BETWEEN
        eventually(lambda: self.replies >= target, what="replies")

    def _run(self, tally):
        self._hosts.enter("client")
        client, number = None, 0
        while not self._over.is_set():
            number += 1
            reply = None
            while reply is None:
                try:
                    client = client or Client((ADDRESSES["balancer"], PORT))
                    reply = client.call("CEIL", f"{number}.5")
                except (OSError, AssertionError):  # refused; or the end instead of a reply
                    client = None
                    tally.repeats += 1
            tally.replies += 1
            if reply != number + 1:
                tally.wrong.append((number, reply))


class Place:
    """The hosts, HAProxy and the four instances."""

    def __init__(self, hosts, directory):
        self.hosts = hosts
        self.directory = directory
        self.instances = {}

    def start_haproxy(self):
        config = self.directory / "haproxy.cfg"
        config.write_text(haproxy_config(self.directory / "stats.sock"))
        log = open(self.directory / "haproxy.log", "wb")
        self.haproxy = subprocess.Popen(
            self.hosts.command("balancer", program("haproxy"), "-db", "-f", config),
            stdout=log, stderr=log)

    def start(self, name):
        host, port = INSTANCES[name]
        folder = self.directory / name
        folder.mkdir(exist_ok=True)
        self.instances[name] = Daemon(
            folder, reactord_config(f"{ADDRESSES[host]}:{port}", '[log]\nlevel = "debug"\n'),
            prefix=self.hosts.command(host))

    def states(self):
        """UP, DOWN ... of each server, as HAProxy sees it."""
        try:
            with Client(f"{self.directory}/stats.sock") as stats:
                rows = stats.send(b"show stat\n").read_until_eof().decode().splitlines()
        except OSError:
            return {}
        names = rows[0].lstrip("# ").split(",")
        fields = [dict(zip(names, row.split(","))) for row in rows[1:] if row]
        return {one["svname"]: one["status"] for one in fields}

    def wait_for(self, name, state):
        eventually(lambda: self.states().get(name, "").startswith(state), what=f"{name} {state}")

    def end(self):
        for one in self.instances.values():
            if one.running:
                one.signal(signal.SIGKILL)
            one.wait()
            one.process.stdout.close()
        self.haproxy.terminate()
        self.haproxy.wait(20)


@pytest.fixture
def place(tmp_path):
    with hosts_up(ADDRESSES) as hosts:
        one = Place(hosts, tmp_path)
        one.start_haproxy()
        try:
            for name in INSTANCES:
                one.start(name)
            for name in INSTANCES:
                one.wait_for(name, "UP")
            yield one
        finally:
            one.end()


@pytest.mark.long
def test_a_rolling_restart_loses_no_request(place):
    with Load(place.hosts) as load:
        load.go_on()
        for name, one in list(place.instances.items()):
            one.signal(signal.SIGTERM)
            one.wait_for_log("HEALTH says DRAINING")
            place.wait_for(name, "DOWN")
            assert one.running, "it waits for deadlines.leave, and serves"
            load.go_on()
            assert one.wait() == 0
            load.go_on()
            place.start(name)
            place.wait_for(name, "UP")
            load.go_on()
    assert not [wrong for tally in load.tallies for wrong in tally.wrong]
    repeats = sum(tally.repeats for tally in load.tallies)
    print(f"{load.replies} replies, {repeats} requests were sent again")
    assert repeats <= len(INSTANCES) * CLIENTS, "one for each connection that a restart ends, at most"


def test_an_instance_that_dies_costs_a_request_its_connection(place):
    with Load(place.hosts) as load:
        load.go_on()
        place.instances["a1"].signal(signal.SIGKILL)
        load.go_on()
        place.wait_for("a1", "DOWN")
        load.go_on()
        place.instances["a1"].wait()
        place.start("a1")
        place.wait_for("a1", "UP")
        load.go_on()
    assert not [wrong for tally in load.tallies for wrong in tally.wrong]
    assert sum(tally.repeats for tally in load.tallies) <= 3 * CLIENTS


def test_the_daemon_sees_who_the_client_is(place):
    """In the log, and so in limits, allow lists and CLIENT LIST."""
    def call():
        place.hosts.enter("client")
        with Client((ADDRESSES["balancer"], PORT)) as client:
            client.expect_alive()

    thread = threading.Thread(target=call)
    thread.start()
    thread.join(60)
    connected = re.compile(rf"{re.escape(ADDRESSES['client'])}:\d+ connected")
    eventually(lambda: any(connected.search(one.log) for one in place.instances.values()))
