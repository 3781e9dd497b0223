# SPDX-License-Identifier: MIT
"""Draws the CPU of every server beside the floor's as an SVG file, for light and dark pages."""

from html import escape

import ratios
from rows import ROWS

WIDTH, LEFT, RIGHT, TOP = 760, 190, 60, 64
BAR, GAP = 10, 14
MOST = 3.0  # what is longer is cut, and says how long it is
COLOURS = {"floor": "#8a8f98", "reactord": "#d9480f", "redis": "#1971c2", "libevent": "#2f9e44",
           "libuv": "#9c36b5", "asio": "#e0a100", "memcached": "#0c8599"}

STYLE = """text { font: 11px sans-serif; fill: #333 } .title { font-size: 14px; font-weight: bold }
.page { fill: #fff } .line { stroke: #ccc } .one { stroke: #333 }
@media (prefers-color-scheme: dark) { text { fill: #ddd } .page { fill: #16181c }
.line { stroke: #444 } .one { stroke: #ddd } }"""


def x_of(ratio):
    return LEFT + (WIDTH - LEFT - RIGHT) * min(ratio, MOST) / MOST


def text(x, y, what, anchor="start", style=""):
    return (f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}"{style}>{escape(what)}</text>')


def bar(y, name, ratio):
    number = f"{ratio.median:.2f}" + (" →" if ratio.median > MOST else "")
    return [f'<rect x="{LEFT}" y="{y:.0f}" width="{x_of(ratio.median) - LEFT:.1f}" '
            f'height="{BAR - 2}" fill="{COLOURS[name]}"><title>{name}: {ratio.median:.2f} '
            f'({ratio.least:.2f} to {ratio.most:.2f})</title></rect>',
            text(x_of(ratio.median) + 4, y + BAR - 2, number, style=' font-size="9"')]


def legend(servers):
    out, x = [], LEFT
    for name in servers:
        out += [f'<rect x="{x}" y="36" width="10" height="10" fill="{COLOURS[name]}"/>',
                text(x + 14, 45, name)]
        x += 78
    return out


def groups(measured, servers):
    """(row, [(server, ratio)]) of the rows that have a ratio."""
    for row in (row for row in ROWS if row.key in measured["rows"]):
        found = [(name, ratios.to_floor(measured, row.key, name)) for name in servers]
        found = [(name, ratio) for name, ratio in found if ratio]
        if found:
            yield row, found


def grid(bottom):
    out = []
    for tick in (0, 0.5, 1, 1.5, 2, 2.5, 3):
        kind = "one" if tick == 1 else "line"
        out += [f'<line class="{kind}" x1="{x_of(tick):.1f}" x2="{x_of(tick):.1f}" y1="{TOP - 8}" '
                f'y2="{bottom}"/>', text(x_of(tick), bottom + 14, f"{tick:g}", "middle")]
    return out


def draw(result):
    servers = [name for name in result["servers"] if name != "floor"]
    bars, y = [], TOP
    for row, found in groups(result["measured"], servers):
        middle = y + len(found) * BAR / 2 + 4
        title = row.title.replace("`", "").replace(" of them", "")
        bars.append(text(LEFT - 8, middle, title, "end"))
        for name, ratio in found:
            bars += bar(y, name, ratio)
            y += BAR
        y += GAP
    height = y + 24
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}">', f"<style>{STYLE}</style>",
        f'<rect class="page" width="{WIDTH}" height="{height}"/>',
        text(LEFT, 22, "Server CPU for each request; the floor is 1", style=' class="title"'),
        *legend(servers), *grid(y - GAP / 2), *bars, "</svg>", ""])
