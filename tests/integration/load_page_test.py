# SPDX-License-Identifier: MIT
"""The page of reactor-load --html: in a browser, but for what its text alone shows."""

import json
import re
import struct

import pytest

from harness.load import against, load
from harness.net import run
from harness.scripted import answering


def png_size(path):
    header = path.read_bytes()[:24]
    assert header.startswith(b"\x89PNG")
    return struct.unpack(">II", header[16:24])


def chromium(tmp_path, *arguments):
    return run("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
               "--no-first-run", "--disable-background-networking", "--disable-component-update",
               "--disable-sync", "--hide-scrollbars", f"--user-data-dir={tmp_path / 'profile'}",
               *arguments, seconds=90)


@pytest.fixture(name="page", scope="module")
def page_of_a_run(shared_daemon, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    scenario = folder / "page.toml"
    scenario.write_text('[run]\ntitle = "A page to look at"\nduration = "2s"\n'
                        'thresholds = ["p99 < 30s"]\n[[group]]\nname = "callers"\nclients = 10\n'
                        'steps = [{ send = "CEIL {real:-9..9:2}" }, { send = "ECHO {text:9}" }]\n'
                        '[[group]]\npersona = "garbage-sender"\nclients = 2\n')
    path = folder / "page.html"
    done = load(scenario, "--port", shared_daemon().address("main")[1], "--html", path)
    assert done.returncode == 0, done.stdout + done.stderr
    return path


def test_markup_in_a_scenario_stays_text(shared, tmp_path):
    page = tmp_path / "a.html"
    done = load("--port", shared.address("main")[1], "-n", 10, "-c", 1, "--html", page, "ECHO",
                "</script><img src=x>")
    assert done.returncode == 0, done.stderr
    assert "</script><img" not in page.read_text()


def result_of(page):
    text = page.read_text()
    return json.loads(re.search(r"const R = (\{.*?\n\});?\n", text, re.S)[1])


def test_the_page_has_the_whole_command(shared, tmp_path):
    """Whoever types it again plays the same."""
    page = tmp_path / "a.html"
    port = shared.address("main")[1]
    done = load("-r", 500, "-t", "500ms", "--warm-up", "200ms", "--check", "errors == 0", "--port", port,
                "--html", page, "ceil")
    assert done.returncode == 0, done.stdout + done.stderr
    result = result_of(page)
    assert result["scenario"] == ("reactor-load -r 500 -t 500ms --warm-up 200ms --check 'errors == 0' "
                                  f"--port {port} ceil")
    assert result["warm_up"] == 0.2


@pytest.mark.release_only
def test_a_browser_draws_the_page(page, tmp_path):
    done = chromium(tmp_path, "--virtual-time-budget=3000", "--enable-logging=stderr",
                    "--dump-dom", f"file://{page}")
    assert "Uncaught" not in done.stderr, done.stderr
    for text in ("A page to look at", "passed", "Latency over time", "Replies a second",
                 "Distribution of latency", "Latency by percentile", "By group and command",
                 "How connections ended", "Verdict", "The machine", "The scenario"):
        assert text in done.stdout, text
    assert "[object" not in done.stdout
    assert done.stdout.count("<svg") == 4
    drawn = re.findall(r'<path d="(M[^"]+)"', done.stdout)
    assert len(drawn) >= 8
    assert not any("NaN" in path or "Infinity" in path for path in drawn)


@pytest.mark.release_only
def test_a_browser_shows_what_went_wrong(shared, tmp_path):
    page = tmp_path / "failed.html"
    done = load("--port", shared.address("main")[1], "-n", 20, "-c", 1, "--html", page, "NOSUCH",
                "<b>bold</b>")
    assert done.returncode == 1, done.stderr
    shown = chromium(tmp_path, "--virtual-time-budget=3000", "--dump-dom", f"file://{page}").stdout
    assert "[object" not in shown and "What went wrong" in shown
    assert "any reply but an error" in shown
    assert "&lt;b&gt;bold&lt;/b&gt;" in shown and "<b>bold" not in shown


@pytest.mark.release_only
def test_a_browser_shows_a_run_without_any_reply(serve, tmp_path):
    page = tmp_path / "silent.html"
    server = serve(answering(lambda *_: None))
    done = against(server, "-n", 3, "-c", 1, "--check", "p99 < 1s", "--html", page, "ping")
    assert done.returncode == 1, done.stderr
    assert "FAILED  p99 < 1s: nothing was measured" in done.stdout
    shown = chromium(tmp_path, "--virtual-time-budget=3000", "--enable-logging=stderr",
                     "--dump-dom", f"file://{page}")
    assert "Uncaught" not in shown.stderr and "NaN" not in shown.stdout.partition("<script>")[0]
    assert "<span>Median</span><b class=\"\">–</b>" in shown.stdout, shown.stdout[-3000:]
    assert "nothing was measured" in shown.stdout


@pytest.mark.release_only
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_screenshot_shows_something(page, tmp_path, scheme):
    picture = tmp_path / f"{scheme}.png"
    dark = ["--blink-settings=preferredColorScheme=0"] if scheme == "dark" else []
    chromium(tmp_path, *dark, "--window-size=1200,1600", "--virtual-time-budget=3000",
             f"--screenshot={picture}", f"file://{page}")
    assert png_size(picture) == (1200, 1600)
    assert picture.stat().st_size > 40_000  # an empty page of that size takes a tenth of it
