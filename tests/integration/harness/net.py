# SPDX-License-Identifier: MIT
"""Ports and programs that tests need beside the daemon."""

import contextlib
import pathlib
import random
import shutil
import socket
import subprocess


_given = set()


def free_port(host="127.0.0.1"):
    """A port nobody listens on, another one each time. Below those that the kernel gives to clients, and to who asks for
    any: thousands of these come and go in other tests, before it is used. (Above 12345, which is everybody's default
    here.)"""
    given_away = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for _ in range(1000):
        port = random.randrange(15_000, max(given_away, 20_000))
        if port in _given:
            continue
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe, \
                contextlib.suppress(OSError):
            probe.bind((host, port))
            _given.add(port)
            return port
    raise AssertionError(f"no port of {host} is free")


def program(name):
    """The path of a program that the tests need. A missing one is a failure, never a skip."""
    path = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    assert path, f"{name} is not installed; tools/test installs it"
    return path


def run(*command, seconds=20, data=None, environment=None):
    """Runs a program to its end: stdout and stderr as text."""
    return subprocess.run([str(word) for word in command], input=data, timeout=seconds,
                          stdin=subprocess.DEVNULL if data is None else None, env=environment,
                          capture_output=True, text=True, errors="replace", check=False)
