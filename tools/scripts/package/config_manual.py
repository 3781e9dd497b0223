# SPDX-License-Identifier: MIT
"""Turns config/reactord.toml, which documents every key, into reactord.toml(5).

    config_manual.py config/reactord.toml > reactord.toml.5.scd

The file is read as blocks of lines: comments, then what they are about: a table, a key with its
default, or a key that is shown as an example ("# key = value"). What is written in scdoc is the
same words, escaped; indented comments stay as they are.
"""

import re
import sys

import scdoc_text

KEY = re.compile(r"^(?:# )?([a-z_]+) = (.+)$")
TABLE = re.compile(r"^\[+([a-z_.]+)\]+$")

HEAD = """reactord.toml(5)

# NAME

reactord.toml - the configuration of reactord

# DESCRIPTION

reactord(8) reads one file in TOML. As a service it is _/etc/reactord/reactord.toml_;
reactord-standalone.service reads _/etc/reactord/standalone.toml_, in which every key stands with its
default and its reason, as below.
"""

TAIL = """
# SEE ALSO

*reactord*(8), *reactor-cli*(1), *systemd.socket*(5)
"""


def escaped(text):
    return scdoc_text.escaped(re.sub(r":  +", ": ", text))


def blocks(text):
    """Lists of lines that belong together, as blank lines separate them."""
    return [block.splitlines() for block in re.split(r"\n\s*\n", text.strip())]


def prose(lines):
    """Comment lines as scdoc: running text, and indented lines as they are."""
    out, is_literal = [], False
    for line in (line.removeprefix("#").removeprefix(" ") for line in lines):
        indented = line.startswith("  ")
        if indented != is_literal:
            out.append("```")
            is_literal = indented
        out.append(line if indented else escaped(line))
    return "\n".join(out + (["```"] if is_literal else []))


def section(block):
    """One block as scdoc."""
    subject = block[-1]
    if TABLE.match(subject):
        about = prose(block[:-1])
        return f"# {subject}\n" + (f"\n{about}\n" if about else "")
    if key := KEY.match(subject):
        name, value = key.groups()
        kind = "Example" if subject.startswith("#") else "Default"
        text = prose(block[:-1]).replace("\\[restart\\]", "Takes effect at the next start.")
        body = f"{text}\n\n{kind}: {escaped(value)}"
        return f"*{escaped(name)}*\n" + re.sub(r"^(?=.)", "\t", body, flags=re.M) + "\n"
    return prose(block) + "\n"


def split(block):
    """A table's line ends its block; a first key may follow it without a blank line."""
    for index, line in enumerate(block[:-1]):
        if TABLE.match(line):
            return [block[:index + 1], *split(block[index + 1:])]
    return [block]


def manual(text):
    parts = [part for block in blocks(text) for part in split(block)]
    return HEAD + "\n" + "\n".join(section(part) for part in parts) + TAIL


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as source:
        print(manual(source.read()), end="")
