
// The page: what comes of the stream is shown; while it is hidden or paused it is only kept.

const $ = id => document.getElementById(id);
const put = (id, text, style) => { const node = $(id); if (node.textContent !== text) node.textContent = text; if (style !== undefined) node.className = style; };
let now = null;       // the latest figures
let run = null;       // which process they are of
let paused = false;
let source = null;
let heardAt = 0;

// --- what there is at this moment

const tiles = new Map();
function tile(name, value, extra = "", style = "") {
  if (!tiles.has(name)) {
    const number = make("b"), more = make("small");
    $("tiles").append(make("div", {class: "tile"}, make("dt", {}, name), make("dd", {}, number, " ", more)));
    tiles.set(name, {number, more});
  }
  const {number, more} = tiles.get(name);
  number.textContent = value;
  more.textContent = extra;
  number.className = style;
}

function showTiles() {
  const s = now.state, p = now.point;
  const percent = x => p ? Math.round(100 * x / (p.s || 1)) + "%" : "–";
  const share = (key, i) => p && p[key][MOST] ? time(p[key][i]) : "–";
  tile("Requests a second", p ? short(rate(p, "requests")) : "–");
  tile("Median latency", share("latency", P50));
  tile("p99 latency", share("latency", P99));
  tile("Errors a second", p ? short(rate(p, "errors")) : "–", "", p && p.errors ? "bad-text" : "");
  tile("Connected", grouped(s.clients), "of " + short(s.max_clients), s.clients >= s.max_clients ? "bad-text" : "");
  tile("Loop busy", percent(p?.busy));
  tile("Processor", percent(p?.cpu), "of one core");
  tile("Longest turn", share("turn", MOST), "ever " + time(s.longest_turn));
  tile("Memory", bytes(s.resident), "in RAM");
  tile("Clients' buffers", bytes(s.buffers));
  tile("Replies pending", grouped(s.pending));
  tile("Workers", grouped(s.workers.running), s.workers.queued ? `${grouped(s.workers.queued)} wait` : "at work");
}

function showState() {
  const s = now.state;
  if (s.draining) put("state", "draining: " + s.draining, "badge bad");
  else if (s.paused_ms) put("state", "clients are paused", "badge bad");
  else put("state", "serving", "badge good");
  const days = s.certificate_days === undefined ? "" : ` · certificate for ${s.certificate_days} days`;
  put("under", `${location.host} · ${s.version}${s.commit ? " " + s.commit.slice(0, 8) : ""} · up ${duration(s.uptime)} · ` +
    `${grouped(s.requests)} requests · ${grouped(s.opened)} connections · log level ${s.log_level}${days}`);
  put("foot", (s.log_dropped ? `${grouped(s.log_dropped)} log records were lost · ` : "") + `started ${new Date(s.started).toLocaleString([], {hour12: false})} · times within 1%`);
}

function show() {
  if (!now || document.hidden) return;
  showState();
  showTiles();
  for (const table of tables) table.show(now);
  opened.isNew = false;
  if (points.length > 1) for (const chart of charts) chart.draw();
}

// --- the stream

function tellLive(text, style) { put("live", text, style); document.documentElement.classList.toggle("old", style === "bad"); }

function connect() {
  source = new EventSource("api/live");
  source.addEventListener("history", event => {
    const history = JSON.parse(event.data);
    if (run !== history.run) { points.length = 0; first.clear(); opened.isNew = true; $("config-all").open = false; }
    run = history.run;
    addPoints(history.points);
  });
  source.addEventListener("second", event => {
    const figures = JSON.parse(event.data);
    addPoints([figures.point]);
    heardAt = performance.now();
    if (paused) return;
    now = figures;
    tellLive("live", "good");
    show();
  });
  source.onerror = () => {
    const isRefused = source.readyState === EventSource.CLOSED;  // else the browser tries again by itself
    if (!paused) tellLive(isRefused ? "too many pages are open" : "no connection", "bad");
    if (isRefused) setTimeout(connect, 5000);
  };
}
setInterval(() => { if (!paused && heardAt && performance.now() - heardAt > 5000) tellLive("no connection", "bad"); }, 1000);

$("pause").addEventListener("click", () => {
  paused = !paused;
  put("pause", paused ? "Go on" : "Pause");
  $("pause").setAttribute("aria-pressed", paused);
  tellLive(paused ? "paused" : "live", paused ? "" : "good");
});
document.addEventListener("visibilitychange", show);
new ResizeObserver(() => { if (!paused || points.length) show(); }).observe($("charts"));

// --- the configuration, when somebody wants it

let settings = [];
function showSettings() {
  const wanted = $("config-filter").value.toLowerCase();
  const found = settings.filter(({path, value}) => path.toLowerCase().includes(wanted) || value.toLowerCase().includes(wanted));
  put("config-count", `${grouped(found.length)} of ${grouped(settings.length)}`);
  $("config-table").replaceChildren(make("thead", {}, make("tr", {}, make("th", {scope: "col"}, "setting"), make("th", {scope: "col", class: "left"}, "value"))),
    make("tbody", {}, found.map(({path, value}) => make("tr", {}, make("td", {}, path), make("td", {}, value)))));
}
$("config-all").addEventListener("toggle", async () => {
  if (!$("config-all").open) return;
  try {
    settings = await (await fetch("api/config")).json();
    showSettings();
  } catch {
    put("config-count", "cannot be read just now: close this, and open it again");
  }
});
$("config-filter").addEventListener("input", showSettings);

connect();
