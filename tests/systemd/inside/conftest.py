# SPDX-License-Identifier: MIT
"""The package is installed once; each check begins with its socket and service running as shipped."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "integration"))

import host  # noqa: E402


@pytest.fixture(scope="session")
def package():
    """The installed package, and its configuration as shipped."""
    host.run("dpkg", "--install", host.PACKAGES / "reactord.deb")
    return {path: path.read_text(encoding="utf-8") for path in host.CONFIG.parent.iterdir()}


@pytest.fixture
def service(package):
    """reactord.socket and reactord.service, running; whatever a check does to them is undone."""
    host.systemctl("start", "reactord.socket", "reactord.service")
    yield "reactord.service"
    host.remove_drop_ins()
    host.stop_everything()
    for path, text in package.items():
        path.write_text(text, encoding="utf-8")
