// The live graph: asks for the counters once a second and draws how fast the
// number of hashes grows. All times are the server's, in seconds.
"use strict";

const shown = 120; // seconds on the graph
const span = 10; // seconds that a rate is taken over: workers report in steps of a second or more
const period = 1000; // milliseconds between two requests
const spokenEvery = 15; // seconds between two announcements to screen readers

let samples = []; // {time, hashes}: what the rate is computed from
let points = []; // {time, rate}: what is drawn; a rate of null is a gap
let spokenAt = -Infinity;

const $ = (id) => document.getElementById(id);

// slope is the growth of hashes a second, by least squares; null if unknown.
function slope(samples) {
  const n = samples.length;
  if (n < 3) return null;
  const time = samples.reduce((sum, s) => sum + s.time, 0) / n;
  const hashes = samples.reduce((sum, s) => sum + s.hashes, 0) / n;
  let above = 0, below = 0;
  for (const s of samples) {
    above += (s.time - time) * (s.hashes - hashes);
    below += (s.time - time) ** 2;
  }
  return below > 0 ? Math.max(0, above / below) : null;
}

// add takes in an answer of the server and returns the current rate.
function add({ now, hashes }) {
  const last = samples.at(-1);
  if (last && (hashes < last.hashes || now < last.time)) samples = []; // the counter was reset
  samples.push({ time: now, hashes });
  while (samples.length > 3 && samples[0].time < now - span) samples.shift();
  const rate = slope(samples);
  points.push({ time: now, rate });
  while (points[0].time < now - shown - 2 * period / 1000) points.shift();
  return rate;
}

// ticks are the values on the vertical axis: from 0 to above highest, by 1, 2 or 5
// times a power of ten, not more than seven of them.
function ticks(highest) {
  const top = Math.max(5, highest * 1.15);
  let step = 10 ** Math.floor(Math.log10(top));
  step = [step / 10, step / 5, step / 2, step, step * 2].find((s) => top / s <= 6);
  const all = [];
  for (let i = 0; i <= Math.ceil(top / step); i++) all.push(+(i * step).toPrecision(6));
  return all;
}

// runs are the stretches of points without a gap.
function runs(points) {
  const all = [[]];
  for (const p of points) {
    if (p.rate === null) all.push([]);
    else all.at(-1).push(p);
  }
  return all.filter((run) => run.length > 0);
}

function element(name, attributes, text) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  if (text !== undefined) e.textContent = text;
  return e;
}

function draw() {
  const svg = $("graph");
  const { width, height } = svg.getBoundingClientRect();
  const size = parseFloat(getComputedStyle(svg).fontSize);
  const left = 2.4 * size, right = width - 3.4 * size, top = size, bottom = height - 1.8 * size;
  if (right <= left || bottom <= top) return;
  const rates = points.map((p) => p.rate).filter((r) => r !== null);
  const values = ticks(Math.max(0, ...rates));
  const now = points.at(-1)?.time ?? 0;
  const x = (time) => +(right - (now - time) / shown * (right - left)).toFixed(1);
  const y = (rate) => +(bottom - rate / values.at(-1) * (bottom - top)).toFixed(1);

  const parts = [];
  for (const v of values) {
    parts.push(element("line", { class: v ? "grid" : "axis", x1: left, x2: right, y1: y(v), y2: y(v) }));
    parts.push(element("text", { x: left - 0.5 * size, y: y(v) + 0.35 * size, "text-anchor": "end" }, v));
  }
  for (let ago = shown; ago >= 0; ago -= 30) {
    const at = x(now - ago);
    parts.push(element("line", { class: "grid", x1: at, x2: at, y1: top, y2: bottom }));
    parts.push(element("text", { x: at, y: bottom + 1.4 * size, "text-anchor": "middle" }, ago ? `−${ago} s` : "now"));
  }
  const curves = element("svg", { x: left, y: 0, width: right - left + 8, height, viewBox: `${left} 0 ${right - left + 8} ${height}` });
  for (const run of runs(points)) {
    const path = run.map((p) => `${x(p.time)} ${y(p.rate)}`).join("L");
    curves.append(
      element("path", { class: "area", d: `M${x(run[0].time)} ${bottom}L${path}L${x(run.at(-1).time)} ${bottom}Z` }),
      element("path", { class: "curve", d: `M${path}` }));
  }
  parts.push(curves);
  const last = points.at(-1);
  if (last && last.rate !== null) {
    parts.push(element("circle", { class: "now", cx: x(last.time), cy: y(last.rate), r: 6 }));
    parts.push(element("text", { class: "now", x: right + 0.7 * size, y: y(last.rate) + 0.35 * size, "font-weight": 650 }, last.rate.toFixed(1)));
  }
  svg.replaceChildren(...parts);
}

// say puts the figures into words, for those who do not see the graph.
function say(time, rate, coins) {
  if (rate === null || time < spokenAt + spokenEvery) return;
  spokenAt = time;
  const rates = points.map((p) => p.rate).filter((r) => r !== null);
  const text = `${rate.toFixed(1)} hashes per second, ${coins} coins`;
  $("spoken").textContent = text;
  $("graph").setAttribute("aria-label",
    `Hashes per second over the last two minutes: now ${rate.toFixed(1)}, lowest ${Math.min(...rates).toFixed(1)}, highest ${Math.max(...rates).toFixed(1)}`);
}

function state(name, text) {
  const e = $("state");
  if (e.textContent === text) return; // or it would be announced again
  e.className = name;
  e.textContent = text;
}

async function ask() {
  const response = await fetch("json", { cache: "no-store", signal: AbortSignal.timeout(5000) });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return { now: answer.now, coins: answer.coins, hashes: Number(answer.hashes ?? 0) };
}

async function tick() {
  const started = performance.now();
  try {
    const answer = await ask();
    const rate = add(answer);
    $("rate").textContent = rate === null ? "–" : rate.toFixed(1);
    $("coins").textContent = answer.coins.toLocaleString("en");
    $("hashes").textContent = answer.hashes.toLocaleString("en");
    document.title = rate === null ? "DockerCoins" : `${rate.toFixed(1)}/s · DockerCoins`;
    state("live", "live");
    say(answer.now, rate, answer.coins);
  } catch (error) {
    // The server's time goes on while it does not tell it.
    const last = points.at(-1);
    if (last) points.push({ time: last.time + period / 1000, rate: null });
    samples = [];
    $("rate").textContent = "–";
    document.title = "DockerCoins";
    state("lost", error.constructor === Error ? error.message : "the server does not answer");
  }
  draw();
  document.dispatchEvent(new CustomEvent("sample", { detail: points.at(-1) }));
  setTimeout(tick, Math.max(0, period - (performance.now() - started)));
}

new ResizeObserver(draw).observe($("graph"));
tick();
