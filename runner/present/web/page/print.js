import { fit, lines } from "./slide.js";

for (const slide of document.querySelectorAll(".paper > .slide")) { lines(slide); fit(slide); }
