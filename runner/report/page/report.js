// The report of a run: filters, links, and a player for each recording.

const all = (selector, within = document) => [...within.querySelectorAll(selector)];

function make(name, attributes = {}, ...inside) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  e.append(...inside);
  return e;
}

const clock = (ms) => `${Math.floor(ms / 60000)}:${String(Math.floor(ms / 1000) % 60).padStart(2, "0")}.${Math.floor(ms / 100) % 10}`;
const pause = 2000; // ms: a longer one is shortened

// Player plays one recording. Its state is the number of a frame; a step's marker is the frame at
// the end of the step.
class Player {
  constructor(section) {
    const data = JSON.parse(document.getElementById(section.dataset.recording).textContent);
    this.lines = data.lines;
    this.frames = data.frames;
    this.marks = data.marks;
    this.steps = all(".steps > li[data-ran]", section.closest(".exercise"));
    this.terminal = section.querySelector(".terminal");
    this.rows = section.querySelector(".rows");
    this.shown = [];
    this.at = this.frames.length - 1;
    this.now = this.end = this.frames[this.at][0];
    section.append(this.controls());
    this.terminal.addEventListener("keydown", (e) => this.key(e));
    this.show(this.at);
  }

  controls() {
    const button = (label, text, act) => {
      const b = make("button", { type: "button", "aria-label": label }, text);
      b.addEventListener("click", act);
      return b;
    };
    this.slider = make("input", { type: "range", min: 0, max: this.end, step: 1, "aria-label": "Time" });
    this.slider.addEventListener("input", () => { this.stop(); this.seek(Number(this.slider.value)); });
    const track = make("div", { class: "track" }, this.slider);
    this.marks.forEach((frame, i) => {
      const mark = make("i", { "data-verdict": this.steps[i]?.dataset.verdict ?? "" });
      mark.style.left = `${this.end ? (100 * this.frames[frame][0]) / this.end : 100}%`;
      track.append(mark);
    });
    this.toggle = button("Play", "▶", () => this.play());
    this.speed = make("select", { "aria-label": "Speed" }, ...[0.5, 1, 2, 4, 8].map((n) => make("option", { value: n }, `${n}×`)));
    this.speed.value = "1";
    this.time = make("span", { class: "time" });
    this.short = make("input", { type: "checkbox" });
    this.short.checked = true;
    this.steps.forEach((li, i) => {
      const b = button(`Show the terminal at the end of step ${li.dataset.step}`, "Show", () => {
        this.stop();
        this.mark(i);
        this.terminal.scrollIntoView({ block: "nearest" });
      });
      li.querySelector("p").append(b);
      b.classList.add("show");
    });
    return make("div", { class: "controls", role: "group", "aria-label": "Player" }, this.toggle,
      button("Previous step", "|◀", () => this.hop(-1)), button("Next step", "▶|", () => this.hop(1)),
      this.time, this.speed, make("label", {}, this.short, " shorten pauses"), track);
  }

  // rowsAt are the numbers of the lines of a frame.
  rowsAt(n) {
    let from = 0, rows = [];
    if (this.cached && this.cached.n <= n) {
      from = this.cached.n + 1;
      rows = [...this.cached.rows];
    }
    for (let i = from; i <= n; i++) {
      const f = this.frames[i];
      for (let j = 4; j < f.length; j += 2) {
        if (f[j] === -1) rows = Array(f[j + 1]).fill(-1);
        else rows[f[j]] = f[j + 1];
      }
    }
    this.cached = { n, rows };
    return rows;
  }

  show(n) {
    this.at = n;
    const rows = this.rowsAt(n), [, x, y, cols] = this.frames[n];
    if (this.rows.children.length !== rows.length || this.shown.length === 0) {
      this.rows.replaceChildren(...rows.map(() => make("div")), this.cursor ??= make("span", { class: "cursor", "aria-hidden": "true" }));
      this.shown = [];
    }
    rows.forEach((line, i) => {
      if (this.shown[i] !== line) this.rows.children[i].replaceChildren(...(this.lines[line] ?? []).map(span));
    });
    this.shown = rows;
    this.rows.append(this.cursor);
    this.rows.style.setProperty("--cols", cols);
    this.cursor.hidden = x < 0;
    this.cursor.style.transform = `translate(${x}ch, ${1.25 * y}em)`;
    const last = this.marks.findIndex((frame) => frame >= n);
    this.steps.forEach((li, i) => li.toggleAttribute("data-current", i === last));
    this.terminal.setAttribute("aria-label", this.steps[last] ? `Terminal, step ${this.steps[last].dataset.step}` : "Terminal");
    this.tick();
  }

  tick() {
    this.slider.value = this.now;
    this.slider.setAttribute("aria-valuetext", `${clock(this.now)} of ${clock(this.end)}`);
    this.time.textContent = `${clock(this.now)} / ${clock(this.end)}`;
  }

  // frameAt is the last frame at a time.
  frameAt(ms) {
    let low = 0, high = this.frames.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.frames[middle][0] <= ms) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  seek(ms) {
    this.now = Math.min(Math.max(ms, 0), this.end);
    const n = this.frameAt(this.now);
    if (n !== this.at) this.show(n);
    else this.tick();
  }

  // mark shows the end of a step, by its number from 0.
  mark(i) {
    this.now = this.frames[this.marks[i]][0];
    this.show(this.marks[i]);
  }

  hop(by) {
    this.stop();
    const next = by > 0 ? this.marks.findIndex((frame) => frame > this.at) : this.marks.findLastIndex((frame) => frame < this.at);
    if (next >= 0) this.mark(next);
    else if (by < 0) { this.now = 0; this.show(0); }
  }

  play() {
    if (this.playing) return this.stop();
    if (this.at === this.frames.length - 1) this.seek(0);
    this.toggle.textContent = "||";
    this.toggle.setAttribute("aria-label", "Pause");
    let before = performance.now();
    const step = (time) => {
      const next = this.frames[this.at + 1];
      if (!next) return this.stop();
      this.now += (time - before) * Number(this.speed.value);
      before = time;
      if (this.short.checked && next[0] - this.now > pause) this.now = next[0] - pause / 4;
      this.seek(this.now);
      this.playing = requestAnimationFrame(step);
    };
    this.playing = requestAnimationFrame(step);
  }

  stop() {
    cancelAnimationFrame(this.playing);
    this.playing = 0;
    this.toggle.textContent = "▶";
    this.toggle.setAttribute("aria-label", "Play");
  }

  key(e) {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const options = this.speed.options.length;
    const faster = (by) => { this.speed.selectedIndex = Math.min(Math.max(this.speed.selectedIndex + by, 0), options - 1); };
    const jump = (ms, frame) => { this.stop(); this.now = ms; this.show(frame); };
    const acts = {
      " ": () => this.play(),
      ArrowLeft: () => { this.stop(); this.seek(this.now - 1000); },
      ArrowRight: () => { this.stop(); this.seek(this.now + 1000); },
      "[": () => this.hop(-1),
      "]": () => this.hop(1),
      "<": () => faster(-1),
      ">": () => faster(1),
      Home: () => jump(0, 0),
      End: () => jump(this.end, this.frames.length - 1),
    };
    if (!acts[e.key]) return;
    acts[e.key]();
    e.preventDefault();
    e.stopPropagation();
  }
}

const exercises = all(".exercise");
const total = all(".exercise:not(.attempt)").length;
const players = new Map();

// equip makes the player of an exercise that is open.
function equip(exercise) {
  const section = exercise.querySelector(".player");
  if (!exercise.open || !section || players.has(exercise)) return;
  players.set(exercise, new Player(section));
}

for (const exercise of exercises) {
  equip(exercise);
  exercise.addEventListener("toggle", () => equip(exercise));
}

// An address that names an exercise opens it.
function follow() {
  let name = location.hash.slice(1);
  try { name = decodeURIComponent(name); } catch { /* as it is */ }
  const exercise = document.getElementById(name);
  if (!exercise?.classList.contains("exercise")) return;
  if (exercise.hidden) clear();
  exercise.open = true;
  exercise.scrollIntoView();
  exercise.querySelector("summary").focus({ preventScroll: true });
}

const form = document.querySelector(".filters");
const wanted = new Set();

function filter() {
  const text = form.elements.text.value.trim().toLowerCase();
  let shown = 0;
  for (const e of all("[data-search]")) {
    e.hidden = (wanted.size > 0 && !wanted.has(e.dataset.verdict)) || !e.dataset.search.includes(text);
    if (!e.hidden && e.matches(".exercise:not(.attempt)")) shown++;
  }
  for (const h of all("main > h2")) {
    let e = h.nextElementSibling;
    while (e && e.tagName !== "H2" && (e.hidden || e.tagName === "SCRIPT")) e = e.nextElementSibling;
    h.hidden = !e || e.tagName === "H2";
  }
  form.querySelector("output").textContent = shown === total ? "" : `${shown} of ${total} shown`;
}

function clear() {
  wanted.clear();
  form.elements.text.value = "";
  all("[data-filter]").forEach((b) => b.setAttribute("aria-pressed", "false"));
  filter();
}

if (form) {
  form.hidden = false;
  form.addEventListener("submit", (e) => e.preventDefault());
  form.addEventListener("input", filter);
  for (const b of all("[data-filter]", form)) {
    b.addEventListener("click", () => {
      if (!wanted.delete(b.dataset.filter)) wanted.add(b.dataset.filter);
      b.setAttribute("aria-pressed", String(wanted.has(b.dataset.filter)));
      filter();
    });
  }
}

const keys = document.querySelector(".keys");
keys.hidden = false;
document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest("input, select, textarea")) return;
  if (e.key === "/" && form) {
    form.elements.text.focus();
    e.preventDefault();
  }
  if (e.key === "j" || e.key === "k") {
    const shown = exercises.filter((x) => !x.hidden);
    const at = shown.findIndex((x) => x.contains(document.activeElement));
    shown[e.key === "j" ? Math.min(at + 1, shown.length - 1) : Math.max(at - 1, 0)]?.querySelector("summary").focus();
  }
});

window.addEventListener("hashchange", follow);
window.addEventListener("beforeprint", () => exercises.forEach((e) => { if (e.open) players.get(e)?.stop(); }));
follow();
