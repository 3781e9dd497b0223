# SPDX-License-Identifier: MIT
"""A service outside of this tree, built against what `cmake --install` brings."""

import os
import pathlib
import shutil
import socket
import subprocess

import pytest

from harness.client import eventually
from harness.daemon import BIN_DIR, REACTORD
from harness.net import free_port, run

PROJECT = pathlib.Path(__file__).parent / "service_project"
HEADERS = {"buffer.h", "command_rows.h", "command_spec.h", "deferred_reply.h", "escape.h", "gather_list.h",
           "handler.h", "handler_entry.h", "module.h", "offload.h", "reply_writer.h", "run.h", "schema.h", "service.h",
           "session.h", "words.h"}


def checked(*command, **options):
    done = run(*command, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("installed")
    checked("cmake", "--install", BIN_DIR.parent, "--prefix", prefix, "--component", "development")
    return prefix


@pytest.fixture(scope="module")
def built(installed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    for path in PROJECT.iterdir():
        shutil.copy(path, folder)
    checked("cmake", "-S", folder, "-B", folder / "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={installed}",
            "-DCMAKE_BUILD_TYPE=Release")
    checked("cmake", "--build", folder / "build", seconds=110)
    (folder / "build/greet.so").chmod(0o755)
    return folder / "build"


def answer_of(program, arguments, line):
    """What a daemon answers to one line; it is ended as it should end."""
    port = free_port()
    process = subprocess.Popen([program, "--listen", f"127.0.0.1:{port}", *arguments],
                               stderr=subprocess.DEVNULL)
    try:
        def connected():
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=20)
            except OSError:
                assert process.poll() is None
                return None
        eventually(lambda: connected() is not None)
        with connected() as client:
            client.sendall(line)
            client.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: client.recv(4096), b""))
    finally:
        process.terminate()
    assert process.wait(30) == 0
    return answer


def test_what_is_installed(installed):
    folder = installed / "include/reactord"
    assert {path.name for path in folder.iterdir()} == HEADERS
    for path in folder.iterdir():
        for line in path.read_text(encoding="utf-8").splitlines():
            assert not line.startswith('#include "') or line.startswith('#include "reactord/'), path


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_each_header_compiles_alone(installed, tmp_path, compiler):
    alone = tmp_path / "alone.cpp"
    for name in sorted(HEADERS):
        alone.write_text(f'#include "reactord/{name}"\n', encoding="utf-8")
        checked(compiler, "-std=c++20", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only",
                f"-I{installed}/include", alone)


def test_a_daemon_of_ones_own(built):
    assert answer_of(built / "greeter", [], b"GREET Ada\n") == b"hello, Ada\n"
    assert b"unknown command" in answer_of(built / "greeter", [], b"CEIL 4.4\n")
    assert b"PONG" in answer_of(built / "greeter", [], b"PING\n")
    assert "Usage: greeter " in checked(built / "greeter", "--help")
    assert checked(built / "greeter", "--version").startswith("greeter, by reactord ")
    assert run(built / "greeter", "--nosuch").stderr.startswith("greeter: ")


def test_the_same_as_a_module(built, tmp_path):
    config = tmp_path / "module.toml"
    config.write_text(f'[[module]]\npath = "{built}/greet.so"\n', encoding="utf-8")
    assert answer_of(REACTORD, ["--config", config], b"GREET Ada\n") == b"hello, Ada\n"
    assert f"module {built}/greet.so: its handler 'greet' has the name of one that this daemon has itself" in \
        run(built / "greeter", "--config", config, "--check-config").stderr


def test_pkg_config(installed, tmp_path):
    found = next(installed.rglob("reactord.pc")).parent
    flags = checked("pkg-config", "--static", "--cflags", "--libs", "reactord",
                    environment={**os.environ, "PKG_CONFIG_PATH": str(found)}).split()
    program = tmp_path / "greeter"
    checked("g++", "-std=c++20", PROJECT / "main.cpp", PROJECT / "greet.cpp", *flags, "-o", program, seconds=110)
    assert answer_of(program, [], b"GREET Ada\n") == b"hello, Ada\n"
