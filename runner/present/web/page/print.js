import { fit } from "./slide.js";

for (const slide of document.querySelectorAll(".paper > .slide")) fit(slide);
