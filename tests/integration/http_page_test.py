# SPDX-License-Identifier: MIT
"""The live page of an HTTP listener, the JSON behind it, and its stream of events."""

import contextlib
import hashlib
import http.client
import json
import signal
import socket
import threading

import pytest

from harness.browser import Browser
from harness.admin import WEB
from harness.client import PATIENCE, eventually
from harness.resp import request

SLOW_WEB = '[slowlog]\nslower_than = "1ms"\n' + WEB
PARTS = ("state", "commands", "clients", "ends", "limits", "errors", "slowlog", "config")
SLOW = "x" * (15 << 20)  # to copy so much into fresh memory takes milliseconds on any machine
HOSTILE = "<img/src=x/onerror=alert(1)>'\"\\"


@pytest.fixture
def web(daemon):
    return daemon(SLOW_WEB)


def ask(one, path, **headers):
    """Status, headers and body."""
    connection = http.client.HTTPConnection(*one.address("web"), timeout=PATIENCE)
    try:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def api(one, part):
    status, headers, body = ask(one, f"/api/{part}")
    assert status == 200 and headers["Content-Type"] == "application/json"
    return json.loads(body)


class Stream:
    """A reader of server-sent events that is as strict as can be."""

    def __init__(self, one, last_id=""):
        self._connection = http.client.HTTPConnection(*one.address("web"), timeout=PATIENCE)
        self._connection.request("GET", "/api/live", headers={"Last-Event-ID": last_id} if last_id else {})
        self.answer = self._connection.getresponse()
        self.id = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._connection.close()

    def event(self):
        """(its name, its data)"""
        fields = {}
        while (line := self.answer.readline()) != b"\n":
            assert line.endswith(b"\n"), "the stream has ended"
            name, _, value = line[:-1].decode().partition(": ")
            assert name in ("event", "id", "data", "retry") and name not in fields
            fields[name] = value
        self.id = fields.get("id", self.id)
        return fields["event"], json.loads(fields["data"])

    def next(self, wanted):
        while True:
            name, data = self.event()
            if name == wanted:
                return data


# --- JSON

def test_json_tells_what_has_happened(web):
    client = web.connect("main")
    client.send(request("CEIL", "4.40") * 3 + request("CEIL", "x")).expect(b":5\r\n" * 3)
    client.read_line()
    api(web, "state")
    commands = {row["name"]: row for row in eventually(lambda: api(web, "commands"))}
    assert commands["ceil"]["calls"] == 4 and commands["ceil"]["failed"] == 1 and commands["ceil"]["p99"] > 0
    mine, = [row for row in api(web, "clients") if row["requests"] == 4]
    assert mine["last"] == "ceil" and mine["listener"] == "main" and mine["peer"].startswith("127.0.0.1:")
    assert mine["error"] == "ERR" and 0 < mine["worked_us"] <= mine["latency_us"] >= mine["longest_us"] > 0
    assert api(web, "errors") == [{"code": "ERR", "count": 1}]
    assert api(web, "state")["state"]["requests"] == 4
    assert {"path": "slowlog.slower_than", "value": "1ms"} in api(web, "config")
    other = web.connect("main")
    other.call("TEXT", SLOW)
    assert api(web, "slowlog")[0]["words"].startswith("TEXT xxx") and api(web, "slowlog")[0]["us"] >= 1000
    client.close()
    eventually(lambda: {"reason": "by_client", "count": 1} in api(web, "ends"))


def test_any_bytes_are_valid_json(web):
    bytes_of_all_kinds = bytes(range(256)) + "\u2028\u202e\U0001f600".encode() + b"\xff\xfe</script>"
    client = web.connect("main")
    client.call("CLIENT", "SETNAME", HOSTILE)
    assert client.call(b"ECHO", bytes_of_all_kinds) == bytes_of_all_kinds
    client.send(request(bytes_of_all_kinds)).read_line()
    client.call("TEXT", HOSTILE + SLOW)
    for part in PARTS:
        api(web, part)
    # As everywhere, a backslash is shown as two.
    mine, = api(web, "clients")
    assert mine["name"] == HOSTILE.replace("\\", "\\\\")
    assert api(web, "slowlog")[0]["words"].startswith("TEXT " + mine["name"] + "xxx")
    with Stream(web) as stream:
        assert stream.next("second")["clients"][0]["name"] == mine["name"]


def test_secrets_are_left_out(daemon):
    digest = hashlib.sha256(b"open sesame").hexdigest()
    one = daemon(SLOW_WEB + f'[[user]]\nname = "ada"\npassword = "sha256:{digest}"\n')
    client = one.connect("main")
    assert client.call("AUTH", "ada", "open sesame") == "OK"
    client.send(request("AUTH", "ada", "wrong word")).read_line()
    everything = b"".join(ask(one, f"/api/{part}")[2] for part in PARTS)
    assert b'"user":"ada"' in everything and b'"user.ada.name"' in everything
    assert not [secret for secret in (b"sesame", b"wrong word", digest.encode()) if secret in everything]


@pytest.mark.parametrize("headers, status", [
    ({"Host": "evil.example"}, 421), ({"Origin": "http://evil.example"}, 403), ({"Origin": "null"}, 403),
    ({"Sec_Fetch_Site": "cross-site"}, 403), ({"Sec_Fetch_Site": "same-origin"}, 200)])
def test_other_sites_read_nothing(web, headers, status):
    for part in ("state", "live") if status != 200 else ("state",):
        answer, told, body = ask(web, f"/api/{part}", **headers)
        assert answer == status and told["Access-Control-Allow-Origin"] is None
        assert status == 200 or b"{" not in body


def test_headers_of_the_page(web):
    status, headers, body = ask(web, "/")
    policy = headers["Content-Security-Policy"]
    assert status == 200 and headers["Content-Type"] == "text/html; charset=utf-8"
    assert policy.startswith("default-src 'none'; style-src 'sha256-") and "unsafe" not in policy
    assert b"http://" not in body.replace(b"http://www.w3.org/2000/svg", b"") and b"https://" not in body


# --- the stream

def test_a_stream_tells_each_second(web):
    with Stream(web) as stream:
        assert stream.answer.headers["Content-Type"] == "text/event-stream"
        name, history = stream.event()
        assert name == "history" and history["points"] == []
        numbers = []
        for _ in range(3):
            name, second = stream.event()
            assert name == "second" and stream.id == f"{history['run']}-{second['n']}"
            numbers.append(second["n"])
            web.connect("main", track=False).call("PING")
        assert numbers == [1, 2, 3] and second["point"]["requests"] >= 1
        assert second["point"]["latency"][0] > 0 and second["point"]["turns"] > 0


def test_whoever_comes_back_misses_nothing(web):
    with Stream(web) as stream:
        stream.next("second")
        stream.next("second")
        last_id = stream.id
    number = int(last_id.split("-")[1])
    eventually(lambda: api(web, "state")["n"] >= number + 2)
    with Stream(web, last_id) as stream:
        name, history = stream.event()
        assert name == "history" and [point["n"] for point in history["points"]][:2] == [number + 1, number + 2]
    with Stream(web, "1-" + last_id.split("-")[1]) as stream:  # of another process
        assert [point["n"] for point in stream.next("history")["points"]][:2] == [2, 3]


def test_whoever_does_not_read_is_cut_and_harms_nobody(web):
    others = [web.connect("main") for _ in range(20)]
    for client in others:
        client.call("CLIENT", "SETNAME", "x" * 60)
    before = web.open_descriptors()
    deaf = [web.connect("web", track=False, receive_buffer=2048) for _ in range(5)]
    for client in deaf:
        client.send(b"GET /api/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
    with Stream(web) as stream:
        stream.next("second")
        memory = web.memory_bytes()
        eventually(lambda: others[0].call("PING") == "PONG" and web.open_descriptors() <= before + 2, 60)
        assert web.memory_bytes() - memory < 4 << 20
        stream.next("second")
    for client in deaf:
        client.close()


def test_pages_leave_room_for_scrapers(daemon):
    one = daemon("[server]\nmax_http_connections = 4\n" + SLOW_WEB)
    with contextlib.ExitStack() as open_ones:
        for _ in range(3):
            assert open_ones.enter_context(Stream(one)).answer.status == 200
        with Stream(one) as fourth:
            assert fourth.answer.status == 503
        for _ in range(5):
            assert ask(one, "/healthz")[2] == b"ok\n"
            assert ask(one, "/metrics")[0] == 200
            assert api(one, "clients") == []

    def has_room():
        with Stream(one) as next_one:
            return next_one.answer.status == 200
    eventually(has_room)


def test_it_stops_with_pages_open(web):
    with Stream(web) as stream:
        stream.next("second")
        web.signal(signal.SIGTERM)
        assert web.wait() == 0


def test_http_1_0_gets_the_stream_too(web):
    client = web.connect("web").send(b"GET /api/live HTTP/1.0\r\n\r\n")
    while client.read_line() != b"event: second":
        pass


# --- the page, in a browser

@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    one = Browser(tmp_path_factory.mktemp("profile"))
    yield one
    one.close()


@pytest.fixture
def loaded(web):
    """Under load: clients that ask, err, come and go."""
    stop = threading.Event()

    def play():
        client = web.connect("main", track=False)
        client.call("CLIENT", "SETNAME", HOSTILE)
        while not stop.wait(0.01):
            client.send(request("CEIL", "4.40") * 50 + request("NOSUCH")).read_exact(200)
            client.read_line()
            with socket.create_connection(web.address("main")):
                pass
        client.close()

    player = threading.Thread(target=play)
    player.start()
    yield web
    stop.set()
    player.join()


def url_of(one):
    return "http://%s:%d/" % one.address("web")


def wait_until_live(page):
    page.wait_for("document.getElementById('live')?.textContent === 'live'"
                  " && document.querySelectorAll('#charts path').length > 6")


def assert_clean(page, one):
    assert page.complaints() == []
    assert {address.removeprefix(url_of(one)) for address in page.requests()} <= {"", "api/live", "api/config", "data:,"}


def assert_shown(page, width, scheme):
    page.wait_for("document.querySelector('#commands tbody').textContent.includes('ceil')")
    page.wait_for("document.querySelector('#ends tbody').textContent.includes('by client')")
    text = page.run("document.body.innerText")
    for words in ("serving", "Requests a second", "Latency of requests", "Length of the loop's turns", "Busiest clients",
                  "Slow requests", "Limits that strike", "Configuration in force", "<img/src=x"):
        assert words in text, words
    assert not [bad for bad in ("undefined", "NaN", "[object") if bad in text]
    drawn = page.run("[...document.querySelectorAll('#charts path')].map(path => path.getAttribute('d')).join(' ')")
    assert not [bad for bad in ("undefined", "NaN", "Infinity") if bad in drawn]
    assert page.run("document.documentElement.scrollWidth") <= width
    assert page.run("document.images.length") == 0
    light = page.run("getComputedStyle(document.body).backgroundColor") == "rgb(246, 247, 249)"
    assert light == (scheme == "light")


def test_a_browser_shows_it_under_load(loaded, browser, tmp_path):
    """In light and dark, from a wide screen to a telephone."""
    views = [(1200, "light"), (1600, "dark"), (390, "light"), (390, "dark")]
    pages = [browser.page(url_of(loaded), width, 900, scheme) for width, scheme in views]
    for page, view in zip(pages, views):
        page.call("Page.bringToFront")
        wait_until_live(page)
        assert_shown(page, *view)
        assert page.picture(tmp_path / "page.png").stat().st_size > 40_000  # an empty one takes a tenth
        assert_clean(page, loaded)
        page.close()


FOCUS = """(() => {
  const one = document.activeElement, style = getComputedStyle(one);
  return {name: one.id || one.getAttribute("aria-label") || one.textContent.trim(), tag: one.localName,
    seen: one.matches(":focus-visible") && (style.outlineStyle !== "none" || one.localName === "main")};
})()"""


@pytest.mark.release_only
def test_everything_is_reached_by_keys_alone(loaded, browser):
    page = browser.page(url_of(loaded))
    wait_until_live(page)
    page.press("Tab")
    assert page.run(FOCUS)["name"] == "Skip to the figures"
    assert page.run("document.activeElement.getBoundingClientRect().top") >= 0
    reached = []
    for _ in range(60):
        page.press("Tab")
        now = page.run(FOCUS)
        assert now["seen"] or now["tag"] == "body", now
        reached.append(now)
        if now["tag"] == "summary":
            break
    names = [one["name"] for one in reached]
    assert names[:2] == ["pause", "Rate"] and "Configuration" in names
    assert [one["tag"] for one in reached].count("svg") == 4
    assert "Busiest clients" in names and "Busiest commands" in names and "Slow requests" in names
    page.press("Enter")  # opens the configuration
    page.wait_for("document.querySelectorAll('#config-table tr').length > 50")
    page.press("Tab")
    page.type("slowlog.slower_than")
    assert page.wait_for("document.getElementById('config-table').innerText").split() == [
        "setting", "value", "slowlog.slower_than", "1ms"]
    assert_clean(page, loaded)


@pytest.mark.release_only
def test_keys_read_a_chart_and_pause(loaded, browser):
    page = browser.page(url_of(loaded))
    wait_until_live(page)
    page.run("document.querySelector('#rate svg').focus()")
    page.press("ArrowLeft")
    assert "requests a second" in page.run("document.getElementById('tip').innerText")
    drawn = page.run("points.length")
    page.wait_for(f"points.length > {drawn}")
    assert page.run("document.activeElement.localName") == "svg"  # drawn anew, and still there
    page.press("Home")
    assert "ago" in page.run("document.getElementById('tip').innerText")
    page.press("Escape")
    assert page.run("document.getElementById('tip').style.display") == "none"
    page.run("document.getElementById('pause').focus()")
    page.press("Space")
    assert page.run("document.getElementById('live').textContent") == "paused"
    shown = page.run("document.getElementById('tiles').innerText")
    count = page.run("points.length")
    page.wait_for(f"points.length > {count}")
    assert page.run("document.getElementById('tiles').innerText") == shown
    page.press("Space")
    page.wait_for("document.getElementById('live')?.textContent === 'live'")
    assert_clean(page, loaded)


@pytest.mark.release_only
def test_one_page_too_many_says_so(daemon, browser):
    one = daemon("[server]\nmax_http_connections = 4\n" + SLOW_WEB)
    with contextlib.ExitStack() as open_ones:
        for _ in range(3):
            open_ones.enter_context(Stream(one))
        page = browser.page(url_of(one))
        page.wait_for("document.getElementById('live')?.textContent === 'too many pages are open'")
        page.close()


@pytest.mark.release_only
def test_10_000_clients(daemon, browser, many_descriptors):
    one = daemon("[server]\nmax_connections = 10_000\n" + SLOW_WEB)
    with contextlib.ExitStack() as all_of_them:
        for _ in range(9_990):
            all_of_them.enter_context(socket.create_connection(one.address("main")))
        busy = one.connect("main")
        busy.call("CLIENT", "SETNAME", "busy-one")
        page = browser.page(url_of(one))
        wait_until_live(page)
        page.wait_for("now.state.clients === 9991")
        page.wait_for("document.querySelector('#clients tbody').textContent.includes('busy-one')")
        assert busy.send(request("PING") * 1000).read_exact(7000)
        assert ask(one, "/healthz")[2] == b"ok\n"
        assert_clean(page, one)
    eventually(lambda: api(one, "state")["state"]["clients"] == 1)
