# SPDX-License-Identifier: MIT
"""A service outside of this tree, built against what `cmake --install` brings."""

import os
import pathlib
import re
import shutil
import socket
import subprocess

import pytest

from harness.client import eventually
from harness.daemon import BIN_DIR, REACTORD
from harness.net import free_port, run

PROJECT = pathlib.Path(__file__).parent / "service_project"
HEADERS = {"block.h", "buffer.h", "command_rows.h", "command_spec.h", "deferred_reply.h", "diagnostics.h",
           "escape.h", "gather_list.h", "handler.h", "handler_entry.h", "logins.h", "module.h",
           "offload.h", "outgoing_stream.h", "reply.h", "reply_limits.h", "reply_parser.h",
           "reply_scanner.h", "reply_writer.h", "resp_client.h", "run.h", "schema.h", "service.h",
           "session.h", "testing/fake_background.h", "testing/fake_context.h",
           "testing/fake_service.h", "testing/handler_bench.h", "words.h"}
TEMPLATES = BIN_DIR.parents[2] / "tools/reactor-new/templates"


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


def files_in(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_what_is_installed(installed):
    """All of it, but for documents; where a system keeps libraries is its own affair (lib, lib/x86_64-linux-gnu)."""
    here = {re.sub(r"^lib/([^/]+-linux-gnu/)?", "lib/", path) for path in files_in(installed)
            if not path.startswith(("share/doc/", "share/man/"))}
    package = {path for path in here if re.fullmatch(r"lib/cmake/reactord/reactord[\w-]+\.cmake", path)}
    assert len(package) >= 3
    assert here - package == {
        *(f"include/reactord/{name}" for name in HEADERS),
        "lib/libreactord.a", "lib/libreactord-testing.a", "lib/pkgconfig/reactord.pc",
        "share/reactord/exported_symbols.list", "bin/reactor-new",
        *(f"share/reactord/reactor-new/{name}" for name in files_in(TEMPLATES))}
    for name in HEADERS:
        for line in (installed / "include/reactord" / name).read_text(encoding="utf-8").splitlines():
            assert not line.startswith('#include "') or line.startswith('#include "reactord/'), name


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
@pytest.mark.parametrize("name", sorted(HEADERS))
def test_each_header_compiles_alone(installed, tmp_path, compiler, name):
    alone = tmp_path / "alone.cpp"
    alone.write_text(f'#include "reactord/{name}"\n', encoding="utf-8")
    checked(compiler, "-std=c++20", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only",
            f"-I{installed}/include", alone, seconds=60)


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


@pytest.mark.parametrize("compiler", [["g++", "-O0"], ["g++", "-O3", "-flto=auto", "-D_GLIBCXX_ASSERTIONS"],
                                      ["clang++"], ["clang++", "-fuse-ld=lld", "-fsanitize=undefined"]],
                         ids=" ".join)
def test_pkg_config_and_other_compilers(installed, tmp_path, compiler):
    """The library is ordinary code, which others link as well."""
    found = next(installed.rglob("reactord.pc")).parent
    flags = checked("pkg-config", "--static", "--cflags", "--libs", "reactord",
                    environment={**os.environ, "PKG_CONFIG_PATH": str(found)}).split()
    program = tmp_path / "greeter"
    checked(*compiler, "-std=c++20", PROJECT / "main.cpp", PROJECT / "greet.cpp", *flags, "-o", program, seconds=110)
    assert answer_of(program, [], b"GREET Ada\n") == b"hello, Ada\n"


@pytest.fixture(scope="module")
def project(installed, tmp_path_factory):
    """What reactor-new writes, and its own script has built and tested."""
    folder = tmp_path_factory.mktemp("new") / "weather"
    checked(installed / "bin/reactor-new", "weather", "--dir", folder)
    told = checked(folder / "ci", seconds=280, environment={
        **os.environ, "CMAKE_PREFIX_PATH": str(installed), "PATH": f"{BIN_DIR}:{os.environ['PATH']}"})
    assert "100% tests passed, 0 tests failed out of 2" in told
    return folder


def test_a_project_of_reactor_new_serves(project):
    """./serve of it, at its own port."""
    assert answer_of(project / "build/weatherd", ["--config", project / "weather.toml"], b"WEATHER Ada\n") == \
        b"hello, Ada (1)\n"


def test_what_it_has_for_systemd_is_good(project, tmp_path):
    """As deploy installs it, but for the module's place."""
    checked("cmake", "--install", project / "build", environment={**os.environ, "DESTDIR": str(tmp_path)})
    assert files_in(tmp_path) == {"usr/lib/reactord/modules/weather.so", "etc/reactord/weather.toml",
                                  "etc/systemd/system/reactord.service.d/weather.conf"}
    module = tmp_path / "usr/lib/reactord/modules/weather.so"
    assert module.stat().st_mode & 0o022 == 0
    config = tmp_path / "etc/reactord/weather.toml"
    text = config.read_text(encoding="utf-8").replace("/usr/lib/reactord", f"{tmp_path}/usr/lib/reactord")
    config.write_text(text, encoding="utf-8")
    assert run(REACTORD, "--check-config", "--config", config).returncode == 0


def test_its_unit_test_fails_for_what_is_wrong(project, installed, tmp_path):
    """A handler that owes its reply is told in the words of the daemon's log."""
    copy = shutil.copytree(project, tmp_path / "copy", ignore=shutil.ignore_patterns("build"))
    source = copy / "src/weather.cpp"
    text = source.read_text(encoding="utf-8")
    source.write_text(re.sub(r"reply\.bulk\(.*\);\n", "(void)times;\n", text), encoding="utf-8")
    checked("cmake", "-S", copy, "-B", copy / "build", f"-DCMAKE_PREFIX_PATH={installed}")
    checked("cmake", "--build", copy / "build", "--target", "weather_test", seconds=110)
    said = run(copy / "build/weather_test")
    assert said.returncode != 0 and "the handler broke a rule in handle(): it wrote nothing" in said.stdout
