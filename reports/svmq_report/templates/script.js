"use strict";
// The page reads well without this: it adds filters, copying, and links that open what they lead to.
document.documentElement.classList.add("js");

for (const form of document.querySelectorAll("form.filters")) {
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

// A link leads to its place even where that is closed or filtered out.
function reveal() {
  const place = document.getElementById(location.hash.slice(1));
  if (!place) return;
  const list = place.closest("#matrix, #others");
  if (list && place.closest("[hidden]")) document.querySelector(`form[data-list="${list.id}"]`).reset();
  setTimeout(() => {
    for (let box = place; box; box = box.parentElement)
      if (box.tagName === "DETAILS") box.open = true;
    place.scrollIntoView();
  });
}
addEventListener("hashchange", reveal);
reveal();

for (const button of document.querySelectorAll("[data-open], [data-close]")) {
  button.addEventListener("click", () => {
    const open = "open" in button.dataset;
    for (const entry of document.querySelectorAll(`#${button.dataset.open || button.dataset.close} .entry`)) entry.open = open;
  });
}

for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", async () => {
    const code = button.parentElement.querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {  // a page from a file may not be let: the text is selected, and a key copies it
      getSelection().selectAllChildren(code);
      button.textContent = "Selected";
    }
  });
}

// On paper nothing can be opened.
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("#findings .entry:not([open]), #undecided .entry:not([open])")];
  for (const entry of opened) entry.open = true;
});
addEventListener("afterprint", () => {
  for (const entry of opened) entry.open = false;
});
