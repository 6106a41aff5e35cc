"use strict";
// Sorts and filters tables, opens what a link leads to, and draws the operations of a trial.
(function () {
  const byId = (id) => document.getElementById(id);

  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  function link(hash, text) {
    return element("a", { href: "#" + hash }, text);
  }

  // ------------------------------------------------------------------------------------ tables

  function valueOf(row, at) {
    const cell = row.cells[at];
    const text = cell ? cell.textContent.trim() : "";
    const plain = text.replace(/\s/g, "").replace("\u2212", "-").replace(/^[^\d-]+/, "");
    const number = parseFloat(plain);
    return [cell && cell.classList.contains("better") ? 1 / number : number, text];
  }

  function sort(head, at) {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    for (const body of head.closest("table").tBodies) {
      const rows = [...body.rows].filter((row) => !row.classList.contains("heading"));
      const keyed = rows.map((row) => [...valueOf(row, at), row]);
      keyed.sort(function ([a, s], [b, t]) {
        // What is no number comes last in either direction.
        if (isNaN(a) !== isNaN(b)) return isNaN(a) - isNaN(b);
        const order = isNaN(a) ? s.localeCompare(t) : a - b;
        return down ? -order : order;
      });
      body.append(...keyed.map(([, , row]) => row));
    }
  }

  function makeSortable(table) {
    [...table.tHead.rows[table.tHead.rows.length - 1].cells].forEach(function (cell, at) {
      const button = element("button", { type: "button" }, ...cell.childNodes);
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
      let shown = 0;
      for (const body of table.tBodies) {
        const heading = body.querySelector(".heading");
        const around = above + " " + (heading ? heading.textContent : "");
        for (const row of body.rows) {
          if (row === heading) continue;
          const all = (around + " " + row.textContent).toLowerCase();
          row.hidden = !words.every((word) => all.includes(word));
          shown += !row.hidden;
        }
      }
      (table.closest("details") || table.closest(".scroll")).hidden = !shown;
    }
  }

  function addFilter(section) {
    const input = element("input", { type: "search", placeholder: "saver, loop, workload, payload, metric" });
    input.addEventListener("input", () => filter(section, input.value));
    section.querySelector("h2").after(element("label", { class: "filter" }, "Show only ", input));
  }

  // --------------------------------------------------------------------- the operations of a trial

  const SHAPES = ["M-3 0A3 3 0 1 0 3 0A3 3 0 1 0 -3 0", "M-3 -3H3V3H-3Z", "M0 -4L4 3H-4Z", "M0 -4L4 0L0 4L-4 0Z", "M-4 -3H4L0 4Z"];
  const ROOM = { left: 62, right: 12, top: 8, plot: 230, lane: 20, foot: 34 };
  const MOST_IN_TABLE = 10;
  let traces;

  function duration(us) {
    const [factor, unit] = us < 1e3 ? [1, "µs"] : us < 1e6 ? [1e3, "ms"] : [1e6, "s"];
    return `${Number((us / factor).toPrecision(3))}\u00a0${unit}`;
  }

  function operationsOf(trace, trial) {
    return Object.entries(trace.operations).flatMap(function ([name, [, steps, waits, services, ended]], kind) {
      let due = 0;
      return steps.map(function (step, at) {
        due += step;
        const response = waits[at] + services[at];
        const during = Object.entries(trace.spans).flatMap(function ([what, spans]) {
          const lengths = spans.filter(([from, length]) => length > 0 && from < due + response && from + length > due).map(([, length]) => length);
          if (lengths.length < 2) return lengths.map((length) => `${what} ${duration(length)}`);
          const sum = lengths.reduce((a, b) => a + b), worst = Math.max(...lengths);
          return [`${what} ${lengths.length} times (worst ${duration(worst)}, together ${duration(sum)})`];
        });
        return { name, kind, due, wait: waits[at], service: services[at], response, during: during.join(", "), ended: ended[at] || "ok", id: `${trial}.${name}.${at}` };
      });
    });
  }

  function svg(name, attributes, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text) made.textContent = text;
    return made;
  }

  // Response time over the window, logarithmic; beneath it a lane for each kind of span.
  function drawing(trace, operations, width, title) {
    const lanes = Object.entries(trace.spans);
    const bottom = ROOM.top + ROOM.plot, height = bottom + lanes.length * ROOM.lane + ROOM.foot;
    const found = operations.length ? operations.map((each) => Math.max(each.response, 0.1)) : [1e3];
    const low = Math.floor(Math.log10(Math.min(...found))), high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...found))));
    const x = (us) => ROOM.left + (width - ROOM.left - ROOM.right) * Math.min(1, Math.max(0, us / trace.window));
    const y = (us) => bottom - ROOM.plot * (Math.log10(Math.max(us, 0.1)) - low) / (high - low);
    const made = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title });
    for (let power = low; power <= high; power++) {
      const at = y(10 ** power);
      made.append(svg("line", { x1: ROOM.left, x2: width - ROOM.right, y1: at, y2: at, class: "grid" }));
      made.append(svg("text", { x: ROOM.left - 6, y: at + 4, "text-anchor": "end" }, duration(10 ** power)));
    }
    lanes.forEach(function ([, spans], lane) {
      const top = bottom + 6 + lane * ROOM.lane;
      for (const [from, length] of spans) {
        const end = x(from + length);
        made.append(svg("rect", { x: x(from), y: top, width: Math.max(1.5, end - x(from)), height: ROOM.lane - 8, class: `lane${lane}` }));
        if (end - x(from) > 1) made.append(svg("rect", { x: x(from), y: ROOM.top, width: end - x(from), height: ROOM.plot, class: `lane${lane} behind` }));
      }
    });
    const foot = bottom + lanes.length * ROOM.lane + 16;
    for (let part = 0; part <= 4; part++) {
      const at = trace.window * part / 4;
      made.append(svg("text", { x: x(at), y: foot, "text-anchor": part === 4 ? "end" : part ? "middle" : "start" }, duration(at)));
    }
    for (const each of operations) {
      const attributes = { d: SHAPES[each.kind % SHAPES.length], transform: `translate(${x(each.due).toFixed(1)} ${y(each.response).toFixed(1)})` };
      const point = svg("path", { ...attributes, class: `kind${each.kind % SHAPES.length}${each.ended === "ok" ? "" : " failed"}`, "data-id": each.id });
      point.append(svg("title", {}, `${each.name}: ${duration(each.response)}, due at ${duration(each.due)}`));
      point.addEventListener("click", () => { location.hash = each.id; });
      made.append(point);
    }
    return made;
  }

  function legend(trace) {
    const names = Object.entries(trace.operations).map(function ([name, [count, steps]], kind) {
      const sign = svg("svg", { viewBox: "-5 -5 10 10", class: "sign", "aria-hidden": "true" });
      sign.append(svg("path", { d: SHAPES[kind % SHAPES.length], class: `kind${kind % SHAPES.length}` }));
      return element("li", {}, sign, ` ${name}: ${steps.length} of ${count} shown`);
    });
    const lanes = Object.entries(trace.spans).map(function ([name, spans], lane) {
      const sign = svg("svg", { viewBox: "0 0 10 10", class: "sign", "aria-hidden": "true" });
      sign.append(svg("rect", { width: 10, height: 10, class: `lane${lane}` }));
      return element("li", {}, sign, ` ${name}: ${spans.length}`);
    });
    return element("ul", { class: "legend" }, ...names, ...lanes);
  }

  function line(operation) {
    const texts = [operation.due, operation.wait, operation.service, operation.response].map(duration);
    const cells = [...texts, operation.ended, operation.during].map((text, at) => element("td", at < 4 ? { class: "number" } : {}, text));
    return element("tr", { id: operation.id }, element("td", {}, link(operation.id, operation.name)), ...cells);
  }

  function slowest(operations, chosen) {
    const heads = ["operation", "due", "wait", "service", "response", "ended", "meanwhile"];
    const head = element("tr", {}, ...heads.map((name, at) => element("th", { scope: "col", ...(at > 0 && at < 5 ? { class: "number" } : {}) }, name)));
    const shown = [...operations].sort((a, b) => b.response - a.response).slice(0, MOST_IN_TABLE);
    const one = operations.find((each) => each.id === chosen);
    if (one && !shown.includes(one)) shown.push(one);
    const table = element("table", { class: "data" }, element("thead", {}, head), element("tbody", {}, ...shown.map(line)));
    return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "slowest operations" }, table);
  }

  // The lines of the ratios that a trial is in, and of the other side's trial in the same block.
  function leadingBack(row) {
    const rows = [...row.parentNode.rows], key = (each) => each.cells[0].textContent + each.cells[1].textContent;
    const first = {};
    for (const each of rows) first[each.id] = first[key(each)] = first[key(each)] || each.id;
    const items = [];
    for (const ratio of document.querySelectorAll("#ratios tbody tr")) {
      const sides = [...ratio.cells].slice(0, 2).map((cell) => cell.querySelector("a"));
      const ids = sides.map((side) => side && decodeURIComponent(side.hash.slice(1)));
      const mine = ids.indexOf(first[row.id]);
      if (mine < 0 || ratio.closest("details")) continue;
      const metric = ratio.closest(".scroll").getAttribute("aria-label");
      const text = `${metric}: ${sides[0].textContent} ÷ ${ratio.cells[1].textContent} ${ratio.cells[4].firstChild.textContent.trim()}`;
      const other = rows.find((each) => first[each.id] === ids[1 - mine] && each.cells[3].textContent === row.cells[3].textContent);
      const item = element("li", {}, link(ratio.id, text));
      if (other) item.append(" (in this block: ", link(other.id, `${other.cells[0].textContent}'s trial`), ")");
      items.push(item);
    }
    return items;
  }

  function showTrial(row, chosen) {
    const source = byId("traces");
    traces = traces || JSON.parse(source.textContent);
    const trace = traces[row.id], before = byId("operations");
    if (before) before.remove();
    if (!trace) return row;
    const [saver, condition, trial, block] = [...row.cells].map((cell) => cell.textContent.trim());
    const title = `Trial ${trial}: ${saver} · ${condition}, block ${block}`;
    const operations = operationsOf(trace, row.id);
    const panel = element("section", { id: "operations", "aria-label": title }, element("h3", {}, title));
    byId("trials").querySelector("h2").after(panel);
    const back = leadingBack(row);
    if (back.length) panel.append(element("p", { class: "about" }, "Back to the ratios that it is in:"), element("ul", { class: "about back" }, ...back));
    panel.append(element("p", { class: "about" }, "Response time of each operation shown, by when it was due. Its line below says what it waited for. A cycle is one pass of the workload by one client."));
    panel.append(legend(trace), drawing(trace, operations, Math.max(340, panel.clientWidth), title));
    panel.append(element("h4", {}, "The slowest operations"), slowest(operations, chosen));
    const point = chosen && panel.querySelector(`[data-id="${CSS.escape(chosen)}"]`);
    if (point) point.classList.add("chosen");
    const target = byId(chosen);
    if (target) target.classList.add("chosen");
    return target || panel;
  }

  // The ratio of each block as a dot between 0.1 and 10, an arrow beyond; the line is at 1.
  function drawBlocks(cell) {
    const made = svg("svg", { viewBox: "0 0 124 12", class: "blocks", "aria-hidden": "true" });
    made.append(svg("line", { x1: 62, x2: 62, y1: 0, y2: 12, class: "grid" }));
    for (const block of cell.querySelectorAll("a")) {
      const power = Math.log10(parseFloat(block.textContent.replace(/\s/g, "")));
      const at = 62 + 56 * Math.max(-1, Math.min(1, power));
      const shape = Math.abs(power) <= 1 ? SHAPES[0] : power > 0 ? "M-3 -4L4 0L-3 4Z" : "M3 -4L-4 0L3 4Z";
      made.append(svg("path", { d: shape, transform: `translate(${at.toFixed(1)} 6)` }));
    }
    cell.prepend(made);
  }

  // ------------------------------------------------------------------------------------- links

  function reveal() {
    const id = decodeURIComponent(location.hash.slice(1));
    let target = byId(id);
    const trial = /^(trial\.[^.]+)(\..+)?$/.exec(id);
    if (trial && byId(trial[1])) target = showTrial(byId(trial[1]), trial[2] && id);
    if (!target) return;
    for (let each = target; each; each = each.parentElement) {
      each.hidden = false;
      if (each.tagName === "DETAILS") each.open = true;
    }
    target.scrollIntoView();
  }

  document.querySelectorAll("table.data, table.map").forEach(makeSortable);
  document.querySelectorAll("tr[id^='ratio.'] > td:nth-child(8)").forEach(drawBlocks);
  for (const id of ["ratios", "numbers", "trials"]) {
    const section = byId(id);
    if (section && section.querySelector("table")) addFilter(section);
  }
  for (const each of document.querySelectorAll("main section[id], tr[id^='ratio.']")) {
    const place = each.tagName === "TR" ? each.lastElementChild : each.querySelector("h2, h3");
    place.append(" ", element("a", { href: "#" + each.id, class: "here", "aria-label": "link to this" }, "#"));
  }
  addEventListener("hashchange", reveal);
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((each) => { each.open = true; }));
  // After the browser has gone to the line itself.
  addEventListener("load", () => { if (location.hash) reveal(); });
})();
