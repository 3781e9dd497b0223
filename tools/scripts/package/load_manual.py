# SPDX-License-Identifier: MIT
"""Puts what reactor-load says about scenarios into its manual page, so that it is written down once.

    load_manual.py man/reactor-load.1.scd PROGRAM > reactor-load.1.scd

@KEYS@ and @GENERATORS@ in the page stand for what the program prints with --keys and --generators.
"""

import re
import subprocess
import sys

import scdoc_text

KEY = re.compile(r"^  (\S+) +(.+)$")


def keys(text):
    """A table's title, then "  key  what it does" a line, as scdoc."""
    out = []
    for line in text.splitlines():
        if key := KEY.match(line):
            name, about = map(scdoc_text.escaped, key.groups())
            out.append(f"*{name}*\n\t{about}\n")
        elif line:
            out.append(f"{scdoc_text.escaped(line)}:\n")
    return "\n".join(out)


def generators(text):
    """Lined up already: as it is."""
    return f"```\n{text.rstrip()}\n```\n"


PARTS = {"@KEYS@": ("--keys", keys), "@GENERATORS@": ("--generators", generators)}


def manual(page, program):
    for place, (option, convert) in PARTS.items():
        told = subprocess.run([program, option], capture_output=True, text=True, check=True).stdout
        page = page.replace(f"{place}\n", convert(told))
    return page


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as source:
        print(manual(source.read(), sys.argv[2]), end="")
