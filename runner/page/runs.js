// Runs of a line of a terminal, as page.Line makes them, drawn as elements.

const plain = /^[\x20-\x7e]*$/;
const color = /^#[0-9a-f]{6}$/;
const known = /^([BDIUKS]|[fb](x|1?\d))$/;

// Letters, and what boxes and bars are drawn with: fonts for terminals have these.
const even = /^[\x20-\x7e\u00a0-\u024f\u2500-\u259f]*$/;

// cells are the parts of a text, each as wide as it is in the terminal, whatever the font
// makes of it.
function cells(text, width) {
  if (even.test(text)) return [document.createTextNode(text)];
  const box = (part, n) => {
    const e = document.createElement("span");
    e.className = "wide";
    e.textContent = part;
    e.style.width = `${n}ch`;
    return e;
  };
  const parts = [...text], each = width / parts.length;
  if (each !== 1 && each !== 2) return [box(text, width)];
  return parts.map((part) => (each === 1 && even.test(part) ? document.createTextNode(part) : box(part, each)));
}

// span is a run of a line: its text, its width in cells and, if it has one, its look.
export function span([text, width, look, fg, bg]) {
  if (!look && !fg && !bg && plain.test(text)) return document.createTextNode(text);
  const e = document.createElement("span");
  for (const name of (look ?? "").split(" ")) if (known.test(name)) e.classList.add(name);
  if (color.test(fg)) e.style.color = fg;
  if (color.test(bg)) e.style.backgroundColor = bg;
  e.append(...cells(text, width));
  return e;
}
