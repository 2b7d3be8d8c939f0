// Clears the screen of a station: nobody sees what another person saw.

document.addEventListener("DOMContentLoaded", () => {
  const screen = document.querySelector("[data-station]");
  if (!screen) return;
  const seconds = Number(screen.dataset.clearAfter);
  let timer;

  // Without an entry in the history, so "back" leads to no result.
  function leave() {
    screen.replaceChildren();
    location.replace(screen.dataset.station);
  }

  function again() {
    clearTimeout(timer);
    timer = setTimeout(leave, seconds * 1000);
  }

  for (const touch of ["pointerdown", "keydown", "input"]) document.addEventListener(touch, again);
  document.addEventListener("htmx:afterSwap", () => {
    if (document.querySelector("[data-finished]")) again();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-leave]")) return;
    event.preventDefault();
    leave();
  });
  // A page that the browser kept whole asks the server again.
  addEventListener("pageshow", (event) => {
    if (event.persisted) leave();
  });
  again();
});
