# SPDX-License-Identifier: MIT
"""The result of a run as Markdown tables, and its place in a README. Measures nothing."""

import ratios
from rows import INSTRUCTION_ROWS, ROWS

BEGIN = "<!-- Written by `tests/bench/compare --update-readme`. -->\n"
END = "<!-- The end of what it wrote. -->\n"
PERCENTILES = ("p50", "p99", "p99.9")


def table(head, rows, others="---:"):
    """A column without any figure is left out; `others` says how all but the first are aligned."""
    kept = [i for i in range(len(head)) if i == 0 or any(row[i] for row in rows)]
    lines = [[row[i] for i in kept] for row in [head, *rows]]
    lines.insert(1, ["---" if i == 0 else others for i in range(len(kept))])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def times(nanoseconds):
    if nanoseconds < 10_000:
        return f"{nanoseconds:,.0f} ns"
    if nanoseconds < 10_000_000:
        return f"{nanoseconds / 1000:,.1f} µs"
    return f"{nanoseconds / 1e6:,.1f} ms"


def ratio_cell(ratio):
    return f"{ratio.median:.2f} ({ratio.least:.2f}–{ratio.most:.2f})" if ratio else ""


def beside_floor(nanoseconds, ratio, server):
    figure = times(ratios.median(nanoseconds))
    return f"{figure}, {ratio_cell(ratio)}" if ratio and server != "floor" else figure


def cpu_cell(measured, row, server):
    figures = ratios.cpu_of(measured, row.key, server)
    if not figures:
        return ""
    return beside_floor(figures["nanoseconds"], ratios.to_floor(measured, row.key, server), server)


def cpu_table(measured, servers):
    rows = [row for row in ROWS if row.key in measured["rows"]]
    return table(["server CPU a request", *servers],
                 [[row.title, *(cpu_cell(measured, row, name) for name in servers)]
                  for row in rows])


def alone_table(measured, servers):
    rows = [row for row in ROWS if row.idle and row.key in measured["rows"]]
    found = {(row, name): ratios.to_itself_alone(measured, row.key, name)
             for row in rows for name in servers}
    return table(["CPU to its own without the idle", *servers],
                 [[row.title, *(ratio_cell(found[row, name]) for name in servers)] for row in rows])


def rate_table(measured, servers):
    rows = [row for row in ROWS if row.key in measured["rows"]]

    def cell(row, name):
        figures = ratios.cpu_of(measured, row.key, name)
        return f"{ratios.median(figures['rate']):,.0f}" if figures else ""

    return table(["requests a second", *servers],
                 [[row.title, *(cell(row, name) for name in servers)] for row in rows])


def latency_table(measured, servers):
    def cell(percentile, name):
        figures = measured["latency"].get(name)
        ratio = ratios.latency_to_floor(measured, percentile, name)
        return beside_floor(figures[percentile], ratio, name) if figures else ""

    def late(name):
        figures = measured["latency"].get(name)
        return f"{100 * ratios.median(figures['late_share']):.2f}%" if figures else ""

    rate = measured["latency_rate"]
    return table([f"latency at {rate:,} requests a second", *servers],
                 [*([percentile, *(cell(percentile, name) for name in servers)]
                    for percentile in PERCENTILES),
                  ["sent over 1 ms late", *(late(name) for name in servers)]])


def instruction_table(measured, servers):
    def cell(count):
        return "" if count is None else f"{count:.1f}" if count < 100 else f"{count:,.0f}"

    rows = [row for row in INSTRUCTION_ROWS if row.key in measured["instructions"]]
    return table([f"instructions a request ({measured['instructions_by']})", *servers],
                 [[row.title, *(cell(counts.get(name)) for name in servers)]
                  for row in rows for counts in [measured["instructions"][row.key]]])


def start_rows(measured, servers):
    def cell(name, key):
        values = [value for value in measured["start"].get(name, {}).get(key, []) if value]
        return f"{ratios.median(values):.1f} ms" if values else ""

    return [["start to the first reply", *(cell(name, "first_reply_ms") for name in servers)],
            ["start to `READY=1`", *(cell(name, "ready_ms") for name in servers)]]


def memory_rows(measured, servers):
    def cell(name, show):
        figures = measured["memory"].get(name)
        return show(figures) if figures else ""

    shown = {
        "bytes of an idle connection": lambda figures: f"{figures['each']:,.0f}",
        "the same, at once": lambda figures: f"{figures['each_at_once']:,.0f}",
        "resident at rest": lambda figures: f"{figures['resident'] // 1024:,} KiB",
        "private at rest": lambda figures: f"{figures['private'] // 1024:,} KiB",
    }
    return [[what, *(cell(name, show) for name in servers)] for what, show in shown.items()]


def goal_figure(verdict):
    digits = 0 if verdict["at_most"] >= 100 else 3  # so that 1.104 is not shown as the goal
    figure = f"{verdict['median']:.{digits}f}"
    if verdict["least"] == verdict["most"]:
        return figure
    return f"{figure} ({verdict['least']:.{digits}f}–{verdict['most']:.{digits}f})"


def goal_table(verdicts):
    def verdict_row(verdict):
        bound = f"{verdict['at_most']:g}"
        if verdict["met"] is None:
            return [verdict["goal"], bound, "", "not measured"]
        return [verdict["goal"], bound, goal_figure(verdict),
                "met" if verdict["met"] else "**not met**"]

    return table(["goal of reactord", "at most", "seen", "verdict"],
                 [verdict_row(verdict) for verdict in verdicts], others="---")


def server_table(result):
    return table(["server", "version", "what it is"],
                 [[name, about["version"], about["does"]]
                  for name, about in result["servers"].items()], others="---")


def conditions(result):
    machine, settings = result["machine"], result["settings"]
    cut = "" if result["whole"] else " **A part of a run, or a short one: for a look only.**"
    return (f"{result['when']}; {machine['processor']}, {machine['cores']} cores, "
            f"{machine['memory']}, {machine['system']}. {settings['rounds']} rounds of "
            f"{settings['seconds']:g} s a row.{cut}\n")


def render(result):
    """All tables, with the machine."""
    measured, servers = result["measured"], list(result["servers"])
    parts = [conditions(result), goal_table(result["goals"])]
    if measured["rows"]:
        parts.append("CPU: median, then its ratio to the floor's (least to most of the rounds).\n")
        parts += [cpu_table(measured, servers)]
        if any(row.idle for row in ROWS if row.key in measured["rows"]):
            parts.append(alone_table(measured, servers))
    if "latency" in measured:
        parts.append(latency_table(measured, servers))
    if "instructions" in measured:
        parts.append(instruction_table(measured, servers))
    once = start_rows(measured, servers) if "start" in measured else []
    once += memory_rows(measured, servers) if "memory" in measured else []
    if once:
        parts.append(table(["memory and start", *servers], once))
    if measured["rows"]:
        parts.append(rate_table(measured, servers))
    parts.append(server_table(result))
    return "\n".join(parts)


def replace_section(readme, text):
    """The README with `text` between the two marks."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit("the README has no place for the result: it needs the lines\n"
                         f"{BEGIN}{END}")
    return before + begin + "\n" + text + "\n" + end + after
