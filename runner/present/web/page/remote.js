import { $, connect, duration, forward, say, send, stands, state } from "./link.js";
import { fill, follow, mark, show } from "./slide.js";

const armed = 4000; // milliseconds in which the second tap counts
let ready = null, timer;
follow($("slide"));

$("prev").addEventListener("click", () => send({ do: "prev" }));
$("next").addEventListener("click", () => send({ do: "next" }));

$("stop").addEventListener("click", () => send({ do: "stop" }));
$("skip").addEventListener("click", () => { if (state.trouble) send({ do: "skip", what: state.trouble.id }); });
$("replay").addEventListener("click", () => send({ do: "replay" })); // nothing runs: one tap
$("blank").addEventListener("click", () => send({ do: "toggle", text: "blank" }));

$("smaller").addEventListener("click", () => send({ do: "font", n: -1 }));
$("larger").addEventListener("click", () => send({ do: "font", n: 1 }));

// Running takes two taps, so that nothing runs in a pocket.
$("run").addEventListener("click", () => {
  if (current()) twice({ do: "run", what: current().id });
});
$("again").addEventListener("click", () => { if (state.trouble) twice({ do: "again", what: state.trouble.id }); });

// means names an order: what it does, and to which step.
const means = (order) => order && `${order.do} ${order.what ?? order.n}`;

function twice(order) {
  if (ready !== means(order)) { clearTimeout(timer); ready = means(order); timer = setTimeout(disarm, armed); draw(); say("Tap again to run"); return; }
  disarm();
  send(order);
}

function disarm() { clearTimeout(timer); ready = null; draw(); }
$("forward").addEventListener("click", () => twice(forward()));
const current = () => state.steps?.steps.find((s) => s.index === state.steps.selected);

function draw() {
  const step = current(), { talk, trouble } = state;
  const busy = talk?.running || talk?.busy;
  const recorded = talk?.recorded, before = !busy && !trouble && !recorded && !talk?.asks && talk?.before > 0;
  const none = state.steps?.steps.length ? "No step is left on this slide." : "There are no steps on this slide.";
  const message = talk?.message || (step ? "" : before ? `${none} F runs what came before.` : none);
  $("step").textContent = talk?.asks ? "May this deck run on the presenter’s machine? It is asked there." : recorded ? recorded : busy ? `Running: ${busy}` : trouble ? `${trouble.slide ? `Slide ${trouble.slide}: ` : ""}${trouble.message}: ${trouble.step}` : message;
  $("step").className = recorded || talk?.asks ? "warn" : trouble || talk?.error && !busy ? "bad" : "";
  const run = $("run");
  run.hidden = !step || Boolean(talk?.asks) || Boolean(busy) || Boolean(trouble && !trouble.slide);
  $("stop").hidden = !busy || Boolean(recorded);
  $("again").hidden = $("skip").hidden = !trouble || Boolean(busy);
  $("replay").hidden = !recorded && (!trouble?.replay || Boolean(busy));
  $("replay").textContent = recorded ? "Leave it" : "Replay";
  $("replay").setAttribute("aria-label", recorded ? "Leave the recording" : "Show the recorded output of the last check");
  const armed = trouble && ready === `again ${trouble.id}`;
  $("again").textContent = armed ? "Tap again" : "Again";
  $("again").className = armed ? "armed" : "";
  const onward = ready === means(forward());
  $("forward").hidden = !before;
  $("forward").lastElementChild.textContent = onward ? "Tap again" : "Run what came before";
  $("forward").className = onward ? "armed" : "";
  $("smaller").hidden = $("larger").hidden = !talk?.columns || !talk.shell || Boolean(trouble);
  $("blank").setAttribute("aria-pressed", String(Boolean(talk?.blank)));
  if (step) {
    const armed = ready === `run ${step.id}`;
    run.textContent = armed ? "Tap again to run" : `Run  ${step.kind === "type" ? "" : `${step.name} `}${step.text.split("\n")[0]}`;
    run.className = armed ? "armed" : "";
  }
}

connect((changed) => {
  const { deck, slide, next, talk } = state;
  if (changed.has("slide") || changed.has("deck")) {
    disarm();
    $("title").textContent = slide?.title ?? "";
    show($("slide"), slide);
    $("count").textContent = slide ? `${slide.index + 1} / ${deck.total}` : "";
    $("chapter").textContent = slide?.chapter ?? "";
    $("next-title").textContent = next?.title ?? "the end";
    fill($("notes"), slide?.notes);
    document.title = `Remote · ${deck.title}`;
    if (slide) say(`Slide ${slide.index + 1} of ${deck.total}: ${slide.title}`);
  }
  if (changed.has("trouble") && state.trouble) say(`${state.trouble.message}: ${state.trouble.step}`, true);
  if (changed.has("steps") || changed.has("slide")) mark($("slide"), state.steps);
  if (talk) { draw(); tick(); }
});

function tick() { if (state.talk && !stands()) $("timer").textContent = duration(Date.now() - state.talk.started); }
setInterval(tick, 1000);
