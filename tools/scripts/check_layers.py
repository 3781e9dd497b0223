# SPDX-License-Identifier: MIT
"""Holds every #include line against the arrows between the folders (daemon/README.md).

A rule names a folder, which of our folders it may include, and which libraries; the standard
library and fmt are allowed everywhere. The deepest folder with a rule decides.
"""

import pathlib
import re
import subprocess
import sys
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
STANDARD = re.compile(r"[a-z_0-9]+|(cstd)?[a-z]+|fmt/[a-z]+\.h")

# What reads a file or an address, but opens no socket and waits for nothing.
FILES_AND_ADDRESSES = {"arpa/inet.h", "fcntl.h", "netinet/in.h", "sys/stat.h", "sys/un.h",
                       "unistd.h"}


@dataclass
class Rule:
    ours: list
    linux: object = False  # True: any; a set: these; False: none
    libraries: dict = field(default_factory=dict)  # prefix -> beginnings of the files it is limited to, or None
    beside: bool = False  # headers of its own folder, by their names alone


# Of the daemon's rooms, lowest first: each may include itself and those that it names.
ROOMS = {
    "console": [],
    "crash": [],
    "probes": [],
    "reactor": [],
    "net": ["reactor"],
    "tls": ["reactor", "net"],
    "log": ["console", "reactor"],
    "interface": [],
    "handlers": ["interface"],
    "connection": ["probes", "reactor", "net", "log", "interface"],
    "client_limits": ["reactor", "net", "log", "connection"],
    "records": ["reactor", "interface"],
    "dispatch": ["probes", "reactor", "log", "interface", "connection", "records"],
    "dump": ["reactor", "log", "interface", "connection", "dispatch"],
    "callbacks": ["crash", "reactor", "log", "interface", "dispatch"],
    "systemd": ["reactor"],
    "handover": ["reactor", "net", "interface", "connection"],
    "keeping": ["reactor", "log", "interface", "connection", "handover"],
    "admission": ["probes", "reactor", "net", "log", "interface", "connection", "client_limits", "dispatch", "systemd"],
    "users": [],
    "stats": ["crash", "reactor", "net", "log", "interface", "connection", "client_limits", "dispatch", "callbacks",
              "records"],
    "metrics": ["reactor", "log", "interface", "connection", "client_limits", "dispatch", "callbacks", "stats"],
    "page": ["reactor", "interface", "connection", "client_limits", "dispatch", "stats", "metrics"],
    "http": ["reactor", "net", "admission", "metrics", "page"],
    "limits": ["reactor"],
    "modules": ["reactor", "interface"],
    "reload": ["reactor", "net", "tls", "log", "interface", "admission", "http"],
    "trial": ["reactor", "net", "log", "admission"],
    "server": ["crash", "reactor", "net", "log", "interface", "connection", "client_limits", "dispatch", "dump",
               "callbacks", "systemd", "handover", "keeping", "admission", "users", "stats", "http", "limits", "reload"],
    "process": [],
    "testing": ["interface", "dispatch"],
}
CLIENT_ROOMS = {
    "command_line": ["net/endpoint.h", "net/dial.h", "net/tls_dial.h"],
    "net": ["command_line"],
    "output": ["command_line"],
    "completion": [],
    "terminal": ["command_line", "net", "output", "completion"],
    "operator": ["command_line", "net", "output", "completion", "terminal"],
    "figures": ["command_line", "net"],
    "measure": ["command_line", "net", "output", "figures"],
    "doctor": ["command_line", "net", "output", "figures"],
    "top": ["command_line", "net", "output", "figures", "terminal"],
    "upgrade": ["command_line", "net", "output", "figures"],
}
LOAD_ROOMS = {
    "results": [],
    "check": [],
    "scenario": ["check", "results"],
    "run": ["check", "results", "scenario"],
    "report": ["check", "results", "scenario", "run"],
}


def rooms(top, knows, others, **rule):
    """A rule for each room of a folder. A name that is no room is a header of one."""
    def include(name):
        return f"{top}/{name}" if "." in name else f"{top}/{name}/"
    return {f"{top}/{room}": Rule([f"{top}/{room}/", *map(include, known), *others], **rule)
            for room, known in knows.items()}


# What a handshake and its stream are, without what they are made from (daemon/tls/context/).
TLS_STREAM = [f"daemon/tls/{name}.h" for name in (
    "certificate_name", "openssl", "openssl_memory", "socket_bio", "tls_handshake", "tls_stream")]

# A scenario is TOML, read with the same care and the same words as a configuration.
TOML_READING = ["config/schema.h", "config/text/suggest.h", "config/text/toml_text.h", "config/toml/toml_items.h",
                "config/toml/regular_file.h"]
TOML = "tools/reactor-load/scenario/"

RULES = {
    "protocol": Rule(["protocol/"]),
    "protocol/framing": Rule(["protocol/framing/", "protocol/buffers/buffer.h", "protocol/escape.h"]),
    "protocol/buffers": Rule(["protocol/buffers/"]),
    "protocol/proxy": Rule(["protocol/proxy/", "protocol/crc32c.h"], {"arpa/inet.h"}),
    "protocol/replies": Rule(["protocol/replies/", "protocol/escape.h", "protocol/reply_writer.h"]),
    "config/secrets": Rule(["config/secrets/"], {"crypt.h", "string.h", "sys/mman.h", "sys/random.h"},
                           {"openssl/": None}),
    "config": Rule(["config/"], FILES_AND_ADDRESSES),
    "config/text": Rule(["config/text/", "config/schema.h"]),
    "config/toml": Rule(["config/"], FILES_AND_ADDRESSES,
                        {"toml++/": ("config/toml/loader.cpp", "config/toml/toml_items.")}),
    **rooms("daemon", ROOMS, ["protocol/", "config/"], linux=True),
    "daemon/console": Rule(["daemon/console/"], True),
    "daemon/crash": Rule(["daemon/crash/"], True),
    "daemon/probes": Rule(["daemon/probes/"], True),
    "daemon/reactor": Rule(["daemon/probes/", "daemon/reactor/"], True),
    "daemon/net": Rule(["daemon/net/", "daemon/reactor/"], True),
    "daemon/tls": Rule([*TLS_STREAM, "daemon/net/", "daemon/reactor/", "protocol/"], True, {"openssl/": None}),
    "daemon/tls/context": Rule([*TLS_STREAM, "daemon/tls/context/", "daemon/net/", "daemon/reactor/", "config/"],
                               True, {"openssl/": None}),
    "daemon/log": Rule(["daemon/log/", "daemon/console/", "daemon/reactor/", "config/",
                        "protocol/escape.h", "protocol/json_writer.h"], True, {"spdlog/": None, "systemd/": None}),
    "daemon/interface": Rule(["daemon/interface/", "protocol/", "config/schema.h"]),
    "daemon/outgoing": Rule(["daemon/outgoing/", "daemon/interface/", "daemon/net/",
                             "daemon/reactor/unique_fd.h", "protocol/"], True),
    "daemon/handlers": Rule(["daemon/handlers/", "daemon/interface/", "daemon/outgoing/resp_client.h",
                             "daemon/outgoing/outgoing_stream.h", "daemon/outgoing/server_address.h",
                             "protocol/", "config/schema.h"]),
    "daemon/http": Rule(["daemon/http/", "daemon/reactor/", "daemon/net/", "daemon/admission/", "daemon/metrics/",
                         "daemon/page/", "protocol/", "config/"], True, {"microhttpd.h": "daemon/http/microhttpd.h"}),
    "daemon/systemd": Rule(["daemon/systemd/", "daemon/reactor/"], True, {"systemd/": None}),
    "daemon/users": Rule([*(f"daemon/{room}/" for room in (
        "users", "reactor", "net", "log", "interface", "connection", "dispatch", "callbacks")),
        "protocol/", "config/"], True),
    "daemon/process": Rule(["daemon/", "protocol/", "config/"], True, {"CLI/": None}),
    **rooms("tools/reactor-cli", CLIENT_ROOMS,
            ["protocol/", "daemon/console/", "daemon/reactor/", "daemon/net/",
             "daemon/tls/context/tls_client.h"],
            linux=True,
            libraries={"CLI/": None, "nlohmann/": None, "histedit.h": None}),
    "tools/reactor-cli": Rule(["tools/reactor-cli/", "protocol/", "config/secrets/", "daemon/reactor/",
                               "daemon/console/"], True),
    **rooms("tools/reactor-load", LOAD_ROOMS,
            ["protocol/", "daemon/reactor/", "daemon/net/", *TOML_READING,
             "tools/reactor-load/failure.h", "tools/reactor-cli/net/endpoint.h",
             "tools/reactor-cli/net/dial.h", "tools/reactor-cli/net/tls_dial.h"],
            linux=True,
            libraries={"nlohmann/": None,
                       "toml++/": (TOML + "scenario_loader.cpp", TOML + "scenario_steps.",
                                   TOML + "toml_tables.")}),
    "tools/reactor-load": Rule(["tools/reactor-load/", "tools/reactor-cli/net/endpoint.h",
                                "tools/reactor-cli/net/tls_dial.h", "protocol/", "daemon/reactor/",
                                "daemon/console/", *TOML_READING],
                               True, {"CLI/": None}),
}


# What is shown to people outside of this tree has what they have.
RULES |= {str(folder.relative_to(ROOT)): Rule(["reactord/"], True, {"doctest/": None,
                                                                     "libpq-fe.h": "tools/examples/postgres/"},
                                              beside=True)
          for folder in (ROOT / "tools/examples").iterdir()}


def rule_for(path):
    folders = [str(parent) for parent in pathlib.PurePath(path).parents]
    return next((RULES[folder] for folder in folders if folder in RULES), None)


def problem_with(path, rule, quote, name):
    if quote == '"':
        known = any(name.startswith(ours) for ours in rule.ours) or (rule.beside and "/" not in name)
        return None if known else "no arrow leads there"
    for prefix, only in rule.libraries.items():
        if name.startswith(prefix):
            return None if only is None or path.startswith(only) else f"only {only} may"
    if STANDARD.fullmatch(name) or rule.linux is True:
        known = not re.match(r"(spdlog|openssl|toml\+\+|CLI|nlohmann|systemd|doctest)/", name)
        return None if known else "not a library of this folder"
    if rule.linux and name in rule.linux:
        return None
    return "not a library of this folder"


def main():
    files = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard",
                            "*.cpp", "*.h"], cwd=ROOT, capture_output=True, text=True,
                           check=True).stdout.split()
    checked = problems = 0
    for path in files:
        rule = rule_for(path)
        if rule is None:  # tests may include everything
            continue
        text = (ROOT / path).read_text(encoding="utf-8")
        for match in INCLUDE.finditer(text):
            checked += 1
            problem = problem_with(path, rule, match[1], match[2])
            if problem:
                problems += 1
                line = text.count("\n", 0, match.start()) + 1
                print(f"{path}:{line}: includes {match[2]}: {problem}")
    print(f"{checked} includes in {len(files)} files, {problems} against the layers")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
