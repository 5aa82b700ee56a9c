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

// fit makes the text of a slide smaller until it fits; what does not fit then scrolls.
export function fit(element) {
  const frame = element.parentElement;
  const fits = (n) => {
    element.style.setProperty("--fit", n);
    return element.scrollHeight <= frame.clientHeight + 1 && element.scrollWidth <= frame.clientWidth + 1;
  };
  frame.style.overflowY = "hidden";
  if (frame.clientHeight === 0 || getComputedStyle(frame).containerType !== "size") { element.style.removeProperty("--fit"); frame.style.overflowY = ""; return; }
  if (fits(1)) return;
  let low = smallest, high = 1;
  for (let i = 0; i < 7; i++) {
    const middle = (low + high) / 2;
    if (fits(middle)) low = middle; else high = middle;
  }
  if (!fits(low)) frame.style.overflowY = "auto";
}

// follow fits a slide again whenever its frame has another size.
export function follow(element) { new ResizeObserver(() => fit(element)).observe(element.parentElement); }

// mark shows at the steps of a slide how they came out.
export function mark(element, steps) {
  const by = new Map(steps.steps.map((s) => [String(s.index), s]));
  for (const code of element.querySelectorAll("[data-step]")) {
    const step = by.get(code.dataset.step);
    if (step?.state) code.dataset.state = step.state; else delete code.dataset.state;
    if (step?.skipped) code.dataset.skipped = ""; else delete code.dataset.skipped;
    if (Number(code.dataset.step) === steps.selected) code.dataset.selected = ""; else delete code.dataset.selected;
  }
}
