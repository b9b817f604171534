// Keeps a live page fresh in place. Signals of the service (server-sent events) say when to fetch the page again, else a
// timer does; only the parts that changed are swapped, so that the reader's place, focus, selection and opened tables
// stay. <body data-refresh="seconds" data-events="address"> says how often at most, and where the signals come from.
"use strict";

const PERIOD_MS = 1000 * Number(document.body.dataset.refresh);
const SOON_MS = 100;
const QUIET_MS = 3 * PERIOD_MS; // with signals, a page without news is fetched this seldom: to know that all is well
const STALE_MS = 2 * PERIOD_MS; // fetches that fail for so long mean that the connection is lost
const FOCUSABLE = "a, button, summary";
let etag = null;
let failing = null; // since when
let fetched = performance.now();
let timer = 0;
let due = Infinity;
let busy = false;
let signals = null;

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
  busy = true;
  due = Infinity;
  fetched = performance.now();
  try {
    const headers = etag === null ? {} : { "If-None-Match": etag };
    const answer = await fetch(location.href, { headers, cache: "no-store", signal: AbortSignal.timeout(2 * PERIOD_MS) });
    if (answer.redirected || answer.status === 401) return location.reload();
    if (answer.ok) {
      etag = answer.headers.get("ETag");
      show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    }
    if (answer.ok || answer.status === 304) failing = null;
    else failing ??= fetched;
  } catch (error) {
    failing ??= fetched;
    if (!(error instanceof TypeError || error instanceof DOMException)) throw error; // network and time-out only
  } finally {
    busy = false;
    mark(failing !== null && performance.now() - failing >= STALE_MS);
    if (failing === null) listen();
    within(isTold() && failing === null ? QUIET_MS : PERIOD_MS);
  }
}

// Fetch again after at most so long; what is due sooner stays so. A hidden page rests, and catches up when it is seen.
function within(ms) {
  const at = performance.now() + ms;
  if (busy || document.hidden || at >= due) return;
  due = at;
  clearTimeout(timer);
  timer = setTimeout(refresh, ms);
}

function isTold() {
  return signals !== null && signals.readyState === EventSource.OPEN;
}

// Browsers connect again by themselves, and tell the last id; where they gave up (log-in over, proxy), a fetch that
// succeeds starts anew. A hidden page lets go of its stream: a browser has six connections to a server in all.
function listen() {
  if (document.hidden || (signals !== null && signals.readyState !== EventSource.CLOSED)) return;
  signals = new EventSource(document.body.dataset.events);
  signals.onopen = () => within(SOON_MS);
  signals.onerror = () => within(PERIOD_MS);
  for (const urgent of ["state", "revision", "reset"]) signals.addEventListener(urgent, () => within(SOON_MS));
  signals.addEventListener("shift", () => within(Math.max(PERIOD_MS - (performance.now() - fetched), SOON_MS)));
}

function rest() {
  clearTimeout(timer);
  due = Infinity;
  if (document.hidden) {
    signals?.close();
  } else {
    listen();
    within(SOON_MS);
  }
}

if (PERIOD_MS > 0) {
  document.addEventListener("visibilitychange", rest);
  listen();
  within(PERIOD_MS);
}
