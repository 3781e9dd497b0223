# SPDX-License-Identifier: MIT
"""Certificates that are made by openssl when a test wants them, and clients that speak TLS."""

import pathlib
import socket
import ssl
import subprocess

from .client import PATIENCE, Client


def openssl(*arguments, directory=None):
    done = subprocess.run(["openssl", *map(str, arguments)], cwd=directory, timeout=PATIENCE,
                          capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Authority:
    """Signs certificates, each in a file NAME.pem with its key behind it, and NAME.key alone."""

    def __init__(self, directory, name="authority"):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(exist_ok=True)
        self.ca = self.directory / "ca.pem"
        self.ca_key = self.directory / "ca.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                30, "-subj", f"/CN={name}", "-keyout", self.ca_key, "-out", self.ca)

    def issue(self, name, hosts=(), days=30, rsa=False):
        """The file of the certificate, with its key in it."""
        kind = ("rsa:2048",) if rsa else ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        key, request, pair = (self.directory / f"{name}.{end}" for end in ("key", "csr", "pem"))
        openssl("req", "-newkey", *kind, "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        names = self.directory / f"{name}.ext"
        names.write_text("basicConstraints=CA:FALSE\n" + (
            "subjectAltName=" + ",".join(hosts) + "\n" if hosts else ""))
        openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self.ca_key, "-CAcreateserial",
                "-days", days, "-extfile", names, "-out", pair)
        pair.write_text(pair.read_text() + key.read_text())
        pair.chmod(0o600)
        return pair


def tls_listener(pair, extra="", name="tls", address="127.0.0.1:0", listener=""):
    return (f'[[listener]]\nname = "{name}"\naddress = "{address}"\n{listener}'
            f'[listener.tls]\ncertificate = "{pair}"\n{extra}\n')


PLAIN = '[[listener]]\nname = "plain"\naddress = "127.0.0.1:0"\n'


def client_context(authority, pair=None, **versions):
    context = ssl.create_default_context(cafile=authority.ca)
    if pair is not None:
        context.load_cert_chain(pair)
    for name, version in versions.items():
        setattr(context, name, version)
    return context


class TlsClient(Client):
    """As Client, over TLS. Its close is a close_notify, unless the socket is cut."""

    def __init__(self, address, context, server="localhost", session=None, **options):
        super().__init__(address, **options)
        self.socket = context.wrap_socket(self.socket, server_hostname=server, session=session,
                                          suppress_ragged_eofs=False)

    def half_close(self):
        """close_notify alone: Python's own unwrap() would wait for the daemon's."""
        raise NotImplementedError("Python cannot: see HalfClosing")

    def cut(self):
        """FIN without close_notify."""
        socket.socket.shutdown(self.socket, socket.SHUT_WR)
        return self


class HalfClosing:
    """TLS in memory over a socket of ours, which can send close_notify and go on reading."""

    def __init__(self, address, context, server="localhost"):
        self.socket = socket.create_connection(address, PATIENCE)
        self.name = "{}:{}".format(*self.socket.getsockname())
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=server)
        self._until_done(self.tls.do_handshake)

    def _flush(self):
        self.socket.sendall(self.outgoing.read())

    def _until_done(self, step):
        while True:
            try:
                result = step()
                self._flush()
                return result
            except ssl.SSLWantReadError:
                self._flush()
                data = self.socket.recv(1 << 16)
                self.incoming.write(data) if data else self.incoming.write_eof()

    def send(self, data):
        self.tls.write(data)
        self._flush()
        return self

    def half_close(self):
        """close_notify, and FIN behind it."""
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        self._flush()
        self.socket.shutdown(socket.SHUT_WR)
        return self

    def rest(self):
        """What comes until the daemon's FIN, undecrypted."""
        chunks = []
        while data := self.socket.recv(1 << 16):
            chunks.append(data)
        return b"".join(chunks)

    def close(self):
        self.socket.close()
