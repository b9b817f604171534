// Keeps a live page fresh in place: fetches the page again, and swaps only the parts that changed, so that the reader's
// place, focus, selection and opened tables stay. A page says how often in <body data-refresh="seconds">.
"use strict";

const PERIOD_MS = 1000 * Number(document.body.dataset.refresh);
const STALE_MS = 2.5 * PERIOD_MS;
const FOCUSABLE = "a, button, summary";
let etag = null;
let heard = performance.now();

function isBeingRead(part) {
  const selection = document.getSelection();
  return !selection.isCollapsed && part.contains(selection.anchorNode);
}

function swap(old, fresh) {
  for (const opened of old.querySelectorAll("details[open][id]")) {
    fresh.querySelector("#" + CSS.escape(opened.id))?.setAttribute("open", "");
  }
  if (old.outerHTML === fresh.outerHTML || isBeingRead(old)) return;
  const focused = [...old.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement);
  old.replaceWith(fresh);
  if (focused >= 0) fresh.querySelectorAll(FOCUSABLE)[focused]?.focus({ preventScroll: true });
}

function show(page) {
  const ids = (root) => [...root.querySelectorAll("[data-live]")].map((part) => part.id);
  if (ids(page).join() === ids(document).join()) {
    for (const id of ids(page)) swap(document.getElementById(id), page.getElementById(id));
  } else {
    swap(document.getElementById("main"), page.getElementById("main"));
  }
  document.title = page.title;
}

function mark(lost) {
  const known = document.getElementById("clock").dataset.now;
  document.body.toggleAttribute("data-stale", lost);
  document.getElementById("lost").hidden = !lost;
  if (lost) document.getElementById("lost-since").textContent = known;
}

async function refresh() {
  try {
    const headers = etag === null ? {} : { "If-None-Match": etag };
    const answer = await fetch(location.href, { headers, cache: "no-store", signal: AbortSignal.timeout(2 * PERIOD_MS) });
    if (answer.redirected || answer.status === 401) return location.reload();
    if (answer.ok) {
      etag = answer.headers.get("ETag");
      show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    }
    if (answer.ok || answer.status === 304) heard = performance.now();
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof DOMException)) throw error; // network and time-out only
  } finally {
    mark(performance.now() - heard > STALE_MS);
    setTimeout(refresh, PERIOD_MS);
  }
}

if (PERIOD_MS > 0) setTimeout(refresh, PERIOD_MS);
