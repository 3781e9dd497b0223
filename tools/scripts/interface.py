#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""Holds the installed headers against those of the last release: tools/scripts/interface.py [--accept]

    tools/scripts/interface.py             says what has changed, and what to do about it
    tools/scripts/interface.py --accept    records the headers as they are now

The record is tests/interface/VERSION.txt: each header's text without comments, a declaration a line. Exit status:
0 nothing has changed, or it is recorded; 1 something has; 2 wrong usage.
"""

import difflib
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
RECORDS = "tests/interface"
LISTED_IN = "daemon/development/CMakeLists.txt"
MODULE_H = "daemon/interface/module.h"

TO_DO = """
What to do:
 1. Where a module that was built before would not survive it, raise REACTORD_MODULE_INTERFACE in {module}
    (now "{number}"), once a release: such a module is then refused, and told to be built anew. That is so for
    all but new types, functions that are not virtual, and new headers: a virtual function, a member, an enumerator,
    a default, the body of an inline function.
 2. Say in tools/scripts/package/debian/changelog what people have to change in their sources.
 3. tools/scripts/interface.py --accept, and commit {record} with the change."""

# A comment; or a text, in which there is none.
COMMENT_OR_TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])+\'', re.S)


def normalised(text):
    """Lines that change with what is declared, and not with how it is written."""
    text = COMMENT_OR_TEXT.sub(lambda found: " " if found[0][0] == "/" else found[0], text)
    text = re.sub(r"\\\n", " ", text)
    lines, declaration = [], ""
    for line in text.split("\n"):
        if line.lstrip().startswith("#"):
            lines.append(" ".join(line.split()))
            continue
        declaration = f"{declaration} {line}"
        *whole, declaration = re.split(r"(?<=;)|(?<=[{}])(?=\s)", declaration)
        lines += [" ".join(each.split()) for each in whole]
    lines.append(" ".join(declaration.split()))
    return [line for line in lines if line]


def public_headers(root):
    """Those of handlers, then those of the test kit."""
    text = (root / LISTED_IN).read_text(encoding="utf-8")
    return [path for listed in re.findall(r"set\((?:public|testing)_headers\s+([^)]*)\)", text)
            for path in sorted(listed.split())]


def interface_number(root):
    text = (root / MODULE_H).read_text(encoding="utf-8")
    return re.search(r'define REACTORD_MODULE_INTERFACE "(\w+)"', text)[1]


def current(root):
    """The whole record, as it would be now."""
    lines = []
    for path in public_headers(root):
        lines += [f"== {path}", *normalised((root / path).read_text(encoding="utf-8"))]
    return lines


def record_path(root):
    """That of this version; it begins as a copy of the one before (git keeps what was released)."""
    version = re.search(r"VERSION (\d+\.\d+)\.\d+", (root / "CMakeLists.txt").read_text(encoding="utf-8"))[1]
    return root / RECORDS / f"{version}.txt"


def last_record(root):
    """The newest there is: of this version, or of the release before it."""
    records = sorted((root / RECORDS).glob("*.txt"), key=lambda path: [int(n) for n in path.stem.split(".")])
    return records[-1] if records else None


def difference(root):
    """What has changed since the last record, as lines; and what to do."""
    record = last_record(root)
    before = record.read_text(encoding="utf-8").splitlines() if record else []
    changed = list(difflib.unified_diff(before, current(root), str(record and record.relative_to(root)),
                                        "the headers now", lineterm="", n=2))
    if not changed:
        return ""
    to_do = TO_DO.format(module=MODULE_H, number=interface_number(root),
                         record=record_path(root).relative_to(root))
    return "\n".join(["The installed interface has changed:", *changed, to_do])


def main(arguments, root=ROOT):
    if arguments in (["--help"], ["-h"]):
        print(__doc__.strip())
        return 0
    if arguments == ["--accept"]:
        record_path(root).write_text("\n".join(current(root)) + "\n", encoding="utf-8")
        print(f"{record_path(root).relative_to(root)} is written; the interface's number is {interface_number(root)}")
        return 0
    if arguments:
        print(f"interface.py: there is no '{arguments[0]}'; see --help", file=sys.stderr)
        return 2
    changed = difference(root)
    print(changed or "the installed interface is the recorded one")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
