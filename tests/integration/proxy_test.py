# SPDX-License-Identifier: MIT
"""PROXY headers: HAProxy in front of the daemon, and all that somebody may send instead of a header."""

import contextlib
import signal
import socket
import struct
import subprocess

import pytest

from harness.client import Client, eventually
from harness.net import free_port, program
from harness.reasons import assert_told, count
from harness.resp import request

PROXY = 'proxy = ["127.0.0.0/8", "unix"]\n'
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LINE = b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n"
NO_HEADER = (b"-ERR this listener takes connections that begin with a PROXY header alone, and "
             b"there is none\r\n")


def listener(name, address="127.0.0.1:0", extra=PROXY):
    return f'[[listener]]\nname = "{name}"\naddress = "{address}"\n{extra}\n'


def behind_proxy(extra=""):
    """A listener for proxies, and one to look at the daemon by."""
    return extra + listener("direct", extra="") + listener("proxied")


def header(rest, command=0x21, family=0x11):
    return SIGNATURE + bytes([command, family]) + struct.pack("!H", len(rest)) + rest


def ipv4(client="192.0.2.7", port=56324):
    return socket.inet_aton(client) + socket.inet_aton("198.51.100.1") + struct.pack("!HH", port, 443)


def peer_of(client):
    """As CLIENT INFO has it."""
    fields = dict(word.split(b"=", 1) for word in client.call("CLIENT", "INFO").split())
    return fields[b"addr"].decode()


@pytest.fixture
def haproxy(tmp_path):
    """Starts HAProxy in front of an address with a `server` line's words; the port that it listens on."""
    with contextlib.ExitStack() as running:
        def start(server):
            port = free_port()
            config = tmp_path / f"haproxy{port}.cfg"
            config.write_text("defaults\n mode tcp\n timeout connect 9s\n timeout client 30s\n"
                              " timeout server 30s\n"
                              f"listen l\n bind 127.0.0.1:{port}\n server s {server}\n")
            log = running.enter_context(open(tmp_path / f"haproxy{port}.log", "wb"))
            process = subprocess.Popen([program("haproxy"), "-db", "-f", str(config)], stdout=log,
                                       stderr=log)
            running.callback(process.wait)
            running.callback(process.kill)

            def connected():
                assert process.poll() is None, (tmp_path / f"haproxy{port}.log").read_text()
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
                    return True
            eventually(connected, what="HAProxy listens")
            return port
        yield start


# --- HAProxy

@pytest.mark.parametrize("words", ["send-proxy", "send-proxy-v2",
                                   "send-proxy-v2 proxy-v2-options crc32c",
                                   "send-proxy-v2 proxy-v2-options crc32c,unique-id,authority"])
def test_haproxy_tells_who_the_client_is(daemon, haproxy, words):
    one = daemon(listener("proxied", extra=PROXY + 'allow_commands = "all"\n'))
    port = haproxy(f"127.0.0.1:{one.port} {words}")
    with Client(("127.0.0.1", port)) as client:
        assert peer_of(client) == "127.0.0.1:%d" % client.socket.getsockname()[1]
        client.send(request("CEIL", "4.40") * 1000)
        assert client.read_exact(4000) == b":5\r\n" * 1000


def test_haproxy_over_a_unix_socket_with_checks(daemon, haproxy, tmp_path):
    config = listener("proxied", f"unix:{tmp_path}/s", PROXY + 'allow_commands = "all"\n')
    one = daemon('[log]\nlevel = "debug"\n' + config)
    port = haproxy(f"unix@{tmp_path}/s send-proxy-v2 check check-send-proxy inter 100ms")
    with Client(("127.0.0.1", port)) as client:
        assert peer_of(client) == "127.0.0.1:%d" % client.socket.getsockname()[1]
    one.wait_for_log(r"unix:\S+ connected")  # a check: LOCAL, and so the proxy itself


# --- what else may come

def test_the_client_counts_and_not_the_proxy(daemon):
    """In the log, the allow list, the limit per address, and CLIENT LIST."""
    one = daemon("[server]\nmax_connections_per_address = 1\n"
                 + listener("direct", extra="")
                 + listener("proxied", extra=PROXY + 'allow = ["192.0.2.0/24", "2001:db8::/64"]\n'))
    first = one.connect("proxied").send(LINE + request("CEIL", "1.5"))
    assert first.read_exact(4) == b":2\r\n"
    again = one.connect("proxied").send(header(ipv4("192.0.2.7", 1)) + request("PING"))
    assert again.read_until_eof() == b"-ERR max number of clients reached for your address\r\n"
    one.wait_for_log(r"refused 192\.0\.2\.7:1: max_connections_per_address")
    other = one.connect("proxied").send(LINE.replace(b"2.7", b"2.8") + request("PING"))
    assert other.read_exact(7) == b"+PONG\r\n"
    listed = one.connect("direct").call("CLIENT", "LIST")
    assert b"addr=192.0.2.7:56324 " in listed and b"addr=192.0.2.8:56324 " in listed
    # One of a /64 is all of it, and IPv4-mapped is IPv4.
    ipv6 = b"PROXY TCP6 2001:db8::%d ::1 1 2\r\n"
    assert one.connect("proxied").send(ipv6 % 1 + request("PING")).read_exact(7) == b"+PONG\r\n"
    assert b"for your address" in one.connect("proxied").send(ipv6 % 2).read_until_eof()
    mapped = b"PROXY TCP6 ::ffff:192.0.2.8 ::1 1 2\r\n"
    assert b"for your address" in one.connect("proxied").send(mapped).read_until_eof()
    for line in [b"PROXY TCP4 127.0.0.1 127.0.0.1 1 1\r\n", b"PROXY UNKNOWN\r\n"]:
        outside = one.connect("proxied").send(line)
        assert outside.read_until_eof().startswith(b"-DENIED your address is not in the allow")


def test_what_a_stranger_may_claim_is_nothing(daemon):
    one = daemon(listener("direct", extra="") + listener("proxied", extra='proxy = ["127.0.0.2"]\n'))
    for sent in [LINE, header(ipv4()), b"", b"PING\r\n"]:
        client = one.connect("proxied").send(sent)
        assert client.read_until_eof() == (
            b"-DENIED only proxies may connect to this listener, and your address is not in its "
            b"list of them\r\n")
    assert_told(one, "refused, no proxy", 4)
    # A header where none is expected is a foreign protocol, as it always was.
    assert b"PROXY protocol is not enabled" in one.connect("direct").send(LINE).read_until_eof()


@pytest.mark.parametrize("sent", [b"PING\r\n", request("PING"), b"\x16\x03\x01\x02\x00\x01",
                                  b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"])
def test_no_header_is_told_at_once(daemon, sent):
    one = daemon(behind_proxy('[deadlines]\nhandshake = "1h"\n'))
    assert one.connect("proxied").send(sent).read_until_eof() == NO_HEADER
    assert_told(one, "refused, no header")


def test_every_cut_of_a_header_over_tcp(daemon):
    one = daemon(behind_proxy())
    tlv = b"\xe0\0\3abc"
    for head in [LINE, header(ipv4() + tlv), header(b"", 0x20, 0), b"PROXY UNKNOWN\r\n"]:
        stream = head + request("CEIL", "4.40")
        for cut in range(0, len(head) + 2):
            with Client(one.address("proxied")) as client:
                client.send_pieces([piece for piece in (stream[:cut], stream[cut:]) if piece], 0.0005)
                assert client.read_exact(4) == b":5\r\n", (head, cut)


def test_64_kib_of_tlvs_and_payload_in_one_segment(daemon):
    one = daemon(behind_proxy())
    tlvs = b"\xe0" + struct.pack("!H", 65535 - 12 - 3) + bytes(65535 - 12 - 3)
    stream = header(ipv4() + tlvs) + request("CEIL", "4.40") * 100
    for pieces in [[stream], [stream[i:i + 4096] for i in range(0, len(stream), 4096)],
                   [stream[:-2000], stream[-2000:]]]:
        client = one.connect("proxied").send_pieces(pieces)
        assert client.read_exact(400) == b":5\r\n" * 100
        client.close()


def test_half_closing_behind_the_header_is_answered(daemon):
    one = daemon(behind_proxy())
    for head in [LINE, header(ipv4())]:
        client = one.connect("proxied").send(head + request("CEIL", "4.40")).half_close()
        assert client.read_until_eof() == b":5\r\n"


def test_a_header_that_never_ends(daemon):
    one = daemon(behind_proxy('[deadlines]\nhandshake = "300ms"\n'))
    silent = one.connect("proxied")
    half = one.connect("proxied").send(LINE[:20])
    late = b"-ERR timeout: no whole PROXY header, see deadlines.handshake in the server's configuration\r\n"
    assert silent.read_until_eof() == late
    assert half.read_until_eof() == late
    assert_told(one, "refused, late", 2)
    gone = one.connect("proxied").send(LINE[:20])
    gone.close()
    eventually(lambda: count(one, "lost on its way") == 1)


def test_half_headers_do_not_keep_honest_clients_out(daemon):
    """The places of those who say nothing are given on: at once where a place is free, within a second else."""
    one = daemon(behind_proxy("[server]\nmax_handshakes = 8\n"))
    flood = [one.connect("proxied").send(LINE[:7]) for _ in range(8)]
    for _ in range(3):
        flood.append(one.connect("proxied").send(LINE[:7]))
        honest = one.connect("proxied").send(LINE + request("CEIL", "4.40"))
        assert honest.read_exact(4) == b":5\r\n"
    one.connect("direct").expect_alive()
    assert count(one, "waiting for headers") >= 1
    assert int(one.info("clients")["arriving_clients"]) <= 8
    for each in flood:
        each.close()


def test_the_slots_of_all_clients_hold_those_on_their_way(daemon):
    one = daemon(behind_proxy("[server]\nmax_connections = 3\n"))
    direct = one.connect("direct")
    direct.expect_alive()
    halves = [one.connect("proxied").send(LINE[:7]) for _ in range(2)]
    eventually(lambda: b"arriving_clients:2\r\n" in direct.call("INFO", "clients"))
    assert one.connect("direct").read_until_eof() == b"-ERR max number of clients reached\r\n"
    assert one.connect("proxied").read_until_eof() == b"-ERR max number of clients reached\r\n"
    for half in halves:
        half.send(LINE[7:] + request("PING"))
        assert half.read_exact(7) == b"+PONG\r\n"


def test_a_stop_takes_who_is_whole_and_tells_the_others(daemon):
    one = daemon(behind_proxy())
    half = one.connect("proxied").send(LINE[:20])
    direct = one.connect("direct")
    eventually(lambda: b"arriving_clients:1\r\n" in direct.call("INFO", "clients"))
    one.signal(signal.SIGSTOP)
    whole = one.connect("proxied").send(LINE + request("CEIL", "4.40"))
    one.signal(signal.SIGTERM)
    one.signal(signal.SIGCONT)
    assert whole.read_until_eof() == b":5\r\n"
    assert half.read_until_eof() == b"-ERR the server is stopping\r\n"
    assert one.wait() == 0


def test_a_reload_that_comes_between_a_header_and_its_end(daemon):
    """The rules that a client came by stay until it is in, or gone."""
    one = daemon(behind_proxy())
    half = one.connect("proxied").send(LINE[:20])
    direct = one.connect("direct")
    eventually(lambda: b"arriving_clients:1\r\n" in direct.call("INFO", "clients"))
    one.reload(listener("direct", "127.0.0.1:0", ""))
    one.wait_for_log("configuration reloaded")
    half.send(LINE[20:] + request("CEIL", "4.40"))
    assert half.read_exact(4) == b":5\r\n"
    half.close()


def test_behind_a_proxy_nobody_is_local(daemon):
    one = daemon(behind_proxy())
    client = one.connect("proxied").send(LINE)
    assert "a listener that allows introspection" in str(client.call("CLIENT", "LIST"))


def test_an_admin_listener_has_no_proxy(tmp_path):
    from harness.daemon import run_reactord
    config = tmp_path / "reactord.toml"
    config.write_text(listener("a", extra='role = "admin"\nproxy = ["127.0.0.1"]\n'))
    done = run_reactord("--check-config", "--config", config)
    assert done.returncode == 78
    assert "listener.proxy has no effect here: administrators connect from this machine" in done.stderr
