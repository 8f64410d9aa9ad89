"use strict";
// Sends the text while one types, and puts what the answer shows in the place of what was shown; focus, selection and closed branches stay.
const form = document.getElementById("form"), text = document.getElementById("text"), marks = document.getElementById("marks");
let saved = text.dataset.saved, waiting, running, saving = false;

function put(id, page) {
  const old = document.getElementById(id), now = page.getElementById(id);
  if (!now || old.innerHTML === now.innerHTML) return;
  const closed = new Set(Array.from(old.querySelectorAll("details:not([open])"), d => d.dataset.key));
  const focused = old.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  old.innerHTML = now.innerHTML;
  for (const d of old.querySelectorAll("details")) d.open = !closed.has(d.dataset.key);
  if (focused !== undefined) (old.querySelector(`[data-key="${CSS.escape(focused)}"]`) || text).focus();
}

function say(id, what) {
  const at = document.getElementById(id);
  if (at.textContent !== what) at.textContent = what;
}

async function send(what) {
  if (saving) { later(); return; } // a save is never given up
  clearTimeout(waiting);
  if (running) running.abort();
  const mine = running = new AbortController(), sent = text.value;
  saving = what === "save";
  const data = new URLSearchParams(new FormData(form));
  data.set("do", what);
  try {
    const answer = await fetch(form.action, { method: "POST", body: data, signal: saving ? undefined : mine.signal });
    const body = await answer.text();
    if (!answer.ok) throw new Error(body);
    const page = new DOMParser().parseFromString(body, "text/html"), its = page.getElementById("text");
    for (const id of ["tree", "problems", "result"]) put(id, page);
    if (sent === text.value) put("marks", page);
    say("status", page.getElementById("status").textContent);
    say("trouble", page.getElementById("trouble").textContent);
    document.getElementById("base").value = page.getElementById("base").value;
    text.setAttribute("aria-invalid", its.getAttribute("aria-invalid"));
    if (its.dataset.saved) saved = its.dataset.saved;
    scroll();
  } catch (e) {
    if (e.name !== "AbortError") say("trouble", "No answer: " + (e.message || "inbasket map edit was ended") + ". Your text is only on this page.");
  } finally {
    if (what === "save") saving = false;
  }
}

function later() { clearTimeout(waiting); waiting = setTimeout(() => send("check"), 250); }
function scroll() { marks.scrollTop = text.scrollTop; marks.scrollLeft = text.scrollLeft; }

text.addEventListener("input", () => { marks.textContent = ""; later(); });
text.addEventListener("scroll", scroll);
document.getElementById("sample")?.addEventListener("change", () => send("check"));
form.addEventListener("submit", e => { e.preventDefault(); send(e.submitter?.value || "check"); });
document.addEventListener("keydown", e => { if ((e.ctrlKey || e.metaKey) && e.key === "s") { e.preventDefault(); send("save"); } });
document.getElementById("problems").addEventListener("click", e => {
  const place = e.target.closest("[data-from]");
  if (!place) return;
  text.focus();
  text.setSelectionRange(Number(place.dataset.from), Number(place.dataset.to));
});
window.addEventListener("beforeunload", e => { if (text.value !== saved) e.preventDefault(); });
