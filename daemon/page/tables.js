
// Tables, whose rows are replaced each second. A row is a list of cells: text, or [text, class].

function tableCard(id, title, heads, empty, rowsOf, wide) {
  const body = make("tbody"), nothing = make("p", {class: "nothing"}, empty);
  const table = make("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": title}, make("table", {},
    make("thead", {}, make("tr", {}, heads.map(head => make("th", {scope: "col", class: head.startsWith("<") ? "left" : ""}, head.replace("<", ""))))), body));
  const card = make("section", {class: wide ? "card wide" : "card", id, "aria-labelledby": id + "-title"},
    make("div", {class: "head"}, make("h2", {id: id + "-title"}, title)), table, nothing);
  return {card, show: now => {
    const rows = rowsOf(now);
    table.hidden = !rows.length;
    nothing.hidden = rows.length > 0;
    body.replaceChildren(...rows.map(cells => make("tr", {}, cells.map(cell => Array.isArray(cell)
      ? make("td", {class: cell[1]}, cell[0]) : make("td", {}, cell)))));
  }};
}

// What was counted before this page was opened, and since.
const first = new Map();
function sinceOpened(key, count) {
  if (!first.has(key)) first.set(key, opened.isNew ? count : 0);
  return count - first.get(key);
}
const opened = {isNew: true};  // until the first figures are shown

const reason = name => name.replaceAll("_", " ");
const some = n => n ? grouped(n) : "–";
const duration = s => s < 60 ? s + "\u202fs" : s < 3600 ? Math.floor(s / 60) + "\u202fmin" : s < 86400 ? (s / 3600).toFixed(1) + "\u202fh" : (s / 86400).toFixed(1) + "\u202fd";
const counted = (kind, list) => list.map(({reason: name, count}) => [reason(name), some(sinceOpened(kind + name, count)), grouped(count)]);

const tables = [
  tableCard("commands", "Busiest commands", ["command", "a second", "in all", "time each", "median", "p99", "failed"], "Nothing was called yet.",
    now => now.commands.map(c => [c.name, some(c.now), grouped(c.calls), c.calls ? time(c.ns / c.calls) : "–", c.p50 ? time(c.p50) : "–",
      c.p99 ? time(c.p99) : "–", c.failed + c.rejected ? [grouped(c.failed + c.rejected), "bad-text"] : "–"])),
  tableCard("ends", "Why connections ended", ["reason", "while you look", "in all"], "No connection has ended yet.",
    now => counted("ends", now.ends)),
  tableCard("clients", "Busiest clients", ["client", "<name", "<user", "<last command", "a second", "in all", "loop's time", "latency", "longest", "<last error",
    "received", "sent", "holds", "idle", "connected"],
    "Nobody is connected.",
    now => now.clients.slice(0, 12).map(c => [`${c.id}  ${c.peer}`, [c.name || "–", "left"], [c.user || "–", "left"], [c.last, "left"], some(c.now), grouped(c.requests),
      time(c.worked_us * 1000), c.requests ? time(c.latency_us * 1000 / c.requests) : "–", c.longest_us ? time(c.longest_us * 1000) : "–",
      [c.error || "–", c.error ? "left bad-text" : "left"], bytes(c.received), bytes(c.sent), bytes(c.held), duration(c.idle), duration(c.age)]), true),
  tableCard("limits", "Limits that strike", ["limit", "while you look", "in all"], "Nothing was too much.",
    now => [...counted("refused", now.limits.refused).map(([name, ...rest]) => ["refused: " + name, ...rest]),
      ...counted("waiting", now.limits.waiting).map(([name, ...rest]) => ["waiting: " + name, ...rest]),
      ...now.limits.rules.flatMap(rule => ["connections", "connection_rate", "request_rate", "byte_rate"].filter(kind => rule[kind])
        .map(kind => [`${rule.name}: ${reason(kind)}` + (rule.dry_run ? " (dry run)" : ""), some(sinceOpened(rule.name + " " + kind, rule[kind])), grouped(rule[kind])]))]),
  tableCard("errors", "Errors sent", ["code", "while you look", "in all"], "No error was sent.",
    now => now.errors.map(e => [e.code, some(sinceOpened("errors" + e.code, e.count)), grouped(e.count)])),
  tableCard("slow", "Slow requests", ["when", "took", "<request", "<client"], "None took longer than slowlog.slower_than.",
    now => now.slow.map(s => [new Date(s.time * 1000).toLocaleTimeString([], {hour12: false}), time(s.us * 1000) + (s.calls > 1 ? ` for ${grouped(s.calls)}` : ""),
      [s.words, "words"], [s.name ? `${s.name}  ${s.peer}` : s.peer, "left"]]), true),
];
document.getElementById("tables").append(...tables.map(table => table.card));
