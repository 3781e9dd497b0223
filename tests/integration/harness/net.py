# SPDX-License-Identifier: MIT
"""Ports and programs that tests need beside the daemon."""

import shutil
import socket
import subprocess


def free_port(host="127.0.0.1"):
    """A port nobody listens on. Another program may take it before it is used; that is rare."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


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
