# SPDX-License-Identifier: MIT
"""TLS as clients meet it: stock ones of several languages, with certificates and without, and what
becomes of a connection when either side ends it."""

import hashlib
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import threading

import pytest
import redis

from harness.client import PATIENCE, eventually
from harness.daemon import run_reactord
from harness.net import program
from harness.reasons import assert_told, count
from harness.tls import (PLAIN, Authority, HalfClosing, TlsClient, client_context, openssl,
                         tls_listener)

HOSTS = ("DNS:localhost", "IP:127.0.0.1")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    one = Authority(tmp_path_factory.mktemp("authority"))
    one.server = one.issue("server", HOSTS)
    one.ada = one.issue("ada")
    return one


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    one = Authority(tmp_path_factory.mktemp("stranger"), "stranger")
    one.eve = one.issue("eve")
    return one


@pytest.fixture
def served(daemon, authority):
    """A daemon with a listener for TLS, and one to look at it by."""
    def start(extra="", settings="", listener=""):
        return daemon(settings + PLAIN + tls_listener(authority.server, extra, listener=listener))
    return start


DEBUG = '[log]\nlevel = "debug"\n'


def connect(one, authority, pair=None, session=None, **versions):
    client = TlsClient(one.address("tls"), client_context(authority, pair, **versions),
                       session=session)
    one.clients.append(client)
    return client


def mutual(authority, auth="required"):
    return f'client_ca = "{authority.ca}"\nclient_auth = "{auth}"\n'


def run(*command, stdin=""):
    return subprocess.run([*map(str, command)], input=stdin, capture_output=True, text=True,
                          timeout=PATIENCE, check=False)


# --- clients

@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_python(served, authority, version):
    one = served()
    version = ssl.TLSVersion[version]
    client = connect(one, authority, minimum_version=version, maximum_version=version)
    assert client.call("CEIL", "4.40") == 5
    big = b"x" * 3_000_000
    assert client.call("TEXT", big) == big
    client.send(b"*1\r\n$4\r\nPING\r\n" * 20_000)
    assert client.read_exact(7 * 20_000) == b"+PONG\r\n" * 20_000


def test_redis_py_with_a_certificate(served, authority):
    one = served(mutual(authority))
    with redis.Redis(port=one.address("tls")[1], host="localhost", ssl=True, ssl_ca_certs=str(authority.ca),
                     ssl_certfile=str(authority.ada), ssl_keyfile=str(authority.ada)) as client:
        assert client.ping()
        assert client.execute_command("CEIL", "4.40") == 5


def test_redis_cli_and_benchmark(served, authority):
    one = served(mutual(authority, "optional"))
    options = ("-h", "localhost", "-p", one.address("tls")[1], "--tls", "--cacert", authority.ca)
    assert run(program("redis-cli"), *options, "CEIL", "4.40").stdout.strip() == "5"
    shown = run(program("redis-cli"), *options, "--cert", authority.ada, "--key", authority.ada, "PING")
    assert shown.stdout.strip() == "PONG", shown
    bench = run(program("redis-benchmark"), *options, "-q", "-n", "2000", "-c", "20", "-P", "16", "-t",
                "ping_mbulk")
    assert "requests per second" in bench.stdout, bench
    assert one.stat("event_handshake_full") > 20


def test_openssl_s_client(served, authority):
    one = served()
    host, port = one.address("tls")
    done = run("openssl", "s_client", "-quiet", "-connect", f"{host}:{port}", "-CAfile", authority.ca,
               "-verify_return_error", "-verify_hostname", "localhost", stdin="CEIL 4.40\nQUIT\n")
    assert done.stdout == "5\nOK\n", done


# --- how it ends

def test_a_half_close_is_answered_to_the_last_request_and_ended_by_close_notify(served, authority):
    one = served(settings=DEBUG)
    client = HalfClosing(one.address("tls"), client_context(authority))
    client.send(b"PING\r\n" * 10_000).half_close()
    # Records without their content: the last one is an alert, and the TCP stream ends in order.
    rest = client.rest()
    client.close()
    kinds, at = [], 0
    while at < len(rest):
        kinds.append(rest[at])
        at += 5 + int.from_bytes(rest[at + 3:at + 5], "big")
    assert at == len(rest) and set(kinds) == {23}, kinds
    assert len(rest) > 5 * 10_000
    one.wait_for_log(f"{client.name} closed: finished by the client")


def test_sigterm_answers_all_and_says_goodbye(served, authority):
    one = served()
    client = connect(one, authority)
    client.send(b"*1\r\n$4\r\nPING\r\n" * 20_000)
    client.read_exact(7)
    eventually(lambda: one.stat("total_commands_processed") >= 20_000, what="all are served")
    one.signal(signal.SIGTERM)
    assert client.read_until_eof() == b"+PONG\r\n" * 19_999  # a missing close_notify is an error here
    assert one.wait() == 0


def test_quit_ends_with_close_notify(served, authority):
    client = connect(served(), authority)
    client.send(b"*1\r\n$4\r\nQUIT\r\n")
    assert client.read_until_eof() == b"+OK\r\n"


def test_an_end_without_close_notify_is_told_apart_and_an_unfinished_line_does_not_count(served, authority):
    one = served(settings=DEBUG, listener='framing = "line"\nhandler = "ceil"\n')
    client = connect(one, authority)
    client.send(b"1.5\n2.5").cut()
    assert client.read_until_eof() == b"2\n"
    assert_told(one, "cut off")
    client = HalfClosing(one.address("tls"), client_context(authority))
    client.send(b"1.5\n2.5").half_close()
    assert client.rest()
    one.wait_for_log(f"{client.name} closed: finished by the client")


def test_a_slow_reader_gets_every_byte_and_the_end(served, authority):
    one = served(settings='[limits]\noutput_high_water = "64KiB"\n')
    client = connect(one, authority)
    reply = b"y" * 2_000_000
    client.request("TEXT", reply).request("QUIT")
    eventually(lambda: one.stat("total_commands_processed") >= 1, what="it is served")
    expected = b"$2000000\r\n" + reply + b"\r\n+OK\r\n"
    received = b""
    while len(received) < len(expected):
        received += client.socket.recv(50_000)
    assert received == expected
    assert client.read_until_eof() == b""


# --- who is let in

def test_client_certificates(served, authority, stranger):
    for shown, why in ((None, "peer did not return a certificate"),
                       (stranger.eve, "unable to get local issuer certificate")):
        one = served(mutual(authority))
        assert connect(one, authority, authority.ada).call("PING") == "PONG"
        with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
            connect(one, authority, shown).call("PING")
        one.wait_for_log(f"TLS handshake failed: {why}")
        assert one.stat("event_refused_handshake") == 1


def test_a_certificate_logs_its_user_in(served, authority):
    user = '[[user]]\nname = "ada"\ncertificate_name = "ada"\ncommands = ["ceil", "acl whoami"]\n'
    one = served(mutual(authority), user, 'require = "certificate"\n')
    ada = connect(one, authority, authority.ada)
    assert ada.call("ACL", "WHOAMI") == b"ada"
    assert ada.call("CEIL", "4.40") == 5
    assert str(ada.call("PING")).startswith("NOPERM User ada ")
    # Signed by the same authority, and the name of nobody.
    other = connect(one, authority, authority.server)
    assert str(other.call("CEIL", "4.40")).startswith("NOAUTH")
    assert str(other.call("AUTH", "ada", "x")).startswith("NOAUTH")  # a password is no certificate


@pytest.mark.parametrize("limit, whose", [
    ('request_rate = "1/h"\n', "from your address"),
    ('per = "user"\nrequest_rate = "1/h"\n', "of your user"),
    ('per = "user"\nconnections = 1\n', "of your user")])
def test_limits_hold_over_tls(served, authority, limit, whose):
    user = '[[user]]\nname = "ada"\ncertificate_name = "ada"\n'
    one = served(mutual(authority), user + f'[[limit]]\nname = "it"\nlisteners = ["tls"]\n{limit}')
    first = connect(one, authority, authority.ada)
    assert first.call("PING") == "PONG"
    second = connect(one, authority, authority.ada).send(b"PING\n")
    assert re.search(f"LIMIT too many .* {whose}; ", second.read_line().decode())
    assert "=1" in one.info("limits")["limit_it"]


def test_a_rate_of_connections_counts_each_once_and_before_its_handshake(daemon, authority):
    limit = '[[limit]]\nname = "it"\nlisteners = ["tls"]\nconnection_rate = "2/h"\nconnection_burst = 2\n'
    for proxied in (False, True):
        one = daemon(PLAIN + tls_listener(
            authority.server, listener='proxy = ["127.0.0.0/8"]\n' if proxied else "") + limit)

        def come():
            raw = one.connect("tls")
            if proxied:
                raw.send(b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n")
            with client_context(authority).wrap_socket(raw.socket, server_hostname="localhost") as client:
                client.sendall(b"PING\n")
                return client.recv(100)

        assert [come(), come()] == [b"PONG\n"] * 2
        with pytest.raises(ssl.SSLError, match="(?i)access.denied"):
            come()
        assert one.stat("event_handshake_full") == 2
        one.wait_for_log("limit it: LIMIT too many new connections from your address")


def test_a_session_is_resumed_and_not_after_the_authorities_have_changed(served, authority, stranger):
    one = served()
    context = client_context(authority, maximum_version=ssl.TLSVersion.TLSv1_2)
    first = TlsClient(one.address("tls"), context)
    assert first.call("PING") == "PONG"
    session = first.socket.session
    first.close()

    def resumed():
        with TlsClient(one.address("tls"), context, session=session) as client:
            assert client.call("PING") == "PONG"
            return client.socket.session_reused

    assert resumed()
    assert one.stat("event_handshake_resumed") == 1
    one.reload()
    one.wait_for_log("configuration reloaded")
    assert resumed()
    one.reload(PLAIN + tls_listener(authority.server, mutual(stranger, "optional")))
    eventually(lambda: one.log.count("configuration reloaded") == 2, what="the second reload")
    assert not resumed()


def test_plain_text_at_a_tls_port_and_tls_at_a_plain_one(served, authority):
    one = served()
    with one.connect("tls") as plain:
        assert plain.send(b"PING\r\n").read_until_eof().startswith(b"-ERR this port speaks TLS")
    with one.connect("tls") as browser:
        answer = browser.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").read_until_eof()
        assert answer.startswith(b"HTTP/1.1 400 ") and b"TLS" in answer
    assert_told(one, "plain text", 2)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        TlsClient(one.address("plain"), client_context(authority))
    assert_told(one, "foreign protocol")


def test_whoever_may_not_come_is_told_before_any_handshake(served, authority):
    one = served(listener='allow = ["192.0.2.0/24"]\n')
    with pytest.raises(ssl.SSLError, match="(?i)access.denied"):
        connect(one, authority)
    assert_told(one, "refused, not allowed")


def test_half_open_handshakes_are_bounded_and_keep_nobody_out(served, authority):
    one = served(settings='[server]\nmax_handshakes = 20\n[deadlines]\nhandshake = "300ms"\n')
    silent = [one.connect("tls") for _ in range(60)]
    for client in silent[::2]:
        client.send(b"\x16\x03\x01\x00\xff\x01")
    with one.connect("plain") as plain:
        assert plain.call("PING") == "PONG"
    assert connect(one, authority).call("PING") == "PONG"
    eventually(lambda: one.stat("event_refused_late") == 60, what="all are late")
    assert int(one.info("clients")["arriving_clients"]) == 0


JUNK = {
    "ServerHelloDone": b"\x16\x03\x01\x00\x05\x0e\x00\x00\x01\x03",
    "an oversized record": b"\x16\x03\x01\xff\xff" + b"\x01" * 100,
    "an empty ClientHello": b"\x16\x03\x01\x00\x04\x01\x00\x00\x00",
    "one of 16 MiB": b"\x16\x03\x01\x00\x04\x01\xff\xff\xff",
    "a byte a record": b"\x16\x03\x03\x00\x01\x01" * 200,
    "a version 2": b"\x16\x02\x00\x00\x05\x01\x00\x00\x01\x03",
    "a record of version 2": b"\x80\x2e\x01\x03\x01",
}


def read_to_the_end(client):
    try:
        while client.socket.recv(4096):
            pass
    except ConnectionError:
        pass


def test_junk_in_place_of_a_handshake(served, authority):
    one = served(settings='[deadlines]\nhandshake = "300ms"\n')
    for junk in JUNK.values():
        with one.connect("tls") as client:
            read_to_the_end(client.send(junk))
    refused = ("event_refused_handshake", "event_refused_late", "event_refused_plain_text")
    eventually(lambda: sum(map(one.stat, refused)) == len(JUNK), what="a refusal for each")
    assert connect(one, authority).call("PING") == "PONG"


def test_a_handshake_cut_anywhere_is_over_and_a_trickled_one_succeeds(served, authority):
    one = served()
    context = client_context(authority)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    hello = outgoing.read()
    for cut in (1, 5, 6, 50, len(hello) - 1):
        with one.connect("tls") as client:
            read_to_the_end(client.send(hello[:cut]).half_close())
    eventually(lambda: one.stat("event_refused_handshake") == 5, what="five refusals")
    with one.connect("tls") as client:
        client.send_pieces([hello[i:i + 1] for i in range(len(hello))], pause=0)
        incoming.write(client.socket.recv(1 << 16))
        with pytest.raises(ssl.SSLWantReadError):
            while True:
                tls.do_handshake()
                incoming.write(b"")
                raise ssl.SSLWantReadError


# --- protocols and ciphers

def offers(one, *options):
    """What openssl agrees on with these options: (protocol, cipher), or None."""
    host, port = one.address("tls")
    done = run("openssl", "s_client", "-connect", f"{host}:{port}", *options, stdin="")
    found = re.search(r"New, (\S+), Cipher is (\S+)", done.stdout)
    return None if found is None or found[2] == "(NONE)" else (found[1], found[2])


def test_no_weak_protocol_and_no_weak_cipher(served):
    one = served()
    assert offers(one, "-tls1_3")[0] == "TLSv1.3"
    assert offers(one, "-tls1_2")
    weak = ("-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    assert offers(one, "-tls1", *weak) is None
    assert offers(one, "-tls1_1", *weak) is None
    ciphers = openssl("ciphers", "-tls1_2", "-s", "ALL:COMPLEMENTOFALL:@SECLEVEL=0").strip().split(":")
    taken = {cipher for cipher in ciphers
             if offers(one, "-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0")}
    assert taken, ciphers
    assert all(re.fullmatch(r"ECDHE-ECDSA-(AES(128|256)-GCM-SHA(256|384)|CHACHA20-POLY1305)", each)
               for each in taken), taken


def test_min_version(served):
    one = served('min_version = "1.3"\n')
    assert offers(one, "-tls1_3")
    assert offers(one, "-tls1_2") is None


def test_alpn_and_renegotiation(served, authority):
    one = served()
    host, port = one.address("tls")
    assert offers(one, "-alpn", "h2,http/1.1," + "x" * 200)
    done = run("openssl", "s_client", "-connect", f"{host}:{port}", "-tls1_2", "-CAfile", authority.ca,
               stdin="R\nPING\n")
    assert "PONG" not in done.stdout
    assert re.search(r"no renegotiation|NO_RENEGOTIATION", done.stderr, re.I), done.stderr
    assert "Compression: NONE" in done.stdout


def test_the_certificate_follows_the_name(daemon, authority):
    other = authority.issue("other.example", ("DNS:other.example", "DNS:*.wild.example"))
    one = daemon('[[listener]]\nname = "tls"\naddress = "127.0.0.1:0"\n[listener.tls]\n'
                 f'certificate = ["{authority.server}", "{other}"]\n')

    def shown(name):
        context = client_context(authority)
        context.check_hostname = False
        with TlsClient(one.address("tls"), context, server=name) as client:
            return dict(part[0] for part in client.socket.getpeercert()["subject"])["commonName"]

    assert shown("localhost") == "server"
    assert shown("other.example") == "other.example"
    assert shown("a.wild.example") == "other.example"
    assert shown("nobody.example") == "server"


# --- certificates come and go

def test_reload_brings_a_new_certificate_and_drops_nobody(daemon, authority, tmp_path):
    pair = tmp_path / "server.pem"
    shutil.copy(authority.server, pair)
    one = daemon(PLAIN + tls_listener(pair))

    def serial():
        with TlsClient(one.address("tls"), client_context(authority)) as client:
            return client.socket.getpeercert()["serialNumber"]

    kept = connect(one, authority)
    assert kept.call("PING") == "PONG"
    before = serial()
    shutil.copy(authority.issue("renewed", HOSTS), pair)
    one.reload()
    one.wait_for_log("configuration reloaded")
    assert serial() != before
    assert kept.call("PING") == "PONG"


@pytest.fixture
def short_path():
    """Of a folder: the log shortens long texts."""
    with tempfile.TemporaryDirectory(dir="/tmp") as path:
        yield pathlib.Path(path)


def test_a_bad_pair_keeps_the_old_one_and_says_which_file(daemon, authority, stranger, short_path):
    pair, key = short_path / "server.pem", short_path / "server.key"
    shutil.copy(authority.server, pair)
    shutil.copy(authority.directory / "server.key", key)
    key.chmod(0o600)
    one = daemon(PLAIN + tls_listener(pair, f'key = "{key}"\n'))

    def refused(words):
        checked = run_reactord("--check-config", "--config", one.config_path)
        assert checked.returncode != 0 and words in checked.stderr, checked
        failures = one.log.count("configuration not reloaded")
        one.reload()
        eventually(lambda: one.log.count("configuration not reloaded") > failures, what="a refusal")
        assert words in one.log
        assert connect(one, authority).call("PING") == "PONG"

    shutil.copy(stranger.directory / "eve.key", key)
    refused(f"{key}: it is not the key of the first certificate in {pair}")
    shutil.copy(authority.directory / "server.key", key)
    key.chmod(0o644)
    refused(f"{key}: others than its owner and its group may read or change the key")
    key.chmod(0o600)
    shutil.copy(authority.issue("old", HOSTS, days=-1), pair)
    shutil.copy(authority.directory / "old.key", key)
    refused(f"{pair}: the certificate has expired")
    pair.write_text("rubbish")
    refused(f"{pair}: there is no certificate in it")
    pair.unlink()
    refused(f"{pair}: No such file or directory")
    shutil.copy(authority.server, pair)
    shutil.copy(authority.directory / "server.key", key)
    one.reload()
    one.wait_for_log("configuration reloaded")


def test_how_long_it_lasts_is_in_info_and_in_the_log(daemon, authority):
    one = daemon(PLAIN + tls_listener(authority.issue("short", HOSTS, days=10)))
    assert one.info("server")["certificate_days_left"] == "9"
    one.wait_for_log(r"short\.pem expires in 9 days")
    longer = daemon(PLAIN + tls_listener(authority.server))
    assert longer.info("server")["certificate_days_left"] == "29"
    assert "expires in" not in longer.log


@pytest.mark.parametrize("requests", [1500, pytest.param(4000, marks=pytest.mark.long)])
def test_reloads_under_load_fail_no_request(served, authority, requests):
    one = served()
    options = ("-h", "localhost", "-p", one.address("tls")[1], "--tls", "--cacert", authority.ca)
    with subprocess.Popen([program("redis-benchmark"), *map(str, options), "-q", "-n", str(requests), "-c", "10",
                           "-k", "0", "-t", "ping_mbulk"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as load:
        reloads = 0
        while load.poll() is None and reloads < 20:
            one.reload()
            reloads += 1
            eventually(lambda: one.log.count("configuration reloaded") >= reloads, what="a reload")
        out, err = load.communicate(timeout=PATIENCE * 2)
    assert "requests per second" in out and "rror" not in err, (out, err)
    assert reloads > 1


@pytest.mark.parametrize("times", [10, pytest.param(1000, marks=pytest.mark.long)])
def test_certificates_and_users_change_under_load(daemon, authority, times):
    """Who was there stays, whoever comes is served, and nobody gets what is another's."""
    token = "0123456789abcdef0123456789abcdef"
    hashed = "sha256:" + hashlib.sha256(token.encode()).hexdigest()
    pairs = [authority.server, authority.issue("other", HOSTS)]

    def configuration(number):
        users = "".join(f'[[user]]\nname = "{name}"\npassword = "{hashed}"\n'
                        for name in ("ada", f"guest{number % 2}"))
        return PLAIN + tls_listener(pairs[number % 2], listener='require = "user"\n') + users

    one = daemon(configuration(0))
    context = client_context(authority)
    is_over = threading.Event()
    served, problems = [0], []

    def come_and_go():
        try:
            while not is_over.is_set():
                with TlsClient(one.address("tls"), context) as client:
                    assert client.call("AUTH", "ada", token) == "OK"
                    assert [client.call("CEIL", f"{n}.5") for n in range(5)] == [1, 2, 3, 4, 5]
                served[0] += 1
        except Exception as problem:  # told by the test
            problems.append(problem)

    threads = [threading.Thread(target=come_and_go) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        with TlsClient(one.address("tls"), context) as stays:
            assert stays.call("AUTH", "ada", token) == "OK"
            for number in range(1, times + 1):
                one.reload(configuration(number))
                eventually(lambda: one.stat("event_reloaded") == number, what=f"reload {number}")
                assert stays.call("ACL", "WHOAMI") == b"ada"
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    assert not problems, problems
    assert served[0] > 3 and one.stat("event_reload_failed") == 0


def test_tls_behind_a_proxy_header(daemon, authority):
    one = daemon(PLAIN + tls_listener(authority.server, listener='proxy = ["127.0.0.0/8"]\n'))
    raw = one.connect("tls").send(b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n").socket
    with client_context(authority).wrap_socket(raw, server_hostname="localhost") as client:
        client.sendall(b"CLIENT INFO\n")
        assert b"addr=192.0.2.7:56324" in client.recv(4096)


def test_a_reset_is_a_reset(served, authority):
    one = served()
    client = connect(one, authority)
    assert client.call("PING") == "PONG"
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(client.socket.detach())
    eventually(lambda: count(one, "reset") == 1, what="a reset")
