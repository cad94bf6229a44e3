'use strict';
// Enlarges a picture on click; arrow keys go to its neighbors.
const buttons = [...document.querySelectorAll('button.enlarge')];
const viewer = document.getElementById('viewer');
let shown = 0;
function show(number) {
  shown = (number + buttons.length) % buttons.length;
  const figure = buttons[shown].closest('figure');
  const image = viewer.querySelector('img');
  image.src = figure.querySelector('img').src;
  image.alt = figure.querySelector('img').alt;
  const words = figure.querySelector('figcaption').cloneNode(true);
  viewer.querySelector('figcaption').replaceChildren(...words.childNodes);
  if (!viewer.open) viewer.showModal();
}
buttons.forEach((button, number) => button.addEventListener('click', () => show(number)));
viewer.addEventListener('click', (event) => {
  const step = event.target.dataset.step;
  if (event.target === viewer || step === '0') viewer.close();
  else if (step) show(shown + Number(step));
});
viewer.addEventListener('keydown', (event) => {
  const steps = { ArrowLeft: -1, ArrowRight: 1 };
  if (event.key in steps) show(shown + steps[event.key]);
});
