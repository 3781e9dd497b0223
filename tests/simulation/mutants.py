# SPDX-License-Identifier: MIT
"""Shows what the simulation finds: plays the ways to break the daemon of mutants.toml, all compiled into one
program, in a copy of the tree in build/simulated-mutants. A number says which is in force.

    mutants.py [NUMBER...]     all of them, or these
    mutants.py --check         plays none: whether each can still be made

Fails where fewer are noticed than 28 of 30, or where a seed fails without any.
"""

import os
import pathlib
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIST = ROOT / "tests/simulation/mutants.toml"
TREE = ROOT / "build/simulated-mutants/tree"
SEEDS = 1500  # most are noticed by one of the first ten
SECONDS = 600
LEAST_SHARE = 28 / 30

SWITCH = """// SPDX-License-Identifier: MIT
// Which of mutants.toml is in force; 0: none.
#include <cstdlib>

int simulated_mutant = [] {
  const char* number = std::getenv("SIMULATED_MUTANT");
  return number == nullptr ? 0 : std::atoi(number);
}();
"""


@dataclass(frozen=True)
class Mutant:
    number: int
    file: str
    text: str
    replacement: str
    breaks: str

    def problem(self):
        """Why it cannot be made, or ''."""
        path = ROOT / self.file
        times = path.read_text(encoding="utf-8").count(self.text) if path.is_file() else 0
        return "" if times == 1 else \
            f"mutants.toml: {self.text!r} stands {times} times in {self.file}, not once: mend the row"

    def applied(self, source):
        return source.replace(self.text, f"{{ if (::simulated_mutant == {self.number}) {{ {self.replacement} }} "
                                         f"else {{ {self.text} }} }}")


def listed():
    files = tomllib.loads(LIST.read_text(encoding="utf-8"))
    rows = [(file, *row) for file, rows in files.items() for row in rows]
    return [Mutant(number, *row) for number, row in enumerate(rows, 1)]


def contents(mutants):
    """Every file of the copy."""
    names = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                           capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        if not (ROOT / name).is_file():
            continue
        content = (ROOT / name).read_bytes()
        edits = [mutant for mutant in mutants if mutant.file == name]
        if edits:
            source = content.decode()
            for mutant in edits:
                source = mutant.applied(source)
            first, rest = source.split("\n", 1)
            content = f"{first}\nextern int simulated_mutant;\n{rest}".encode()
        yield name, content
    yield "tests/simulation/simulated_mutant.cpp", SWITCH.encode()


def refresh(mutants):
    wanted = dict(contents(mutants))
    for path in [path for path in TREE.rglob("*") if path.is_file()]:
        name = path.relative_to(TREE)
        if name.parts[0] != "build" and str(name) not in wanted:
            path.unlink()
    for name, content in wanted.items():
        target = TREE / name
        if target.is_file() and target.read_bytes() == content:
            continue  # keeps its time, and is not compiled again
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod((ROOT / name).stat().st_mode if (ROOT / name).exists() else 0o644)


def build():
    preset = ["cmake", "--preset", "release", "-DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON"]
    if not (TREE / "build/release/build.ninja").exists():
        subprocess.run(preset, cwd=TREE, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", "build/release", "-j2", "--target", "simulation"], cwd=TREE, check=True,
                   stdout=subprocess.DEVNULL)


def rule_that_noticed(number):
    """'' where none did."""
    try:
        done = subprocess.run([TREE / "build/release/bin/simulation", "until", "1", str(SEEDS)],
                              env={**os.environ, "SIMULATED_MUTANT": str(number)}, capture_output=True, text=True,
                              check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return "no end"
    failed = re.search(r"^seed (\d+) FAILED ([^:]*)", done.stdout, re.M)
    return f"{failed[2]} (seed {failed[1]})" if failed else ""


def main():
    mutants = listed()
    if problems := list(filter(None, (mutant.problem() for mutant in mutants))):
        sys.exit("\n".join(problems))
    if sys.argv[1:] == ["--check"]:
        return 0
    wanted = {int(word) for word in sys.argv[1:]}
    refresh(mutants)
    build()
    if not wanted and (rule := rule_that_noticed(0)):
        sys.exit(f"a seed fails without any mutant: {rule}")
    chosen = [mutant for mutant in mutants if not wanted or mutant.number in wanted]
    noticed = 0
    for mutant in chosen:
        rule = rule_that_noticed(mutant.number)
        noticed += bool(rule)
        print(f"{mutant.number:>3} {rule or 'NOT NOTICED':<32} {mutant.file}: {mutant.breaks}", flush=True)
    print(f"{noticed} of {len(chosen)} were noticed")
    return 0 if noticed >= LEAST_SHARE * len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
