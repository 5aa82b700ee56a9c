import { $, connect, copy, duration, forward, make, post, progress, say, send, stands, state } from "./link.js";
import { fill, follow, mark, show } from "./slide.js";
import { Screen, resizer } from "./screen.js";
import { listen, turns } from "./keys.js";

const screen = new Screen($("terminal"));
const pen = () => state.room?.pen;
const selected = () => state.steps?.steps.find((s) => s.index === state.steps.selected);
const busy = () => Boolean(state.talk?.running || state.talk?.busy);
follow($("slide"));
follow($("room-slide"), (size, whole) => {
  $("unfit").hidden = size >= 1;
  $("unfit").textContent = whole ? "Small in the room" : "Does not fit in the room";
});
new ResizeObserver(() => reveal()).observe($("steps"));
follow($("after"));
listen($("keys"), screen, send, pen);

screen.least = 13; // smaller text is not read from a lectern: the page then follows the cursor
const resize = resizer();
const font = (n) => { if (state.talk?.columns) send({ do: "font", n }); };

// The notes have a size of their own.
const sizes = [0.9, 1, 1.1, 1.25, 1.45, 1.7, 2];
let size = sizes.includes(Number(localStorage.getItem("notes"))) ? Number(localStorage.getItem("notes")) : 1.1;
const notes = (by) => {
  size = sizes[sizes.indexOf(size) + by] ?? size;
  localStorage.setItem("notes", size);
  $("notes").style.setProperty("--notes", `${size}rem`);
};
notes(0);

const badge = (step) => {
  const c = step.check;
  if (!c || c.standing === "never") return ["never checked", "quiet"];
  const days = Math.floor((Date.now() - c.at) / 86400000);
  const when = days > 1 ? `${days} days ago` : days === 1 ? "yesterday" : "today";
  if (c.standing === "edited") return ["edited since", "warn"];
  if (c.standing === "before") return ["what comes before was edited", "warn"];
  if (c.verdict === "inconclusive") return [`≈ undecided ${when}`, "warn"];
  if (c.verdict === "flaky") return [`↻ flaky ${when}`, "warn"];
  return c.verdict === "passed" ? [`✓ checked ${when}`, "good"] : [`✗ failed ${when}`, "bad"];
};
const verdicts = { passed: ["✓ passed", "good"], failed: ["✗ failed", "bad"], broken: ["✗ broken", "bad"], inconclusive: ["≈ undecided", "warn"], interrupted: ["■ stopped", "warn"], skipped: ["– skipped", "quiet"], unchecked: ["run, not checked", "quiet"], running: ["running …", "warn"] };
const verdict = (step) => {
  const [text, look] = verdicts[step.state] ?? [];
  return text && [text + (step.skipped ? ", skipped" : ""), look];
};

function run(step) { if (step && pen()) send({ do: "run", what: step.id }); }

function drawSteps() {
  const { steps, talk } = state;
  const open = $("steps").contains(document.activeElement) ? document.activeElement.closest("li")?.dataset.index : null;
  $("steps").replaceChildren(...steps.steps.map((s, i) => {
    const on = s.index === steps.selected;
    const [text, look] = verdict(s) ?? badge(s);
    const lines = s.text.split("\n"), short = s.hidden && !talk.hidden;
    const label = s.kind === "type" ? lines[0] : `${s.name} ${lines[0]}`;
    return make("li", { "data-index": s.index, class: `${s.kind} ${s.hidden ? "hidden-step" : ""}`, "aria-current": on ? "step" : false },
      make("button", { type: "button", class: "pick", "aria-label": `Select: ${label}`, onclick: () => { if (pen()) send({ do: "select", n: i }); } },
        make("code", {}, s.kind === "type" ? null : make("b", {}, `${s.name} `), short ? lines[0] + (lines.length > 1 ? " …" : "") : s.text),
        make("span", { class: `badge ${look}` }, text + (s.seconds >= 0.1 && s.state !== "running" ? ` · ${s.seconds.toFixed(1)} s` : "") + (s.byHand ? " · typed into" : ""))),
      on || s.state ? make("button", { type: "button", class: on ? "main go" : "go", disabled: !pen() || busy(), "aria-label": `Run: ${label}`, onclick: () => run(s) }, on ? "Run" : "Again") : null);
  }));
  document.querySelector(".work").hidden = steps.steps.length === 0;
  if (open != null) $("steps").querySelector(`[data-index="${open}"] .pick`)?.focus({ preventScroll: true });
}

function reveal() { $("steps").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" }); }

function takeShell() { send({ do: "dismiss" }); $("keys").focus(); }

function drawTrouble() {
  const t = state.trouble, box = $("trouble");
  box.hidden = !t;
  document.querySelector(".notes").hidden = Boolean(t) || !state.slide?.notes; // the failure takes their place
  if (!t) return;
  const order = (what) => ({ type: "button", disabled: !pen(), onclick: () => send({ do: what, what: t.id }) });
  const line = (name, value) => value ? [make("dt", {}, name), make("dd", {}, value)] : [];
  box.className = t.refused ? "refused" : "";
  box.replaceChildren(make("div", { class: "details", tabindex: 0 },
    make("p", { class: "why" }, t.refused ? `Not run: ${t.message}` : t.message),
    ...(t.late ? [make("p", {}, "Its command failed when the exercise was over.")] : []),
    ...(t.hint ? [make("p", {}, t.hint)] : []),
    make("dl", {}, ...line("slide", t.slide), ...line("step", t.step), ...line("command", t.command !== t.step ? t.command : ""), ...line("expected", t.want), ...line("nearest", t.nearest), ...line("exit status", t.status == null || t.message.endsWith(`status ${t.status}`) ? "" : String(t.status))),
    ...(t.tail ? [make("pre", { tabindex: 0, "aria-label": "What came" }, t.tail)] : [])),
    make("p", { class: "tools" },
      make("button", { ...order("again"), class: "main" }, make("kbd", {}, "a"), "Again"), make("button", order("skip"), make("kbd", {}, "x"), "Skip"),
      make("button", { type: "button", disabled: !pen(), onclick: takeShell }, make("kbd", {}, "e"), "Take the shell"),
      t.replay ? make("button", { type: "button", disabled: !pen(), title: "Show the recorded output of the last check", onclick: () => send({ do: "replay" }) }, make("kbd", {}, "R"), "Replay") : null));
}

const looks = () => `${state.room.holder || "Nobody"} has the pen: you can look.`;

function drawRoom() {
  const r = state.room;
  const some = (n, one, many) => (n === 1 ? `One ${one}` : `${n} ${many}`);
  $("present").textContent = `${some(r.audience, "page watches", "pages watch")}, ${some(r.remotes, "remote", "remotes").toLowerCase()}. ${r.pen ? "You have the pen." : looks()}`;
  $("pens").replaceChildren(...(r.pen ? r.others ?? [] : []).map((o) => make("p", {}, make("button", { type: "button", onclick: () => post("hand", { to: o.id }).catch((e) => { say(e.message, true); $("present").textContent = e.message; }) }, `Hand the pen to ${o.name}`))));
  document.body.dataset.pen = r.pen ? "" : "no";
  $("keys").readOnly = !r.pen;
}

let answered = null; // the question that was answered here: what is pressed next is for the page
function answer(what) {
  answered = state.consent.id;
  $("consent").close();
  send({ do: what, what: answered });
}
document.addEventListener("unsent", () => { answered = null; drawConsent(); });

function drawConsent() {
  const c = state.consent, box = $("consent");
  if (!c || c.id === answered) { if (box.open) box.close(); return; }
  $("consent-what").textContent = c.edited
    ? `It runs with your privileges. It was edited since you agreed: this is what is new, of ${c.all} steps in all, hidden ones too.`
    : "It runs with your privileges. This is all that would be typed and waited for, hidden steps too; the answer is remembered until the deck changes.";
  $("consent-steps").replaceChildren(...c.steps.flatMap((s, i) => [
    s.slide && s.slide !== c.steps[i - 1]?.slide ? make("li", { class: "of" }, s.slide) : null,
    make("li", { class: s.hidden ? "hidden-step" : "" }, make("b", {}, s.name), make("code", {}, s.text), s.risk ? make("em", {}, `⚠ ${s.risk}`) : null, s.hidden ? make("i", {}, "hidden") : null),
  ].filter(Boolean)), ...(c.removed ?? []).map((text) => make("li", { class: "gone" }, make("b", {}, "removed"), make("code", {}, text))));
  $("allow").disabled = !pen();
  if (!box.open) box.showModal();
}

function drawOverview() {
  const text = $("find").value.toLowerCase(), { deck, slide } = state;
  if (!deck?.slides || !$("overview").open) return;
  let chapter = "", shown = 0;
  const items = [];
  for (const [i, s] of deck.slides.entries()) {
    if (shown > 400) break; // the search narrows it
    if (text && !`${i + 1} ${s.title} ${s.chapter}`.toLowerCase().includes(text)) continue;
    shown++;
    if (s.chapter !== chapter) items.push(make("li", { class: "chapter" }, chapter = s.chapter));
    items.push(make("li", {}, make("button", { type: "button", "aria-current": slide?.index === i ? "page" : false, onclick: () => { send({ do: "goto", text: String(i + 1) }); $("overview").close(); } },
      make("span", {}, String(i + 1)), s.title, s.steps ? make("i", {}, `${s.steps.length} ${s.steps.length === 1 ? "step" : "steps"}`) : null)));
  }
  $("list").replaceChildren(...items);
}
const overview = (seed) => {
  $("find").value = seed ?? "";
  $("overview").showModal();
  drawOverview();
  $("find").focus();
  if (!seed) $("list").querySelector("[aria-current]")?.scrollIntoView({ block: "center" });
};
$("find").addEventListener("input", drawOverview);
$("find").addEventListener("keydown", (e) => {
  const text = $("find").value.trim();
  if (e.key !== "Enter" || !text) return;
  e.preventDefault();
  const titles = $("list").querySelectorAll("button");
  if (/^\d+$/.test(text)) send({ do: "goto", text });
  else if (titles.length > 0) titles[0].click();
  else send({ do: "search", text });
  $("overview").close();
});

let spoken = new Map();
connect((changed, part) => {
  const { deck, slide, next, steps, talk } = state;
  if (changed.has("room")) drawRoom();
  if (changed.has("term")) {
    document.querySelector(".shell").hidden = !state.term;
    $("start").hidden = Boolean(state.term);
    $("fresh").hidden = !state.term;
    screen.draw(state.term, part);
  }
  if (changed.has("slide")) {
    show($("slide"), slide);
    fill($("notes"), slide?.notes);
    show($("room-slide"), slide);
    $("notes").scrollTop = 0;
    spoken = new Map();
  }
  if (changed.has("next") || changed.has("slide")) {
    show($("after"), next);
    $("next-title").textContent = next ? next.title : "this is the last slide";
    $("after").parentElement.hidden = !next;
  }
  if (changed.has("slide") || changed.has("deck")) {
    $("title").textContent = deck.title;
    $("count").textContent = slide ? `${slide.index + 1} / ${deck.total}` : "";
    $("chapter").textContent = slide?.chapter ?? "";
    document.title = `${slide ? `${slide.index + 1} ` : ""}${deck.title} · presenter`;
    progress();
    if (slide) say(`Slide ${slide.index + 1} of ${deck.total}: ${slide.title}`);
  }
  if (changed.has("steps") || changed.has("slide")) {
    mark($("slide"), steps);
    for (const s of steps.steps) {
      const [text] = verdict(s) ?? [];
      if (spoken.has(s.index) && spoken.get(s.index) !== text && text) say(`${text}: ${s.text}`);
      spoken.set(s.index, text);
    }
  }
  if (changed.has("steps") || changed.has("talk") || changed.has("room")) drawSteps();
  if (changed.has("trouble") || changed.has("room") || changed.has("slide")) {
    drawTrouble();
    if (changed.has("trouble") && state.trouble) say(`${state.trouble.message}: ${state.trouble.step}`, true);
  }
  if (changed.has("steps") || changed.has("trouble")) reveal();
  if (changed.has("consent") || changed.has("room")) drawConsent();
  if (changed.has("talk") || changed.has("room")) {
    $("state").textContent = talk.running ? `Running ${talk.running}` : talk.busy || talk.message || (pen() ? "" : looks());
    $("state").title = $("state").textContent; // where it has no room
    $("state").className = talk.error && !talk.running && !talk.busy ? "bad" : busy() ? "busy" : "";
    $("stop").hidden = !busy() || Boolean(talk.recorded);
    $("live").hidden = !talk.recorded;
    $("continue").hidden = busy();
    $("forward").hidden = busy() || Boolean(talk.recorded || state.trouble) || !talk.before;
    $("session").textContent = talk.session ? `Shell of ${talk.session}` : "";
    $("session").title = talk.notes ?? "";
    $("ran").textContent = talk.pace ? `${talk.pace[0]} of ${talk.pace[1]} run` : "";
    for (const name of ["typing", "verify", "hidden", "figures", "blank"]) $(name).setAttribute("aria-pressed", String(Boolean(talk[name])));
    document.body.dataset.blank = talk.blank ? "" : "no";
    screen.label(talk.recorded);
    $("probe").dataset.stage = talk.stage;
    const staged = { slide: "slide only", terminal: "terminal only", both: "slide and terminal" }[talk.staged];
    $("stage").lastElementChild.textContent = staged ? `Room: ${staged}` : "Room";
    $("stage").setAttribute("aria-pressed", String(Boolean(staged)));
    $("smaller").hidden = $("larger").hidden = !talk.columns;
    resize(talk.fits ? talk.columns : 0, Math.round(talk.columns * 0.45)); // as a wide screen has room for
    tick();
  }
  if (changed.has("deck")) $("said").replaceChildren(...(deck.remarks ?? ["none"]).map((text) => make("li", {}, text)));
  if (changed.has("deck") || changed.has("slide")) drawOverview();
});

function tick() {
  if (!state.talk || stands()) return;
  $("timer").textContent = duration(Date.now() - state.talk.started);
  const { length, started } = state.talk;
  if (length) { // late: more of the time has gone than of the slides
    const gone = (Date.now() - started) / length;
    $("left").textContent = gone < 1 ? `${duration(length * (1 - gone))} left` : `${duration(length * (gone - 1))} over`;
    const { commands = 0, unknown = 0 } = state.talk, minutes = (ms) => Math.round(ms / 60000), talking = length * (1 - gone) - commands;
    $("left").textContent += `: ${minutes(commands)} min of commands${unknown ? ` and ${unknown} not measured` : ""}, ${talking >= 0 ? `${minutes(talking)} for talking` : `${minutes(-talking)} too much`}`;
    $("left").className = gone > (state.slide.index + 1) / state.deck.total + 0.02 ? "late" : "";
    $("left").title = `${$("left").textContent}. ` + ($("left").className ? "Behind: fewer slides were shown than time has gone" : "In time");
  }
  $("now").textContent = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}
setInterval(tick, 1000);

const on = (id, f) => $(id).addEventListener("click", f);
on("prev", () => send({ do: "prev" }));
on("next", () => send({ do: "next" }));
on("start", () => send({ do: "shell" }));
on("fresh", () => { send({ do: "fresh" }); $("keys").focus(); });
on("stop", () => send({ do: "stop" }));
on("live", () => send({ do: "dismiss" }));
on("forward", () => send(forward()));
on("continue", () => send({ do: "continue" }));
on("timer", () => send({ do: "clock" }));
on("smaller", () => font(-1));
on("larger", () => font(1));
on("notes-smaller", () => notes(-1));
on("notes-larger", () => notes(1));
on("stage", () => send({ do: "toggle", text: "stage" }));
for (const name of ["typing", "verify", "hidden", "figures", "blank"]) on(name, () => send({ do: "toggle", text: name }));
on("open-overview", () => overview());
on("open-help", () => $("help").showModal());
on("open-room", () => { $("invitation").hidden = true; $("room").showModal(); });
on("copy", () => copy($("address").value, $("copy")));
for (const button of document.querySelectorAll("[data-invite]")) {
  button.addEventListener("click", async () => {
    try {
      const made = await post("invite", { role: button.dataset.invite });
      $("address").value = made.url;
      $("times").textContent = (made.times > 1 ? "For everybody in the room. " : "Works once. ") + (state.room.shared ? "Whoever can listen on this network can read what is sent." : "Works on this machine only: a phone cannot open it. For others start with workshop present --room.");
      drawCode(state.room.shared ? made.code : null);
      $("invitation").hidden = false;
      $("address").select();
    } catch (e) { say(e.message, true); $("present").textContent = e.message; }
  });
}

// drawCode draws a QR code: rows of 0 and 1.
function drawCode(rows) {
  $("code").replaceChildren();
  if (!rows) return;
  const canvas = make("canvas", { width: rows.length + 8, height: rows.length + 8, role: "img", "aria-label": "The link as a QR code" });
  const c = canvas.getContext("2d");
  c.fillStyle = "#fff";
  c.fillRect(0, 0, canvas.width, canvas.height);
  c.fillStyle = "#000";
  rows.forEach((row, y) => [...row].forEach((bit, x) => { if (bit === "1") c.fillRect(x + 4, y + 4, 1, 1); }));
  $("code").append(canvas);
}

$("consent").addEventListener("cancel", (e) => { e.preventDefault(); answer("refuse"); });
on("allow", (e) => { e.preventDefault(); answer("allow"); });
on("refuse", (e) => { e.preventDefault(); answer("refuse"); });

const keys = {
  ArrowRight: "next", PageDown: "next", n: "next", " ": "next", ArrowLeft: "prev", PageUp: "prev", p: "prev",
};
document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented) return;
  // A part that was just hidden, such as a closed dialog, has the focus until the page is drawn again.
  const target = e.target.checkVisibility() ? e.target : document.body;
  if (target.closest("textarea, input, dialog") && !(target === $("keys") && turns(e, state.term))) return;
  const button = target.closest("button, a, pre, [tabindex]");
  const act = {
    Enter: () => run(selected()), y: () => run(selected()), c: () => send({ do: "continue" }),
    ArrowDown: () => send({ do: "move", n: 1 }), ArrowUp: () => send({ do: "move", n: -1 }),
    g: () => overview(), "/": () => overview(), t: () => overview(), "?": () => $("help").showModal(), i: () => $("open-room").click(),
    b: () => send({ do: "toggle", text: "blank" }), ".": () => send({ do: "toggle", text: "blank" }),
    s: () => send({ do: "toggle", text: "typing" }), v: () => send({ do: "toggle", text: "verify" }), h: () => send({ do: "toggle", text: "hidden" }),
    f: () => send({ do: "toggle", text: "figures" }), z: () => send({ do: "toggle", text: "stage" }),
    "+": () => font(1), "=": () => font(1), "-": () => font(-1),
    m: () => $("remarks").showModal(),
    F: () => send(forward()), r: () => send({ do: "reload" }), R: () => send({ do: "replay" }), a: () => { if (state.trouble) send({ do: "again", what: state.trouble.id }); },
    x: () => { if (state.trouble) send({ do: "skip", what: state.trouble.id }); else $("keys").focus(); },
    e: takeShell,
    Escape: () => { if (state.trouble || state.talk?.recorded) send({ do: "dismiss" }); },
  };
  if (button && (e.key === "Enter" || e.key === " ")) return; // it is pressed
  if (button?.matches("pre, ol, div") && e.key.startsWith("Arrow")) return; // it scrolls
  if (e.repeat && !keys[e.key] && !e.key.startsWith("Arrow")) return;
  if (!pen() && !["?", "i", "m"].includes(e.key)) return;
  if (keys[e.key]) send({ do: keys[e.key] });
  else if (act[e.key]) act[e.key]();
  else return;
  e.preventDefault();
});

// An anchor in a slide is a slide of the deck.
$("slide").addEventListener("click", (e) => {
  const link = e.target.closest('a[href^="#"]');
  if (!link) return;
  e.preventDefault();
  if (pen()) send({ do: "goto", text: decodeURIComponent(link.hash.slice(1)) });
});
