// Clears the screen of a station: nobody sees what another person saw.

const AGAIN_MS = 5000;

document.addEventListener("DOMContentLoaded", () => {
  const screen = document.querySelector("[data-station]");
  if (!screen) return;
  const seconds = Number(screen.dataset.clearAfter);
  let timer;

  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

  // A browser's own error page, or a proxy's, would stay on the screen for good.
  async function answers(address) {
    const answer = await fetch(address, { method: "HEAD" }).catch(() => null);
    return answer !== null && answer.status < 500;
  }

  // Without an entry in the history, so "back" leads to no result.
  let isLeaving = false;
  async function leave() {
    if (isLeaving) return;
    isLeaving = true;
    // The page may have to wait for a connection; its camera does not.
    dispatchEvent(new Event("stationleave"));
    screen.replaceChildren();
    while (!(await answers(screen.dataset.station))) {
      screen.textContent = "This station has no connection. It comes back by itself.";
      await sleep(AGAIN_MS);
    }
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
