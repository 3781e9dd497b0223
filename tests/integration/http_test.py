# SPDX-License-Identifier: MIT
"""HTTP listeners: metrics for Prometheus, checks for balancers, and whoever comes with something else."""

import http.client
import json
import pathlib
import re
import signal
import socket
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request

import pytest

from harness.admin import WEB
from harness.client import PATIENCE, Client, eventually
from harness.daemon import ROOT, run_reactord
from harness.net import free_port, program
from harness.reasons import assert_told
from harness.resp import request

OPENMETRICS = "application/openmetrics-text"


@pytest.fixture
def web(daemon):
    return daemon(WEB)


class Answer:
    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        self.text = response.read().decode()


def ask(one, path, method="GET", connection=None, **headers):
    mine = connection or http.client.HTTPConnection(*one.address("web"), timeout=PATIENCE)
    try:
        mine.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        return Answer(mine.getresponse())
    finally:
        if connection is None:
            mine.close()


def raw(one, sent):
    client = one.connect("web").send(sent).half_close()
    return client.read_until_eof()


# --- a parser that is stricter than Prometheus' own

SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+)\})? (\S+)')
OF_HISTOGRAMS = ("_bucket", "_sum", "_count")


def samples(text, openmetrics=False):
    """{name: {labels: value}}; every rule of the format holds."""
    assert text.endswith("# EOF\n") == openmetrics
    families, current, found = {}, None, {}
    lines = text.removesuffix("# EOF\n").splitlines()
    for line in lines:
        if line.startswith("# HELP "):
            current = line.split()[2]
            assert current not in families, f"{current} twice"
            assert len(line.split(" ", 3)[3]) > 3
        elif line.startswith("# TYPE "):
            name, kind = line.split()[2:]
            assert name == current and kind in ("counter", "gauge", "info", "histogram")
            families[current] = kind
        else:
            name, labels, value = SAMPLE.fullmatch(line).groups()
            kind = families[current]
            suffix = {"counter": "_total", "info": "_info"}.get(kind, "") if openmetrics else ""
            if kind == "histogram":
                assert name.removeprefix(current) in OF_HISTOGRAMS, (name, current)
            else:
                assert name == current + suffix, (name, current)
            assert kind != "counter" or name.endswith("_total")
            assert labels not in found.setdefault(name, {}), f"{line} twice"
            found[name][labels] = float(value)
    return found


# --- metrics

@pytest.mark.parametrize("accept, kind", [
    ("", "text/plain; version=0.0.4; charset=utf-8"),
    ("text/plain;version=0.0.4", "text/plain; version=0.0.4; charset=utf-8"),
    (OPENMETRICS, "application/openmetrics-text; version=1.0.0; charset=utf-8")])
def test_metrics_tell_what_has_happened(web, accept, kind):
    client = web.connect("main").send(request("CEIL", "4.40") * 3 + request("CEIL", "x"))
    client.expect(b":5\r\n" * 3)
    client.read_line()
    # A code that somebody chose must not break a line.
    answer = ask(web, "/metrics", Accept=accept)
    assert answer.status == 200 and answer.headers["Content-Type"] == kind
    found = samples(answer.text, accept == OPENMETRICS)
    assert found["reactord_command_calls_total"]['command="ceil"'] == 4
    assert found["reactord_command_failures_total"]['command="ceil"'] == 1
    assert found["reactord_requests_total"][None] == 4
    buckets = {float(re.search('le="([^"]+)"', labels)[1]): count for labels, count in
               found["reactord_command_latency_seconds_bucket"].items() if 'command="ceil"' in labels}
    assert list(buckets) == sorted(buckets) and list(buckets.values()) == sorted(buckets.values())
    assert buckets[float("inf")] == found["reactord_command_latency_seconds_count"]['command="ceil"'] == 4
    assert 0 < found["reactord_command_latency_seconds_sum"]['command="ceil"'] < 60
    assert found["reactord_connections"]['role="public"'] == 1
    assert found["reactord_errors_total"]['code="ERR"'] == 1
    assert found["reactord_connections_refused_total"]['reason="full"'] == 0
    assert found["reactord_connections_closed_total"]['reason="idle"'] == 0
    assert found["process_resident_memory_bytes"][None] > 1 << 20
    assert 0 < found["process_cpu_seconds_total"][None] < 60


def test_promtool_has_no_complaint(web):
    web.connect("main").send(request("NOSUCH") + request("CEIL", "1")).read_line()
    done = subprocess.run([program("promtool"), "check", "metrics"], input=ask(web, "/metrics").text,
                          capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_number_of_series_does_not_grow_with_what_clients_send(daemon):
    one = daemon(WEB + '[[limit]]\nname = "it"\nconnection_rate = "1000000/s"\n')

    def size(accept):
        text = ask(one, "/metrics", Accept=accept).text
        return sum(len(of_name) for of_name in samples(text, accept == OPENMETRICS).values())

    client = one.connect("main")
    client.send(request("CEIL", "1") + request("NOSUCH") + request("CLIENT", "SETNAME", "n")).expect(b":1\r\n")
    client.read_line()
    client.read_line()
    before = size("")
    for number in range(300):
        assert client.call(f"UNKNOWN{number}", "x" * number)
        client.call("CLIENT", "SETNAME", f'n"{number}')
    assert size(OPENMETRICS) == before < 1000  # another text than the one before, which is kept for a moment


def test_limits_users_and_a_certificate_are_among_them(daemon):
    one = daemon(WEB + '[[limit]]\nname = "it"\nlisteners = ["main"]\nrequest_rate = "1/h"\n')
    one.connect("main").send(request("PING") * 3).read_line()
    eventually(lambda: samples(ask(one, "/metrics").text)["reactord_limit_exceeded_total"][
        'limit="it",of="request_rate"'] == 2)


@pytest.fixture
def prometheus(tmp_path):
    """Debian's, scraping what it is told to."""
    started = []

    def start(target):
        port = free_port()
        config = tmp_path / "prometheus.yml"
        config.write_text(json.dumps({
            "global": {"scrape_interval": "500ms", "scrape_timeout": "500ms",
                       "evaluation_interval": "500ms"},
            "rule_files": [str(ROOT / "config/prometheus/reactord.rules.yml")],
            "scrape_configs": [{"job_name": "reactord", "static_configs": [{"targets": [target]}]}]}))
        process = subprocess.Popen(
            [program("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'data'}",
             f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        started.append(process)
        return port

    yield start
    for process in started:
        process.terminate()
        process.wait(PATIENCE)


def query(port, expression):
    """Its values now. Where the expression is wrong, Prometheus says so with 400."""
    url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return [float(row["value"][1]) for row in json.load(answer)["data"]["result"]]
    except urllib.error.HTTPError as problem:
        assert problem.code != 400, f"{expression}: {problem.read().decode()}"
        return []  # it is about to be ready
    except OSError:  # it is about to listen
        return []


def test_prometheus_scrapes_it_and_knows_its_rules(web, prometheus):
    web.connect("main").send(request("CEIL", "4.40") * 7).read_line()
    port = prometheus("%s:%d" % web.address("web"))
    eventually(lambda: query(port, 'up{job="reactord"}') == [1], 30, what="a scrape")
    assert query(port, 'reactord_command_calls_total{command="ceil"}') == [7]
    assert query(port, "count(scrape_samples_scraped > 100)") == [1]
    eventually(lambda: query(port, "reactord:connections:share"), 30, what="a recording rule")


def dashboard():
    """Each query of the dashboard for Grafana, with what Grafana would put in."""
    board = json.loads((ROOT / "config/prometheus/grafana.json").read_text())
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield target["expr"].replace("$__rate_interval", "5s").replace("$instance", ".*")


def test_every_query_of_the_dashboard_shows_something(daemon, prometheus):
    one = daemon(WEB + '[[limit]]\nname = "it"\nlisteners = ["main"]\nconnections = 1\n')
    port = prometheus("%s:%d" % one.address("web"))
    missing = set(dashboard())
    assert len(missing) > 12
    first = one.connect("main")

    def all_are_shown():
        """While there are requests, errors, ends and refusals."""
        first.send(request("CEIL", "4.40") + request("CEIL", "x")).expect(b":5\r\n")
        first.read_line()
        with one.connect("main", track=False) as second:
            second.read_until_eof()
        with one.connect("admin", track=False) as admin:
            admin.call("PING")
        missing.difference_update([each for each in missing if query(port, each)])
        return not missing

    eventually(all_are_shown, 60, what=lambda: missing)


def test_the_rules_pass_their_tests():
    folder = ROOT / "config/prometheus"
    for command in (["check", "rules", "reactord.rules.yml"], ["test", "rules", "reactord.rules.test.yml"]):
        done = subprocess.run([program("promtool"), *command], cwd=folder, capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_name_in_the_rules_is_told(web):
    assert web.connect("main").call("CEIL", "4.40") == 5
    names = set(samples(ask(web, "/metrics").text))
    text = (ROOT / "config/prometheus/reactord.rules.yml").read_text()
    used = set(re.findall(r"\b(?:reactord|process)_[a-z_]+", text))
    # Where there is TLS, or a limit.
    assert used - names <= {"reactord_certificate_remaining_seconds", "reactord_limit_exceeded_total"}


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
        assert ask(web, "/metrics", connection=connection, method="HEAD").text == ""
    connection.close()


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


def test_those_who_hold_connections_make_others_wait_and_clients_not(daemon):
    one = daemon("[server]\nmax_http_connections = 4\n" + WEB)
    held = [one.connect("web").send(b"GET /metr") for _ in range(4)]
    waits = one.connect("web").send(b"GET /healthz HTTP/1.0\r\n\r\n")
    one.wait_for_log("max_http_connections reached")
    waits.expect_silence()
    assert one.connect("main").call("PING") == "PONG"
    assert one.stat("event_waiting_http") >= 1
    for client in held:
        client.close()
    assert waits.read_until_eof().endswith(b"ok\n")


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
