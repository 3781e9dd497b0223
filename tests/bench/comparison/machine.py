# SPDX-License-Identifier: MIT
"""Which machine, and which versions of the servers, a result is of."""

import os
import pathlib
import platform
import re
import subprocess

from rows import PEERS
from servers import BIN_DIR, ROOT


def first_match(pattern, text):
    found = re.search(pattern, text, re.M)
    return found[1] if found else "unknown"


def describe_machine():
    cpuinfo = pathlib.Path("/proc/cpuinfo").read_text()
    meminfo = pathlib.Path("/proc/meminfo").read_text()
    memory = int(first_match(r"^MemTotal:\s+(\d+) kB", meminfo)) / (1 << 20)
    return {"processor": first_match(r"^model name\s*:\s*(.*)", cpuinfo), "cores": os.cpu_count(),
            "memory": f"{memory:.1f} GiB", "system": f"Linux {platform.release()}"}


def output(*command):
    try:
        return subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=ROOT,
                              check=False).stdout
    except FileNotFoundError:
        return ""


def version(server):
    """As the program or its library says it; of our own programs the commit."""
    number = r"(\d+\.\d+\S*)"
    if server in ("floor", "reactord"):
        changed = output("git", "status", "--porcelain", "--untracked-files=no").strip()
        commit = output("git", "rev-parse", "--short", "HEAD").strip() or "unknown"
        return commit + ("+" if changed else "")
    if server == "redis":
        return first_match(rf"v={number}", output("redis-server", "--version"))
    if server == "memcached":
        return first_match(number, output("memcached", "-V"))
    if server == "asio":
        header = pathlib.Path("/usr/include/boost/version.hpp")
        text = header.read_text() if header.exists() else ""
        return "Boost " + first_match(r'BOOST_LIB_VERSION "(.*)"', text).replace("_", ".")
    library = {"libevent": "libevent_core", "libuv": "libuv"}[server]
    return first_match(number, output("pkg-config", "--modversion", library))


def missing_programs(servers):
    """Files that the run would miss."""
    needed = [BIN_DIR / name for name in ("reactord", "reactor-load", "floor")]
    needed += [BIN_DIR / f"peer_{name}" for name in servers if name in PEERS]
    return [str(path) for path in needed if not path.exists()]
