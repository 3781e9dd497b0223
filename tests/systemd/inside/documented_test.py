# SPDX-License-Identifier: MIT
"""Every command in systemd/README.md, run as it stands there. (Its drop-ins: overrides_test.py.)"""

import re
import subprocess

import pytest

import host
from harness.client import Client

# Run in a form that suits a machine without a network and without a reader.
INSTEAD = {
    "tools/package": None,  # it has made the package that is installed here
    "apt install ./build/package/reactord_*.deb": "dpkg --install /reactord/packages/reactord.deb",
    "journalctl -u reactord -f":
        "timeout --preserve-status --signal=INT 1 journalctl -u reactord -f || [ $? = 130 ]",
}


def commands(block):
    """Without the remarks behind them."""
    return [re.split(r"\s+#", line)[0] for line in block.splitlines()]


@pytest.fixture
def enabled_as_shipped(service):
    yield
    host.systemctl("disable", "reactord@1.socket", "reactord@2.socket", "reactord@1.service",
                   "reactord@2.service")
    host.systemctl("enable", "reactord.socket", "reactord-admin.socket", "reactord.service")


@pytest.mark.parametrize("first", ["tools/package", "systemctl disable", "journalctl"])
def test_commands_of_the_page(enabled_as_shipped, first):
    block, = [text for text in host.documented("shell") if text.startswith(first)]
    for command in commands(block):
        command = INSTEAD.get(command, command)
        if command is None:
            continue
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL, check=False)
        found_nothing = command.startswith("journalctl") and done.stdout.strip() == "-- No entries --"
        assert done.returncode == 0 or found_nothing, f"{command}\n{done.stdout}{done.stderr}"
    with Client(host.TCP, timeout=20) as client:
        assert client.call("CEIL", "4.40") == 5


def test_no_other_commands_are_there():
    assert len(host.documented("shell")) == 3
