// What is typed into the terminal: keys as a terminal sends them, text as it is composed,
// and pastes. Arrows go by name: what they send is for the program to choose.

const names = { ArrowUp: "Up", ArrowDown: "Down", ArrowRight: "Right", ArrowLeft: "Left", Home: "Home", End: "End" };
const letters = { ArrowUp: "A", ArrowDown: "B", ArrowRight: "C", ArrowLeft: "D", Home: "H", End: "F", F1: "P", F2: "Q", F3: "R", F4: "S" };
const numbers = { Insert: 2, Delete: 3, PageUp: 5, PageDown: 6, F5: 15, F6: 17, F7: 18, F8: 19, F9: 20, F10: 21, F11: 23, F12: 24 };
const singles = { Enter: "\r", Escape: "\x1b", Tab: "\t", Backspace: "\x7f" };

// pressed is the order for a key; null if it is text, or not for us.
export function pressed(e) {
  if (names[e.key] && !e.metaKey && !e.shiftKey && !e.altKey && !e.ctrlKey) return { do: "key", text: names[e.key] };
  const text = sequence(e);
  return text === null ? null : { do: "input", text };
}

function sequence(e) {
  if (e.metaKey || e.getModifierState?.("AltGraph")) return null;
  const alt = e.altKey ? "\x1b" : "";
  const modifiers = 1 + (e.shiftKey ? 1 : 0) + (e.altKey ? 2 : 0) + (e.ctrlKey ? 4 : 0);
  if (e.key === "Tab" && e.shiftKey) return "\x1b[Z";
  if (e.key === "Backspace" && e.ctrlKey) return alt + "\b";
  if (singles[e.key] && !(e.ctrlKey && e.key === "Tab")) return alt + singles[e.key];
  if (letters[e.key]) {
    if (modifiers > 1) return `\x1b[1;${modifiers}${letters[e.key]}`;
    return `\x1bO${letters[e.key]}`;
  }
  if (numbers[e.key]) return modifiers > 1 ? `\x1b[${numbers[e.key]};${modifiers}~` : `\x1b[${numbers[e.key]}~`;
  if (e.ctrlKey && !e.shiftKey && e.key.length === 1) {
    const code = e.key === " " ? 0 : e.key === "/" ? 31 : e.key === "?" ? 127 : e.key.toUpperCase().charCodeAt(0) & 31;
    return /^[a-z@[\\\]^_ /?]$/i.test(e.key) ? alt + String.fromCharCode(code) : null;
  }
  if (e.ctrlKey && e.shiftKey && e.key === "_") return "\x1f";
  if (e.altKey && !e.ctrlKey && e.key.length === 1) return alt + e.key;
  return null;
}

// pasted is what a paste types. No control character gets through, so that it can
// neither end its own marks nor press keys.
export const pasted = (text) => text.replace(/\r\n?/g, "\n").replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "");

// turns says that a key is a clicker's, which turns slides also while somebody types: full-screen
// programs get it.
export const turns = (e, term) => /^Page(Up|Down)$/.test(e.key) && !e.shiftKey && !e.altKey && !e.ctrlKey && !e.metaKey && !term?.alt;

// listen orders what is typed into an area, as long as may() says so.
export function listen(area, screen, order, may) {
  const flush = () => {
    const text = area.value.replaceAll("\n", "\r"); // where a keyboard on the screen sends no key
    area.value = "";
    if (text && may()) order({ do: "input", text });
  };
  area.addEventListener("keydown", (e) => {
    if (e.isComposing || e.keyCode === 229) return;
    if (e.key === "Escape" && e.shiftKey) { area.blur(); e.preventDefault(); return; }
    if (e.ctrlKey && e.shiftKey && /^[cv]$/i.test(e.key)) { // as terminals do
      if (/^c$/i.test(e.key)) { e.preventDefault(); navigator.clipboard?.writeText(String(getSelection())).catch(() => {}); }
      return;
    }
    if (turns(e, screen.term)) return;
    const o = pressed(e);
    if (!o) return;
    e.preventDefault();
    flush();
    if (may()) order(o);
  });
  area.addEventListener("input", (e) => { if (!e.isComposing) flush(); });
  area.addEventListener("compositionend", flush);
  area.addEventListener("paste", (e) => {
    e.preventDefault();
    const text = e.clipboardData?.getData("text/plain") ?? "";
    if (text && may()) order({ do: "paste", text: pasted(text) });
  });
  screen.section.addEventListener("mouseup", () => { if (String(getSelection()) === "") area.focus({ preventScroll: true }); });
  screen.onmove = () => { // where a composition shows
    area.style.transform = `translate(${screen.term.x}ch, ${1.25 * screen.term.y}em)`;
  };
}
