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


RULES = {
    "protocol": Rule(["protocol/"]),
    "config": Rule(["config/"], FILES_AND_ADDRESSES, {"toml++/": "config/loader.cpp"}),
    "daemon/reactor": Rule(["daemon/reactor/"], True),
    "daemon/handlers": Rule(["daemon/handlers/", "protocol/", "config/schema.h"]),
    "daemon": Rule(["daemon/", "protocol/", "config/"], True,
                   {"spdlog/": None, "systemd/": None, "CLI/": None}),
    "tools": Rule(["tools/", "protocol/", "daemon/reactor/"], True,
                  {"CLI/": None, "nlohmann/": None, "histedit.h": None, "editline/": None}),
    # A scenario is TOML, read with the same care and the same words as a configuration.
    "tools/reactor-load": Rule(["tools/", "protocol/", "daemon/reactor/", "config/schema.h",
                                "config/suggest.h", "config/toml_text.h",
                                "config/regular_file.h"], True,
                               {"CLI/": None, "nlohmann/": None,
                                "toml++/": ("tools/reactor-load/scenario_loader.cpp",
                                            "tools/reactor-load/scenario_steps.",
                                            "tools/reactor-load/toml_tables.")}),
}


def rule_for(path):
    folders = [str(parent) for parent in pathlib.PurePath(path).parents]
    return next((RULES[folder] for folder in folders if folder in RULES), None)


def problem_with(path, rule, quote, name):
    if quote == '"':
        return None if any(name.startswith(ours) for ours in rule.ours) else "no arrow leads there"
    for prefix, only in rule.libraries.items():
        if name.startswith(prefix):
            return None if only is None or path.startswith(only) else f"only {only} may"
    if STANDARD.fullmatch(name) or rule.linux is True:
        known = not re.match(r"(spdlog|toml\+\+|CLI|nlohmann|systemd|doctest)/", name)
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
