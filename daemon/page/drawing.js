// What the daemon's page and reactor-load's have in common: numbers as people read them, elements, axes, charts.

// --- words and numbers

const grouped = n => Math.round(n).toString().replace(/\B(?=(\d{3})+$)/g, "\u202f");
const three = n => n >= 99.95 ? n.toFixed(0) : n >= 9.995 ? n.toFixed(1) : n.toFixed(2);
function time(ns) {
  for (const [unit, size] of [["s", 1e9], ["ms", 1e6], ["µs", 1e3]])
    if (ns >= size * .9995) return three(ns / size) + "\u202f" + unit;
  return Math.round(ns) + "\u202fns";
}
const withoutZeros = text => text.replace(/\.0+(?=\D)|(?<=\.\d)0+(?=\D)/, "");
const axisTime = ns => withoutZeros(time(ns));
function bytes(n) {
  let unit = 0;
  while (n >= 1024 && unit < 4) { n /= 1024; ++unit; }
  return (unit ? three(n) : n) + "\u202f" + ["B", "KiB", "MiB", "GiB", "TiB"][unit];
}
const short = n => n >= 1e9 ? three(n / 1e9) + " G" : n >= 1e6 ? three(n / 1e6) + " M" : n >= 1e4 ? three(n / 1e3) + " k" : grouped(n);
const axisCount = n => withoutZeros(short(n));

// --- building: text stays text, and a style is set without markup, which a strict page forbids

function make(name, attributes = {}, ...children) {
  const svg = ["svg", "g", "path", "line", "rect", "text", "circle", "title"].includes(name);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (key === "style") node.style.cssText = value; else node.setAttribute(key, value);
  for (const child of children.flat(Infinity)) if (child !== null && child !== undefined) node.append(child);
  return node;
}
const legend = entries => make("div", {class: "legend"}, entries.map(([color, text]) =>
  make("span", {}, make("i", {style: `background:${color}`}), text)));

// --- scales and axes

const L = 62, RIGHT = 14, TOP = 10, BOTTOM = 26;
function ticks(most, count) {
  const raw = most / count, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map(f => f * power).find(s => s >= raw);
  const out = [];
  for (let v = 0; v <= most * 1.0001; v += step) out.push(v);
  return out;
}
function timeTicks(most, count) {
  const steps = [.1, .2, .5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];
  const step = steps.find(s => most / s <= count) ?? 86400;
  const out = [];
  for (let i = 0; i * step <= most * 1.0001; ++i) out.push(i * step);
  return out;
}
function axisSeconds(s) {
  if (s < 60) return Number(s.toFixed(1)) + "\u202fs";
  const hours = Math.floor(s / 3600), minutes = Math.floor(s / 60) % 60, rest = Math.round(s % 60);
  return [[hours, "h"], [minutes, "min"], [rest, "s"]].filter(([n]) => n).map(([n, unit]) => n + "\u202f" + unit).join(" ");
}
function logTicks(least, most, factors = [1]) {
  const out = [];
  for (let p = Math.floor(Math.log10(least)); p <= Math.ceil(Math.log10(most)); ++p)
    for (const f of factors) { const v = f * 10 ** p; if (v >= least * .999 && v <= most * 1.001) out.push(v); }
  return out;
}
const linear = (a, b) => v => (v - a) / (b - a || 1);
const logarithmic = (a, b) => v => (Math.log10(Math.max(v, a)) - Math.log10(a)) / (Math.log10(b) - Math.log10(a) || 1);

// --- charts: drawn anew into `svg`, where there is one, which keeps its focus and what is selected in it

class Chart {
  constructor(width, height, x, y, svg = make("svg", {role: "img"})) {
    this.w = width; this.h = height; this.x = x; this.y = y; this.svg = svg;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.replaceChildren();
  }
  px(v) { return L + this.x(v) * (this.w - L - RIGHT); }
  py(v) { return this.h - BOTTOM - this.y(v) * (this.h - TOP - BOTTOM); }
  add(...nodes) { this.svg.append(...nodes); return this; }
  gridY(values, label) {
    for (const v of values) {
      const y = this.py(v);
      this.add(make("line", {class: "grid", x1: L, x2: this.w - RIGHT, y1: y, y2: y}),
               make("text", {x: L - 8, y: y + 4, "text-anchor": "end"}, label(v)));
    }
  }
  labelX(values, label) {
    for (const v of values)
      this.add(make("text", {x: this.px(v), y: this.h - 6, "text-anchor": "middle"}, label(v)));
  }
  path(points, attributes) {
    const d = points.map(([x, y], i) => `${i ? "L" : "M"}${this.px(x).toFixed(1)} ${this.py(y).toFixed(1)}`).join("");
    this.add(make("path", {d, fill: "none", ...attributes}));
  }
  band(upper, lower, fill) {
    const d = (points, first) => points.map(([x, y], i) => `${i ? "L" : first}${this.px(x).toFixed(1)} ${this.py(y).toFixed(1)}`).join("");
    this.add(make("path", {d: d(upper, "M") + d([...lower].reverse(), "L") + "Z", fill}));
  }
  // Shows the item nearest to the pointer, or the one that the arrow keys have chosen.
  hover(items, position, rows) {
    const svg = this.svg, tip = document.getElementById("tip");
    const cross = make("line", {class: "cross", y1: TOP, y2: this.h - BOTTOM, visibility: "hidden"});
    this.add(cross);
    const nearest = at => items.reduce((best, item) =>
      Math.abs(this.px(position(item)) - at) < Math.abs(this.px(position(best)) - at) ? item : best);
    const show = (item, top) => {
      const box = svg.getBoundingClientRect(), x = this.px(position(item));
      svg.selected = {at: position(item), top};
      for (const end of ["x1", "x2"]) cross.setAttribute(end, x);
      cross.setAttribute("visibility", "visible");
      tip.replaceChildren(...rows(item).map(([name, value]) => make("div", {}, make("span", {}, name), make("b", {}, value ?? ""))));
      tip.style.display = "block";
      const left = box.left + x * box.width / this.w + 14;
      tip.style.left = Math.max(8, left + tip.offsetWidth + 8 < innerWidth ? left : left - tip.offsetWidth - 28) + "px";
      tip.style.top = Math.min(box.top + top, innerHeight - tip.offsetHeight - 8) + "px";
    };
    const hide = () => { svg.selected = null; tip.style.display = "none"; cross.setAttribute("visibility", "hidden"); };
    const steps = {ArrowLeft: i => i - 1, ArrowRight: i => i + 1, Home: () => 0, End: () => items.length - 1};
    svg.setAttribute("tabindex", 0);
    svg.onpointermove = event => {
      const box = svg.getBoundingClientRect();
      show(nearest((event.clientX - box.left) * this.w / box.width), event.clientY - box.top + 16);
    };
    svg.onpointerleave = svg.onblur = hide;
    svg.onkeydown = event => {
      if (event.key === "Escape") return hide();
      if (!steps[event.key]) return;
      event.preventDefault();
      const from = svg.selected ? items.indexOf(nearest(this.px(svg.selected.at))) : items.length;
      show(items[Math.max(0, Math.min(items.length - 1, steps[event.key](from)))], TOP);
    };
    if (svg.selected) show(nearest(this.px(svg.selected.at)), svg.selected.top);
  }
}
