// The terminal, drawn from what the server says of it: text, looks and the cursor.

import { make } from "./link.js";
import { span } from "./runs.js";

const least = 9; // pixels: smaller text is not read but scrolled

export class Screen {
  constructor(section) {
    this.section = section;
    this.screen = section.querySelector(".screen");
    this.rows = section.querySelector(".rows");
    this.cursor = section.querySelector(".cursor");
    this.wanted = 0; // columns, where this page says how large the terminal is; 0: it does not
    new ResizeObserver(() => this.fit()).observe(section);
    document.fonts?.ready.then(() => { this.ratio = 0; this.fit(); });
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
    if (this.wanted) this.onroom?.(this.wanted, Math.floor(height / (1.25 * width / (this.wanted * ratio))));
    if (!this.cols) return;
    const size = Math.min(width / (this.cols * ratio), height / (1.25 * this.count));
    this.screen.style.fontSize = `${Math.max(Math.floor(size * 20) / 20, least)}px`;
    this.screen.style.width = `${this.cols}ch`;
    this.section.style.overflow = size < least ? "auto" : "";
  }
}
