# SPDX-License-Identifier: MIT
"""The parts of the test suite: SHORT ones, and such as --all adds.

Short parts look at one build, with sanitizers (preset asan). With --all they look at the release, and
the part `asan` plays the same tests on the sanitizers' build.
"""

import os
import re
import subprocess
import sys
import time

import node_packages
from suite import mutants as mutant_list
from suite.building import JOBS, STAGES
from suite.part import INTEGRATION, LOGS, ROOT

# In their own parts, since they take their time or need other programs.
LOAD = ["load_test.py", "load_shown_test.py", "load_liars_test.py", "load_page_test.py"]
OWN_PARTS = ["clients_test.py", "libraries_test.py", "promises_test.py", "docs_test.py",
             "own_service_test.py", "examples_test.py", "lab_test.py", "soak_test.py", "bench_test.py",
             "faults_test.py", "allocations_test.py", *LOAD]

WORKERS = 3  # of the integration tests: alone, they leave two cores idle for two thirds of the time

SIMULATED_SEEDS = 10_000
FEW_SIMULATED_SEEDS = 300  # ten seconds of processor time; nine of ten edits of its list are noticed by fewer
SIMULATED_SECONDS = 180  # of new seeds, with --all

# Of those whose inputs are whole conversations, or long texts.
FUZZED = {"address": 300_000, "config": 50_000, "daemon": 30_000, "glob": 200_000, "inline_line": 300_000,
          "kept_table": 500_000, "load_replies": 200_000, "resp_client": 200_000, "scenario": 150_000,
          "synopsis": 300_000}
CONVERSATIONS = 50_000  # with both servers, which take them in seconds

SHORT = {}  # name: function; its docstring says what it checks
LONG = {}  # of --all
ON_REQUEST = {}


def a_part(parts, name=None):
    """Declares a part of the test suite, under the function's name if it has no other."""
    def declare(function):
        parts[name or function.__name__] = function
        return function
    return declare


@a_part(SHORT)
def layers(part):
    """the arrows between the folders, as #include lines draw them; names in files that are compiled as one"""
    part.case(part.run("/usr/bin/python3", "-B", ROOT / "tools/scripts/check_layers.py"),
              "includes against the layers")
    part.case(part.run("/usr/bin/python3", "-B", ROOT / "tools/scripts/check_names.py"),
              "one name for two things of files that are compiled as one")


@a_part(SHORT, "format")
def formatting(part):
    """clang-format has nothing to change"""
    files = subprocess.run(["git", "ls-files", "*.cpp", "*.c", "*.h"], cwd=ROOT,
                           capture_output=True, text=True, check=False).stdout.split()
    part.case(part.run("clang-format", "--dry-run", "--Werror", *files), "clang-format")


@a_part(SHORT)
def integration(part):
    """the daemon and reactor-cli from outside"""
    if part.built(part.preset):
        part.pytest(*[f"--ignore={name}" for name in OWN_PARTS], workers=WORKERS)


@a_part(SHORT)
def clients(part):
    """redis-cli, netcat, HAProxy and their like; client libraries of ten kinds"""
    part.case(node_packages.fetch(part.run), "npm ci of the Node clients")
    if part.built(part.preset):
        part.pytest("clients_test.py", "libraries_test.py")


@a_part(SHORT)
def promises(part):
    """what the daemon promises, at the size it is promised"""
    if part.built(part.preset):
        part.pytest("promises_test.py")


@a_part(SHORT)
def faults(part):
    """system calls and allocations that fail: a few of them, each one with --all"""
    if part.built(part.preset):
        part.pytest("faults_test.py", "allocations_test.py", workers=2, seconds=1800)


@a_part(SHORT)
def load(part):
    """reactor-load: against the daemon, lying servers and a browser"""
    if part.built(part.preset):
        part.pytest(*LOAD)


@a_part(SHORT)
def soak(part):
    """every persona beside honest clients: a moment of it, ten minutes with --all"""
    if part.built(part.preset):
        part.pytest("soak_test.py")


@a_part(SHORT)
def lab(part):
    """tools/lab: two hosts, captured packets, three clients at once; and how it is stopped"""
    if not part.built(part.preset):
        return
    finished = part.run(ROOT / "tools/lab", "--keep", LOGS / "lab", seconds=300,
                        environment={"REACTORD_PRESET": part.preset})
    output = part.log_path.read_text(encoding="utf-8", errors="replace")
    if why := re.search(r"^tools/lab cannot run here: (.*)", output, re.M):
        part.skip(why[1])
        return
    for verdict, what in re.findall(r"^  (pass|FAIL|skip)  (.*)", output, re.M):
        if verdict == "skip":
            part.count_skipped()
        else:
            part.case(verdict == "pass", what)
    part.case(finished or bool(part.failures), "tools/lab did not come to its end")
    part.pytest("lab_test.py")


SIMULATION = ROOT / "build/release/bin/simulation"


def _simulates(part, count):
    """Whether the simulation is there; if so, it has played that many seeds."""
    if not part.built("release", "simulation"):
        return False
    folder = ROOT / "tests/simulation"
    part.case(part.run("/usr/bin/python3", "-B", folder / "imports.py", ROOT / "build/release"), "imports.py")
    scripts = sorted((folder / "scripts").glob("*.sim"))
    part.case(scripts and part.run(SIMULATION, "play", *scripts), "simulation play tests/simulation/scripts/*.sim")
    part.case(part.run(SIMULATION, "seeds", 1, count, seconds=1800), f"simulation seeds 1 {count}")
    return True


@a_part(LONG)
def seeds(part):
    """the whole daemon in a simulated kernel: a few seeds, scripts that were kept, what it imports"""
    _simulates(part, FEW_SIMULATED_SEEDS)


@a_part(ON_REQUEST)
def sim(part):
    """the whole daemon in a simulated kernel: ten thousand seeds, sixty days, and what the part seeds has"""
    if not _simulates(part, SIMULATED_SEEDS):
        return
    part.case(part.run(SIMULATION, "days", "60", seconds=600), "simulation days 60")
    seconds = int(part.hours * 3600) or (SIMULATED_SECONDS if part.long else 0)
    if seconds:
        first = int(time.time()) * 1000
        part.case(part.run(SIMULATION, "seconds", first, seconds, seconds=seconds + 600),
                  f"simulation seconds {first} {seconds}")


@a_part(SHORT)
def unit(part):
    """unit tests and short fuzzing, with sanitizers; with --all the release's, too"""
    for preset in ("release", "asan") if part.long else ("asan",):
        if part.built(preset, "tests"):
            part.ctest(preset)


@a_part(LONG)
def docs(part):
    """every command in the READMEs, and services built against what is installed, on the release"""
    if part.built("release", "everything"):
        part.pytest("docs_test.py", "own_service_test.py", "examples_test.py", preset="release")


@a_part(LONG)
def bench(part):
    """tests/bench/compare: that it measures every server, not how fast they are; on the release"""
    if part.built("release", "everything"):
        part.pytest("bench_test.py", preset="release")


@a_part(LONG)
def asan(part):
    """integration, promises, load and soak on the build with sanitizers"""
    if part.built("asan"):
        part.pytest(*[f"--ignore={name}" for name in OWN_PARTS], preset="asan", workers=WORKERS)
        part.pytest("promises_test.py", *LOAD, "soak_test.py", preset="asan")


# What happens beside the loop: the log's thread, workers, handshakes, loading the configuration, dumps, giving memory
# back; and what ends, or goes to another process, meanwhile.
OF_THREADS = ["access_log_test.py", "dump_test.py", "handover_test.py", "lifecycle_test.py", "limits_test.py",
              "log_format_test.py", "process_test.py", "reload_listeners_test.py", "take_over_test.py", "tls_test.py",
              "users_test.py", "workers_test.py"]


@a_part(ON_REQUEST)
def tsan(part):
    """unit tests, and from outside what happens beside the loop, with ThreadSanitizer: see tests/README.md"""
    if part.built("tsan"):
        part.pytest(*OF_THREADS, preset="tsan", workers=WORKERS)
    if part.built("tsan", "unit tests"):
        part.ctest("tsan", "--tests-regex", "^unit$")


# Options of the top CMakeLists.txt.
LEFT_OUT = ["REACTORD_RELAY", "REACTORD_MODULES", "REACTORD_TLS", "REACTORD_HTTP", "REACTORD_PROBES"]


@a_part(LONG)
def compilers(part):
    """clang++ compiles everything, warnings as errors, each file with what it includes itself"""
    def builds(target, is_on):
        configured = part.run("cmake", "-S", ROOT, "-B", ROOT / "build/clang", "-G", "Ninja",
                              "-DCMAKE_CXX_COMPILER=clang++", "-DCMAKE_BUILD_TYPE=Debug",
                              "-DCMAKE_CXX_FLAGS_DEBUG=",  # nobody debugs it: a sixth less to do
                              "-DREACTORD_PRECOMPILE=OFF", *(f"-D{room}={is_on}" for room in LEFT_OUT))
        return configured and part.run("cmake", "--build", ROOT / "build/clang", "-j", JOBS,
                                       "--target", target, seconds=3600)

    part.case(builds("all", "ON"), "clang++ build")
    part.case(builds("reactord", "OFF"), "reactord without the rooms that a build may leave out")


@a_part(ON_REQUEST)
def tidy(part):
    """clang-tidy has nothing against the daemon and its libraries: see .clang-tidy"""
    files = subprocess.run(["git", "ls-files", "protocol/*.cpp", "config/*.cpp", "daemon/*.cpp"], cwd=ROOT,
                           capture_output=True, text=True, check=False).stdout.split()
    # Not by the compile commands: clang cannot read what g++ has precompiled.
    each = 'clang-tidy --quiet "$@" -- -std=c++20 -I. -DFMT_SHARED -DREACTORD_VERSION=\\"x\\" ' \
           '-DREACTORD_COMMIT=\\"x\\"'
    part.case(part.run("xargs", "-a", _lines(part, files), "-P", JOBS, "-n", "4", "bash", "-c", each, "bash",
                       seconds=1800), "clang-tidy")


def _lines(part, words):
    path = LOGS / f"{part.name}.files"
    path.write_text("\n".join(words) + "\n", encoding="utf-8")
    return path


@a_part(LONG)
def fuzz(part):
    """longer fuzzing with sanitizers, and against redis-server, a new seed each time"""
    if not (part.built("asan") and part.built("asan", "tests")):
        return
    seed = int(time.time()) % 1_000_000
    for program in sorted((ROOT / "build/asan/bin").glob("*_fuzz")):
        target = program.name.removesuffix("_fuzz")
        runs = FUZZED.get(target, 1_000_000)
        corpus = f"tests/fuzz/corpus/{target}"
        part.case(part.run(program, runs, seed, ROOT / corpus, seconds=600), f"{program.name} {runs} {seed} {corpus}")
    part.case(part.run("tests/fuzz/redis_differential", "--count", CONVERSATIONS, "--seed", seed,
                       environment={"REACTORD_BIN_DIR": str(ROOT / "build/asan/bin")}),
              f"redis_differential --count {CONVERSATIONS} --seed {seed}")


MSAN_RUNS = 20_000


@a_part(ON_REQUEST)
def msan(part):
    """fuzz targets over their inputs and random ones, with MemorySanitizer: tests/fuzz/README.md has which"""
    if not part.built("msan", "for msan"):
        return
    for program in STAGES["for msan"]:
        corpus = ROOT / "tests/fuzz/corpus" / program.removesuffix("_fuzz")
        part.case(part.run(ROOT / f"build/msan/bin/{program}", MSAN_RUNS, 1, corpus), program)


@a_part(LONG)
def systemd(part):
    """the Debian package on a booted systemd, in systemd-nspawn"""
    sys.path.insert(0, str(ROOT / "tests/systemd"))
    import machine  # pylint: disable=import-outside-toplevel
    if reason := machine.why_not_here():
        part.skip(reason)
        return
    if not part.case(part.run("tools/package", "--twice", seconds=3600),
                     "tools/package: lintian, and two builds with the same bytes"):
        return
    part.run("tests/systemd/run", "-rs", seconds=1800)
    part.count_report(ROOT / "build/test-logs/systemd/junit.xml", "the machine did not boot")
    part.case(part.run("tests/systemd/leaves_nothing_test"),
              "nothing of a machine is left, also after an interruption")


@a_part(ON_REQUEST)
def coverage(part):
    """lines and branches that tests, fuzzing and the simulation reach, by folder; judges nothing"""
    folder, bin_dir = ROOT / "build/coverage", ROOT / "build/coverage/bin"
    built = part.run("cmake", "-S", ROOT, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
                     "-DCMAKE_CXX_FLAGS=--coverage -fprofile-update=atomic",
                     environment={"CCACHE_DISABLE": "1"}) and \
        part.run("cmake", "--build", folder, "-j", JOBS, "--target", *STAGES["programs"], *STAGES["tests"],
                 "simulation", seconds=3600)
    if part.case(built, "build with --coverage"):
        part.case(part.run(bin_dir / "unit_tests", seconds=1200), "unit tests")
        for program in sorted(bin_dir.glob("*_fuzz")):
            corpus = ROOT / "tests/fuzz/corpus" / program.name.removesuffix("_fuzz")
            part.case(part.run(program, 1000, 1, corpus), program.name)
        part.case(part.run(bin_dir / "simulation", "seeds", 1, FEW_SIMULATED_SEEDS, seconds=1200), "simulation")
        # Not judged: what is promised of memory, such a build does not keep.
        part.run("/usr/bin/python3", "-B", "-m", "pytest", "-q", f"--numprocesses={WORKERS}", "--dist=loadfile",
                 *[f"--ignore={name}" for name in OWN_PARTS], directory=INTEGRATION, seconds=1800,
                 environment={"REACTORD_BIN_DIR": str(bin_dir)})
        part.case(part.run("/usr/bin/python3", "-B", ROOT / "tools/scripts/coverage.py", folder),
                  "the table of coverage")
        part.say((LOGS / "coverage.txt").read_text(encoding="utf-8"))


@a_part(ON_REQUEST)
def mutants(part):
    """each edit of tests/mutants.toml in a copy of the tree: which of them no test notices"""
    mutant_list.play(part)
