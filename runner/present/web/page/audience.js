import { $, connect, progress, say, state } from "./link.js";
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

connect((changed, part) => {
  const { deck, slide, steps, talk } = state;
  if (changed.has("talk")) {
    document.body.dataset.blank = talk.blank ? "" : "no";
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
  if (changed.has("slide")) {
    show($("slide"), slide);
    $("slide").parentElement.scrollTop = 0;
    before = new Map();
  }
  if (changed.has("slide") || changed.has("deck")) {
    $("chapter").textContent = slide?.chapter ?? "";
    $("count").textContent = slide ? `${slide.index + 1} / ${deck.total}` : "";
    document.title = slide ? `${slide.title} · ${deck.title}` : deck.title;
    progress();
    if (slide) say(`Slide ${slide.index + 1} of ${deck.total}: ${slide.title}`);
  }
  if (changed.has("steps") || changed.has("slide")) {
    mark($("slide"), steps);
    for (const s of steps.steps) {
      const state = s.state + (s.skipped ? ", skipped" : "");
      if (before.has(s.index) && before.get(s.index) !== state && state && state !== "running") {
        const code = $("slide").querySelector(`[data-step="${s.index}"]`)?.textContent ?? "the step";
        say(`${state}: ${code}`);
      }
      before.set(s.index, state);
    }
  }
});
