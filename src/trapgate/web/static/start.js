// Runs before the page is painted: the colours that were chosen before, and what needs JavaScript may show.
"use strict";
const root = document.documentElement;
root.classList.add("js");
const kept = {
  // A page opened from a file may have no storage: then nothing is remembered.
  get(name) { try { return localStorage.getItem("trapgate." + name); } catch { return null; } },
  set(name, value) { try { localStorage.setItem("trapgate." + name, value); } catch { /* not remembered */ } },
};
if (kept.get("theme")) root.dataset.theme = kept.get("theme");
