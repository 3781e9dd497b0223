# SPDX-License-Identifier: MIT
"""Builds each preset once for all parts, in stages that others wait for, and shows how far it is."""

import os
import re
import subprocess
import sys
import threading
import time

from suite.part import LOGS, ROOT, RUNNING, end

# What tests from outside run, what runs by itself, and everything: the documents and benchmarks, too.
PROGRAMS = ["reactord", "reactor-cli", "reactor-load", "first_client", "first_server"]
STAGES = {"programs": PROGRAMS, "simulation": ["simulation", "reactord"], "tests": ["unit_tests", "fuzz_targets"],
          "unit tests": ["unit_tests"], "everything": ["all"],
          # Whose code is all compiled here: tests/fuzz/README.md.
          "for msan": ["address_fuzz", "cli_keys_fuzz", "frame_parser_fuzz", "handover_state_fuzz", "http_words_fuzz",
                       "inline_line_fuzz", "kept_table_fuzz", "proxy_header_fuzz", "reply_parser_fuzz",
                       "reply_scanner_fuzz", "synopsis_fuzz", "traceparent_fuzz"]}
JOBS = str(os.cpu_count() or 2)
TELL_EVERY_SECONDS = 30  # where no terminal watches
MAX_SECONDS = 3600


class Screen:
    """Lines, and below them one that changes; of all threads."""

    def __init__(self):
        self.lock = threading.Lock()
        self.is_terminal = sys.stdout.isatty()

    def line(self, text):
        with self.lock:
            print(("\r\033[K" if self.is_terminal else "") + text, flush=True)

    def changing(self, text):
        with self.lock:
            print(f"\r\033[K{text}", end="", flush=True)


class Builds:
    """wait() builds, or waits for whoever builds, and returns whether it is there."""

    def __init__(self, screen):
        self.screen = screen
        self.lock = threading.Lock()  # one build at a time: each uses all processors
        self.done = {}  # (preset, stage): whether it succeeded

    def wait(self, preset, stage):
        with self.lock:
            if (preset, stage) not in self.done:
                self.done[preset, stage] = self._build(preset, stage)
            return self.done[preset, stage]

    @staticmethod
    def what_failed(preset):
        """The first complaints of the compiler."""
        lines = (LOGS / f"build-{preset}.log").read_text(encoding="utf-8").splitlines()
        first = next((at for at, line in enumerate(lines) if re.search(r"\berror\b|FAILED", line, re.I)), 0)
        return "\n".join(lines[first:first + 30]) + "\n"

    def _build(self, preset, stage):
        LOGS.mkdir(parents=True, exist_ok=True)
        with open(LOGS / f"build-{preset}.log", "a" if self._began(preset) else "w",
                  encoding="utf-8", errors="replace") as log:
            targets = STAGES[stage]
            return (self._began(preset) or self._run(log, preset, ["cmake", "--preset", preset])) and \
                self._run(log, preset, ["cmake", "--build", ROOT / f"build/{preset}", "-j", JOBS,
                                        "--target", *targets])

    def _began(self, preset):
        return any(name == preset for name, _ in self.done)

    def _run(self, log, preset, command):
        process = RUNNING.start([str(word) for word in command], cwd=ROOT, text=True, errors="replace",
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)
        told = time.monotonic()
        tail = threading.Timer(MAX_SECONDS, end, [process])
        tail.daemon = True
        tail.start()
        try:
            for line in process.stdout:
                log.write(line)
                if step := re.match(r"\[(\d+)/(\d+)\]", line):
                    told = self._tell(preset, step, told)
            return process.wait() == 0
        finally:
            tail.cancel()
            if process.poll() is None:
                end(process)
            RUNNING.forget(process)

    def _tell(self, preset, step, told):
        """When something was told last."""
        text = f"  compiling {preset}: {step[1]} of {step[2]}"
        if self.screen.is_terminal:
            self.screen.changing(text)
        elif time.monotonic() - told >= TELL_EVERY_SECONDS:
            self.screen.line(text)
        else:
            return told
        return time.monotonic()
