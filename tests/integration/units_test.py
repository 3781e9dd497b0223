# SPDX-License-Identifier: MIT
"""The systemd units and what is packaged beside them, as far as no booted systemd is needed."""

import re
import subprocess
import sys

import pytest

from harness.daemon import BIN_DIR, REACTORD, ROOT, run_reactord
from harness.net import program

UNITS = ROOT / "systemd"
PACKAGE = ROOT / "tools/scripts/package"
SERVICES = ["reactord.service", "reactord@.service", "reactord-standalone.service"]
# The most that `systemd-analyze security` may say, of 10.
MAX_EXPOSURE = {"reactord.service": 0.1, "reactord@.service": 0.1,
                "reactord-standalone.service": 0.9}


def settings(unit):
    """(name, value) of every line, in order."""
    text = (UNITS / unit).read_text(encoding="utf-8")
    return re.findall(r"^([A-Za-z]+)=(.*)$", text, re.M)


def last(unit, name):
    return [value for key, value in settings(unit) if key == name][-1]


def seconds(text):
    return sum(int(number) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[unit or "s"]
               for number, unit in re.findall(r"(\d+)(ms|[smh])?", text))


def in_force(config, key):
    """A setting as --print-config shows it."""
    table, _, name = key.rpartition(".")
    done = run_reactord("--print-config", "--config", config)
    assert done.returncode == 0, done.stderr
    part = re.search(rf"^\[{table}\]\n(.*?)(?=^\[|\Z)", done.stdout, re.M | re.S)[1]
    return re.search(rf"^{name} = \"?([^\"\n]*)", part, re.M)[1]


def run(*command, input="", **options):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60,
                          input=input, check=False, **options)


# --- the gates

@pytest.mark.parametrize("service", SERVICES)
def test_exposure(service):
    done = run(program("systemd-analyze"), "security", "--offline=true", UNITS / service)
    exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert exposure, done.stdout + done.stderr
    assert float(exposure[1]) <= MAX_EXPOSURE[service], done.stdout


def test_systemd_finds_nothing_to_say(tmp_path):
    """With the programs and pages that the units name in a folder instead of in /usr."""
    for unit in UNITS.glob("*reactord*.*"):
        if unit.suffix not in (".service", ".socket"):
            continue
        text = unit.read_text(encoding="utf-8").replace("/usr/bin/reactord ", f"{REACTORD} ")
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    for unit in sorted(tmp_path.iterdir()):
        name = unit.name.replace("@.", "@1.")
        done = run(program("systemd-analyze"), "verify", "--man=no", tmp_path / name,
                   env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"})
        said = [line for line in done.stderr.splitlines() if "reactord" in line]
        assert said == [] and done.returncode == 0, done.stderr


# --- settings that must fit one another

CONFIGS = {"reactord.service": UNITS / "reactord.toml", "reactord@.service": UNITS / "reactord.toml",
           "reactord-standalone.service": ROOT / "config/reactord.toml"}


@pytest.mark.parametrize("service", SERVICES)
def test_systemd_waits_longer_than_a_drain(service):
    drain = seconds(in_force(CONFIGS[service], "deadlines.drain"))
    assert seconds(last(service, "TimeoutStopSec")) > drain


@pytest.mark.parametrize("service", SERVICES)
def test_all_connections_have_a_descriptor(service):
    clients = int(in_force(CONFIGS[service], "server.max_connections"))
    admins = int(in_force(CONFIGS[service], "server.max_admin_connections"))
    assert int(last(service, "LimitNOFILE")) >= clients + admins + 64


def test_no_limit_stops_the_restarts():
    for service in SERVICES:
        assert last(service, "StartLimitIntervalSec") == "0"
        assert last(service, "Restart") == "on-failure" and last(service, "RestartSec") == "1"
    for socket in UNITS.glob("*.socket"):
        assert last(socket.name, "TriggerLimitIntervalSec") == "0", socket.name


def test_each_socket_unit_has_its_listener():
    config = (UNITS / "reactord.toml").read_text(encoding="utf-8")
    listeners = re.findall(r'^name = "(.*)"$', config, re.M)
    sockets = last("reactord.service", "Sockets").split()
    assert sorted(last(unit, "FileDescriptorName") for unit in sockets) == sorted(listeners)
    of_instances = last("reactord@.service", "Sockets").replace("%i", "").split()
    assert sorted(last(unit, "FileDescriptorName") for unit in of_instances) == sorted(listeners)


def sandbox(service):
    text = (UNITS / service).read_text(encoding="utf-8")
    part = text[text.index("# --- who it is"):text.index("[Install]")]
    return [line for line in part.splitlines() if line and not line.startswith(("#", "User="))]


def test_instances_have_the_same_sandbox():
    assert sandbox("reactord@.service") == sandbox("reactord.service")


@pytest.mark.parametrize("service", SERVICES)
def test_every_line_of_the_sandbox_has_its_reason(service):
    """A comment stands above it, or above the few lines that it belongs to."""
    text = (UNITS / service).read_text(encoding="utf-8")
    part = text[text.index("# --- who it is"):text.index("[Install]")]
    assert not re.search(r"^\n(?!# ---|$)", part.strip(), re.M), "a paragraph without a heading"
    for lines in re.split(r"^#.*\n", part, flags=re.M):
        assert len(lines.split()) <= 6 or "SystemCallFilter" in lines or "Paths=" in lines, lines


def test_the_packaged_configuration_is_good():
    done = run_reactord("--check-config", "--config", UNITS / "reactord.toml")
    assert done.returncode == 0, done.stderr


# --- the README

def told_to_people():
    """(event, its message) of each that refuses or ends a connection above debug level."""
    events = (ROOT / "daemon/log/events.h").read_text(encoding="utf-8")
    found = re.findall(r'X\((\w+), +(\w+), +\w+, +"(.*?)"\)', events)
    return [(name, message) for name, level, message in found if level != "debug"
            and re.match("refused_|waiting_|accept_|closed_", name)]


def test_every_refusal_is_explained():
    readme = (UNITS / "README.md").read_text(encoding="utf-8")
    rows = "\n".join(line.split("|")[1] for line in readme.splitlines() if line.startswith("| "))
    assert len(told_to_people()) > 10
    for name, message in told_to_people():
        literal = max(re.split(r"\{\w+\}(?: closed)?:? ?", message), key=len).strip(" (")
        assert (literal and literal in rows) or name in rows, (name, literal)


# --- manual pages and completions

def page(source):
    """A manual page as a person reads it."""
    roff = run(program("scdoc"), input=source)
    assert roff.returncode == 0, roff.stderr
    return re.sub(r"\\f[BIR]|\\&", "", roff.stdout).replace("\\-", "-")


SUBCOMMANDS = {"reactord": [[]], "reactor-load": [[]],
               "reactor-cli": [[], ["chat"], ["operator"], ["doctor"], ["top"], ["--stat"]]}
SECTIONS = {"reactord": 8, "reactor-cli": 1, "reactor-load": 1}


def options_of(binary):
    """As --help tells them, those of its conversations too."""
    told = "".join(run(BIN_DIR / binary, *words, "--help").stdout for words in SUBCOMMANDS[binary])
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", told))


def short_options_of(binary):
    told = run(BIN_DIR / binary, "--help").stdout
    return set(re.findall(r"(?<![\w-])-[a-zA-Z](?=, --)", told))


def takes(binary, option):
    """Whether the program knows the option: it does not complain of it, but of what is missing."""
    said = run(BIN_DIR / binary, option, "--version")
    return not re.search(r"not expected|unknown option|no such option", said.stderr, re.I)


@pytest.mark.parametrize("binary", SECTIONS)
def test_every_option_has_its_manual(binary):
    text = page((PACKAGE / f"man/{binary}.{SECTIONS[binary]}.scd").read_text(encoding="utf-8"))
    described = set(re.findall(r"(?<![\w-])-[a-zA-Z]\b|--[a-z][a-z-]*", text))
    assert options_of(binary) | short_options_of(binary) <= described
    unknown = {option for option in described - options_of(binary) if not takes(binary, option)}
    assert unknown <= {"-l", "-g"}, "options of other programs in the examples"


@pytest.mark.parametrize("binary", SECTIONS)
@pytest.mark.parametrize("name", ["{}.bash", "_{}", "{}.fish"])
def test_every_option_is_completed(binary, name):
    text = (PACKAGE / "completions" / name.format(binary)).read_text(encoding="utf-8")
    for option in options_of(binary):
        wanted = f"-l {option[2:]} " if name.endswith("fish") else option
        assert wanted in text, option


def test_every_key_has_its_manual():
    made = run(sys.executable, "-B", PACKAGE / "config_manual.py", ROOT / "config/reactord.toml")
    assert made.returncode == 0, made.stderr
    described = set(re.findall(r"^\*([a-z\\_]+)\*$", made.stdout, re.M))
    described = {name.replace("\\", "") for name in described}
    keys = set(re.findall(r"^(?:# )?([a-z_]+)(?: = |: not used)",
                          run_reactord("--print-config").stdout, re.M))
    assert described == keys
    assert "role" in page(made.stdout)


@pytest.mark.parametrize("option", ["--keys", "--generators"])
def test_every_key_of_a_scenario_has_its_manual(option):
    made = run(sys.executable, "-B", PACKAGE / "load_manual.py", PACKAGE / "man/reactor-load.1.scd",
               BIN_DIR / "reactor-load")
    assert made.returncode == 0, made.stderr
    text = page(made.stdout)
    told = run(BIN_DIR / "reactor-load", option).stdout
    words = re.findall(r"^  (\{\w+|\w+)", told, re.M)
    assert len(words) > 5
    assert [word for word in words if not re.search(rf"^{re.escape(word)}|^  {re.escape(word)}", text,
                                                    re.M)] == []


def test_each_program_has_a_page():
    installed = re.findall(r"install\(TARGETS (\S+) RUNTIME", "".join(
        path.read_text(encoding="utf-8") for path in [*ROOT.glob("daemon/CMakeLists.txt"),
                                                      *ROOT.glob("tools/*/CMakeLists.txt")]))
    pages = {path.name.split(".")[0] for path in (PACKAGE / "man").iterdir()}
    assert installed and set(installed) <= pages


@pytest.mark.parametrize("script", ["postinst", "prerm", "postrm"])
def test_maintainer_scripts_are_shell(script):
    assert run("sh", "-n", PACKAGE / "debian" / script).returncode == 0


# How each shell is started without anybody's settings, and told of one program's completions.
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "source {}/{}.bash"),
    "zsh": (["zsh", "-f", "-i"], "fpath=({} $fpath); autoload -Uz compinit; compinit -u -D; compdef _{} {}"),
    "fish": (["fish", "--no-config", "-i"], "source {}/{}.fish"),
}
# What is typed before Tab, and what is then on the line.
COMPLETED = [("reactord --check-c", "reactord --check-config"),
             ("reactor-cli --interv", "reactor-cli --interval"),
             ("reactor-cli --framing li", "reactor-cli --framing line"),
             ("reactor-cli config ge", "reactor-cli config get"),
             ("reactor-cli --json drain of", "reactor-cli --json drain off"),
             ("reactor-load --thre", "reactor-load --threads"),
             ("reactor-load --protocol ra", "reactor-load --protocol raw"),
             ("reactor-load pin", "reactor-load ping")]


@pytest.mark.parametrize("shell", SHELLS)
def test_shells_complete(tmux, shell):
    command, told = SHELLS[shell]
    terminal = tmux.run(*command, columns=120, PS1="$ ")
    for typed, wanted in COMPLETED:
        binary = typed.split()[0]
        terminal.enter(told.format(PACKAGE / "completions", binary, binary) + "; clear; echo told")
        terminal.wait_for("told")
        terminal.type(typed)
        terminal.press("Tab")
        terminal.wait_for(wanted)
        terminal.press("C-u")
