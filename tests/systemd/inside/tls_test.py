# SPDX-License-Identifier: MIT
"""TLS and users in the sandboxed service, as systemd/README.md says to set them up."""

import hashlib
import pathlib
import re
import ssl

import pytest

import host
from harness.client import Client
from harness.tls import Authority

FOLDER = pathlib.Path("/etc/ssl/reactord")
TOKEN = "0123456789abcdef0123456789abcdef"


class Pair:
    """fullchain.pem and privkey.pem, as whoever renews certificates writes them."""

    def __init__(self, authority):
        self.authority = authority

    def renew(self, name="server"):
        issued = self.authority.issue(name, ("DNS:localhost", "IP:127.0.0.1"))
        (FOLDER / "fullchain.pem").write_text(issued.read_text())
        key = FOLDER / "privkey.pem"
        key.write_text(issued.with_suffix(".key").read_text())
        host.run("chown", "root:ssl-cert", key)
        key.chmod(0o640)


@pytest.fixture
def pair(service, tmp_path):
    """The documented drop-in and table, in force."""
    host.run("groupadd", "--force", "--system", "ssl-cert")
    FOLDER.mkdir(parents=True)
    one = Pair(Authority(tmp_path))
    one.renew()
    drop_in, = [text for text in host.documented("ini") if "SupplementaryGroups=ssl-cert" in text]
    table, = [text for text in host.documented("toml") if "[listener.tls]" in text]
    host.drop_in(service, drop_in)
    listener = 'name = "default"\naddress = "systemd"\n'
    text = host.CONFIG.read_text()
    assert listener in text
    host.CONFIG.write_text(text.replace(listener, listener + table))
    host.systemctl("restart", service)
    yield one
    host.stop_everything()
    host.run("rm", "-r", FOLDER)
    for path in ("etc/ssl/reactord", "etc/ssl"):  # what systemd made to mount it at
        if (host.ROOT / path).is_dir():
            (host.ROOT / path).rmdir()


class Secure(Client):
    def __init__(self, authority):
        super().__init__(host.TCP)
        context = ssl.create_default_context(cafile=authority.ca)
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")

    @property
    def serial(self):
        return self.socket.getpeercert()["serialNumber"]


def test_tls_in_the_sandbox_and_a_renewal_by_reload(service, pair):
    with Secure(pair.authority) as before:
        assert before.call("CEIL", "4.40") == 5
        pair.renew()
        host.systemctl("reload", service)
        with Secure(pair.authority) as after:
            assert after.serial != before.serial
            assert after.call("CEIL", "4.40") == 5
        assert before.call("CEIL", "4.40") == 5
    told = host.run("systemd-analyze", "security", "--no-pager", service).stdout
    assert float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", told)[1]) <= 0.2, told


def test_a_key_that_others_may_read_fails_the_reload_and_the_old_pair_stays(service, pair):
    (FOLDER / "privkey.pem").chmod(0o644)
    done = host.systemctl("reload", service, check=False)
    assert done.returncode != 0
    assert any("privkey.pem" in text for text in host.messages())
    with Secure(pair.authority) as client:
        assert client.call("CEIL", "4.40") == 5


def test_a_users_hash_is_a_credential(service):
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    secret = pathlib.Path("/etc/reactord/alice.hash")
    secret.write_text(f"sha256:{digest}\n")
    secret.chmod(0o600)
    try:
        host.drop_in(service, f"[Service]\nLoadCredential=alice:{secret}\n")
        text = host.CONFIG.read_text()
        host.CONFIG.write_text(text.replace('address = "systemd"\n', 'address = "systemd"\nrequire = "user"\n', 1)
                               + '[[user]]\nname = "alice"\npassword = "credential:alice"\n')
        host.systemctl("restart", service)
        with Client(host.TCP) as client:
            assert str(client.call("CEIL", "4.40")).startswith("NOAUTH")
            assert client.call("AUTH", "alice", TOKEN) == "OK"
            assert client.call("CEIL", "4.40") == 5
        assert not any(digest in str(record) for record in host.journal())
    finally:
        secret.unlink()
