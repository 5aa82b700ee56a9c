// Search and copying in the talk for afterwards. All slides can be read without.
const cards = [...document.querySelectorAll(".card")];
const texts = cards.map((card) => card.textContent.toLowerCase());
const find = document.getElementById("find"), found = document.getElementById("found");
find.form.hidden = false;
find.form.addEventListener("submit", (e) => e.preventDefault());
find.addEventListener("input", () => {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  let n = 0;
  for (const [i, card] of cards.entries()) {
    card.hidden = !words.every((word) => texts[i].includes(word));
    if (!card.hidden) n++;
  }
  found.textContent = words.length ? `${n} of ${cards.length} slides` : "";
});
addEventListener("hashchange", () => { // a link leads to a slide that the search has hidden
  const to = document.getElementById(location.hash.slice(1));
  if (!to?.hidden) return;
  find.value = "";
  find.dispatchEvent(new Event("input"));
  to.scrollIntoView();
});
for (const pre of document.querySelectorAll("pre[data-step]")) {
  const text = pre.textContent.replace(/\n$/, ""), button = document.createElement("button");
  button.className = "copy";
  button.type = "button";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy: ${text}`);
  button.addEventListener("click", async () => {
    try { await navigator.clipboard.writeText(text); button.textContent = "Copied"; } catch { getSelection().selectAllChildren(pre.querySelector("code")); button.textContent = "Selected"; }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  pre.prepend(button);
}
