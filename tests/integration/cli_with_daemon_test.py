# SPDX-License-Identifier: MIT
"""The bundled client and the daemon together; cli_test.py has the client alone."""

import json
import os

import pexpect
import pytest

from harness.daemon import BIN_DIR
from harness.net import run

CLI = BIN_DIR / "reactor-cli"


def cli(shared, *arguments, listener="main", **options):
    return run(CLI, "--port", shared.address(listener)[1], *arguments, **options)


@pytest.mark.parametrize("arguments, printed", [
    (("ceil", "4.40"), "5\n"),
    (("CEIL", "1e20"), "100000000000000000000\n"),
    (("text", "hello  world"), "hello  world\n"),
    (("ping",), "PONG\n"),
    (("--json", "ceil", "4.40"), "5\n"),
    (("--json", "text", "grüße"), '"grüße"\n'),
    (("--repeat", "3", "ceil", "0.5"), "1\n1\n1\n"),
])
def test_one_request(shared, arguments, printed):
    done = cli(shared, *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (0, printed, "")


@pytest.mark.parametrize("arguments", [("ceil", "four"), ("nosuch",), ("text", "two", "words")])
def test_an_error_goes_to_stderr_with_status_1(shared, arguments):
    done = cli(shared, *arguments)
    assert (done.returncode, done.stdout) == (1, "") and done.stderr.startswith("ERR ")


def test_requests_from_standard_input_are_answered_in_order(shared):
    done = cli(shared, data="".join(f"ceil {n}.5\n" for n in range(20_000)))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "".join(f"{n + 1}\n" for n in range(20_000))


@pytest.mark.parametrize("framing", ["line", "raw"])
def test_other_framings(shared, framing):
    done = cli(shared, "--framing", framing, listener=framing, data="4.40\n" * (framing == "line")
               or "4.40")
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "5", "")


def test_over_a_unix_socket(daemon, tmp_path):
    daemon(f'[[listener]]\nname = "main"\naddress = "unix:{tmp_path}/s"\n')
    assert run(CLI, "--uri", f"unix:{tmp_path}/s", "ceil", "4.40").stdout == "5\n"


def test_structures_for_jq(shared):
    """With --json, of one request and of many."""
    def asked(*arguments, **options):
        done = cli(shared, "--json", *arguments, listener="admin", **options)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)
    assert asked("info", "server")["server"]["process_id"] == shared.pid
    mine, = [one for one in asked("client", "list") if one["cmd"] == "client|list"]
    assert mine["listener"] == "admin" and isinstance(mine["age"], int)
    assert asked("client", "info")["cmd"] == "client|info"
    assert asked("config", "get", "limits.max_f*") == {"limits.max_frame": "16MiB"}
    assert "subcommands" in asked("command", "docs", "client")["client"]
    assert asked(data="info server\n")["server"]["process_id"] == shared.pid


def test_info_in_a_pipe_has_the_lines_of_a_pipe(shared):
    for printed in (cli(shared, "info", "server").stdout, cli(shared, data="info server\n").stdout):
        assert printed.startswith("# Server\nredis_version:") and "\r" not in printed


def test_long_answers_come_whole(shared):
    names = json.loads(cli(shared, "--json", "command", "list").stdout)
    assert {"ceil", "text"} <= set(names)
    assert "redis_mode:standalone" in cli(shared, "info").stdout


def test_the_prompt_completes_from_what_the_server_tells(shared, tmp_path):
    child = pexpect.spawn(str(CLI), ["--port", str(shared.port)], encoding="utf-8", timeout=30,
                          dimensions=(40, 120),
                          env={**os.environ, "TERM": "xterm", "HOME": str(tmp_path)})
    child.expect(r":\d+> ")
    child.send("ceil 4.40\r")
    child.expect(r"\r\n5\r\n")
    child.send("cei\t")
    child.expect("ceil? ?")
    child.send("7.5\r")
    child.expect(r"8\r\n")
    child.close(force=True)
