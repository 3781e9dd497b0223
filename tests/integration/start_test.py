# SPDX-License-Identifier: MIT
"""How the daemon starts, or says why not: command line, configuration file, first words."""

import os
import pathlib
import re
import subprocess

import pytest

from harness.daemon import DEFAULT_LISTENER, run_reactord
from harness.net import free_port

STOPPED, FAILED, USAGE, BAD_CONFIG = 0, 1, 2, 78


# --- the command line

def test_version_and_help():
    version = run_reactord("--version")
    assert version.returncode == STOPPED
    assert re.fullmatch(r"reactord \d+\.\d+\.\d+( \(commit [0-9a-f]+\))?\nbuilt with .*\d.*\n",
                        version.stdout), version.stdout
    usage = run_reactord("--help")
    assert usage.returncode == STOPPED
    for option in ("--config", "--listen", "--check-config", "--print-config", "--reload", "--take-over",
                   "--version"):
        assert option in usage.stdout
    lines = usage.stdout.splitlines()
    assert len(lines) <= 24 and max(map(len, lines)) <= 80   # fits a terminal


@pytest.mark.parametrize("arguments", [("--nosuch",), ("--config",), ("--config", ""), ("stray",),
                                       ("--listen", "nonsense"), ("--listen", "127.0.0.1:99999"),
                                       ("--listen", "127.0.0.1:7", "--listen", "0.0.0.0:7"),
                                       ("--config", "a.toml", "--config", "b.toml")])
def test_usage_errors(arguments):
    done = run_reactord(*arguments)
    assert done.returncode == USAGE, done
    assert done.stderr and not done.stdout


def test_listen_replaces_the_listeners_of_the_file(daemon):
    one = daemon("", arguments=("--listen", "127.0.0.1:0", "--listen", "[::1]:0"),
                 expect_listeners=2)
    assert {address[0] for _, address in one.addresses} == {"127.0.0.1", "::1"}
    one.wait_for_log(r"warning .*--listen stands for all listeners of the file: not opened: main\n")


def test_listen_without_listeners_in_the_file_is_no_news(daemon):
    one = daemon(config_bytes=b"", arguments=("--listen", "127.0.0.1:0"), expect_listeners=1)
    assert "--listen stands for" not in one.log


def test_addresses_of_the_command_line_are_checked_too(tmp_path):
    done = run_reactord("--check-config", "--listen", "127.0.0.1:7", "--listen", "127.0.0.1:7")
    assert done.returncode == USAGE and "taken by" in done.stderr
    port = free_port()
    good = run_reactord("--check-config", "--listen", f"127.0.0.1:{port}", "--listen", f"[::1]:{port}")
    assert good.returncode == STOPPED, good


# --- the configuration file

@pytest.fixture
def check(tmp_path):
    """Writes a file and runs --check-config over it."""
    def run(content):
        path = tmp_path / "reactord.toml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return run_reactord("--check-config", "--config", path)
    return run


def test_check_config_of_a_good_file(check):
    assert check('[server]\nmax_connections = 5\n').returncode == STOPPED


def test_the_default_file_is_good_and_what_it_documents_is_the_default(tmp_path):
    from harness.daemon import ROOT
    shipped = run_reactord("--print-config", "--config", ROOT / "config/reactord.toml")
    empty = tmp_path / "empty.toml"
    empty.write_text("")
    built_in = run_reactord("--print-config", "--config", empty)
    assert shipped.returncode == built_in.returncode == STOPPED
    assert shipped.stdout == built_in.stdout


def test_print_config_is_a_configuration(tmp_path):
    path = tmp_path / "in.toml"
    path.write_text('[limits]\nmax_frame = "2MiB"\n[deadlines]\nidle = "90s"\n'
                    '[handlers.text]\nreply = "say \\"{message}\\""\n' + DEFAULT_LISTENER)
    printed = run_reactord("--print-config", "--config", path)
    assert printed.returncode == STOPPED, printed
    again = tmp_path / "again.toml"
    again.write_text(printed.stdout)
    assert run_reactord("--print-config", "--config", again).stdout == printed.stdout
    assert '"2MiB"' in printed.stdout


def test_all_semantic_errors_at_once_with_their_places(check):
    done = check('[server]\nmax_conections = 5\n\n[limits]\nmax_frame = "banana"\n'
                 '[deadlines]\nidle = -3\n[nosuch]\n')
    assert done.returncode == BAD_CONFIG
    assert "reactord.toml:2:1:" in done.stderr and "max_connections" in done.stderr
    assert "reactord.toml:5:" in done.stderr and "banana" in done.stderr
    assert "reactord.toml:7:" in done.stderr
    assert "reactord.toml:8:" in done.stderr


def test_one_syntax_error_with_its_place(check):
    done = check('[server]\nmax_connections = = 5\n')
    assert done.returncode == BAD_CONFIG and "reactord.toml:2:" in done.stderr


@pytest.mark.parametrize("content, ends", [
    (b"", STOPPED),
    (b"# a comment\n", STOPPED),
    (b"\xef\xbb\xbf[server]\nmax_connections = 5\n", STOPPED),
    (b"[server]\n# \xff\xfe\n", BAD_CONFIG),
    (b"\0" * 100, BAD_CONFIG),
    (b"#" * (10 << 20), BAD_CONFIG),
    (b"[" * 100_000, BAD_CONFIG),
    (b"a = " + b"[" * 100_000, BAD_CONFIG),
    (b"[server]\nmax_connections = 99999999999999999999\n", BAD_CONFIG),
    (b"[server]\nmax_connections = 5\nmax_connections = 6\n", BAD_CONFIG),
    (b"[[listener]]\naddress = \"127.0.0.1:1\"\nframing = \"line\"\n", BAD_CONFIG),
    (b"[[listener]]\naddress = \"127.0.0.1:1\"\nframing = \"line\"\nhandler = \"nosuch\"\n",
     BAD_CONFIG),
    (b"[[listener]]\naddress = \"localhost\"\n", BAD_CONFIG),
    (b"[[listener]]\naddress = \"127.0.0.1:1\"\nallow = [\"10.0.0.1/8\"]\n", BAD_CONFIG),
    (b"[handlers.nosuch]\nx = 1\n", BAD_CONFIG),
    (b"[handlers.text]\nreply = \"{nosuch}\"\n", BAD_CONFIG),
    (b"[log]\nlevel = \"loud\"\n", BAD_CONFIG),
], ids=lambda value: str(value[:40] if isinstance(value, bytes) else value))
def test_a_file_of_that_content(check, content, ends):
    done = check(content)
    assert done.returncode == ends, done
    assert bool(done.stderr) == (ends == BAD_CONFIG) or ends == STOPPED
    assert len(done.stderr) < 10_000


def test_the_file_is_a_directory(tmp_path):
    done = run_reactord("--config", tmp_path)
    assert done.returncode == BAD_CONFIG and str(tmp_path) in done.stderr


def test_the_file_does_not_exist(tmp_path):
    for more in ([], ["--check-config"]):
        done = run_reactord("--config", tmp_path / "none.toml", *more)
        assert done.returncode == BAD_CONFIG
        assert f"{tmp_path}/none.toml: cannot be opened: No such file or directory" in done.stderr
        assert "reactord --print-config > FILE writes one to start from" in done.stderr


def test_the_file_is_a_fifo(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    assert run_reactord("--config", tmp_path / "fifo").returncode == BAD_CONFIG


# --- starting

def test_a_port_that_is_taken(daemon, tmp_path):
    one = daemon()
    path = tmp_path / "second.toml"
    path.write_text(f'[[listener]]\naddress = "127.0.0.1:{one.port}"\n')
    done = run_reactord("--config", path)
    assert done.returncode == FAILED
    assert str(one.port) in done.stderr and "in use" in done.stderr
    one.connect().expect_alive()


def test_an_unwritable_log(tmp_path):
    path = tmp_path / "reactord.toml"
    path.write_text(f'[log]\ntarget = "{tmp_path}/nosuch/reactord.log"\n' + DEFAULT_LISTENER)
    done = run_reactord("--config", path)
    assert done.returncode == FAILED
    assert "nosuch/reactord.log: No such file or directory; create its folder" in done.stderr


def test_a_listener_for_everyone_is_named_in_the_log(daemon):
    one = daemon('[[listener]]\nname = "open"\naddress = "0.0.0.0:0"\n')
    one.wait_for_log(r"(?i)warn.*0\.0\.0\.0:\d+ can be reached from other machines")
    quiet = daemon('[[listener]]\nname = "main"\naddress = "0.0.0.0:0"\nallow = ["127.0.0.0/8"]\n')
    assert "warn" not in quiet.log.lower()


@pytest.fixture(scope="module")
def no_ipv6(tmp_path_factory):
    """A library that takes IPv6 away from the program it is preloaded into."""
    library = tmp_path_factory.mktemp("native") / "no_ipv6.so"
    source = pathlib.Path(__file__).parent / "harness/native/no_ipv6.c"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    return str(library)


@pytest.mark.parametrize("missing", ["family", "address"])
def test_a_host_without_ipv6(daemon, no_ipv6, missing):
    """The default configuration's two addresses: the log says which one was left out."""
    port = free_port()
    one = daemon(f'[[listener]]\nname = "main"\naddress = ["127.0.0.1:{port}", "[::1]:{port}"]\n',
                 environment={"LD_PRELOAD": no_ipv6, "NO_IPV6": missing,
                              "ASAN_OPTIONS": "verify_asan_link_order=0"},
                 expect_listeners=1)
    one.wait_for_log(r"not listening on \[::1\]")
    one.connect().expect_alive()
