import { $, connect, copy, make, progress, say, state, unsent } from "./link.js";
import { follow, mark, show } from "./slide.js";
import { Screen, resizer } from "./screen.js";

const screen = new Screen($("terminal"));
follow($("slide"));
let before = new Map();

// Each page shows what the presenter wants of the two, or what its viewer does.
const zooms = ["both", "slide", "terminal"];
let zoomed = "", stage = "";
const arrange = () => { document.body.dataset.zoom = zoomed || stage; };
const zoom = () => {
  zoomed = zooms[(zooms.indexOf(zoomed || stage) + 1) % zooms.length];
  arrange();
};
screen.onroom = resizer();
$("zoom").addEventListener("click", zoom);
document.addEventListener("keydown", (e) => { if (e.key === "z" && !e.ctrlKey && !e.metaKey && !e.altKey && state.term) zoom(); });

// Whoever watches may page back: then this page shows another slide than the talk, until it follows again.
let away = null;
const mine = document.body.dataset.role === "audience"; // the others' is the one that the room sees
const here = () => away ?? { slide: state.slide, steps: state.steps };
const follows = () => { if (away) { away = null; draw(); } };
async function page(to) {
  const { deck, slide } = state;
  if (!mine || !slide || to < 0 || to >= deck.total || to > slide.index) return;
  if (to === slide.index) { follows(); return; }
  try {
    const r = await fetch(`slide?at=${to}`);
    if (!r.ok) return;
    const got = await r.json();
    const same = away?.slide.index === to && away.slide.html === got.slide.html;
    away = got;
    if (same) marks(); else draw();
  } catch { /* the stream tells of the line */ }
}
const turn = (by) => page((here().slide?.index ?? 0) + by);
$("back").hidden = !mine;
$("back").addEventListener("click", () => turn(-1));
$("forth").addEventListener("click", () => turn(1));
$("follow").addEventListener("click", follows);
// A link within the deck pages back to its slide.
$("slide").addEventListener("click", async (e) => {
  const link = e.target.closest('a[href^="#"]');
  if (!link) return;
  e.preventDefault();
  if (!mine) return;
  const r = await fetch(`slide?to=${link.hash.slice(1)}`).catch(() => null);
  if (!r) return; // the stream tells of the line
  const to = r.ok ? (await r.json()).slide.index : -1;
  if (to < 0) unsent("There is no such slide");
  else if (to > state.slide.index) unsent("The talk has not come there yet");
  else page(to);
});
const turns = { ArrowLeft: -1, PageUp: -1, ArrowRight: 1, PageDown: 1 };
document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || e.shiftKey || !mine) return;
  if (turns[e.key]) turn(turns[e.key]);
  else if (e.key === "Escape") follows();
});

// draw shows the slide of this page, and where the talk is.
function draw() {
  const { deck, slide: at } = state, { slide } = here();
  show($("slide"), slide);
  for (const pre of $("slide").querySelectorAll("pre[data-step]")) {
    const text = pre.textContent.replace(/\n$/, "");
    const button = make("button", { type: "button", class: "copy", "aria-label": `Copy: ${text}` }, "Copy");
    button.addEventListener("click", () => copy(text, button));
    pre.prepend(button);
  }
  $("slide").parentElement.scrollTop = 0;
  before = new Map();
  $("chapter").textContent = slide?.chapter ?? "";
  $("count").textContent = slide ? `${slide.index + 1} / ${deck.total}` : "";
  document.title = slide ? `${slide.title} · ${deck.title}` : deck.title;
  document.body.dataset.away = away ? "" : "no";
  $("away").hidden = $("forth").hidden = !away;
  $("back").disabled = !slide?.index;
  $("talk").textContent = away ? `The talk is at slide ${at.index + 1}: ${at.title}` : "";
  progress();
  if (slide) say(`Slide ${slide.index + 1} of ${deck.total}: ${slide.title}`);
  marks();
}

function marks() {
  const { steps } = here();
  mark($("slide"), steps);
  for (const s of steps.steps) {
    const state = s.state + (s.skipped ? ", skipped" : "");
    if (before.has(s.index) && before.get(s.index) !== state && state && state !== "running") {
      const code = $("slide").querySelector(`[data-step="${s.index}"] code`)?.textContent ?? "the step";
      say(`${state}: ${code}`);
    }
    before.set(s.index, state);
  }
}

connect((changed, part) => {
  const { talk } = state;
  if (changed.has("talk")) {
    document.body.dataset.blank = talk.blank ? "" : "no";
    screen.label(talk.recorded);
    if (stage !== talk.stage) zoomed = ""; // something else is to be seen
    stage = talk.stage;
    arrange();
    screen.wanted = talk.fits ? talk.columns : 0;
    screen.fit();
  }
  if (changed.has("term")) {
    document.body.dataset.shell = state.term ? "" : "no";
    screen.draw(state.term, part);
  }
  if (away) {
    if (!state.slide || away.slide.index >= state.slide.index) follows(); // the talk has come back
    else if (changed.has("deck") || changed.has("log")) page(away.slide.index);
    if (away) $("talk").textContent = `The talk is at slide ${state.slide.index + 1}: ${state.slide.title}`;
    if (away && (changed.has("slide") || changed.has("deck"))) progress();
  } else if (changed.has("slide") || changed.has("deck")) draw();
  else if (changed.has("steps")) marks();
});
