# SPDX-License-Identifier: MIT
"""Runs exercises of the lab, explains them, and sums up. tools/lab starts it: see there."""

import argparse
import importlib
import os
import pathlib
import shutil
import signal
import sys
import time

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[1]))
import hosts
from lab import BIN, Lab
from screen import Screen
from shell import LabFailure, Shell
from suite.caller import forget_signals

ROOT = pathlib.Path(__file__).resolve().parents[3]
EXERCISES = ["own_address", "loopback", "two_hosts", "ladders", "three_clients", "numbers"]
WRONG_USAGE = 2
READER_GONE = 128 + signal.SIGPIPE
CANNOT_RUN = 77  # what test runners read as "skipped"
MAX_SECONDS = 90  # of one exercise
KEPT = ("*.pcap", "*.log", "*.out", "*.toml")


def options_from(arguments):
    """As tools/lab has checked them."""
    parser = argparse.ArgumentParser(prog="tools/lab")
    parser.add_argument("--keep", metavar="DIR", type=pathlib.Path)
    parser.add_argument("exercise", nargs="*", metavar="N", type=int)
    options = parser.parse_args(arguments)
    options.exercise = sorted(set(options.exercise)) or range(1, len(EXERCISES) + 1)
    options.keep = options.keep and options.keep.resolve()
    return options


def introduce(screen, folder):
    screen.title("The lab")
    screen.say("""Two hosts, "client" and "server", are network namespaces of this machine. A line
            below that begins with client$ or server$ was run there; # is this machine itself. All
            of it can be run again by hand, as root, at the top of the repository, from these lines
            on. (When the lab has ended, its hosts and $LAB are gone: then make them first, as it
            does.)""")
    screen.line()
    screen.output(f'export PATH="$PWD/{BIN}:$PATH" LAB={folder}; mkdir -p $LAB\n'
                  f"ip netns exec {hosts.namespace('client')} bash      # client$\n"
                  f"ip netns exec {hosts.namespace('server')} bash      # server$")


def run_exercise(lab, number):
    """Returns its row in the table."""
    module = importlib.import_module(f"exercises.{EXERCISES[number - 1]}")
    before, began = (lab.passed, lab.failed, lab.skipped), time.monotonic()
    signal.alarm(MAX_SECONDS)
    try:
        lab.screen.title(f"{number}. {module.TITLE}")
        lab.prepare_hosts()
        module.run(lab)
    except LabFailure as failure:
        lab.check("the exercise came to its end", False, failure)
    finally:
        signal.alarm(0)
        lab.clear_up()
    counts = [now - then for now, then in zip((lab.passed, lab.failed, lab.skipped), before)]
    return (number, module.TITLE, *counts, time.monotonic() - began)


def folder_problem(target):
    """Why nothing can be kept there, or "". Makes it where there is none."""
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        return f"{target}: {problem.strerror}"
    return "" if os.access(target, os.W_OK | os.X_OK) else f"{target}: no permission to write there"


def keep(folder, target):
    for pattern in KEPT:
        for path in folder.glob(pattern):
            shutil.copy(path, target)
    owner = os.environ.get("SUDO_UID")
    for path in [target, *target.iterdir()] if owner else []:
        os.chown(path, int(owner), int(os.environ["SUDO_GID"]))


def run(options, screen):
    hosts.remove_abandoned()
    if problem := hosts.problem_with_namespaces():
        screen.line(f"tools/lab cannot run here: no network namespace can be made: {problem}")
        return CANNOT_RUN
    folder = hosts.new_folder()
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "LAB": str(folder),
                   "PATH": f"{ROOT / BIN}:/usr/sbin:/usr/bin:/sbin:/bin"}
    lab = Lab(screen, Shell(folder, environment), folder)
    try:
        introduce(screen, folder)
        rows = [run_exercise(lab, number) for number in options.exercise]
        screen.table(rows)
        return 1 if lab.failed else 0
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        lab.clear_up()
        if options.keep:
            keep(folder, options.keep)
        shutil.rmtree(folder, ignore_errors=True)
        if options.keep:
            screen.line(f"Captures, logs and configurations are in {options.keep}")


def main():
    options = options_from(sys.argv[1:])

    forget_signals()

    def stop(number, _):
        raise SystemExit(128 + number)

    def too_slow(*_):
        raise LabFailure(f"the exercise took more than {MAX_SECONDS} seconds")

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    signal.signal(signal.SIGALRM, too_slow)
    if problem := options.keep and folder_problem(options.keep):
        print(f"tools/lab: nothing can be kept in {problem}; name another folder", file=sys.stderr)
        return WRONG_USAGE
    os.chdir(ROOT)
    try:
        return run(options, Screen())
    except BrokenPipeError:  # nobody reads any more: "tools/lab | head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE


if __name__ == "__main__":
    sys.exit(main())
