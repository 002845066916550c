// The search, the filters and order of tables, the comparison, and the two switches. Asks no network for anything.
"use strict";

const $ = (selector, from = document) => from.querySelector(selector);
const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
const base = root.dataset.root;

function loadScript(path) {
  // A page opened from a file may load a script, but not fetch a file.
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = base + path;
    script.onload = resolve;
    script.onerror = () => reject(new Error("cannot load " + path));
    document.head.append(script);
  });
}

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// ---- switches -------------------------------------------------------------------------------------------------

const darkByDefault = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : darkByDefault.matches);

function showTheme() { $("#theme").setAttribute("aria-pressed", isDark()); }

$("#theme").addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  kept.set("theme", root.dataset.theme);
  showTheme();
});
darkByDefault.addEventListener("change", showTheme);
showTheme();

let isHex = kept.get("base") === "16";

function showBase() {
  $("#base").setAttribute("aria-pressed", isHex);
  for (const cell of document.getElementsByClassName("n")) {
    const text = cell.dataset.n ?? cell.textContent;
    if (!/^(0x[0-9a-f]+|\d+)$/.test(text)) continue;
    cell.dataset.n = text;
    const shown = isHex ? "0x" + Number(text).toString(16) : text;
    if (cell.textContent !== shown) cell.textContent = shown;
  }
}

$("#base").addEventListener("click", () => {
  isHex = !isHex;
  kept.set("base", isHex ? "16" : "10");
  showBase();
});
if (isHex) showBase();

// ---- versions -------------------------------------------------------------------------------------------------

// The place of a version among those of its system, as trapgate.catalog.versions has it; null for what is none.
function versionKey(system, text) {
  const pack = (digits, parts) => {
    const numbers = digits.split(".").map(Number);
    return Array.from({length: parts}, (_, i) => numbers[i] ?? 0).reduce((key, n) => key * 1000 + Math.min(n, 999));
  };
  let match;
  if (system === "windows") return /^\d{1,9}$/.test(text) ? Number(text) : null;
  if (system === "macos") return (match = /^xnu-(\d+(?:\.\d+){0,4})$/.exec(text)) ? pack(match[1], 5) : null;
  match = /^(\d+(?:\.\d+){0,3})([a-z]?)(\+?)(?:-(?:rc|pre)(\d+))?$/i.exec(text);
  if (!match || (match[2] && text[0] !== "0")) return null;
  const letter = match[2] ? match[2].toLowerCase().charCodeAt(0) - 96 : 0;
  const candidate = match[4] ? Math.min(Number(match[4]), 126) : 127;
  return ((pack(match[1], 4) * 32 + letter) * 2 + (match[3] ? 1 : 0)) * 128 + candidate;
}

const keys = new Map();
function cachedKey(system, text) {
  if (!keys.has(text)) keys.set(text, versionKey(system, text));
  return keys.get(text);
}

// ---- the state in the address ---------------------------------------------------------------------------------

function readState() {
  const hash = location.hash.slice(1);
  return hash.includes("=") ? new URLSearchParams(hash) : new URLSearchParams();
}

function writeState(state) {
  const hash = state.toString();
  if (hash === location.hash.slice(1)) return;
  history.replaceState(null, "", hash ? "#" + hash : location.pathname + location.search);
}

// ---- tables: filters, columns, order --------------------------------------------------------------------------

function startTable(form) {
  const table = document.getElementById(form.dataset.for);
  const system = form.dataset.system;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const controls = $$("[data-test]", form);
  const columns = $$("input[data-column]", form);
  const usual = columns.filter((box) => box.defaultChecked).map((box) => box.value).join(" ");
  const sheet = columns.length ? new CSSStyleSheet() : null;
  if (sheet) document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const heads = [...table.tHead.rows[0].cells];
  let order = "";

  const text = (row) => (row.words ??= row.textContent.toLowerCase() + (row.dataset.n ?? ""));

  const tests = {
    text(value) {
      const words = value.toLowerCase().split(/\s+/).filter(Boolean);
      return (row) => words.every((word) => text(row).includes(word));
    },
    has: (value, key) => (row) => (row.dataset[key] ?? "").split(" ").includes(value),
    is: (value, key) => (row) => row.dataset[key] === value,
    flag: (_, key) => (row) => row.dataset[key] === undefined,
    set: (_, key) => (row) => row.dataset[key] !== undefined,
    column: (value) => (row) => row.cells[value].textContent !== "",
    since(value) {
      const first = versionKey(system, value);
      return first === null ? null : (row) => row.dataset.s && cachedKey(system, row.dataset.s) >= first;
    },
    asof(value) {
      if (value === "ever") return () => true;
      const key = versionKey(system, value);
      if (key === null) return null;
      return (row) => (!row.dataset.s || cachedKey(system, row.dataset.s) <= key)
        && (!row.dataset.u || cachedKey(system, row.dataset.u) > key);
    },
  };

  function valueOf(control) {
    if (control.type === "checkbox") return control.checked ? control.value : "";
    return control.value.trim();
  }

  function apply() {
    const wanted = [];
    const state = new URLSearchParams();
    for (const control of controls) {
      const value = valueOf(control);
      const normal = control.dataset.default ?? "";
      if (value !== normal) state.set(control.name, value);
      const test = value || normal ? tests[control.dataset.test](value || normal, control.dataset.key) : () => true;
      control.setAttribute("aria-invalid", test === null);
      if (test) wanted.push(test);
    }
    let count = 0;
    for (const row of rows) {
      const shown = wanted.every((test) => test(row));
      if (row.hidden === shown) row.hidden = !shown;
      count += shown;
    }
    $("output", form).textContent = `${count} of ${rows.length}`;
    if (sheet) {
      const shown = columns.filter((box) => box.checked).map((box) => box.value).join(" ");
      if (shown !== usual) state.set("columns", shown);
      sheet.replaceSync(columns.map((box) =>
        `#${table.id} tr > :nth-child(${box.dataset.column}) { display: ${box.checked ? "table-cell" : "none"} }`).join("\n"));
    }
    if (order) state.set("sort", order);
    writeState(state);
  }

  function sort(name, down) {
    const index = heads.findIndex((head) => head.textContent === name);
    if (index < 0) return;
    order = (down ? "-" : "") + name;
    for (const head of heads) head.removeAttribute("aria-sort");
    heads[index].setAttribute("aria-sort", down ? "descending" : "ascending");
    const isVersion = name === "Since" || name === "Until";
    const value = (row) => {
      const cell = row.cells[index];
      const words = cell.dataset.n ?? cell.textContent;
      if (isVersion) return cachedKey(system, row.dataset[name === "Since" ? "s" : "u"] ?? "");
      return /^(0x[0-9a-f]+|\d+)$/.test(words) ? Number(words) : words.toLowerCase();
    };
    const keyed = rows.map((row, i) => [value(row), i, row]);
    const isEmpty = (v) => v === "" || v === null;
    keyed.sort(([a, i], [b, j]) => {
      if (isEmpty(a) || isEmpty(b)) return isEmpty(a) - isEmpty(b) || i - j; // what has none is last either way
      const before = typeof a === typeof b ? (a < b ? -1 : a > b ? 1 : 0) : typeof a === "number" ? -1 : 1;
      return (down ? -before : before) || i - j;
    });
    body.append(...keyed.map(([, , row]) => row));
  }

  function restore() {
    const state = readState();
    for (const control of controls) {
      const value = state.get(control.name);
      if (control.type === "checkbox") control.checked = value === control.value;
      else control.value = value ?? control.dataset.default ?? "";
    }
    const shown = state.get("columns")?.split(" ");
    for (const box of columns) box.checked = shown ? shown.includes(box.value) : box.defaultChecked;
    const by = state.get("sort");
    if (by) sort(by.replace(/^-/, ""), by.startsWith("-"));
    apply();
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", apply);
  form.addEventListener("reset", () => {
    // After the browser has put the controls back.
    setTimeout(() => {
      if (order) {
        order = "";
        for (const head of heads) head.removeAttribute("aria-sort");
        body.append(...rows);
      }
      apply();
    });
  });
  for (const button of $$("button[data-columns]", form)) {
    button.addEventListener("click", () => {
      for (const box of columns) box.checked = button.dataset.columns === "all" || box.defaultChecked;
      apply();
    });
  }
  for (const button of $$(".sort", table)) {
    const head = button.closest("th");
    button.addEventListener("click", () => {
      sort(head.textContent, head.getAttribute("aria-sort") === "ascending");
      apply();
    });
  }
  addEventListener("hashchange", () => { if (location.hash.includes("=") || !location.hash) restore(); });
  if (location.hash.includes("=")) restore();
}

// On a link in a table the arrows go to the row above and below.
document.addEventListener("keydown", (event) => {
  const step = {ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling"}[event.key];
  let row = step && event.target.closest?.("table.data tbody a")?.closest("tr");
  if (!row) return;
  do row = row[step]; while (row?.hidden);
  const link = row && $("a", row);
  if (!link) return;
  event.preventDefault();
  link.focus();
});

for (const form of $$("form.filters")) startTable(form);

// Where a table's part is scrolled by itself, its row must still come into view.
function showTarget() {
  const name = decodeURIComponent(location.hash.slice(1));
  const target = name && !name.includes("=") && document.getElementById(name);
  if (target) {
    target.hidden = false;
    target.scrollIntoView({block: "center"});
  }
}
addEventListener("hashchange", showTarget);
showTarget();
for (const menu of $$("details.menu")) {
  document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    $("summary", menu).focus();
  });
}

// ---- the search -----------------------------------------------------------------------------------------------

const PLACES = {i: "ioctl.html", e: "errno.html", s: "signals.html"};
const KINDS = {c: "", i: "ioctl", e: "errno", s: "signal", o: "operation", a: "ABI"};
let index = null;

const trapgate = {
  tables: {},
  addTable(key, value) { this.tables[key] = value; },
  addIndex(_, value) {
    index = value;
    index.rows = value.rows.map(([kind, system, name, address, gone, numbers, words]) => ({
      kind, system, name, address, gone, numbers, words,
      lower: name.toLowerCase(),
      // The words of a name: io_uring_enter has three, NtReadFile too.
      parts: name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase().split(/[^a-z0-9]+/).filter(Boolean),
      about: words.toLowerCase(),
    }));
  },
};
globalThis.trapgate = trapgate;

function addressOf(entry) {
  const system = index.systems[entry.system][0];
  if (PLACES[entry.kind]) return base + PLACES[entry.kind] + "#" + entry.name;
  if (entry.kind === "a") return base + entry.address;
  return base + system + "/" + (entry.kind === "o" ? entry.address : (entry.address || entry.name) + ".html");
}

// How good an answer is for one word of the query; 0 for none.
function rankWord(entry, word) {
  const name = entry.lower;
  if (name === word) return 1000;
  if (name.startsWith(word)) return 700 - Math.min(name.length - word.length, 60);
  if (entry.parts.includes(word)) return 560 - Math.min(name.length, 60);
  if (entry.parts.some((part) => part.startsWith(word))) return 480 - Math.min(name.length, 60);
  if (word.length > 1 && name.includes(word)) return 380 - Math.min(name.length, 60);
  if (word.length > 2 && entry.about.includes(word)) return 150;
  return 0;
}

function rank(entry, words) {
  let total = 0;
  for (const word of words) {
    const one = rankWord(entry, word);
    if (!one) return 0;
    total += one;
  }
  total /= words.length;
  // Linux first, then the order of the systems; calls before what is not one; what is gone last.
  if (entry.kind === "c" || entry.kind === "a") total += (entry.system ? 12 : 40) - entry.system * 0.5;
  return total - (entry.gone ? 160 : 0) - (entry.kind === "o" ? 40 : 0);
}

function findNumber(text) {
  const value = Number(text);
  const found = [];
  for (const entry of index.rows) {
    if (entry.kind === "i") {
      if (Number(entry.numbers) === value) found.push([420, entry, "0x" + value.toString(16)]);
    } else if (entry.kind === "e" || entry.kind === "s") {
      if (entry.numbers.split(",").includes(String(value))) found.push([400, entry, "number " + value]);
    } else if (entry.kind === "c") {
      for (const pair of entry.numbers.split(",")) {
        const [number, abis] = pair.split(":");
        if (number === "" || Number(number) !== value) continue;
        const names = abis.split("+");
        const first = names.includes("x86_64") ? 300 : names.includes("i386") ? 250 : names.includes("aarch64") ? 220 : 0;
        const shown = names.slice(0, 4).join(", ") + (names.length > 4 ? " …" : "");
        found.push([500 + first - entry.system * 5 - (entry.gone ? 100 : 0) + names.length, entry,
          (isHex ? "0x" + value.toString(16) : value) + " on " + shown]);
      }
    }
  }
  return found;
}

function find(query, limit = 40) {
  const words = query.toLowerCase().split(/[\s()]+/).filter(Boolean);
  if (!words.length || !index) return [];
  const isNumber = words.length === 1 && /^(0x[0-9a-f]+|\d+)$/.test(words[0]);
  const found = isNumber ? findNumber(words[0]) : [];
  for (const entry of index.rows) {
    const value = rank(entry, words);
    if (value > 0) found.push([value, entry, ""]);
  }
  found.sort((a, b) => b[0] - a[0] || a[1].name.length - b[1].name.length || (a[1].name < b[1].name ? -1 : 1));
  if (!found.length) return findLike(words.join("_"), 8);
  return found.slice(0, limit);
}

// Names that are a letter or two away, when nothing has the words.
function findLike(word, limit) {
  const found = [];
  for (const entry of index.rows) {
    if (entry.kind !== "c" || Math.abs(entry.lower.length - word.length) > 2) continue;
    const far = distance(entry.lower, word);
    if (far <= Math.max(1, word.length / 3)) found.push([100 - far * 10 - entry.system, entry, ""]);
  }
  return found.sort((a, b) => b[0] - a[0]).slice(0, limit);
}

function distance(a, b) {
  let before = Array.from({length: b.length + 1}, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const line = [i];
    for (let j = 1; j <= b.length; j++) {
      line[j] = Math.min(before[j] + 1, line[j - 1] + 1, before[j - 1] + (a[i - 1] !== b[j - 1]));
    }
    before = line;
  }
  return before[b.length];
}

function startSearch() {
  const input = $("#search"), list = $("#found"), status = $("#found-count");
  let chosen = -1;

  const load = () => (load.done ??= loadScript("data/search.js").then(() => { if (input.value) show(); }, () => {
    status.textContent = "The index of the search cannot be loaded.";
  }));

  function choose(position) {
    const options = [...list.children];
    options[chosen]?.setAttribute("aria-selected", "false");
    chosen = position;
    const option = options[chosen];
    if (!option) return input.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({block: "nearest"});
  }

  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    choose(-1);
  }

  function show() {
    const query = input.value.trim();
    if (!query || !index) return close();
    const answers = find(query);
    list.replaceChildren(...answers.map(([, entry, note], i) => {
      const kind = KINDS[entry.kind] || index.systems[entry.system][1];
      const about = note || (entry.kind === "o" ? entry.numbers + " of " + entry.words : entry.words);
      const option = make("a",
        {href: addressOf(entry), id: "found-" + i, role: "option", "aria-selected": "false", tabindex: "-1"},
        make("b", {}, entry.name), make("span", {class: "about"}, about), make("span", {class: "kind"}, kind));
      if (entry.gone) option.classList.add("gone");
      return option;
    }));
    if (!answers.length) {
      const text = "Nothing has these words in it";
      list.append(make("div", {class: "none", role: "option", "aria-disabled": "true", "aria-selected": "false"}, text));
    }
    status.textContent = answers.length ? `${answers.length} found` : "nothing found";
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    choose(answers.length ? 0 : -1);
  }

  input.addEventListener("focus", load);
  input.addEventListener("input", show);
  input.addEventListener("focus", () => { if (input.value) show(); });
  input.addEventListener("keydown", (event) => {
    const count = $$("a", list).length;
    if (event.key === "Escape") {
      input.value = "";
      close();
    } else if (event.key === "Enter") {
      const link = $$("a", list)[Math.max(chosen, 0)];
      if (!list.hidden && link) link.click();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && count) {
      if (list.hidden) return show();
      choose((chosen + (event.key === "ArrowDown" ? 1 : count - 1)) % count);
    } else return;
    event.preventDefault();
  });
  document.addEventListener("click", (event) => { if (!event.target.closest(".search")) close(); });
  $(".search").addEventListener("focusout", (event) => {
    if (event.relatedTarget && !event.relatedTarget.closest(".search")) close();
  });
  list.addEventListener("click", () => close());
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.("input, select, textarea");
    if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
}
startSearch();

// ---- a request of ioctl, taken apart --------------------------------------------------------------------------

function startDecoder(form) {
  const output = $("output", form);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    const text = form.elements.request.value.trim();
    const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : NaN;
    if (!text) output.textContent = "";
    else if (!(value < 2 ** 32)) output.textContent = "not a 32-bit number";
    else {
      const type = Math.floor(value / 256) % 256;
      const letter = type > 32 && type < 127 ? `'${String.fromCharCode(type)}'` : "0x" + type.toString(16);
      const direction = ["none", "write", "read", "readwrite"][Math.floor(value / 2 ** 30)];
      const names = $$("#requests tbody tr").filter((row) => Number(row.cells[0].textContent) === value).map((row) => row.id);
      output.textContent = `${direction}, type ${letter}, number ${value % 256}, size ${Math.floor(value / 65536) % 16384}`
        + (names.length ? ": " + names.join(", ") : "; no request of this table");
    }
  });
}
if ($("#decode")) startDecoder($("#decode"));

// ---- the comparison -------------------------------------------------------------------------------------------

const CHANGES = ["removed", "added", "renumbered", "renamed", "signature"];

// The rows of a table as of a version, the newest if that is empty; null for what is no version.
function tableAt(table, version) {
  if (!version) return table.rows.filter((row) => row[4] & 1);
  const named = table.versions.filter(([v, label]) => label === version || label === "Windows " + version).pop();
  const key = versionKey(table.system, named ? named[0] : version);
  if (key === null || !table.history) return null;
  return table.rows.filter(([, , since, until]) =>
    (!since || cachedKeyOf(table.system, since) <= key) && (!until || cachedKeyOf(table.system, until) > key));
}

const cachedKeyOf = (system, text) => {
  const name = system + " " + text;
  if (!keys.has(name)) keys.set(name, versionKey(system, text));
  return keys.get(name);
};

// What differs, in the order and words of trapgate.catalog.compare.
function compareTables(tableA, rowsA, tableB, rowsB, isOne) {
  const byName = (rows) => {
    const found = new Map();
    for (const row of rows) if (!found.has(row[1]) || row[4] & 2 & ~found.get(row[1])[4]) found.set(row[1], row);
    return found;
  };
  const olds = byName(rowsA), news = byName(rowsB);
  const came = new Map([...news.values()].filter((row) => !olds.has(row[1])).map((row) => [row[0], row[1]]));
  const renamed = new Map();
  if (isOne) {
    for (const [name, row] of olds) if (!news.has(name) && came.has(row[0])) renamed.set(name, came.get(row[0]));
  }
  const changes = [];
  for (const [name, a] of olds) {
    const b = news.get(name);
    if (renamed.has(name)) changes.push([a[0], "renamed", name, `${a[0]} ${name}`, `${a[0]} ${renamed.get(name)}`]);
    else if (!b) changes.push([a[0], "removed", name, String(a[0]), ""]);
    else {
      if (a[0] !== b[0]) changes.push([a[0], "renumbered", name, String(a[0]), String(b[0])]);
      const [left, right] = [tableA.signatures[a[5]], tableB.signatures[b[5]]];
      if (!isOne && left && right && left[1] !== right[1]) changes.push([a[0], "signature", name, left[0], right[0]]);
    }
  }
  const gone = new Set(renamed.values());
  for (const [name, b] of news) if (!olds.has(name) && !gone.has(name)) changes.push([b[0], "added", name, "", String(b[0])]);
  const place = (change) => CHANGES.indexOf(change[1]);
  return changes.sort((a, b) => place(a) - place(b) || a[0] - b[0] || (a[2] < b[2] ? -1 : 1));
}

function startComparison(form) {
  const summary = $("#summary"), body = $("#changes tbody"), region = $("#changes-region");
  const field = form.elements;

  function load(key) {
    if (trapgate.tables[key]) return Promise.resolve();
    return loadScript(`data/tables/${key.replace("/", "-")}.js`);
  }

  async function show() {
    const [a, b] = [field.a.value, field.b.value];
    try { await Promise.all([load(a), load(b)]); } catch (error) { summary.textContent = error.message; return; }
    if (a !== field.a.value || b !== field.b.value) return; // chosen anew meanwhile
    const sides = {a: trapgate.tables[a], b: trapgate.tables[b]};
    const rows = {};
    for (const side of ["a", "b"]) {
      const versions = $(`#${side}-versions`);
      versions.replaceChildren(...sides[side].versions.toReversed().map(([v, label]) =>
        make("option", {value: v, label: label ? `${label} (${v})` : v})));
      rows[side] = tableAt(sides[side], field[side + "v"].value.trim());
      field[side + "v"].setAttribute("aria-invalid", rows[side] === null);
      field[side + "v"].placeholder = sides[side].version || "newest";
    }
    if (!rows.a || !rows.b) {
      const side = rows.a ? "b" : "a";
      summary.textContent = sides[side].history ? `${field[side + "v"].value} is not a version of ${field[side].value}`
        : `the table of ${field[side].value} is of one version`;
      region.hidden = true;
      return;
    }
    const changes = compareTables(sides.a, rows.a, sides.b, rows.b, a === b);
    const name = (side) => field[side].value.replace("/all", "") + " " + (field[side + "v"].value.trim() || sides[side].version);
    $("#before").textContent = name("a");
    $("#after").textContent = name("b");
    const counts = CHANGES.map((kind) => [changes.filter((change) => change[1] === kind).length, kind]);
    summary.textContent = counts.filter(([n]) => n).map(([n, kind]) => `${n} ${kind === "signature" ? "with other arguments" : kind}`)
      .join(", ") || "No difference.";
    const wanted = field.kind.value;
    body.replaceChildren(...changes.filter((change) => !wanted || change[1] === wanted).map(([, kind, call, before, after]) => {
      const system = kind === "added" ? b.split("/")[0] : a.split("/")[0];
      const slug = call.replace(/[^\w.-]/g, "_");
      const row = make("tr", {class: kind}, make("td", {}, kind === "signature" ? "other arguments" : kind),
        make("th", {scope: "row"}, make("a", {href: `${base}${system}/${slug}.html`}, call)));
      for (const text of [before, after]) row.append(make("td", {class: kind === "signature" ? "wrap" : "n"}, text));
      return row;
    }));
    region.hidden = !changes.length;
    if (isHex) showBase();
    const state = new URLSearchParams();
    for (const key of ["a", "av", "b", "bv", "kind"]) if (field[key].value) state.set(key, field[key].value);
    writeState(state);
  }

  function restore() {
    const state = readState();
    for (const key of ["a", "av", "b", "bv", "kind"]) if (state.has(key) || state.has("a")) field[key].value = state.get(key) ?? "";
    show();
  }

  for (const side of ["a", "b"]) field[side].addEventListener("change", () => { field[side + "v"].value = ""; });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", show);
  $("#swap").addEventListener("click", () => {
    [field.a.value, field.b.value] = [field.b.value, field.a.value];
    [field.av.value, field.bv.value] = [field.bv.value, field.av.value];
    show();
  });
  addEventListener("hashchange", restore);
  restore();
}
if ($("#compare")) startComparison($("#compare"));
