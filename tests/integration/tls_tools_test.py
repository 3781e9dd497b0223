# SPDX-License-Identifier: MIT
"""reactor-cli and reactor-load over TLS: whom they trust, what they show, and what they say where they refuse."""

import json
import subprocess

import pytest

from harness.client import PATIENCE
from harness.daemon import BIN_DIR
from harness.tls import PLAIN, Authority, tls_listener

HOSTS = ("DNS:localhost", "IP:127.0.0.1")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    one = Authority(tmp_path_factory.mktemp("authority"))
    one.server = one.issue("server", HOSTS)
    one.ada = one.issue("ada")
    return one


@pytest.fixture
def served(daemon, authority):
    def start(extra=""):
        return daemon(PLAIN + tls_listener(authority.server, extra))
    return start


def run(program, *arguments, stdin=""):
    return subprocess.run([BIN_DIR / program, *map(str, arguments)], input=stdin, capture_output=True, text=True,
                          timeout=PATIENCE, check=False)


def uri(one, scheme="tls", host="localhost", listener="tls"):
    return f"{scheme}://{host}:{one.address(listener)[1]}"


def test_the_client_asks_and_is_answered(served, authority):
    one = served()
    for where in (("--uri", uri(one)), ("--uri", uri(one, "rediss")), ("--uri", uri(one, host="127.0.0.1")),
                  ("--host", "localhost", "--port", one.address("tls")[1], "--tls")):
        done = run("reactor-cli", *where, "--cacert", authority.ca, "ceil", "4.40")
        assert (done.returncode, done.stdout) == (0, "5\n"), done
    words = "".join(f"echo {'x' * 1000}{number}\n" for number in range(2000))
    done = run("reactor-cli", "--uri", uri(one), "--cacert", authority.ca, stdin=words)
    assert done.stdout.splitlines() == [f"{'x' * 1000}{number}" for number in range(2000)]
    done = run("reactor-cli", "--uri", uri(one), "--cacert", authority.ca, "--framing", "raw", stdin="CEIL 1.5\n")
    assert done.stdout == "2\n", done


def test_it_shows_a_certificate_where_one_is_asked_for(served, authority):
    one = served(f'client_ca = "{authority.ca}"\nclient_auth = "required"\n')
    options = ("--uri", uri(one), "--cacert", authority.ca)
    shown = run("reactor-cli", *options, "--cert", authority.ada, "--key", authority.directory / "ada.key", "ping")
    assert shown.stdout == "PONG\n", shown
    assert run("reactor-cli", *options, "ping").returncode != 0


REFUSALS = [
    ((), "tls", "unable to get local issuer certificate; if you trust it, name its authority with --cacert"),
    (("--cacert", "CA", "--sni", "other.example"), "tls", "hostname mismatch; the name that its certificate has"),
    (("--cacert", "CA"), "plain", "does it speak TLS there? Try tcp://"),
    (("--cacert", "/nowhere.pem"), "tls", "/nowhere.pem: No such file or directory"),
]


@pytest.mark.parametrize("options, listener, words", REFUSALS)
def test_it_says_why_it_refuses(served, authority, options, listener, words):
    one = served()
    options = [authority.ca if option == "CA" else option for option in options]
    done = run("reactor-cli", "--uri", uri(one, listener=listener), *options, "ping")
    assert done.returncode == 3 and words in done.stderr, done


def test_the_load_generator(served, authority, tmp_path):
    one = served()
    result = tmp_path / "result.json"
    done = run("reactor-load", "--quiet", "--uri", uri(one), "--cacert", authority.ca, "-c", "10", "-d", "16", "-n",
               "5000", "--json", result, "echo")
    assert done.returncode == 0, done
    assert json.loads(result.read_text())["errors"] == 0
    assert one.stat("event_handshake_full") >= 10
    done = run("reactor-load", "--quiet", "--uri", uri(one), "-c", "2", "-n", "10", "ping")
    assert done.returncode != 0 and "unable to get local issuer certificate" in done.stdout + done.stderr, done
