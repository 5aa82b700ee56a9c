// Slides as HTML that the server has made of a tree; nothing else is put in as HTML.

const policy = window.trustedTypes?.createPolicy("slide", { createHTML: (html) => html }) ?? { createHTML: (html) => html };

export function fill(element, html) { element.innerHTML = policy.createHTML(html ?? ""); }

// show puts a slide into its frame, as large as it can be.
export function show(element, slide) {
  element.className = `slide ${slide?.class ?? ""}`;
  fill(element, slide?.html);
  pictures(element);
  lines(element);
  fit(element);
}

// pictures makes room for those that come, and says of those that do not that they are missing.
export function pictures(element) {
  for (const image of element.querySelectorAll("img")) {
    const missing = () => {
      const place = document.createElement("span");
      place.className = "absent";
      place.textContent = `${image.alt || image.getAttribute("src").replace(/^file\//, "")} (picture missing)`;
      image.replaceWith(place);
      fit(element);
    };
    if (image.complete && image.naturalWidth === 0) { missing(); continue; }
    image.addEventListener("load", () => fit(element), { once: true });
    image.addEventListener("error", missing, { once: true });
  }
}

// lines makes an element of each line of code, so that one that wraps shows where it goes on.
export function lines(element) {
  for (const code of element.querySelectorAll("pre code")) {
    if (/[\u2500-\u259f]/.test(code.textContent)) code.parentElement.classList.add("drawn");
    const all = [[]];
    for (const node of code.childNodes) {
      for (const [i, text] of node.textContent.split(/(?<=\n)/).entries()) {
        if (i > 0) all.push([]);
        const part = node.cloneNode();
        part.textContent = text;
        all.at(-1).push(part);
      }
      if (node.textContent.endsWith("\n")) all.push([]);
    }
    if (all.at(-1).length === 0) all.pop();
    code.replaceChildren(...all.map((parts) => {
      const line = document.createElement("span");
      line.className = "l";
      line.append(...parts);
      return line;
    }));
  }
}

const smallest = 0.4;
const legible = 16 / 660; // of code, in heights of the frame: 16 px on a screen of 1280×720, whose frame has 660
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
  const wrap = () => { // between words, and within them only if a table is too wide even then
    element.dataset.wrap = "";
    if (wide.some((e) => e.matches(".scroll") && e.scrollWidth > e.clientWidth + 1)) element.dataset.wrap = "anywhere";
  };
  let least = 0;
  const tell = (n, whole = true) => told.get(element)?.(least ? n / least + 0.03 : 1, whole); // a search in steps ends a little below
  delete element.dataset.wrap;
  frame.style.overflowY = "hidden";
  if (frame.clientHeight === 0 || getComputedStyle(frame).containerType !== "size") { element.style.removeProperty("--fit"); wrap(); frame.style.overflowY = ""; tell(1); return; }
  if (fits(1)) { tell(1); return; }
  least = Math.min(1, legible * frame.clientHeight / (0.88 * parseFloat(getComputedStyle(element).fontSize)));
  fits(least);
  if (wide.some((e) => e.scrollWidth > e.clientWidth + 1)) { wrap(); if (fits(1)) { tell(1); return; } }
  let low = fits(least) ? least : smallest, high = 1;
  for (let i = 0; i < 7; i++) {
    const middle = (low + high) / 2;
    if (fits(middle)) low = middle; else high = middle;
  }
  const whole = fits(low);
  if (!whole) frame.style.overflowY = "auto";
  tell(low, whole);
}

// follow fits a slide again whenever its frame has another size.
// Those who want to know are told how large its code is, 1 being what can be read from afar, and whether all of it is there.
export function follow(element, tell) { if (tell) told.set(element, tell); new ResizeObserver(() => fit(element)).observe(element.parentElement); }

const signs = { passed: "✓", failed: "✗", broken: "✗", inconclusive: "≈", running: "●", skipped: "–", interrupted: "■", unchecked: "?" };

// mark shows at the steps of a slide how they came out, and beside its claims what was measured.
export function mark(element, steps) {
  let changed = false, narrower = false;
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
    narrower ||= Boolean(step?.skipped) !== "skipped" in code.dataset; // its mark takes more room
    if (step?.skipped) code.dataset.skipped = ""; else delete code.dataset.skipped;
    if (Number(code.dataset.step) === steps.selected) code.dataset.selected = ""; else delete code.dataset.selected;
  }
  if (narrower) fit(element);
}
