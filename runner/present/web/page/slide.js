// Slides as HTML that the server has made of a tree; nothing else is put in as HTML.

const policy = window.trustedTypes?.createPolicy("slide", { createHTML: (html) => html }) ?? { createHTML: (html) => html };

export function fill(element, html) { element.innerHTML = policy.createHTML(html ?? ""); }

// show puts a slide into its frame, as large as it can be.
export function show(element, slide) {
  element.className = `slide ${slide?.class ?? ""}`;
  fill(element, slide?.html);
  for (const pre of element.querySelectorAll("img")) pre.addEventListener("load", () => fit(element), { once: true });
  fit(element);
}

const smallest = 0.4;
const legible = 0.63; // code of 16 px on a screen of 1280×720
const told = new WeakMap(); // of slides that somebody wants to know of whether they fit

// fit makes the text of a slide smaller until it fits. Code and tables that are too wide wrap where
// they would become too small to be read; what is too long then scrolls.
export function fit(element) {
  const frame = element.parentElement;
  const wide = [...element.querySelectorAll("pre, .scroll")];
  const fits = (n) => {
    element.style.setProperty("--fit", n);
    return wide.every((e) => e.scrollWidth <= e.clientWidth + 1) && element.scrollHeight <= frame.clientHeight + 1 && element.scrollWidth <= frame.clientWidth + 1;
  };
  const tell = (n) => told.get(element)?.(n >= legible);
  delete element.dataset.wrap;
  frame.style.overflowY = "hidden";
  if (frame.clientHeight === 0 || getComputedStyle(frame).containerType !== "size") { element.style.removeProperty("--fit"); element.dataset.wrap = ""; frame.style.overflowY = ""; tell(1); return; }
  if (fits(1)) { tell(1); return; }
  fits(legible);
  if (wide.some((e) => e.scrollWidth > e.clientWidth + 1)) { element.dataset.wrap = ""; if (fits(1)) { tell(1); return; } }
  let low = smallest, high = 1;
  for (let i = 0; i < 7; i++) {
    const middle = (low + high) / 2;
    if (fits(middle)) low = middle; else high = middle;
  }
  const whole = fits(low);
  if (!whole) frame.style.overflowY = "auto";
  tell(whole ? low : 0);
}

// follow fits a slide again whenever its frame has another size.
// Those who want to know are told whether all of it fits and can be read from afar.
export function follow(element, tell) { if (tell) told.set(element, tell); new ResizeObserver(() => fit(element)).observe(element.parentElement); }

const signs = { passed: "✓", failed: "✗", broken: "✗", inconclusive: "≈", running: "●", skipped: "↷" };

// mark shows at the steps of a slide how they came out, and beside its claims what was measured.
export function mark(element, steps) {
  let changed = false;
  const claims = new Map((steps.claims ?? []).map((c) => [String(c.index), c]));
  for (const place of element.querySelectorAll("[data-claim]")) {
    const claim = claims.get(place.dataset.claim);
    const text = claim ? `${signs[claim.state] ?? "·"} ${claim.text}` : "";
    changed ||= place.textContent !== text;
    place.textContent = text;
    place.dataset.state = claim?.narrow && claim.state === "passed" ? "narrow" : claim?.state ?? "";
  }
  if (changed) fit(element);
  const by = new Map(steps.steps.map((s) => [String(s.index), s]));
  for (const code of element.querySelectorAll("[data-step]")) {
    const step = by.get(code.dataset.step);
    if (step?.state) code.dataset.state = step.state; else delete code.dataset.state;
    if (step?.skipped) code.dataset.skipped = ""; else delete code.dataset.skipped;
    if (Number(code.dataset.step) === steps.selected) code.dataset.selected = ""; else delete code.dataset.selected;
  }
}
