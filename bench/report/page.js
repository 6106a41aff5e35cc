"use strict";
// Sorts the lines of each table, filters those of a section, and opens what a link leads to.
(function () {
  function value(row, at) {
    const cell = row.cells[at];
    const text = cell ? cell.firstChild ? cell.textContent.trim() : "" : "";
    const number = parseFloat(text.replace(/[\u00a0\s]/g, "").replace("\u2212", "-").replace(/^[^\d-]+/, ""));
    return [number, text];
  }
  function sorted(rows, at, down) {
    return rows.sort(function (one, other) {
      const [a, s] = value(one, at), [b, t] = value(other, at);
      const order = isNaN(a) || isNaN(b) ? isNaN(a) - isNaN(b) || s.localeCompare(t) : a - b;
      return down ? -order : order;
    });
  }
  function sort(head, at) {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    for (const body of head.closest("table").tBodies) {
      const rows = [...body.rows].filter((row) => !row.classList.contains("heading"));
      body.append(...sorted(rows, at, down));
    }
  }
  for (const head of document.querySelectorAll("table.data thead tr:last-child, table.map thead tr")) {
    [...head.cells].forEach(function (cell, at) {
      const button = document.createElement("button");
      button.append(...cell.childNodes);
      cell.append(button);
      button.addEventListener("click", () => sort(cell, at));
    });
  }
  function filter(section, text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    for (const table of section.querySelectorAll("table")) {
      const part = table.closest("section section");
      const titles = [part && part.querySelector("h3"), table.closest(".scroll")];
      const above = titles.map((each) => each ? each.getAttribute("aria-label") || each.textContent : "").join(" ");
      for (const body of table.tBodies) {
        const heading = body.querySelector(".heading");
        const around = above + " " + (heading ? heading.textContent : "");
        for (const row of body.rows) {
          if (row === heading) continue;
          const all = (around + " " + row.textContent).toLowerCase();
          row.hidden = !words.every((word) => all.includes(word));
        }
      }
      const none = [...table.tBodies].every((body) => [...body.rows].every((row) => row.hidden || row.classList.contains("heading")));
      (table.closest("details") || table.closest(".scroll")).hidden = none && words.length > 0;
    }
  }
  for (const id of ["ratios", "numbers", "trials"]) {
    const section = document.getElementById(id);
    if (!section || !section.querySelector("table")) continue;
    const label = document.createElement("label"), input = document.createElement("input");
    label.className = "filter";
    input.type = "search";
    input.placeholder = "saver, loop, workload, payload, metric";
    label.append("Show only ", input);
    section.querySelector("h2").after(label);
    input.addEventListener("input", () => filter(section, input.value));
  }
  function reveal() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let each = target; each; each = each.parentElement) {
      if (each.tagName === "DETAILS") each.open = true;
    }
    if (target) target.scrollIntoView();
  }
  addEventListener("hashchange", reveal);
  if (location.hash) reveal();
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((each) => { each.open = true; }));
})();
