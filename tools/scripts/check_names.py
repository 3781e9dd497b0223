#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Finds names that two files, which a build compiles as one, have given to two things of their own.

The preset asan compiles the files of a library together, and those of a folder of unit tests
(REACTORD_TOGETHER in the top CMakeLists.txt): there, an unnamed namespace is one for all of them. Other
builds do not notice. What is looked at is what stands at the beginning of a line in such a namespace.
"""

import collections
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ("protocol", "config", "daemon", "tools/reactor-cli", "tools/reactor-load")
BY_FOLDER = ("daemon/handlers", "tests/unit")
MADE_UNIQUE = {"daemon/handlers": {"kCommands"}}
SMALL = 8  # folders of fewer files are compiled with others, as CMakeLists.txt has it

UNNAMED = re.compile(r"^namespace \{\n(.*?)^\}  // namespace$", re.M | re.S)
TYPE = re.compile(r"^(?:struct|class|union|enum(?: class)?) (\w+)[^;\n]*\{", re.M)
ALIAS = re.compile(r"^using (\w+) = (.*?);", re.M | re.S)
VARIABLE = re.compile(r"^(?:[A-Za-z][\w:<>,*&\[\] ]* )[*&]?(\w+)(?:\[[^\]\n]*\])?(?: =|\{|;)", re.M)
FUNCTION = re.compile(r"^(?:[A-Za-z][\w:<>,*&\[\] ]* )[*&]?(\w+)\(([^;{}]*?)\)(?: const| noexcept)* \{", re.M)


def kind_of(parameter):
    """Without its name and its default."""
    words = parameter.split("=")[0].strip()
    return re.sub(r"(?<=[ &*>])\w+$", "", words).strip() if " " in words else words


def names_in(text):
    """(name, what it is). Whatever namespace is around: tests have names of several at hand."""
    for region in UNNAMED.findall(text):
        yield from ((name, "type") for name in TYPE.findall(region))
        yield from ((name, f"alias of {what}") for name, what in ALIAS.findall(region))
        for line in VARIABLE.finditer(region):
            if not re.match(r"(using|struct|class|enum|union|return|template|namespace)\b", line[0]):
                yield line[1], "variable"
        for name, parameters in FUNCTION.findall(region):
            yield name, "function of (" + ", ".join(map(kind_of, parameters.split(","))) + ")"


def clash(one, other):
    if one.startswith("function") and other.startswith("function"):
        return one == other
    return not (one.startswith("alias") and one == other)


def compiled_alone(folder):
    """Files with options of their own."""
    recipe = ROOT / folder / "CMakeLists.txt"
    text = recipe.read_text(encoding="utf-8") if recipe.exists() else ""
    calls = re.findall(r"reactord_large_headers\((.*?)\)", text, re.S)
    return {name for names in calls for name in names.split()}


def groups():
    """Lists of files that are compiled together."""
    listed = subprocess.run(["git", "ls-files", *(f"{room}/*.cpp" for room in (*ROOMS, "tests/unit"))],
                            cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    folders = collections.Counter(pathlib.PurePath(path).parent for path in listed)
    found = collections.defaultdict(list)
    for path in map(pathlib.PurePath, listed):
        if top := next((top for top in BY_FOLDER if path.is_relative_to(top)), None):
            name = path.parent.name
            if folders[path.parent] < SMALL:
                name = next(part for part in ("a to g", "h to m", "n to z") if part[0] <= name[0] <= part[-1])
            found[top, name].append(path)
        elif path.name not in compiled_alone(path.parent):
            library = next(folder for folder in path.parents if (ROOT / folder / "CMakeLists.txt").exists())
            found[str(library), ""].append(path)
    return found


def problems():
    for (top, _), paths in groups().items():
        seen = {}
        for path in paths:
            mine = set(names_in((ROOT / path).read_text(encoding="utf-8")))
            for name, kind in sorted(mine):
                for other, where in seen.get(name, []):
                    if clash(kind, other) and name not in MADE_UNIQUE.get(top, ()):
                        yield f"{path}: {name} ({kind}) is in {where}, too, and both are compiled as one"
            for name, kind in mine:
                seen.setdefault(name, []).append((kind, path))


def main():
    found = list(problems())
    print("\n".join(found) or "no name stands for two things")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
