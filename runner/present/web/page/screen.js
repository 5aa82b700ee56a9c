// The terminal, drawn from what the server says of it: text, looks and the cursor.

import { make, send } from "./link.js";
import { span } from "./runs.js";

const floor = 7; // pixels: eighty columns on a phone

// resizer asks for another size of the terminal, once it rests.
export function resizer() {
  let asked = "", resting;
  document.addEventListener("line", () => { asked = ""; }); // a talk that was started again has another size
  return (cols, rows) => {
    if (!cols) { asked = ""; return; } // another page decides now
    rows = Math.min(Math.max(rows, 20), 60); // fewer would be too few for what is run
    clearTimeout(resting);
    if (asked === `${cols} ${rows}`) return;
    resting = setTimeout(() => { asked = `${cols} ${rows}`; send({ do: "resize", cols, rows }); }, 80);
  };
}

export class Screen {
  constructor(section) {
    this.section = section;
    this.scroller = section.querySelector(".scroller");
    this.screen = section.querySelector(".screen");
    this.rows = section.querySelector(".rows");
    this.cursor = section.querySelector(".cursor");
    this.least = floor; // pixels: smaller text is not read but scrolled
    this.wanted = 0; // columns, where this page says how large the terminal is; 0: it does not
    new ResizeObserver(() => this.fit()).observe(section);
    this.scroller.addEventListener("scroll", () => this.more(), { passive: true });
    document.fonts?.ready.then(() => { this.ratio = 0; this.fit(); });
  }

  // label says that the terminal is a recording; "": it is the live one.
  label(text) {
    if (text) this.section.dataset.recorded = text; else delete this.section.dataset.recorded;
    this.section.setAttribute("aria-label", text || "Live terminal");
  }

  // draw draws what is new of the terminal.
  draw(term, part) {
    this.term = term;
    this.section.hidden = !term;
    if (!term || !part) return;
    if (this.cols !== term.cols || this.count !== term.rows || part.all) {
      this.rows.replaceChildren(...Array.from({ length: term.rows }, () => make("div")));
      this.cols = term.cols;
      this.count = term.rows;
      this.fit();
    }
    for (const [y, line] of Object.entries(part.lines ?? {})) this.rows.children[y]?.replaceChildren(...line.map(span));
    this.cursor.hidden = !term.cursor;
    this.cursor.style.transform = `translate(${term.x}ch, ${1.25 * term.y}em)`;
    this.onmove?.();
    this.reveal();
  }

  // measure is how wide a character is, in sizes of the text.
  measure() {
    if (!this.ratio) {
      const probe = make("span", {}, "0".repeat(100));
      probe.style.cssText = "position:absolute;visibility:hidden;font-size:100px";
      this.screen.append(probe);
      this.ratio = probe.getBoundingClientRect().width / 10000 || 0.6;
      probe.remove();
    }
    return this.ratio;
  }

  // fit makes the terminal as large as its place allows, and says how large it could be.
  fit() {
    const width = this.section.clientWidth - 20, height = this.section.clientHeight - 16;
    if (width <= 0 || height <= 0) return;
    const ratio = this.measure();
    if (this.wanted && "live" in document.body.dataset) this.onroom?.(this.wanted, Math.floor(height / (1.25 * width / (this.wanted * ratio))));
    if (!this.cols) return;
    const wide = width / (this.cols * ratio), size = Math.min(wide, height / (1.25 * this.count));
    this.size = Math.max(Math.floor(20 * Math.max(size, Math.min(wide, this.least))) / 20, floor);
    this.screen.style.fontSize = `${this.size}px`;
    this.screen.style.width = `${this.cols}ch`;
    this.scroller.style.overflow = size < this.size ? "auto" : "";
    this.reveal();
    this.more();
  }

  // more shows at the sides that there is more to scroll to.
  more() {
    const { scrollLeft, scrollWidth, clientWidth } = this.scroller;
    const sides = [scrollLeft > 1 && "left", scrollLeft + clientWidth < scrollWidth - 1 && "right"];
    this.section.dataset.more = sides.filter(Boolean).join(" ");
  }

  // reveal scrolls to the row of the cursor, where not all rows have a place.
  reveal() {
    const row = 1.25 * this.size;
    this.scroller.scrollTop = Math.max(0, Math.ceil(((this.term?.y ?? 0) + 1) * row + 16 - this.scroller.clientHeight));
  }
}
