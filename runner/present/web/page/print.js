import { fit, lines, pictures } from "./slide.js";

const slides = [...document.querySelectorAll(".paper > .slide")];
document.body.dataset.fitted = ""; // words are broken only where they have to be
slides.forEach(pictures);
slides.forEach(lines);
const fitAll = () => slides.forEach(fit);
fitAll();
addEventListener("resize", fitAll); // such as of a phone that is turned: letters have other widths in other sizes
