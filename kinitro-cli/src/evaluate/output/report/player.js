"use strict";
// Shows the players, which need this script; without it the strips alone are shown.
const players = new Map();
const pace = 100; // Milliseconds per frame.

for (const reel of document.querySelectorAll(".reel")) {
  const steps = reel.dataset.frames.split(",");
  const cells = reel.querySelectorAll(".screen .cell");
  const range = reel.querySelector("input");
  const label = reel.querySelector("output");
  const button = reel.querySelector(".play");
  let timer = 0;

  const show = (frame) => {
    range.value = frame;
    cells.forEach((cell, camera) =>
      cell.style.setProperty("--frame", camera * steps.length + Number(range.value)));
    label.textContent = "step " + steps[range.value];
    range.setAttribute("aria-valuetext", label.textContent);
  };
  const pause = () => {
    clearInterval(timer);
    timer = 0;
    button.textContent = "Play";
  };
  const play = () => {
    pause();
    if (range.value === range.max) show(0);
    button.textContent = "Pause";
    timer = setInterval(() => {
      show(Number(range.value) + 1);
      if (range.value === range.max) pause();
    }, pace);
  };
  const move = (frames) => {
    pause();
    show(Number(range.value) + frames);
  };

  button.addEventListener("click", () => (timer ? pause() : play()));
  reel.querySelector(".back").addEventListener("click", () => move(-1));
  reel.querySelector(".on").addEventListener("click", () => move(1));
  range.addEventListener("input", () => move(0));
  for (const part of reel.querySelectorAll("[hidden]")) part.hidden = false;
  show(0);
  players.set(reel, { restart: () => (show(0), play()) });
}

for (const button of document.querySelectorAll("button.all")) {
  const reels = button.parentElement.querySelectorAll(".reel");
  button.hidden = reels.length < 2;
  button.addEventListener("click", () => reels.forEach((reel) => players.get(reel).restart()));
}

addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
