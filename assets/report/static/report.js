/* Tables that sort and filter; nothing here is needed to read a page. No network, no storage. */
"use strict";

(() => {
  /** What a cell sorts by: its number where it has one, else its text; null where it is missing. */
  function keyOf(cell) {
    if (cell === undefined) return null;
    if ("v" in cell.dataset) {
      const given = cell.dataset.v;
      if (given === "") return null;
      return Number.isNaN(Number(given)) ? given : Number(given);
    }
    const text = cell.textContent.trim();
    if (text === "" || text === "—") return null;
    const plain = text.replace(/,/g, "");
    return /^[+-]?\d+(\.\d+)?$/.test(plain) ? Number(plain) : text;
  }

  const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });

  /** Missing values come last in both directions. */
  function compare(a, b, direction) {
    if (a === null || b === null) return (a === null) - (b === null);
    if (typeof a === "number" && typeof b === "number") return direction * (a - b);
    if (typeof a !== typeof b) return direction * (typeof a === "number" ? -1 : 1);
    return direction * collator.compare(a, b);
  }

  function sortable(table) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const ascending = head.getAttribute("aria-sort") !== "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
        const body = table.tBodies[0];
        const rows = [...body.rows].map((row) => [keyOf(row.cells[column]), row]);
        rows.sort((x, y) => compare(x[0], y[0], ascending ? 1 : -1));
        body.append(...rows.map((pair) => pair[1]));
      });
    });
  }

  function filterable(table) {
    const words = JSON.parse(table.dataset.words);
    const box = document.createElement("div");
    box.className = "filter";
    const label = document.createElement("label");
    const input = document.createElement("input");
    const said = document.createElement("span");
    input.type = "search";
    input.autocomplete = "off";
    said.setAttribute("aria-live", "polite");
    label.append(`${words.filter} `, input);
    box.append(label, said);
    table.closest(".scroll").before(box);
    const rows = [...table.tBodies[0].rows];
    const texts = rows.map((row) => row.textContent.toLowerCase());
    input.addEventListener("input", () => {
      const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      rows.forEach((row, n) => {
        row.hidden = !wanted.every((word) => texts[n].includes(word));
        shown += row.hidden ? 0 : 1;
      });
      said.textContent = wanted.length
        ? words.of.replace("{0}", shown).replace("{1}", rows.length) : "";
    });
  }

  /** On a phone goals are shown as cards: cells carry the words of their heads, rows their roles. */
  function asCards(table) {
    const heads = [...table.tHead.rows[0].cells].map((head) => head.textContent.trim());
    table.setAttribute("role", "table");
    for (const part of [table.tHead, ...table.tBodies]) part.setAttribute("role", "rowgroup");
    for (const row of table.rows) {
      row.setAttribute("role", "row");
      [...row.cells].forEach((cell, column) => {
        const head = row.parentElement === table.tHead;
        cell.setAttribute("role", head ? "columnheader" : cell.tagName === "TH" ? "rowheader" : "cell");
        if (!head) cell.dataset.label = heads[column];
      });
    }
  }

  /** Opens what a link into folded text points at. */
  function unfold() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let fold = target?.closest("details"); fold; fold = fold.parentElement.closest("details")) {
      fold.open = true;
    }
    if (target) target.scrollIntoView();
  }

  // The deferred script runs when the page is whole.
  document.querySelectorAll("table.sortable").forEach(sortable);
  document.querySelectorAll("table.goals").forEach(asCards);
  document.querySelectorAll("table.filterable").forEach(filterable);
  window.addEventListener("hashchange", unfold);
  if (location.hash) unfold();
  for (const link of document.querySelectorAll("[data-keep-hash]")) {
    link.addEventListener("click", () => { link.hash = location.hash; });
  }

  // On paper nothing can be unfolded any more.
  let folded = [];
  window.addEventListener("beforeprint", () => {
    folded.push(...document.querySelectorAll("details:not([open])"));
    folded.forEach((fold) => { fold.open = true; });
  });
  window.addEventListener("afterprint", () => {
    folded.forEach((fold) => { fold.open = false; });
    folded = [];
  });
})();
