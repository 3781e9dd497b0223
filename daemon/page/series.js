
// The last minutes, in charts that are drawn anew each second.

const MOST_POINTS = 300;  // as many as the daemon keeps: five minutes
const P50 = 0, P90 = 1, P99 = 2, P999 = 3, MOST = 4;
const points = [];  // of the seconds, oldest first

function addPoints(more) {
  for (const point of more) if (point && (!points.length || point.n > points[points.length - 1].n)) points.push(point);
  while (points.length > MOST_POINTS) points.shift();
}
const newest = () => points[points.length - 1];
const age = point => (newest().t - point.t) / 1000;
const rate = (point, key) => point[key] / (point.s || 1);
// What the charts are wide enough for, in seconds: they are not to be empty for the first minutes.
const span = () => [60, 120, 300].find(seconds => age(points[0]) <= seconds) ?? 300;
const shown = () => points.filter(point => age(point) <= span());
const ago = point => age(point) < .5 ? "now" : axisSeconds(Math.round(age(point))) + " ago";

function chartCard(id, title, legendOf, draw) {
  const svg = make("svg", {role: "application", tabindex: 0, "aria-roledescription": "chart: arrow keys read it"});
  const card = make("section", {class: "card", id, "aria-labelledby": id + "-title"},
    make("div", {class: "head"}, make("h2", {id: id + "-title"}, title), legend(legendOf)), svg);
  return {card, draw: () => {
    const width = Math.max(280, card.clientWidth - 38);
    draw(svg, width, Math.max(2, Math.floor((width - L) / 110)));
  }};
}

function axes(chart, marks, yTicks, label) {
  chart.gridY(yTicks, label);
  chart.labelX(timeTicks(span(), marks).map(v => -v), v => v ? axisSeconds(-v) + " ago" : "now");
}
const across = seconds => linear(-span(), 0)(seconds);
const at = point => -age(point);
const tint = color => `color-mix(in srgb, var(${color}) 16%, transparent)`;

function line(chart, items, value, color) {
  chart.path(items.map(p => [at(p), value(p)]), {stroke: `var(${color})`, "stroke-width": 2, "stroke-linejoin": "round"});
}

function drawRate(svg, width, marks) {
  const items = shown(), most = Math.max(...items.map(p => rate(p, "requests")), 10) * 1.08;
  const chart = new Chart(width, 210, across, linear(0, most), svg);
  axes(chart, marks, ticks(most, 4), axisCount);
  chart.band(items.map(p => [at(p), rate(p, "requests")]), items.map(p => [at(p), 0]), tint("--accent"));
  line(chart, items, p => rate(p, "requests"), "--accent");
  if (items.some(p => p.errors)) line(chart, items, p => rate(p, "errors"), "--bad");
  svg.setAttribute("aria-label", `Requests a second: ${short(rate(newest(), "requests"))} now`);
  chart.hover(items, at, p => [[ago(p)], ["requests a second", grouped(rate(p, "requests"))], ["errors", grouped(rate(p, "errors"))],
    ["busy", Math.round(100 * p.busy / (p.s || 1)) + "%"]]);
}

// Bands between shares of all: the darker, the more of them took no longer.
function drawBands(svg, width, marks, key, bands, what, mark) {
  const all = shown(), items = all.filter(p => p[key][MOST] > 0);
  const values = items.length ? items : [{[key]: [1e4, 1e4, 1e4, 1e4, 1e6]}];
  const least = Math.min(...values.map(p => p[key][P50])) * .8;
  const most = Math.max(...values.map(p => p[key][MOST]), mark ?? 0) * 1.2;
  const chart = new Chart(width, 210, across, logarithmic(least, most), svg);
  axes(chart, marks, logTicks(least, most, most / least > 300 ? [1] : most / least > 20 ? [1, 3] : [1, 2, 5]), axisTime);
  for (const run of withoutGaps(items)) {
    const of = share => run.map(p => [at(p), Math.max(p[key][share], least)]);
    for (const [upper, lower, color] of bands) chart.band(of(upper), of(lower), `var(${color})`);
    chart.path(of(P50), {stroke: "var(--b5)", "stroke-width": 2, "stroke-linejoin": "round"});
  }
  if (mark) chart.add(make("line", {class: "cross", x1: L, x2: width - RIGHT, y1: chart.py(mark), y2: chart.py(mark)}));
  svg.setAttribute("aria-label", items.length
    ? `${what}: median ${time(items[items.length - 1][key][P50])}, slowest ${time(items[items.length - 1][key][MOST])}` : `${what}: none yet`);
  if (items.length) chart.hover(items, at, p => [[ago(p)], ["slowest", time(p[key][MOST])], ["p99.9", time(p[key][P999])], ["p99", time(p[key][P99])],
    ["p90", time(p[key][P90])], ["median", time(p[key][P50])]]);
}
// Seconds in which there was nothing are not bridged.
function withoutGaps(items) {
  const runs = [];
  for (const p of items) {
    const last = runs[runs.length - 1];
    if (last && p.n === last[last.length - 1].n + 1) last.push(p); else runs.push([p]);
  }
  return runs;
}

function drawConnections(svg, width, marks) {
  const items = shown(), most = Math.max(...items.map(p => Math.max(p.clients, rate(p, "opened"), rate(p, "closed"))), 4) * 1.1;
  const chart = new Chart(width, 210, across, linear(0, most), svg);
  axes(chart, marks, ticks(most, 4).filter(Number.isInteger), axisCount);
  chart.band(items.map(p => [at(p), p.clients]), items.map(p => [at(p), 0]), tint("--accent"));
  line(chart, items, p => p.clients, "--accent");
  line(chart, items, p => rate(p, "opened"), "--good");
  line(chart, items, p => rate(p, "closed"), "--warn");
  if (items.some(p => p.refused)) line(chart, items, p => rate(p, "refused"), "--bad");
  svg.setAttribute("aria-label", `Connections: ${grouped(newest().clients)} now`);
  chart.hover(items, at, p => [[ago(p)], ["connected", grouped(p.clients)], ["opened a second", grouped(rate(p, "opened"))],
    ["closed a second", grouped(rate(p, "closed"))], ["refused a second", grouped(rate(p, "refused"))]]);
}

const shares = [["var(--b5)", "median"], ["var(--b4)", "to p90"], ["var(--b3)", "to p99"], ["var(--b2)", "to p99.9"], ["var(--b1)", "to the slowest"]];
const bands = [[MOST, P999, "--b1"], [P999, P99, "--b2"], [P99, P90, "--b3"], [P90, P50, "--b4"]];
const charts = [
  chartCard("rate", "Requests a second", [["var(--accent)", "requests"], ["var(--bad)", "errors"]], drawRate),
  chartCard("latency", "Latency of requests", shares, (svg, w, m) => drawBands(svg, w, m, "latency", bands, "Latency")),
  chartCard("turns", "Length of the loop's turns", [...shares, ["var(--soft)", "2 ms"]],
    (svg, w, m) => drawBands(svg, w, m, "turn", bands, "Turns", 2e6)),
  chartCard("connections", "Connections", [["var(--accent)", "connected"], ["var(--good)", "opened a second"], ["var(--warn)", "closed a second"],
    ["var(--bad)", "refused a second"]], drawConnections),
];
document.getElementById("charts").append(...charts.map(chart => chart.card));
