# SPDX-License-Identifier: MIT
"""Sums up what gcov has counted, lines and branches by folder: coverage.py BUILD_FOLDER

The lines that nothing has reached are listed in build/test-logs/uncovered.txt."""

import collections
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
OURS = ("protocol", "config", "daemon", "tools")


def reports(build):
    """gcov's JSON of every object file that has counts."""
    counted = sorted(build.rglob("*.gcda"))
    with tempfile.TemporaryDirectory() as folder:
        for number in range(0, len(counted), 50):
            subprocess.run(["gcov", "--json-format", "--branch-probabilities", "--preserve-paths",
                            "--hash-filenames", *counted[number:number + 50]], cwd=folder,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        for path in pathlib.Path(folder).glob("*.gcov.json.gz"):
            yield json.loads(gzip.open(path).read())


def file_of(name, report):
    path = pathlib.Path(report["current_working_directory"], name).resolve()
    if not path.is_relative_to(ROOT):
        return None
    path = path.relative_to(ROOT)
    return path if path.parts[0] in OURS else None


def counts(build):
    """{file: ({line: times}, {(line, branch): times})}, over all that include it."""
    found = collections.defaultdict(lambda: (collections.Counter(), collections.Counter()))
    for report in reports(build):
        for source in report["files"]:
            path = file_of(source["file"], report)
            if path is None:
                continue
            lines, branches = found[path]
            for line in source["lines"]:
                lines[line["line_number"]] += line["count"]
                for number, branch in enumerate(line["branches"]):
                    if not branch["throw"]:
                        branches[line["line_number"], number] += branch["count"]
    return found


def table(found):
    folders = collections.defaultdict(lambda: [0, 0, 0, 0])
    for path, (lines, branches) in found.items():
        for name in (str(path.parent), "all"):
            row = folders[name]
            for at, counter in ((0, lines), (2, branches)):
                row[at] += sum(times > 0 for times in counter.values())
                row[at + 1] += len(counter)
    yield f"{'folder':<34} {'lines':>14} {'branches':>14}"
    for name in sorted(folders, key=lambda name: (name == "all", name)):
        reached, lines, taken, branches = folders[name]
        yield (f"{name:<34} {100 * reached / max(lines, 1):>5.1f}% of {lines:>5}"
               f" {100 * taken / max(branches, 1):>5.1f}% of {branches:>5}")


def uncovered(found):
    """A line for each file: its path, and the lines, consecutive ones as one range."""
    for path, (lines, _) in sorted(found.items()):
        ranges = []
        was_missed = False
        for line in sorted(lines):
            if lines[line] == 0 and was_missed:
                ranges[-1][1] = line
            elif lines[line] == 0:
                ranges.append([line, line])
            was_missed = lines[line] == 0
        if ranges:
            yield f"{path}: " + " ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in ranges)


def main():
    found = counts(pathlib.Path(sys.argv[1]).resolve())
    text = "\n".join(table(found))
    logs = ROOT / "build/test-logs"
    logs.mkdir(parents=True, exist_ok=True)
    (logs / "coverage.txt").write_text(text + "\n", encoding="utf-8")
    (logs / "uncovered.txt").write_text("\n".join(uncovered(found)) + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
