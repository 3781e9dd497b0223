# SPDX-License-Identifier: MIT
"""What systemd/README.md opens in the sandbox for a relay: a Unix socket, or one address, and nothing else."""

import pathlib
import re

import pytest

import host
from harness.client import Client
from harness.scripted import ScriptedServer, echo

FOLDER = pathlib.Path("/run/resize")
RELAY = '[[relay]]\ncommands = ["RESIZE"]\nbackends = ["{}"]\nconnect_timeout = "5s"\n'


def drop_in_with(word):
    """The page's block that has this line."""
    return next(block for block in host.documented("ini") if word in block)


def relay_to(service, address, drop_in):
    host.CONFIG.write_text(host.CONFIG.read_text() + RELAY.format(address))
    host.drop_in(service, drop_in)
    host.systemctl("restart", service)


def answer():
    with Client(("127.0.0.1", 12345)) as client:
        return client.call("RESIZE", "small")


@pytest.fixture
def folder():
    FOLDER.mkdir(exist_ok=True)
    yield FOLDER
    for path in FOLDER.iterdir():
        path.unlink()
    FOLDER.rmdir()
    host.systemctl("stop", "reactord.service")
    (host.ROOT / "run/resize").rmdir()  # systemd has made a place to mount it at


def test_a_unix_socket(service, folder):
    server = ScriptedServer(echo, str(folder / "resize.sock"))
    (folder / "resize.sock").chmod(0o666)
    relay_to(service, f"unix:{folder}/resize.sock", drop_in_with("BindReadOnlyPaths=/run/resize"))
    host.eventually(lambda: answer() == b"small")
    server.close()


def test_without_it_the_sandbox_stays_closed(service):
    server = ScriptedServer(echo)
    host.CONFIG.write_text(host.CONFIG.read_text() + RELAY.format(f"127.0.0.1:{server.port}"))
    host.systemctl("restart", service)
    assert answer().startswith("RELAY")
    assert server.connections == 0
    server.close()


def test_one_address_and_no_other(service):
    server = ScriptedServer(echo)
    block = drop_in_with("IPAddressAllow=10.0.0.7")
    relay_to(service, f"127.0.0.1:{server.port}", re.sub("10.0.0.7", "127.0.0.1", block))
    host.eventually(lambda: answer() == b"small")
    server.close()
