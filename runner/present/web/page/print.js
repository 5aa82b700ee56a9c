import { fit, lines } from "./slide.js";

const slides = [...document.querySelectorAll(".paper > .slide")];
slides.forEach(lines);
const fitAll = () => slides.forEach(fit);
fitAll();
addEventListener("resize", fitAll); // such as of a phone that is turned: letters have other widths in other sizes
