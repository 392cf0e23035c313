"use strict";
// The page reads well without this: it adds filters, copying, diagrams, and the scenarios, which are packed data.
// What comes from the results only ever becomes text nodes.
document.documentElement.classList.add("js");

// ---------------------------------------------------------------------------------------------- making elements

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null && child !== ""));
  return element;
}
const number = (value) => value.toLocaleString("en-US");
const plural = (count, noun) => `${number(count)} ${noun}${count === 1 ? "" : "s"}`;

// ---------------------------------------------------------------------------------------------- the packed data

async function unpack(script) {
  const bytes = Uint8Array.from(atob(script.textContent), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

let index = null, byName = null;
async function loadIndex() {
  const script = document.getElementById("data-index");
  if (index || !script) return index;
  index = await unpack(script);
  byName = new Map(index.scenarios.map((scenario, position) => [scenario[0], position]));
  return index;
}

let parts = null;  // scenario's position to the script that holds it
async function loadDetail(position) {
  if (!parts) {
    parts = new Map();
    for (const script of document.querySelectorAll("script[data-numbers]"))
      for (const place of script.dataset.numbers.split(" ")) parts.set(place, script);
  }
  const script = parts.get(String(position));
  if (!script) return null;
  script.unpacked ??= await unpack(script);
  return script.unpacked[position];
}

function badge(state, text) {
  return make("span", {class: `badge ${state}`}, make("span", {"aria-hidden": "true"}, index.symbols[state]), ` ${text ?? state.replace("_", " ")}`);
}
function clauseLink(position) {
  const link = make("a", {class: "code", href: `#clause-${index.clauses[position]}`, title: index.statements[position]}, index.clauses[position]);
  return link;
}

// ---------------------------------------------------------------------------------------------- diagrams

// The lines of a history as rows: what each says, by whom, and what every process was doing before and after it.
function readHistory(text) {
  const rows = [], lanes = [], states = new Map(), slept = new Map();
  let last = null;  // the last event that may have woken somebody
  const lane = (actor) => { if (!states.has(actor)) { lanes.push(actor); states.set(actor, "idle"); } };
  text.replace(/\n+$/, "").split("\n").forEach((line, at) => {
    const row = {line: at + 1, text: line, actor: null, before: new Map(states), from: null};
    const declared = /^(?:process|thread) (\w+)/.exec(line);
    if (declared && rows.length === 0) { lane(declared[1]); return; }
    const event = /^(\w+): (.*)$/.exec(line), blocked = /^blocked (.*)$/.exec(line);
    const own = !event && /^\w+\(.*(?: = |<unfinished|$)/.test(line);
    if (!event && !own && !blocked && !/^(clock|skipped|hung|unsupported|failed) /.test(line)) return;
    if (event || own) {
      row.actor = event ? event[1] : "conductor";
      lane(row.actor);
      row.before = new Map(states);
      const what = event ? event[2] : line;
      if (/<unfinished \.\.\.>$/.test(what)) states.set(row.actor, "runs");
      else if (/^<\.\.\. /.test(what)) {
        if (slept.has(row.actor) && last && last.actor !== row.actor && last.line > slept.get(row.actor)) row.from = last;
        slept.delete(row.actor);
        states.set(row.actor, "idle");
      } else if (/^\+\+\+ /.test(what)) states.set(row.actor, "gone");
      if (!/^<\.\.\. /.test(what)) last = row;
    } else if (blocked) {
      for (const actor of blocked[1].split(" ")) {
        lane(actor);
        states.set(actor, "sleeps");
        if (!slept.has(actor)) slept.set(actor, row.line);
      }
    }
    row.after = new Map(states);
    rows.push(row);
  });
  return {rows, lanes};
}

// A lane for each process: a dot is a call, a thick line a call under way, a hatched one a call that sleeps. Where a call
// returns after it slept, a line leads from the event before it, which woke it.
function diagram(text, deviations) {
  const {rows, lanes} = readHistory(text);
  const wrong = new Map();
  for (const deviation of deviations) if (deviation.line) wrong.set(deviation.line, [...(wrong.get(deviation.line) ?? []), deviation]);
  const body = make("tbody");
  for (const row of rows) {
    const line = make("tr", wrong.has(row.line) ? {class: "deviates"} : row.actor ? {} : {class: "aside"});
    line.append(make("td", {class: "at"}, String(row.line)));
    const here = lanes.indexOf(row.actor), there = row.from ? lanes.indexOf(row.from.actor) : -1;
    lanes.forEach((actor, column) => {
      const cell = make("td", {class: "lane", "aria-hidden": "true"});
      cell.append(make("i", {class: `before ${row.before.get(actor) ?? "idle"}`}), make("i", {class: `after ${row.after.get(actor) ?? "idle"}`}));
      if (there >= 0 && column >= Math.min(here, there) && column <= Math.max(here, there)) {
        const end = column === Math.min(here, there) ? "right" : column === Math.max(here, there) ? "left" : "through";
        cell.append(make("i", {class: `handoff ${end}`}));
      }
      if (actor === row.actor) cell.append(make("i", {class: row.after.get(actor) === "gone" ? "dot gone" : "dot"}));
      line.append(cell);
    });
    const said = make("td", {class: "said"}, make("code", {}, row.text));
    if (row.from) said.append(make("span", {class: "quiet"}, ` after line ${row.from.line}, by ${row.from.actor}`));
    line.append(said);
    body.append(line);
    for (const deviation of wrong.get(row.line) ?? []) body.append(allowedRow(deviation, lanes.length));
  }
  const head = make("tr", {}, make("th", {scope: "col"}, make("span", {class: "sr"}, "Line")),
    ...lanes.map((actor) => make("th", {scope: "col", class: "lane"}, actor)), make("th", {scope: "col"}, "What happened"));
  return make("div", {class: "box diagram", role: "region", "aria-label": "History as a diagram", tabindex: "0"},
    make("table", {}, make("thead", {}, head), body));
}

function allowedRow(deviation, lanes) {
  const box = make("td", {colspan: String(lanes + 1), class: "verdict"}, "observed ", make("code", {class: "observed"}, deviation.observed), " · allowed ");
  deviation.allowed.forEach(([result, clauses], at) => {
    box.append(at ? " or " : "", make("code", {class: "allowed"}, result));
    for (const clause of clauses) box.append(" ", clauseLink(clause));
  });
  if (deviation.allowed.length === 0) {
    box.append("nothing");
    for (const clause of deviation.clauses) box.append(" ", clauseLink(clause));
  }
  return make("tr", {class: "deviates"}, make("td"), box);
}

// The histories of findings stand in the page as text; here they become diagrams as soon as they are seen.
function drawInPlace(details) {
  const text = details.querySelector("[data-history]");
  if (!text || !details.open) return;
  const lines = [...text.querySelectorAll(".line")];
  const drawn = diagram(lines.map((line) => line.textContent).join("\n"), []);
  for (const row of drawn.querySelectorAll("tbody tr"))
    if (lines[Number(row.firstChild.textContent) - 1].tagName === "MARK") row.classList.add("deviates");
  text.replaceWith(drawn);
}
for (const details of document.querySelectorAll("[data-diagram]")) {
  details.addEventListener("toggle", () => drawInPlace(details));
  drawInPlace(details);
}

// ---------------------------------------------------------------------------------------------- one scenario

const dialog = document.getElementById("detail");

async function showScenario(name, anchor) {
  await loadIndex();
  const position = byName.get(name);
  if (position === undefined) return false;
  const detail = await loadDetail(position);
  dialog.replaceChildren(...scenarioPage(index.scenarios[position], detail));
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  const place = anchor && [...dialog.querySelectorAll("[data-anchor]")].find((run) => anchor.startsWith(run.dataset.anchor));
  if (place) { place.classList.add("target"); place.scrollIntoView(); }
  return true;
}

function scenarioPage([name, title, source, runs], detail) {
  const close = make("button", {type: "button", class: "close"}, "Close");
  close.addEventListener("click", () => dialog.close());
  const head = make("header", {}, close, make("h2", {id: "detail-title", class: "code"}, name), title ? make("p", {}, title) : "");
  const facts = make("dl", {}, make("dt", {}, "Source"), make("dd", {}, source));
  const page = [head, facts];
  if (!detail) {
    page.push(make("p", {}, "Its text and histories are not in this page, which would be too large; results.json has them."));
    page.push(make("p", {}, ...runs.flatMap(([target, state]) => [badge(index.states[state], index.targets[target]), " "])));
    return page;
  }
  if (detail.clauses.length) facts.append(make("dt", {}, "About"), make("dd", {}, ...detail.clauses.flatMap((clause) => [clauseLink(clause), " "])));
  if (detail.seeds.length) facts.append(make("dt", {}, "Settles"), make("dd", {}, detail.seeds.join(", ")));
  if (detail.reproduce) facts.append(make("dt", {}, "Reproduce"), make("dd", {}, copyable(detail.reproduce)));
  const columns = make("div", {class: "columns"});
  runs.forEach(([target, state], at) => columns.append(runPart(index.targets[target], index.states[state], detail.runs[at])));
  if (detail.text) columns.append(make("section", {}, make("h3", {}, "Scenario"), make("pre", {}, detail.text.trimEnd())));
  page.push(columns);
  return page;
}

function runPart(target, state, run) {
  const part = make("section", {"data-anchor": run.anchor}, make("h3", {}, `${target} `, badge(state)));
  const facts = [run.steps === null ? "" : plural(run.steps, "step"), run.seconds === null ? "" : `${(run.seconds * 1000).toFixed(1)} ms`].filter(Boolean);
  if (facts.length) part.append(make("p", {class: "quiet"}, facts.join(", ")));
  if (run.reason) part.append(make("p", {}, run.reason));
  for (const waiver of run.waivers) part.append(make("p", {}, "Waived by ", make("a", {href: `#waiver-${waiver}`}, waiver)));
  for (const deviation of run.deviations)  // what the diagram has no line for
    if (!deviation.line || !run.history) part.append(make("p", {}, "Step ", make("code", {}, deviation.step), ": "), make("table", {}, make("tbody", {}, allowedRow(deviation, 0))));
  if (run.history) {
    part.append(diagram(run.history, run.deviations));
    part.append(make("details", {class: "more"}, make("summary", {}, "As text"), make("pre", {}, run.history.trimEnd())));
  }
  return part;
}

if (dialog) {
  dialog.addEventListener("close", () => {
    if (/^#(scenario|finding)-/.test(location.hash)) history.replaceState(null, "", location.pathname + location.search);
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
}

// ---------------------------------------------------------------------------------------------- links

// A link leads to its place even where that is closed, filtered out, or shown on demand.
async function reveal() {
  let id = location.hash.slice(1);
  try { id = decodeURIComponent(id); } catch { return; }  // no address of this page
  const place = id && document.getElementById(id);
  if (!place) {
    const found = /^(?:scenario|finding)-([^:]*)/.exec(id);
    if (found && dialog && await showScenario(found[1], id)) return;
    return;
  }
  if (dialog?.open) dialog.close();
  const list = place.closest("#matrix");
  if (list && place.closest("[hidden]")) document.querySelector(`form[data-list="${list.id}"]`).reset();
  setTimeout(() => {
    for (let box = place; box; box = box.parentElement)
      if (box.tagName === "DETAILS") box.open = true;
    place.scrollIntoView();
  });
}
addEventListener("hashchange", reveal);
// The same link again changes no address.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.('a[href^="#"]');
  if (link && link.getAttribute("href") === location.hash) reveal();
});

// ---------------------------------------------------------------------------------------------- filters

for (const form of document.querySelectorAll("form[data-list]")) {
  const list = document.getElementById(form.dataset.list);
  const rows = [...list.querySelectorAll("[data-row]")];
  const texts = new Map();
  const value = (name) => form.elements[name] ? form.elements[name].value : "";
  const text = (row) => {
    if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
    return texts.get(row);
  };
  const matches = (row) => {
    for (const name of ["call", "level"])
      if (value(name) && row.dataset[name] !== value(name)) return false;
    const target = value("target"), verdict = value("verdict");
    const fits = (pair) => {
      const [column, state] = pair.split(":");
      return (!target || column === target) && (!verdict || state === verdict);
    };
    if ((target || verdict) && !row.dataset.verdicts.trim().split(" ").some(fits)) return false;
    return value("search").toLowerCase().split(/\s+/).every((word) => text(row).includes(word));
  };
  const apply = () => {
    let shown = 0;
    for (const row of rows) {
      row.hidden = !matches(row);
      shown += !row.hidden;
    }
    for (const cell of list.querySelectorAll("[data-column]"))
      cell.hidden = value("target") !== "" && cell.dataset.column !== value("target");
    for (const group of list.querySelectorAll("[data-group]"))
      group.hidden = !group.querySelector("[data-row]:not([hidden])");
    form.querySelector("output").textContent = shown === rows.length ? `${shown}` : `${shown} of ${rows.length}`;
  };
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  apply();
}

// The list of scenarios: the first hundred that match, and more on demand.
const scenarios = document.querySelector("form[data-scenarios]");
if (scenarios) {
  const list = document.getElementById("list"), more = document.getElementById("more");
  let found = [], shown = 0;
  const row = ([name, title, , runs]) => make("a", {class: "row", href: `#scenario-${name}`},
    make("span", {class: "name code"}, name), title ? make("span", {class: "title"}, title) : "",
    make("span", {class: "verdicts"}, ...runs.flatMap(([target, state]) => [badge(index.states[state], index.targets[target]), " "])));
  const show = () => {
    list.append(...found.slice(shown, shown + 100).map(row));
    shown = Math.min(found.length, shown + 100);
    more.hidden = shown === found.length;
  };
  const apply = async () => {
    await loadIndex();
    const words = scenarios.elements.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdict = scenarios.elements.verdict.value, target = scenarios.elements.target.value;
    found = index.scenarios.filter(([name, title, source, runs]) =>
      ((!verdict && !target) || runs.some(([on, state]) => (!target || on === Number(target)) && (!verdict || state === Number(verdict)))) &&
      words.every((word) => name.toLowerCase().includes(word) || title.toLowerCase().includes(word) || source.toLowerCase().includes(word)));
    shown = 0;
    list.replaceChildren();
    scenarios.querySelector("output").textContent = found.length === index.scenarios.length ? number(found.length) : `${number(found.length)} of ${number(index.scenarios.length)}`;
    show();
  };
  scenarios.addEventListener("input", apply);
  scenarios.addEventListener("submit", (event) => event.preventDefault());
  scenarios.addEventListener("reset", () => setTimeout(apply));
  more.addEventListener("click", show);
  apply();
}

// ---------------------------------------------------------------------------------------------- narrow windows

// A table that is wider than its box has its rows stacked: each cell behind the heading of its column.
const widths = new WeakMap();
const fitted = new ResizeObserver((entries) => {
  for (const {target: box} of entries) {
    if (box.clientWidth === widths.get(box)) continue;  // only its height has changed
    widths.set(box, box.clientWidth);
    const table = box.firstElementChild;
    table.classList.remove("stacked");
    table.classList.toggle("stacked", table.scrollWidth > box.clientWidth);
  }
});
for (const table of document.querySelectorAll(".box:not(.diagram) > table")) {
  const headings = [...table.querySelectorAll("thead th")].map((heading) => heading.firstChild.textContent);
  for (const row of table.querySelectorAll("tbody tr"))
    [...row.cells].forEach((cell, column) => { if (cell.tagName === "TD" && cell.colSpan === 1) cell.dataset.heading = headings[column]; });
  fitted.observe(table.parentElement);
}

// ---------------------------------------------------------------------------------------------- copying, printing

function copyable(text) {
  return make("span", {class: "copyable"}, make("code", {}, text), " ", make("button", {type: "button", class: "copy"}, "Copy"));
}
document.addEventListener("click", async (event) => {
  const button = event.target.closest?.(".copy");
  if (!button) return;
  const code = button.parentElement.querySelector("code");
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
  } catch {  // a page from a file may not be let: the text is selected, and a key copies it
    getSelection().selectAllChildren(code);
    button.textContent = "Selected";
  }
});

// On paper nothing can be opened.
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("#findings details:not([open])")];
  for (const details of opened) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of opened) details.open = false;
});

reveal();
