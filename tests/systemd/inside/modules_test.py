# SPDX-License-Identifier: MIT
"""A module in the folder that the sandboxed services see."""

import pathlib
import shutil

import pytest

import host
from harness.client import Client

FOLDER = pathlib.Path("/usr/lib/reactord/modules")
GREET = """
[[module]]
path = "/usr/lib/reactord/modules/greet.so"
"""


@pytest.fixture
def module(service):
    path = FOLDER / "greet.so"
    shutil.copyfile(host.PACKAGES / "greet.so", path)
    path.chmod(0o644)
    host.CONFIG.write_text(host.CONFIG.read_text() + GREET)
    yield path
    path.unlink()


def test_a_module_is_loaded_in_the_sandbox(module, service):
    host.systemctl("restart", service)
    with Client(("127.0.0.1", 12345)) as client:
        client.send(b"GREET Ada\n").expect(b"hello, Ada\n")


def test_one_that_others_can_write_keeps_the_service_from_starting(module, service):
    cursor = host.journal_cursor()
    module.chmod(0o666)
    assert host.systemctl("restart", service, check=False).returncode != 0
    told = " ".join(host.messages(since=cursor))
    assert "module /usr/lib/reactord/modules/greet.so: can be written by others (mode 0666): chmod go-w it" in told
