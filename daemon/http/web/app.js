// The dashboard: the state of all targets, kept live by server-sent events. Every text is put in as text, never as HTML.
"use strict";

const rows = new Map();        // target → row as /api/v1/status gives it
const elements = new Map();    // target → <tr>
let selected = null;
const $ = (id) => document.getElementById(id);

function element(tag, text, className) {
  const out = document.createElement(tag);
  if (text !== undefined) out.textContent = text;
  if (className) out.className = className;
  return out;
}

function age(time) {
  if (!time) return "";
  const seconds = Math.max(0, (Date.now() - Date.parse(time)) / 1000);
  if (seconds < 60) return `${Math.floor(seconds)}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86400)}d`;
}

const marks = { live: "✓", failed: "✗", releasing: "…", held: "‖", waiting: "…", unverified: "?", drifted: "!", orphaned: "!", new: "·", retired: "–" };

function matches(row) {
  const words = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const text = [row.target, row.state, row.subject, row.source_commit, row.why, row.author].join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}

function commitCell(row) {
  const cell = element("td");
  if (row.source_commit) cell.append(element("span", row.source_commit.slice(0, 7), "commit"), " ");
  cell.append(row.subject || "");
  return cell;
}

function fill(tr, row) {
  const name = element("td");
  const open = element("button", row.target, "link");
  open.type = "button";
  open.addEventListener("click", () => show(row.target));
  name.append(open);
  const state = row.state === "releasing" && row.step ? `releasing: ${row.step}` : row.state;
  const since = element("td", age(row.since));
  since.title = row.since || "";
  since.dataset.time = row.since || "";
  const stateCell = element("td");
  stateCell.append(element("span", `${marks[row.state] || ""} ${state}`, `state ${row.state}`));
  tr.replaceChildren(name, stateCell, element("td", row.release || ""), commitCell(row), since, element("td", row.why || "", "dim"));
  tr.hidden = !matches(row);
}

function put(row, changed) {
  rows.set(row.target, row);
  let tr = elements.get(row.target);
  if (!tr) {
    tr = element("tr");
    elements.set(row.target, tr);
    const after = [...elements.keys()].filter((other) => other > row.target).sort()[0];
    $("rows").insertBefore(tr, after ? elements.get(after) : null);
  }
  const focused = tr.contains(document.activeElement);
  fill(tr, row);
  if (focused) tr.querySelector("button").focus();
  if (changed) {
    tr.classList.remove("changed");
    void tr.offsetWidth;  // starts the animation anew
    tr.classList.add("changed");
  }
  summary();
}

function summary() {
  $("count").textContent = rows.size ? `(${rows.size})` : "";
  $("empty").hidden = rows.size !== 0;
  $("targets").hidden = rows.size === 0;
}

async function load(path) {
  const response = await fetch(path, { headers: { Accept: "application/json" } });
  const body = await response.json();
  if (!response.ok) throw new Error(body.detail || body.title || response.statusText);
  return body;
}

async function reload() {
  const body = await load("/api/v1/status");
  rows.clear();
  elements.clear();
  $("rows").replaceChildren();
  for (const row of body.targets) put(row, false);
  summary();
}

async function show(target) {
  selected = target;
  let details;
  try {
    details = await load(`/api/v1/targets/${target}`);
  } catch (error) {
    note(`${target}: ${error.message}`, "bad");
    return;
  }
  if (selected !== target) return;
  $("details-title").textContent = target;
  $("details-why").textContent = details.why || "";
  const verdicts = { ok: ["✓", "good"], no: ["✗", "bad"], waiting: ["…", "warning"], unknown: ["?", "dim"] };
  $("gates").replaceChildren(...details.gates.map((gate) => {
    const item = element("li");
    const [mark, tone] = verdicts[gate.verdict] || ["?", "dim"];
    const sign = element("span", `${mark} ${gate.name}`, tone);
    sign.setAttribute("aria-label", `${gate.name}: ${gate.verdict}`);
    item.append(sign, " ", element("span", gate.text || "", "dim"));
    return item;
  }));
  $("releases").replaceChildren(...details.releases.map((release) => {
    const tr = element("tr");
    tr.append(element("td", `${release.release}${release.live ? " (live)" : ""}`), element("td", release.outcome), commitCell(release),
      element("td", release.who || release.author || ""), element("td", age(release.at)), element("td", release.reason || release.because || "", "dim"));
    return tr;
  }));
  const first = $("details").hidden;
  $("details").hidden = false;
  if (first) $("details").focus();
}

function closeDetails() {
  $("details").hidden = true;
  const tr = elements.get(selected);
  selected = null;
  if (tr) tr.querySelector("button").focus();
}

function note(text, tone, target) {
  const item = element("li");
  item.append(element("span", new Date().toLocaleTimeString(), "dim"), " ");
  if (target) item.append(element("strong", target), " ");
  item.append(element("span", text, tone));
  $("log").prepend(item);
  while ($("log").children.length > 200) $("log").lastChild.remove();
}

function listen() {
  const source = new EventSource("/api/v1/events");
  source.addEventListener("open", () => {
    $("connection").textContent = "live";
    $("connection").classList.remove("lost");
    reload().catch((error) => note(error.message, "bad"));
  });
  source.addEventListener("error", () => {
    $("connection").textContent = "connection lost, trying again…";
    $("connection").classList.add("lost");
  });
  source.addEventListener("target", (event) => {
    const row = JSON.parse(event.data);
    put(row, true);
    if (row.target === selected) show(selected);
  });
  source.addEventListener("reset", () => reload());
  for (const type of ["progress", "project", "notice"]) {
    source.addEventListener(type, (event) => {
      const line = JSON.parse(event.data);
      note(`${line.step ? `${line.step}: ` : ""}${line.text}`, line.tone, line.target);
    });
  }
}

$("filter").addEventListener("input", () => {
  for (const [target, tr] of elements) tr.hidden = !matches(rows.get(target));
});
$("close").addEventListener("click", closeDetails);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement.tagName !== "INPUT") {
    event.preventDefault();
    $("filter").focus();
  } else if (event.key === "Escape" && !$("details").hidden) {
    closeDetails();
  }
});
setInterval(() => {
  for (const cell of document.querySelectorAll("td[data-time]")) cell.textContent = age(cell.dataset.time);
}, 10000);
$("push-hint").textContent = `git push ${location.origin}/git/NAME.git main`;
listen();
