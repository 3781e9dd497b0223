# SPDX-License-Identifier: MIT
"""Hosts of a test: network namespaces of its own on one switch, which is a namespace, too. They have
addresses of their own and reach each other, and nothing else."""

import contextlib
import ctypes
import os
import subprocess

SWITCH = "switch"
CLONE_NEWNET = 0x40000000  # setns(2)


def _must(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"


class Hosts:
    """By name, each with one address: {"balancer": "10.0.0.1"}, all in one /24."""

    def __init__(self, addresses):
        self.addresses = addresses

    @staticmethod
    def namespace(host):
        return f"reactord-test{os.getpid()}-{host}"

    def command(self, host, *words):
        """What runs a program there."""
        return ["ip", "netns", "exec", self.namespace(host), *map(str, words)]

    def enter(self, host):
        """The calling thread is there from now on: sockets stay where they were made."""
        libc = ctypes.CDLL(None, use_errno=True)  # os.setns is Python 3.12's
        with open(f"/run/netns/{self.namespace(host)}", "rb") as there:
            if libc.setns(there.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")

    def up(self):
        for host in (SWITCH, *self.addresses):
            _must("ip", "netns", "add", self.namespace(host))
            _must(*self.command(host, "ip", "link", "set", "lo", "up"))
        _must(*self.command(SWITCH, "ip", "link", "add", "bridge", "type", "bridge"))
        _must(*self.command(SWITCH, "ip", "link", "set", "bridge", "up"))
        for host, address in self.addresses.items():
            _must("ip", "link", "add", "eth0", "netns", self.namespace(host), "type", "veth",
                  "peer", "name", host, "netns", self.namespace(SWITCH))
            _must(*self.command(SWITCH, "ip", "link", "set", "dev", host,
                                "master", "bridge", "up"))
            _must(*self.command(host, "ip", "address", "add", f"{address}/24", "dev", "eth0"))
            _must(*self.command(host, "ip", "link", "set", "eth0", "up"))

    def down(self):
        for host in (SWITCH, *self.addresses):
            subprocess.run(["ip", "netns", "delete", self.namespace(host)], capture_output=True,
                           check=False)


@contextlib.contextmanager
def hosts_up(addresses):
    hosts = Hosts(addresses)
    try:
        hosts.up()
        yield hosts
    finally:
        hosts.down()
