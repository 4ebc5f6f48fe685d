(function () {
  "use strict";
  const all = (sel, from) => Array.from((from || document).querySelectorAll(sel));
  const byId = (id) => document.getElementById(id);
  const form = byId("filters"), query = byId("q"), node = byId("node"), shown = byId("shown");
  const chips = all(".chip", form);
  const cards = all("[data-finding]");
  const rows = all("tbody tr[data-nodes], .missing[data-nodes]");
  const texts = new Map();

  // The text of a finding is its own, without its symptoms'.
  function textOf(el) {
    let text = texts.get(el);
    if (text === undefined) {
      const parts = el.hasAttribute("data-finding") ? all(":scope > header, :scope > summary, :scope > .own", el) : [el];
      text = parts.map((p) => p.textContent).join(" ").toLowerCase();
      texts.set(el, text);
    }
    return text;
  }

  function wanted() {
    return {
      words: query.value.toLowerCase().split(/\s+/).filter(Boolean),
      node: node.value,
      severities: new Set(chips.filter((c) => c.getAttribute("aria-pressed") === "true").map((c) => c.dataset.sev)),
    };
  }

  const hasWords = (el, words) => words.every((w) => textOf(el).includes(w));
  const onNode = (el, want) => want === "" || (el.dataset.nodes || "").split(" ").includes(want);

  function filterCards(want) {
    const visible = new Set();
    let hits = 0;
    for (const card of cards) {
      let found = hasWords(card, want.words);
      for (let up = card.parentElement.closest("[data-finding]"); !found && up; up = up.parentElement.closest("[data-finding]")) {
        found = hasWords(up, want.words);
      }
      if (!found || !onNode(card, want.node) || !want.severities.has(card.dataset.severity)) continue;
      hits++;
      // A symptom that passes keeps its causes in sight.
      for (let c = card; c; c = c.parentElement.closest("[data-finding]")) visible.add(c);
    }
    const indexes = new Set();
    for (const card of cards) {
      card.hidden = !visible.has(card);
      if (!card.hidden) indexes.add(card.dataset.finding);
    }
    for (const fold of all(".same, .chain")) {
      const inside = all("[data-finding]", fold);
      fold.hidden = inside.every((c) => c.hidden);
      if (want.words.length && !fold.hidden && inside.some((c) => hasWords(c, want.words))) fold.open = true;
    }
    for (const hint of all(".nohit")) hint.hidden = hits > 0;
    shown.textContent = hits.toLocaleString("en") + " of " + cards.length.toLocaleString("en") + (cards.length === 1 ? " finding" : " findings");
    return indexes;
  }

  function filterRest(want, indexes, active) {
    for (const mark of all(".mark")) {
      const list = mark.dataset.findings;
      const off = active && !(list && list.split(" ").some((i) => indexes.has(i)));
      mark.classList.toggle("off", off);
      mark.toggleAttribute("hidden", off);
    }
    for (const lane of all(".lane[data-nodes]")) lane.classList.toggle("dim", !onNode(lane, want.node));
    for (const row of rows) {
      const everywhere = row.hasAttribute("data-everywhere");
      const severity = row.dataset.severity;
      row.hidden = !(hasWords(row, want.words) && (everywhere || onNode(row, want.node)) && (!severity || want.severities.has(severity)));
    }
  }

  function apply() {
    const want = wanted();
    const active = want.words.length > 0 || want.node !== "" || want.severities.size < chips.length;
    filterRest(want, filterCards(want), active);
    document.body.classList.toggle("filtered", active);
  }

  function reset() {
    query.value = "";
    node.value = "";
    for (const chip of chips) chip.setAttribute("aria-pressed", "true");
    apply();
  }

  // What a link points to may be folded away or filtered out.
  function reveal() {
    const target = location.hash.length > 1 && byId(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.closest("[hidden]")) reset();
    for (let el = target; el; el = el.parentElement) if (el.tagName === "DETAILS") el.open = true;
    const own = target.querySelector(":scope > .own > details.part");
    if (own) own.open = true;
    target.scrollIntoView();
  }

  function copyText(button) {
    const box = button.closest(".quote, .code");
    const lines = all(".t", box);
    return lines.length ? lines.map((l) => l.textContent).join("\n") : box.querySelector("code").textContent;
  }

  // Older browsers refuse the clipboard to pages from a file.
  function copyOld(text) {
    const area = document.createElement("textarea");
    area.className = "sr";
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }

  async function copy(button) {
    const text = copyText(button);
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      done = copyOld(text);
    }
    button.textContent = done ? "Copied" : "Press Ctrl+C";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }

  // A long quotation scrolls to what matched, once it is in sight.
  const long = all(".quote pre").filter((pre) => pre.textContent.length > 1500 && pre.querySelector("mark"));
  function showMarks() {
    for (const pre of long) {
      if (pre.dataset.scrolled || pre.closest("details:not([open])") || pre.scrollHeight <= pre.clientHeight) continue;
      pre.dataset.scrolled = "yes";
      pre.scrollTop += pre.querySelector("mark").getBoundingClientRect().top - pre.getBoundingClientRect().top - pre.clientHeight / 3;
    }
  }

  let before = null;
  function unfoldAll() {
    before = before || all("details").map((d) => [d, d.open]);
    for (const d of all("details")) d.open = true;
  }
  function foldBack() {
    for (const [d, open] of before || []) d.open = open;
    before = null;
  }

  for (const button of all(".copy")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
  let timer = 0;
  query.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(apply, cards.length > 200 ? 150 : 0); });
  node.addEventListener("change", apply);
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
      apply();
    });
  }
  form.addEventListener("submit", (e) => e.preventDefault());
  for (const button of all("#reset")) button.addEventListener("click", reset);
  const unfold = byId("unfold");
  unfold.addEventListener("click", () => {
    const on = unfold.getAttribute("aria-pressed") !== "true";
    for (const d of all("main details")) d.open = on;
    unfold.setAttribute("aria-pressed", String(on));
    unfold.textContent = on ? "Collapse all" : "Expand all";
  });
  document.addEventListener("keydown", (e) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement ? document.activeElement.tagName : "");
    if (e.key === "/" && !typing && !e.ctrlKey && !e.metaKey && !e.altKey) {
      e.preventDefault();
      query.focus();
    } else if (e.key === "Escape" && document.activeElement === query) {
      reset();
      query.blur();
    }
  });
  window.addEventListener("hashchange", reveal);
  document.addEventListener("click", (e) => {
    const link = e.target.closest('a[href^="#"]');
    if (link && link.getAttribute("href") === location.hash) reveal();
  });
  window.addEventListener("beforeprint", unfoldAll);
  window.addEventListener("afterprint", foldBack);
  if (long.length) document.addEventListener("toggle", (e) => { if (e.target.open) showMarks(); }, true);
  form.hidden = false;
  showMarks();
  apply();
  reveal();
})();
