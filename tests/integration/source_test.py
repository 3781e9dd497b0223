# SPDX-License-Identifier: MIT
"""What the source says of itself: events, the heads of files, the tables of the pages. Runs no program."""

import re
import subprocess

import pytest

from harness.daemon import ROOT
from harness.reasons import TOLD

EVENTS = re.findall(r'^ *X\((\w+), *\w+, *\w+, *"(.*)"\)', (ROOT / "daemon/log/events.h").read_text(), re.M)
# Looks at declarations alone, raises nothing; and this file.
NO_EVIDENCE = {"event_log_test.cpp", "source_test.py"}


def sources(*folders, names):
    listed = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=True)
    return {path: (ROOT / path).read_text(encoding="utf-8") for path in listed.stdout.split("\n")
            if re.search(names, path) and (ROOT / path).exists()}


TESTS = {path: text.replace("\\", "") for path, text in sources("tests", names=r"\.(py|cpp|h)$").items()
         if path.rsplit("/", 1)[-1] not in NO_EVIDENCE}


def evidence_of(event, message):
    """What a test can say to wait for it: its name, its row in reasons.py, or three words of its text."""
    yield rf"event_{event}\b"
    yield rf"\b(Event|CloseReason)::{event}\b"
    for word, told in TOLD.items():
        if told.counter == f"event_{event}":
            yield rf'(assert_told|count)\(\w+, "{word}"|TOLD\["{word}"\]'
    for text in re.split(r"\{\w+\}", message):
        words = text.split()
        for first in range(max(1, len(words) - 2)):
            phrase = " ".join(words[first:first + 3])
            if len(phrase) >= 5:
                yield re.escape(phrase)


@pytest.mark.parametrize("event, message", EVENTS, ids=[event for event, _ in EVENTS])
def test_every_event_is_raised_by_the_daemon_and_awaited_by_a_test(event, message):
    daemon = "".join(sources("daemon", names=r"(?<!events)\.(cpp|h)$").values())
    assert re.search(rf"\b(Event|CloseReason)::{event}\b", daemon), "declared, and never raised"
    evidence = re.compile("|".join(evidence_of(event, message)))
    assert any(evidence.search(text) for path, text in TESTS.items() if not path.endswith("reasons.py")), \
        "no test waits for it"


# --- names of files

# What the pages show how to add, and what is not ours.
SHOWN = {"greet.cpp", "later.cpp", "primes.cpp", "news.cpp", "greet_test.cpp", "histedit.h"}


def test_files_that_comments_and_pages_name_exist():
    every = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True,
                           check=True).stdout.split()
    names = {path.rsplit("/", 1)[-1] for path in every} | SHOWN
    wrong = []
    for path, text in sources("daemon", "config", "protocol", "tools", "tests/unit", "tests/fuzz", "tests/bench",
                              "tests/*.md", "systemd/README.md", "README.md", names=r"\.(h|cpp|md)$").items():
        marks = r"//(?! ?#include)(.*)" if not path.endswith(".md") else r"`([^`\n]*)`"
        for said in re.findall(marks, text):
            for name in re.findall(r"(?<![\w./*-])([a-z][a-z_0-9]*\.(?:h|cpp))\b", said):
                if name not in names:
                    wrong.append(f"{path} names {name}")
    assert not wrong, "\n".join(wrong)


def test_the_page_of_the_protocol_names_each_of_its_headers():
    page = (ROOT / "protocol/README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w/]+\.h)`", page.split("\n\n## ")[0]))
    assert named == {path.removeprefix("protocol/") for path in sources("protocol", names=r"\.h$")}


# --- the page of promises

def test_what_the_page_of_promises_names_exists():
    page = (ROOT / "daemon/PROMISES.md").read_text(encoding="utf-8")
    every = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    files = {path.rsplit("/", 1)[-1]: path for path in every} | {path: path for path in every}
    named = re.findall(r"`([\w/]+\.(?:py|cpp|h)|tests/bench/\w+)(?:::(\w+))?`", page)
    assert len(named) > 25
    for path, test in named:
        assert path in files, f"there is no {path}"
        if test:
            assert f"def {test}(" in (ROOT / files[path]).read_text(encoding="utf-8"), f"{path} has no {test}"


def test_each_promise_is_shown_by_something_and_each_setting_of_the_page_is_one():
    page = (ROOT / "daemon/PROMISES.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", page.split("## What was not proved")[0], re.M)[1:]
    assert len(rows) > 15
    assert all("`" in shown for _, shown in rows), [promise for promise, shown in rows if "`" not in shown]
    settings = set(re.findall(r"^#? ?(\w+) = ", (ROOT / "config/reactord.toml").read_text(encoding="utf-8"), re.M))
    tables = ("server", "limits", "deadlines", "listener", "log", "user", "handlers.ceil")
    for name in re.findall(r"`([\w.]+)`", page):
        table, _, key = name.rpartition(".")
        if table in tables:
            assert key in settings, f"there is no setting {name}"
