// The link to the talk: one stream of what has changed, and orders one after another.

export const $ = (id) => document.getElementById(id);
export const role = document.body.dataset.role;
export const view = document.body.dataset.view;
export const state = {};

// ended reports whether the talk is over: then nothing can be ordered.
export const ended = () => "over" in document.body.dataset;

const first = 250, longest = 8000; // milliseconds until the next attempt

// asleep says that nobody has seen the page since it last heard of the talk: its clocks stand.
let asleep = false;
export const stands = () => asleep || ended();

// row shows the row of the line, as long as there is something in it.
function row() { $("link").hidden = !$("line").textContent && !$("unsent").textContent; }

// connect keeps state the latest there is, and tells of each change with the names of the
// parts that are new. A page that nobody sees has no stream: browsers allow few.
export function connect(changed) {
  let source, timer, wait = first, over = false, tries = 0;
  const lost = (text) => { $("line").textContent = text; row(); };
  const close = (text) => { delete document.body.dataset.live; document.body.dataset.over = ""; lost(text); };
  const open = () => {
    clearTimeout(timer);
    source?.close();
    if (document.hidden) return;
    source = new EventSource(`events?view=${view}`);
    let fresh = true;
    source.onmessage = (e) => {
      wait = first;
      tries = 0;
      over = asleep = false;
      delete document.body.dataset.over;
      lost("");
      if (fresh) document.dispatchEvent(new Event("line")); // there is one again, perhaps to another process
      fresh = false;
      document.body.dataset.live = "";
      const parts = JSON.parse(e.data);
      const term = merge(parts);
      changed(new Set(Object.keys(parts)), term);
    };
    source.addEventListener("over", () => { over = true; source.close(); close("The talk has ended."); });
    source.onerror = () => {
      source.close();
      delete document.body.dataset.live;
      if (over) return; // it was looked for once more
      if (!ended()) lost("Connecting again …");
      timer = setTimeout(again, wait * (0.75 + Math.random() / 2));
      wait = Math.min(wait * 2, longest);
    };
  };
  const again = async () => { // was it the line, or are we not welcome any more?
    try {
      const r = await fetch("log?from=9007199254740991", { signal: AbortSignal.timeout(5000) });
      if (r.status === 401 || r.status === 403) { lost("This seat is no longer valid: ask for a new link."); return; }
      tries = 0;
    } catch { // it is the line, or there is no talk any more: nobody was there to be told of its end
      if (++tries > (asleep ? 3 : 5)) close("The talk has ended, or cannot be reached from here.");
    }
    open();
  };
  document.addEventListener("visibilitychange", () => { if (document.hidden) { asleep = true; source?.close(); } else { wait = first; tries = 0; open(); } });
  window.addEventListener("online", () => { wait = first; tries = 0; open(); });
  window.addEventListener("pageshow", (e) => { if (e.persisted) open(); });
  open();
}

// merge takes parts into the state. Of the terminal only the lines that are new come.
function merge(parts) {
  for (const [name, part] of Object.entries(parts)) {
    if (name !== "term" || !part) { state[name] = part; continue; }
    const lines = part.all ? [] : state.term?.lines ?? [];
    for (const [y, line] of Object.entries(part.lines ?? {})) lines[y] = line;
    state.term = { ...part, lines };
  }
  return parts.term;
}

// post sends something, and throws what the server has against it.
export async function post(path, data) {
  const r = await fetch(path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(data), signal: AbortSignal.timeout(10000),
  }).catch(() => { throw new Error("the talk cannot be reached"); });
  if (!r.ok) throw new Error((await r.text()).trim());
  return r.status === 204 ? null : r.json();
}

const queue = [];
let sending = false;

// send gives an order. They arrive in the order in which they were given; what is typed
// while one is under way goes together. What could not be sent is not sent later.
export async function send(order) {
  if (ended()) return;
  const last = queue.at(-1);
  if (order.do === "input" && last?.do === "input" && last.text.length < 16000) last.text += order.text;
  else queue.push(order);
  if (sending) return;
  sending = true;
  try {
    while (queue.length > 0) {
      order = queue.shift();
      await post("do", order);
    }
  } catch (e) {
    queue.length = 0;
    if (order.do !== "resize") unsent(`Not sent: ${e.message}`); // nobody has ordered a size
    document.dispatchEvent(new Event("unsent"));
  } finally {
    sending = false;
  }
}

// unsent says for a while that an order was not carried out, to everybody.
let unsaid;
export function unsent(text) {
  $("unsent").textContent = text;
  row();
  say(text, true);
  clearTimeout(unsaid);
  unsaid = setTimeout(() => { $("unsent").textContent = ""; row(); }, 5000);
}

// forward is the order to run what comes before the selected step; if none is left to select, before the slide's last
// one or the slide.
export function forward() {
  const { steps, slide } = state;
  const step = steps?.steps.find((s) => s.index === steps.selected) ?? steps?.steps.at(-1);
  return step ? { do: "forward", what: step.id } : { do: "forward", n: slide?.index };
}

// say has a screen reader say something.
export function say(text, urgent) {
  const where = $(urgent ? "assertive" : "polite");
  if (where.textContent !== text) where.textContent = text;
}

// make makes an element: what is in it is text, or elements.
export function make(name, attributes = {}, ...inside) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "onclick") e.addEventListener("click", value);
    else if (value === true) e.setAttribute(key, "");
    else if (value !== false && value != null) e.setAttribute(key, value);
  }
  e.append(...inside.filter((x) => x != null));
  return e;
}

export async function copy(text, button) {
  const said = button.textContent;
  try {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else { // not where the address is another machine's, without TLS
      const area = make("textarea", { readonly: true });
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "Copied";
    say("Copied");
  } catch {
    button.textContent = "Could not copy";
  }
  setTimeout(() => { button.textContent = said; }, 1500);
}

export const duration = (ms) => {
  const s = Math.max(0, Math.floor(ms / 1000)), two = (n) => String(n).padStart(2, "0");
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
};

export function progress() {
  const { deck, slide } = state;
  if (!deck) return;
  const at = slide ? (slide.index + 1) / Math.max(deck.total, 1) : 0;
  const bar = $("bar");
  if (!bar) return;
  bar.style.transform = `scaleX(${at})`;
  bar.parentElement.setAttribute("aria-valuenow", Math.round(100 * at));
  bar.parentElement.setAttribute("aria-valuetext", slide ? `Slide ${slide.index + 1} of ${deck.total}` : "No slides");
}
