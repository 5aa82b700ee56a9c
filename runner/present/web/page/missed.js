import { $, connect, copy, make, state } from "./link.js";

const names = { passed: "✓ checked", failed: "✗ not as expected", broken: "✗ not as expected", inconclusive: "≈ undecided: the machine was too busy", interrupted: "stopped", unchecked: "not checked", running: "running …" };
const verdict = (entry) => (names[entry.state] ?? "") + (entry.skipped ? ", skipped" : "");
const shown = new Map(); // by id
let last = 0, revision = 0, busy = false, again = false;

// load gets what was run since; the last command may have more output by now. Where an
// earlier one has another mark by now, it gets all.
async function load() {
  if (busy) { again = true; return; }
  busy = true;
  if ((state.log.revision ?? 0) !== revision) { revision = state.log.revision ?? 0; last = 0; }
  try {
    for (let more = true; more;) {
      const r = await fetch(`log?from=${last}`);
      if (!r.ok) break;
      const page = await r.json();
      for (const entry of page.entries) add(entry);
      more = page.more && page.entries.length > 0;
    }
  } catch { /* the stream tells when there is a line again */ }
  busy = false;
  if (again) { again = false; load(); }
}

function add(entry) {
  last = Math.max(last, entry.id);
  const id = `c${entry.id}`;
  const button = make("button", { type: "button", "aria-label": `Copy: ${entry.command}` }, "Copy");
  button.addEventListener("click", () => copy(entry.command, button));
  const card = make("li", { id },
    make("p", { class: "from" }, make("span", {}, `Slide ${entry.slide} · ${entry.title}`), make("span", { class: `verdict ${entry.state}` }, verdict(entry))),
    make("div", { class: "command" }, make("pre", { tabindex: 0 }, make("code", {}, entry.command)), button),
    entry.output?.trim() ? make("pre", { class: "output", tabindex: 0, "aria-label": "Output" }, entry.output.replace(/\n+$/, "")) : null,
    entry.keys ? make("p", { class: "keys" }, "then ", ...entry.keys.flatMap((k) => [make("kbd", {}, k), " "])) : null);
  const old = shown.get(entry.id);
  if (old) old.card.replaceWith(card); else $("log").append(card);
  shown.set(entry.id, { entry, card });
  $("none").hidden = true;
}

$("all").addEventListener("click", () => copy([...shown.values()].map((s) => s.entry.command).join("\n") + "\n", $("all")));
$("whole").addEventListener("click", async () => {
  const past = $("past");
  past.hidden = !past.hidden;
  $("whole").setAttribute("aria-expanded", String(!past.hidden));
  if (past.hidden) return;
  const r = await fetch("past");
  if (r.ok) past.querySelector("pre").textContent = (await r.json()).text || "There is no shell yet.";
});

connect((changed) => {
  if (changed.has("deck")) { $("title").textContent = state.deck.title; document.title = `What did I miss? · ${state.deck.title}`; }
  if (changed.has("log")) load();
});
