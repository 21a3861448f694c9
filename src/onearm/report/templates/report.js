"use strict";
(() => {
  const data = JSON.parse(document.getElementById("traces").textContent);
  const dialog = document.getElementById("trace");
  const body = document.getElementById("trace-body");
  const say = (i) => data.texts[i];

  const element = (tag, text, parent) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (parent) parent.append(made);
    return made;
  };

  const facts = (pairs) => {
    const list = element("dl", undefined, body);
    list.className = "facts";
    for (const [name, text] of pairs) {
      const line = element("div", undefined, list);
      element("dt", name, line);
      element("dd", text, line);
    }
  };

  const subjects = (role, rows, isOpen) => {
    const part = element("details", undefined, body);
    part.open = isOpen;
    element("summary", `${role}: ${rows.length}`, part);
    const table = element("table", undefined, part);
    const head = element("tr", undefined, element("thead", undefined, table));
    for (const name of ["Subject", "Value", "Reason", "Records"]) element("th", name, head);
    const lines = element("tbody", undefined, table);
    for (const [subject, , value, reason, sources] of rows) {
      const line = element("tr", undefined, lines);
      for (const i of [subject, value, reason, sources]) element("td", say(i), line);
    }
  };

  let current = "";
  const named = () => (location.hash.startsWith("#trace=") ? location.hash.slice(7) : "");

  const show = (id) => {
    current = id;
    const [shown, pairs, place] = data.results[id];
    document.getElementById("trace-title").textContent = id;
    body.replaceChildren();
    element("p", say(shown), body).className = "shown";
    const words = pairs.map(([name, text]) => [say(name), say(text)]);
    if (place === null) { facts(words); return; }
    const [numerator, denominator, rows] = data.bases[place];
    facts([...words, ["counted", say(numerator)], ["among", say(denominator)]]);
    const order = ["counted", "event", "value"];
    const roles = [...new Set(rows.map((row) => say(row[1])))];
    roles.sort((a, b) => (order.indexOf(a) + 9) % 9 - (order.indexOf(b) + 9) % 9);
    roles.forEach((role, i) => subjects(role, rows.filter((row) => say(row[1]) === role), i === 0));
  };

  const follow = () => {
    const id = named();
    if (Object.hasOwn(data.results, id)) {
      show(id);
      if (!dialog.open) dialog.showModal();
    } else if (dialog.open) dialog.close();
  };

  // One stop of the Tab key a table, paragraph or figure; the arrow keys go on within it.
  const groups = new Map();
  for (const mark of document.querySelectorAll("[data-result], [data-words]")) {
    const id = mark.dataset.result;
    if (id !== undefined && !Object.hasOwn(data.results, id)) continue;
    const group = mark.closest("table, svg, p, dd");
    if (!groups.has(group)) groups.set(group, []);
    mark.tabIndex = groups.get(group).length ? -1 : 0;
    mark.setAttribute("role", "button");
    if (mark.ownerSVGElement) {
      const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
      title.textContent = id === undefined ? mark.dataset.words : `${id}: ${say(data.results[id][0])}`;
      mark.prepend(title);
      mark.setAttribute("aria-label", title.textContent);
    }
    groups.get(group).push(mark);
  }

  // A mark that shows a record has no result: its own words say what it is, and where it stands.
  const tell = (words) => {
    const [first, ...rest] = words.split("\n");
    document.getElementById("trace-title").textContent = first;
    body.replaceChildren();
    for (const line of rest) element("p", line, body);
    if (!dialog.open) dialog.showModal();
  };

  const open = (mark) => {
    const id = mark.dataset.result;
    if (id === undefined) { tell(mark.dataset.words); return; }
    if (named() === id) follow();
    else location.hash = "trace=" + id;
  };
  const marked = (event) => event.target.closest && event.target.closest("[data-result], [data-words]");

  document.addEventListener("click", (event) => {
    const mark = marked(event);
    if (mark) open(mark);
    else if (event.target === dialog) dialog.close();
  });
  document.addEventListener("keydown", (event) => {
    const mark = marked(event);
    if (!mark) return;
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); open(mark); return; }
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const group = groups.get(mark.closest("table, svg, p, dd"));
    const next = step && group && group[group.indexOf(mark) + step];
    if (!next) return;
    event.preventDefault();
    mark.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
  dialog.addEventListener("close", () => {
    // A trace that was asked for meanwhile keeps its place in the address.
    if (!dialog.open && named() && named() === current) history.replaceState(null, "", location.pathname + location.search);
  });
  window.addEventListener("hashchange", follow);
  follow();
})();
