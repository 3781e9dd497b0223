# SPDX-License-Identifier: MIT
"""Compares reactord with the floor and with its peers in one run; see README.md one folder up."""

import argparse
import json
import pathlib
import signal
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import chart  # noqa: E402
import idle  # noqa: E402
import machine  # noqa: E402
import markdown  # noqa: E402
import ratios  # noqa: E402
from progress import Progress  # noqa: E402
from rounds import Comparison  # noqa: E402
from rows import GROUPS, EXTRAS, ROWS, SERVERS  # noqa: E402
from servers import ROOT  # noqa: E402

USUAL = {"rounds": 9, "seconds": 0.4, "idle": 15_000, "settle_seconds": 6, "starts": 9}
QUICK = {"rounds": 1, "seconds": 0.1, "idle": 500, "settle_seconds": 0.5, "starts": 2}


def parse(words):
    parser = argparse.ArgumentParser(
        prog="compare", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Without options: everything, in ten to fifteen minutes. What can be asked for:\n"
               f"  --rows     {' '.join(GROUPS)}\n  --servers  {' '.join(SERVERS)}")
    parser.add_argument("--quick", action="store_true",
                        help="one short round, for a look: its figures mean little")
    parser.add_argument("--rows", nargs="+", choices=GROUPS, default=GROUPS, metavar="ROWS")
    parser.add_argument("--servers", nargs="+", choices=list(SERVERS), default=list(SERVERS),
                        metavar="SERVER")
    parser.add_argument("--rounds", type=int, help=f"({USUAL['rounds']})")
    parser.add_argument("--seconds", type=float, help=f"of a row in a round ({USUAL['seconds']})")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/bench", metavar="FOLDER",
                        help="where compare.md, .json and .svg go (build/bench)")
    parser.add_argument("--from", dest="source", type=pathlib.Path, metavar="JSON",
                        help="measure nothing: render this result of a run")
    parser.add_argument("--update-readme", type=pathlib.Path, nargs="?", metavar="README",
                        const=HERE.parent / "README.md",
                        help="put the result of a whole run in its place there, its .json and .svg "
                             "beside it (tests/bench/README.md)")
    options = parser.parse_args(words)
    if options.update_readme and not options.source and not is_whole(options):
        parser.error("--update-readme is for a whole run: all rows and servers, nothing shortened")
    return options


def is_whole(options):
    """Whether all was measured, at the usual length or longer."""
    return (not options.quick and set(options.rows) == set(GROUPS)
            and set(options.servers) == set(SERVERS)
            and (options.rounds or USUAL["rounds"]) >= USUAL["rounds"]
            and (options.seconds or USUAL["seconds"]) >= USUAL["seconds"])


def settings_of(options):
    chosen = dict(QUICK if options.quick else USUAL)
    chosen.update({name: value for name in ("rounds", "seconds")
                   if (value := getattr(options, name))})
    return chosen


def measure(options):
    servers = [name for name in SERVERS if name in options.servers]
    if missing := machine.missing_programs(servers):
        raise SystemExit(f"not built: {' '.join(missing)}; tests/bench/compare builds them, unless "
                         "REACTORD_BIN_DIR names another folder")
    settings = settings_of(options)
    rows = [row for row in ROWS if row.group in options.rows]
    extras = [extra for extra in EXTRAS if extra in options.rows]
    idle.raise_descriptor_limit(max([row.idle for row in rows]
                                    + [settings["idle"] if "memory" in extras else 0]))
    progress = Progress(0)
    comparison = Comparison(settings, rows, servers, extras, progress)
    progress.steps = comparison.steps()
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    measured = comparison.run()
    progress.end()
    return {"when": when, "machine": machine.describe_machine(), "settings": settings,
            "whole": is_whole(options),
            "servers": {name: {"version": machine.version(name), "does": SERVERS[name]}
                        for name in servers},
            "goals": ratios.judge(measured), "measured": measured}


def write(result, folder, name):
    """NAME.json, NAME.svg and, for those who only want to read, NAME.md."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(result, ensure_ascii=False) + "\n")
    (folder / f"{name}.svg").write_text(chart.draw(result))


def update_readme(result, path):
    if not result["whole"]:
        raise SystemExit(f"{path} is not changed: this is a part of a run, or a short one")
    readme = path.read_text()
    section = f"{markdown.render(result)}\n![The ratios to the floor](comparison.svg)\n"
    updated = markdown.replace_section(readme, section)  # before anything is written
    write(result, path.parent, "comparison")
    path.write_text(updated)


def main():
    options = parse(sys.argv[1:])
    # Ended as by Ctrl-C: the servers are stopped on the way out.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if options.update_readme:
        markdown.replace_section(options.update_readme.read_text(), "")  # or a run would be in vain
    try:
        result = json.loads(options.source.read_text()) if options.source else measure(options)
    except KeyboardInterrupt:
        raise SystemExit("interrupted; nothing is written") from None
    write(result, options.out, "compare")
    (options.out / "compare.md").write_text(markdown.render(result))
    print(markdown.render(result))
    print(f"in {options.out}: compare.md, compare.json, compare.svg", file=sys.stderr)
    if options.update_readme:
        update_readme(result, options.update_readme)


if __name__ == "__main__":
    main()
