# SPDX-License-Identifier: MIT
"""The package on a running system: upgrade, removal, purge."""

import os
import pathlib
import re
import time

import pytest

import host
from harness.client import Client
from load import Load

DOCUMENTS = pathlib.Path("/usr/share/doc/reactord")
PACKAGE, NEXT = host.PACKAGES / "reactord.deb", host.PACKAGES / "reactord-next.deb"


def version():
    return host.run("dpkg-query", "--show", "--showformat=${Version}", "reactord").stdout


@pytest.fixture
def installed(service):
    yield
    host.stop_everything()
    host.run("dpkg", "--purge", "reactord")
    host.run("dpkg", "--install", PACKAGE)


def test_it_is_installed_enabled_and_running(service):
    for unit in ("reactord.socket", "reactord.service"):
        assert host.systemctl("is-enabled", unit).stdout.strip() == "enabled"
        assert host.is_active(unit)
    assert host.systemctl("is-enabled", "reactord-standalone.service",
                          check=False).stdout.strip() == "disabled"


def test_its_programs_and_pages(service):
    assert host.run("reactor-cli", "ceil", "4.40").stdout.strip() == "5"
    assert "errors == 0: 0" in host.run("reactor-load", "-n", "1000", "ceil").stdout
    files = host.run("dpkg", "--listfiles", "reactord").stdout.split()
    programs = [pathlib.Path(path).name for path in files if path.startswith("/usr/bin/")]
    assert len(programs) == 3
    for name in programs:
        for beside in (r"/usr/share/man/man[18]/{}\.[18]\.gz", "/usr/share/zsh/vendor-completions/_{}",
                       "/usr/share/bash-completion/completions/{}",
                       r"/usr/share/fish/vendor_completions\.d/{}\.fish"):
            wanted = re.compile(beside.format(name))
            assert any(wanted.fullmatch(path) for path in files), beside.format(name)
    for page in [*programs, "reactord.toml"]:
        # Of a width of its own, so that man keeps no formatted copy.
        assert host.run("env", "MANWIDTH=100", "man", page).stdout.strip(), page


def test_links_in_its_pages_lead_somewhere(service):
    pages = sorted(DOCUMENTS.rglob("*.md"))
    assert len(pages) >= 4
    for page in pages:
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (page.parent / target).exists(), f"{page} links to {target}"
    for manual in ("reactord", "reactord.toml", "reactor-cli", "reactor-load"):
        text = host.run("env", "MANWIDTH=200", "man", manual).stdout
        for path in re.findall(r"/usr/share/doc/\S+", text):
            assert pathlib.Path(path).exists(), f"{manual} names {path}"


def test_an_upgrade_under_load(installed):
    before = host.main_pid()
    first = version()
    with Load(host.TCP) as load:
        host.eventually(lambda: load.answered() > 500)
        host.run("dpkg", "--install", NEXT)
        answered = load.answered()
        host.eventually(lambda: load.answered() > answered + 500)
    assert version() != first and host.main_pid() not in (0, before)
    print(f"\nan upgrade: {dict(load.counts)}")
    assert load.errors() == {}


def test_the_service_outlives_a_long_upgrade(installed):
    """Between the unpacking and the restart apt may have many other packages to unpack: meanwhile the
    service goes on, and can tell systemd so."""
    host.drop_in("reactord.service", "[Service]\nWatchdogSec=1\n")
    host.systemctl("restart", "reactord.service")
    before = host.main_pid()
    host.run("dpkg", "--unpack", NEXT)
    with Client(host.TCP) as client:
        assert client.call("CEIL", "4.40") == 5
        host.eventually(lambda: host.show("reactord.service", "StatusText").startswith("1 connection"))
        time.sleep(3)
        assert (host.main_pid(), host.restarts()) == (before, 0)
        host.systemctl("reload", "reactord.service")
        assert client.call("CEIL", "4.40") == 5
    host.run("dpkg", "--configure", "reactord")
    host.eventually(lambda: host.main_pid() not in (0, before))


def test_an_upgrade_keeps_what_was_changed(installed):
    host.CONFIG.write_text(host.CONFIG.read_text() + '[handlers.text]\nreply = "mine"\n')
    host.systemctl("disable", "--now", "reactord.service", "reactord.socket")
    host.run("dpkg", "--install", NEXT)
    assert 'reply = "mine"' in host.CONFIG.read_text()
    assert not host.is_active() and not host.is_active("reactord.socket"), "it stays stopped"
    assert host.systemctl("is-enabled", "reactord.socket",
                          check=False).stdout.strip() == "disabled"


def files_of_ours():
    return [path for folder in ("/etc", "/usr", "/lib", "/run", "/var", "/opt", "/tmp")
            for path in host.run("find", "-H", folder, "-xdev", "-iname", "*reactor[d-]*").stdout.split()]


def test_removal_and_purge(installed):
    assert len(files_of_ours()) > 20
    assert "reactord" in host.run("journalctl", "--list-catalog").stdout
    host.drop_in("reactord.service", "[Service]\nBindReadOnlyPaths=/etc/hostname:/opt/some/where\n")
    host.systemctl("restart", "reactord.service")
    host.remove_drop_ins()
    host.systemctl("start", "reactord@1.socket", "reactord@1.service")
    host.systemctl("enable", "reactord@1.socket")
    host.run("dpkg", "--remove", "reactord")
    assert host.run("pgrep", "-x", "reactord", check=False).stdout == ""
    assert host.CONFIG.exists(), "configuration goes with purge"
    host.run("dpkg", "--purge", "reactord")
    assert files_of_ours() == []
    assert "reactord" not in host.run("journalctl", "--list-catalog").stdout
    listed = host.systemctl("list-units", "--plain", "--no-legend", "reactord*.service",
                            "reactord*.socket").stdout
    assert listed.strip() == "", listed


@pytest.mark.parametrize("how", ["--remove", "--purge"])
def test_it_can_be_installed_anew(installed, how):
    host.run("dpkg", how, "reactord")
    host.run("dpkg", "--install", PACKAGE)
    for unit in ("reactord.socket", "reactord-admin.socket", "reactord.service"):
        assert host.is_active(unit), unit
    with Client(host.TCP, timeout=20) as client:
        assert client.call("CEIL", "4.40") == 5


def test_what_was_disabled_stays_so_when_it_is_installed_anew(installed):
    host.systemctl("disable", "--now", "reactord.service", "reactord.socket")
    host.run("dpkg", "--remove", "reactord")
    host.run("dpkg", "--install", PACKAGE)
    assert not host.is_active() and not host.is_active("reactord.socket")


def test_purge_takes_the_log(installed):
    with host.CONFIG.open("a", encoding="utf-8") as config:
        config.write('[log]\ntarget = "/var/log/reactord/reactord.log"\n')
    host.drop_in("reactord.service", "[Service]\nLogsDirectory=reactord\n")
    host.systemctl("restart", "reactord.service")
    private = pathlib.Path("/var/log/private/reactord")
    host.eventually((private / "reactord.log").exists)
    host.remove_drop_ins()
    host.run("dpkg", "--remove", "reactord")
    assert (private / "reactord.log").exists(), "the log goes with purge"
    host.run("dpkg", "--purge", "reactord")
    assert files_of_ours() == [] and not private.exists()


def test_the_package_of_another_root_is_not_this_ones(service, tmp_path):
    """dpkg --root with scripts that are not run in a chroot, as image builders do it (DPKG_ROOT)."""
    dpkg = ["dpkg", f"--root={tmp_path}", "--force-script-chrootless", "--force-depends"]
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status").touch()
    before, files = host.main_pid(), files_of_ours()
    host.run(*dpkg, "--install", PACKAGE)
    assert (tmp_path / "usr/lib/reactord/root/usr/bin/reactord").exists()
    wants = "etc/systemd/system/multi-user.target.wants"
    assert os.path.lexists(tmp_path / wants / "reactord.service")
    os.symlink("/lib/systemd/system/reactord@.service", tmp_path / wants / "reactord@1.service")
    host.systemctl("enable", "reactord@2.service")
    host.run(*dpkg, "--purge", "reactord")
    assert host.main_pid() == before
    assert os.path.lexists(pathlib.Path("/", wants, "reactord@2.service"))
    host.systemctl("disable", "reactord@2.service")
    assert files_of_ours() == files
    left = [path for path in tmp_path.rglob("*reactord*") if "var/lib/dpkg" not in str(path)]
    assert left == []
