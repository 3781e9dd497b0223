# SPDX-License-Identifier: MIT
"""Metrics for Prometheus: their text, the real Prometheus, and the rules and the dashboard that come along."""

import json
import re
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

from harness.admin import WEB
from harness.client import PATIENCE, eventually
from harness.daemon import ROOT
from harness.net import free_port, program
from harness.resp import request
from harness.scripted import replies
from harness.web import OPENMETRICS, ask, samples


@pytest.fixture
def web(daemon):
    return daemon(WEB)


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


def assert_no_complaint(text):
    done = subprocess.run([program("promtool"), "check", "metrics"], input=text, capture_output=True, text=True,
                          timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_promtool_has_no_complaint(web):
    web.connect("main").send(request("NOSUCH") + request("CEIL", "1")).read_line()
    assert_no_complaint(ask(web, "/metrics").text)


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


HOSTILE_CODES = [b'A"B', b"A\\", b"A{b=\"c\"}", b"\xff\xfe", b"", b"(other)", b"X" * 5000, "\u2028".encode()]


def test_error_codes_that_a_backend_makes_up_are_one(daemon, serve):
    answers = [b"-" + code + b" no\r\n" for code in HOSTILE_CODES] + [b"-MOVED 1\r\n"]
    backend = serve(replies(*answers))
    one = daemon('[[relay]]\ncommands = ["GET"]\nhealth = "off"\nbackends = ["127.0.0.1:%d"]\n' % backend.port + WEB)
    client = one.connect("main")
    for answer in answers:
        client.request("GET", "x").expect(answer)
    text = ask(one, "/metrics").text
    errors = samples(text)["reactord_errors_total"]
    assert errors == {'code="(other)"': len(HOSTILE_CODES), 'code="MOVED"': 1}
    assert samples(ask(one, "/metrics", Accept=OPENMETRICS).text, True)["reactord_errors_total"] == errors
    assert one.info("errorstats") == {"errorstat_(other)": f"count={len(HOSTILE_CODES)}", "errorstat_MOVED": "count=1"}
    assert_no_complaint(text)


def gauges(one):
    """Those that do not change by themselves."""
    text = ask(one, "/metrics").text
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.M))
    return {name: values for name, values in samples(text).items()
            if kinds.get(name) == "gauge" and name not in ("process_resident_memory_bytes",
                                                           "reactord_loop_longest_turn_seconds")}


def test_scrapes_that_are_broken_off_leave_every_gauge_as_it_was(web):
    before = gauges(web)
    assert len(before) > 8
    for number in range(60):
        sent = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20
        with web.connect("web") as scraper:
            scraper.send(sent[:len(sent) - number])
            if number % 2:
                scraper.read_exact(100)
    eventually(lambda: gauges(web) == before, what="all as it was")


TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_openmetrics_has_the_latest_trace_of_each_command(daemon, serve):
    backend = serve(replies(b"+OK\r\n"))
    one = daemon('[[relay]]\ncommands = ["GET"]\nhealth = "off"\nbackends = ["127.0.0.1:%d"]\n' % backend.port + WEB)
    client = one.connect("main")
    # Of a pipeline of one command, one request.
    client.send(request("CEIL", "1") + request("CLIENT", "TRACEPARENT", TRACE, "NEXT") + request("CEIL", "1") * 9)
    client.send(request("CLIENT", "TRACEPARENT", TRACE.replace("b7ad", "cafe"), "NEXT") + request("GET", "x"))
    client.expect(b":1\r\n+OK\r\n" + b":1\r\n" * 9 + b"+OK\r\n+OK\r\n")
    text = ask(one, "/metrics", Accept=OPENMETRICS).text
    samples(text, True)
    marks = re.findall(r'_bucket\{command="(\w+)",le="\S+"\} \d+ # \{trace_id="(\w+)",span_id="(\w+)"\}', text)
    assert marks == [("ceil", TRACE[3:35], TRACE[36:52]), ("get", TRACE[3:35], "cafe" + TRACE[40:52])]
    plain = ask(one, "/metrics").text
    samples(plain)
    assert TRACE[3:35] not in plain


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
             f"--web.listen-address=127.0.0.1:{port}", "--log.level=error",
             "--enable-feature=exemplar-storage"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        started.append(process)
        return port

    yield start
    for process in started:
        process.terminate()
        process.wait(PATIENCE)


def asked(port, what, **arguments):
    """What Prometheus answers. Where the expression is wrong, it says so with 400."""
    url = f"http://127.0.0.1:{port}/api/v1/{what}?" + urllib.parse.urlencode(arguments)
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)["data"]


def query(port, expression):
    """Its values now."""
    try:
        return [float(row["value"][1]) for row in asked(port, "query", query=expression)["result"]]
    except urllib.error.HTTPError as problem:
        assert problem.code != 400, f"{expression}: {problem.read().decode()}"
        return []  # it is about to be ready
    except OSError:  # it is about to listen
        return []


def test_prometheus_scrapes_it_and_knows_its_rules(web, prometheus):
    client = web.connect("main")
    assert client.call("CLIENT", "TRACEPARENT", TRACE) == "OK"
    client.send(request("CEIL", "4.40") * 7).read_line()
    port = prometheus("%s:%d" % web.address("web"))
    eventually(lambda: query(port, 'up{job="reactord"}') == [1], 30, what="a scrape")
    assert query(port, 'reactord_command_calls_total{command="ceil"}') == [7]
    assert query(port, "count(scrape_samples_scraped > 100)") == [1]
    eventually(lambda: query(port, "reactord:connections:share"), 30, what="a recording rule")
    found = asked(port, "query_exemplars", query='reactord_command_latency_seconds_bucket{command="ceil"}',
                  start=time.time() - 60, end=time.time() + 60)
    assert {one["labels"]["trace_id"] for each in found for one in each["exemplars"]} == {TRACE[3:35]}


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
