# SPDX-License-Identifier: MIT
"""An HTTP listener of the sandboxed service, as systemd/README.md says to set it up."""

import urllib.request

import pytest

import host

SOCKET = """[Unit]
PartOf=reactord.socket

[Socket]
FileDescriptorName=web
Service=reactord.service
ListenStream=127.0.0.1:9464
"""
SERVICE = "[Unit]\nRequires=reactord-web.socket\nAfter=reactord-web.socket\n[Service]\nSockets=reactord-web.socket\n"


@pytest.fixture
def web(service):
    unit = host.DROP_INS / "reactord-web.socket"
    unit.write_text(SOCKET)
    host.drop_in(service, SERVICE)
    table, = [text for text in host.documented("toml") if 'role = "http"' in text]
    host.CONFIG.write_text(host.CONFIG.read_text() + table)
    host.systemctl("restart", "reactord-web.socket", service)
    yield
    host.systemctl("stop", "reactord-web.socket", check=False)
    unit.unlink()


def test_metrics_from_the_sandbox(web, service):
    with urllib.request.urlopen("http://127.0.0.1:9464/metrics", timeout=20) as answer:
        text = answer.read().decode()
    assert "\nreactord_connections{role=" in text
    with urllib.request.urlopen("http://127.0.0.1:9464/readyz", timeout=20) as answer:
        assert answer.read() == b"ready\n"
    assert host.is_active(service)
