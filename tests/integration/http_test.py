# SPDX-License-Identifier: MIT
"""HTTP listeners: checks for balancers, and whoever comes with something else."""

import http.client
import pathlib
import signal
import subprocess
import threading

import pytest

from harness.admin import WEB
from harness.client import PATIENCE, eventually
from harness.daemon import run_reactord
from harness.net import program
from harness.reasons import assert_told
from harness.resp import request
from harness.web import ask, samples


@pytest.fixture
def web(daemon):
    return daemon(WEB)


def raw(one, sent):
    client = one.connect("web").send(sent).half_close()
    return client.read_until_eof()


# --- checks

def test_ready_until_it_drains(web):
    assert ask(web, "/healthz").status == ask(web, "/readyz").status == 200
    admin = web.connect("admin")
    assert admin.call("DRAIN", "ON") == "OK"
    answer = ask(web, "/readyz")
    assert (answer.status, answer.text) == (503, "draining: DRAIN ON\n")
    assert ask(web, "/healthz").status == 200
    assert samples(ask(web, "/metrics").text)["reactord_draining"][None] == 1
    assert admin.call("DRAIN", "OFF") == "OK"
    assert ask(web, "/readyz").status == 200


def test_not_ready_while_it_leaves(daemon):
    one = daemon('[deadlines]\nleave = "20s"\n' + WEB)
    one.signal(signal.SIGTERM)
    eventually(lambda: ask(one, "/readyz").status == 503, what="not ready")
    one.signal(signal.SIGTERM)  # at once
    assert one.wait() == 0


# --- HTTP

def test_a_connection_serves_many_requests(web):
    connection = http.client.HTTPConnection(*web.address("web"), timeout=PATIENCE)
    for _ in range(50):
        assert ask(web, "/healthz", connection=connection).text == "ok\n"
        assert ask(web, "/healthz", connection=connection, method="HEAD").text == ""
        assert ask(web, "/metrics", connection=connection).text.endswith("\n")
    connection.close()


@pytest.mark.parametrize("path", ["/metrics", "/api/live", "/api/state", "/healthz", "/"])
def test_nothing_follows_the_headers_of_a_head(web, path):
    answer = raw(web, f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and answer.endswith(b"\r\n\r\n")
    assert answer.count(b"\r\n\r\n") == 1


def test_headers_are_strict(web):
    for path in ("/", "/metrics", "/nosuch"):
        headers = ask(web, path).headers
        assert headers["Cache-Control"] == "no-store" and headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers["Access-Control-Allow-Origin"] is None


@pytest.mark.parametrize("method, path, headers, status", [
    ("GET", "/nosuch", {}, 404), ("GET", "/../etc/passwd", {}, 404), ("GET", "/metrics/", {}, 404),
    ("POST", "/metrics", {}, 405), ("DELETE", "/", {}, 405), ("OPTIONS", "/", {}, 405),
    ("GET", "/metrics?x=1", {}, 200), ("GET", "/metrics", {"Host": "evil.example"}, 421),
    ("GET", "/metrics", {"Host": "localhost:1"}, 200), ("GET", "/metrics", {"Host": "[::1]"}, 200)])
def test_what_is_asked_otherwise(web, method, path, headers, status):
    answer = ask(web, path, method, **headers)
    assert answer.status == status
    assert status != 405 or answer.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("hosts", [b"", b"Host: localhost\r\nHost: localhost\r\n", b"host: localhost\r\nHOST: x\r\n"])
def test_a_request_has_one_host(web, hosts):
    assert raw(web, b"GET /healthz HTTP/1.1\r\n" + hosts + b"\r\n").startswith(b"HTTP/1.1 400 ")


HOSTILE = {
    "half a request": b"GET /metrics HT",
    "headers of 1 MiB": b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * (1 << 20) + b"\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"A: b\r\n" * 20_000 + b"\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(64),
    "RESP": request("PING") * 100,
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "a websocket": b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   b"Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\nContent-Length: 40\r\n\r\nabcd",
    "length and chunks": b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\n"
                         b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n",
    "a body that is long": b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3000000\r\n\r\n"
                           + bytes(3_000_000),
    "zeros": bytes(100_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_harm_nobody(web, name):
    clean = web.connect("main")
    for _ in range(3):
        try:
            answer = raw(web, HOSTILE[name])
        except OSError:  # it has closed while we were sending
            answer = b""
        assert b"smuggled" not in answer
        assert answer == b"" or answer.startswith(b"HTTP/1.")
        assert "headers" not in name or b" 200 " not in answer
    assert clean.call("PING") == "PONG"
    assert ask(web, "/healthz").text == "ok\n"


def test_a_hundred_scrapes_at_once(web):
    done = []

    def scrape():
        done.append(samples(ask(web, "/metrics").text)["reactord_requests_total"])

    threads = [threading.Thread(target=scrape) for _ in range(100)]
    for thread in threads:
        thread.start()
    client = web.connect("main")
    for _ in range(200):
        assert client.call("PING") == "PONG"
    for thread in threads:
        thread.join()
    assert len(done) == 100


@pytest.mark.parametrize("sent", [b"", b"GET /metr", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"])
def test_those_who_hold_all_places_and_are_silent_make_room_and_delay_no_client(daemon, sent):
    one = daemon("[server]\nmax_http_connections = 4\n" + WEB)
    held = [one.connect("web").send(sent) for _ in range(4)]
    waits = one.connect("web").send(b"GET /healthz HTTP/1.0\r\n\r\n")
    one.wait_for_log("max_http_connections reached")
    assert one.connect("main").call("PING") == "PONG"
    assert one.stat("event_waiting_http") >= 1
    assert waits.read_until_eof().endswith(b"ok\n")
    held[0].read_until_eof()  # who has been there the longest


def test_the_health_is_told_however_many_are_silent(web):
    held = [web.connect("web") for _ in range(100)]
    assert ask(web, "/healthz").text == "ok\n"
    assert held


def test_who_may_not_come_is_sent_away(daemon):
    one = daemon(WEB.replace('role = "http"', 'role = "http"\nallow = ["192.0.2.0/24"]'))
    assert one.connect("web").read_until_eof() == b""
    assert_told(one, "refused, not allowed")


def test_a_unix_socket(daemon, tmp_path):
    one = daemon(WEB.replace('role = "http"\naddress = "127.0.0.1:0"', 'role = "http"\naddress = "unix:w.sock"'))
    done = subprocess.run([program("curl"), "-s", "--unix-socket", one.address("web"), "http://localhost/healthz"],
                          capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.stdout == "ok\n"


# --- configuration

@pytest.mark.parametrize("keys, problem", [
    ('address = "0.0.0.0:0"', "can be reached from other machines: an HTTP listener there needs listener.allow"),
    ('address = "127.0.0.1:0"\nframing = "line"', "HTTP has a framing of its own"),
    ('address = "127.0.0.1:0"\nrequire = "user"', "an HTTP listener takes no commands"),
    ('address = "127.0.0.1:0"\nproxy = ["10.0.0.0/8"]', "an HTTP listener reads no PROXY header"),
    ('name = "w"\naddress = "127.0.0.1:0"\n[[limit]]\nname = "x"\nlisteners = ["w"]\nrequest_rate = "1/s"',
     "limit.listeners: 'w' speaks HTTP, which no limit counts"),
    ('address = "127.0.0.1:0"\n[listener.tls]\ncertificate = "x.pem"', "an HTTP listener has none"),
])
def test_what_is_wrong_with_it(tmp_path, keys, problem):
    config = tmp_path / "reactord.toml"
    config.write_text('[[listener]]\nrole = "http"\n' + keys + "\n")
    done = run_reactord("--check-config", "--config", config)
    assert done.returncode == 78 and problem in done.stderr, done.stderr


def test_it_comes_and_goes_by_reload(daemon):
    one = daemon(WEB.replace('role = "http"\n', ""))
    assert one.connect("web").call("PING") == "PONG"
    one.reload(WEB)
    one.wait_for_log("configuration reloaded")
    eventually(lambda: ask(one, "/healthz").text == "ok\n")
    one.reload(WEB.replace('role = "http"\n', ""))
    eventually(lambda: one.log.count("configuration reloaded") == 2)
    assert one.connect("web").call("PING") == "PONG"


def test_nothing_of_it_is_there_where_nobody_wants_it(daemon):
    one = daemon(WEB.replace('role = "http"\n', ""))
    maps = pathlib.Path(f"/proc/{one.pid}/maps")
    assert "microhttpd" not in maps.read_text()
    one.reload(WEB)
    one.wait_for_log("configuration reloaded")
    assert "microhttpd" in maps.read_text()
