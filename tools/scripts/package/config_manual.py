# SPDX-License-Identifier: MIT
"""Turns config/reactord.toml, which documents every key, into reactord.toml(5).

    config_manual.py config/reactord.toml > reactord.toml.5.scd

The file is read as blocks of lines: comments, then what they are about: a table, a key with its
default, or a key that is shown as an example ("# key = value"). What is written in scdoc is the
same words, escaped; indented comments are tables of words and what they mean, as wide as a terminal.
"""

import itertools
import re
import sys
import textwrap

import scdoc_text

KEY = re.compile(r"^(?:# )?([a-z_]+) = (.+)$")
TABLE = re.compile(r"^(?:# )?\[+([a-z_.]+)\]+$")

HEAD = """reactord.toml(5)

# NAME

reactord.toml - the configuration of reactord

# DESCRIPTION

reactord(8) reads one file in TOML. As a service it is _/etc/reactord/reactord.toml_;
reactord-standalone.service reads _/etc/reactord/standalone.toml_, in which every key stands with its
default and its reason, as below.
"""

# Of 80 columns, what a table has beside the manual's own two margins.
WIDTH = 64
ENTRY = re.compile(r"^  (\S.*?)(?:  +(.*))?$")
LONG_WORD = 14

TAIL = """
# SEE ALSO

*reactord*(8), *reactor-cli*(1), *systemd.socket*(5)
"""


def escaped(text):
    text = text.replace("What is marked [restart] takes effect", "What says so below takes effect")
    return scdoc_text.escaped(re.sub(r":  +", ": ", text))


def blocks(text):
    """Lists of lines that belong together, as blank lines separate them."""
    return [block.splitlines() for block in re.split(r"\n\s*\n", text.strip())]


def table(lines):
    """"  word  what it means", which may go on below, within WIDTH."""
    entries = []
    for line in lines:
        if entry := ENTRY.match(line):
            entries.append([entry[1], entry[2] or ""])
        else:
            entries[-1][1] += " " + line.strip()
    margin = 4 + max((len(word) for word, _ in entries if len(word) <= LONG_WORD), default=2)
    out = []
    for word, text in entries:
        rows = textwrap.wrap(text, WIDTH - margin) or [""]
        if len(word) + 4 > margin:
            rows.insert(0, "")
        out.append(f"  {word}".ljust(margin) + rows[0])
        out += [" " * margin + row for row in rows[1:]]
    return ["```", *(line.rstrip() for line in out), "```"]


def prose(lines):
    """Comment lines as scdoc: running text, and tables, which are indented."""
    lines = [line.removeprefix("#").removeprefix(" ") for line in lines]
    out = []
    for is_table, group in itertools.groupby(lines, lambda line: line.startswith("  ")):
        out += table(group) if is_table else map(escaped, group)
    return "\n".join(out)


def section(block):
    """One block as scdoc."""
    subject = block[-1]
    if TABLE.match(subject):
        about = prose(block[:-1])
        return f"# {subject.removeprefix('# ')}\n" + (f"\n{about}\n" if about else "")
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
