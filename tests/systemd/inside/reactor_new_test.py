# SPDX-License-Identifier: MIT
"""From the installed packages to a command of one's own: what reactord-dev promises to who begins."""

import pathlib
import subprocess
import time

import pytest

import host

# What is promised, from the first command to the answer.
SECONDS = 300


@pytest.fixture
def development(service):
    """reactord-dev, and nothing left of what was deployed with it."""
    host.run("dpkg", "--install", host.PACKAGES / "reactord-dev.deb")
    yield service
    for path in ("/usr/lib/reactord/modules/weather.so", "/etc/reactord/weather.toml",
                 "/etc/systemd/system/reactord.service.d/weather.conf"):
        pathlib.Path(path).unlink(missing_ok=True)
    host.systemctl("daemon-reload")
    host.run("dpkg", "--purge", "reactord-dev")


def test_three_commands_from_the_package_to_an_answer(development, tmp_path):
    begun = time.monotonic()

    def shell(command):
        done = subprocess.run(["sh", "-c", command], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=begun + SECONDS - time.monotonic(), check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    for command in ("reactor-new weather", "weather/ci", "weather/deploy"):
        shell(command)
    assert shell("echo WEATHER Ada | nc -N 127.0.0.1 12345") == "hello, Ada (1)\n"
    print(f"\nfrom the package to the answer: {time.monotonic() - begun:.0f} s")
    assert "errors == 0: 0" in shell("reactor-load -n 1000 weather")


def test_its_files(development):
    files = host.run("dpkg", "--listfiles", "reactord-dev").stdout.split()
    for name in ("bin/reactor-new", "include/reactord/module.h", "include/reactord/testing/handler_bench.h",
                 "share/man/man1/reactor-new.1.gz", "share/doc/reactord-dev/README.md"):
        assert f"/usr/{name}" in files
    architecture = host.run("dpkg", "--print-architecture").stdout.strip()
    multiarch = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}[architecture]
    for name in ("libreactord.a", "libreactord-testing.a", "pkgconfig/reactord.pc", "cmake/reactord/reactordConfig.cmake"):
        assert f"/usr/lib/{multiarch}/{name}" in files
    assert host.run("env", "MANWIDTH=100", "man", "reactor-new").stdout.strip()
    assert host.run("reactor-new", "ping", check=False).returncode == 2
