// Sends a video in parts, so that a lost connection costs one part and not the whole file.
(() => {
  const form = document.getElementById("video-upload");
  if (!form) return;

  const ATTEMPTS = 6;
  const WORTH_RETRYING = new Set([0, 429, 502, 503, 504]);
  const token = form.elements.csrfmiddlewaretoken.value;
  const state = form.querySelector("[data-state]");
  const bar = form.querySelector(".progress");
  const button = form.querySelector("button[type=submit]");
  let sending = false;

  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  const headers = { "X-CSRFToken": token, Accept: "application/json" };

  class Refused extends Error {}

  async function ask(address, options) {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await fetch(address, options).catch(() => null);
      if (answer?.ok) return answer.status === 204 ? null : answer.json();
      const status = answer?.status ?? 0;
      if (!WORTH_RETRYING.has(status) || attempt >= ATTEMPTS) {
        const body = await answer?.json().catch(() => null);
        throw new Refused(body?.error?.message ?? (status ? `The server answered with status ${status}.` : "The server cannot be reached."));
      }
      state.textContent = "Connection lost, trying again";
      await sleep(1000 * 2 ** (attempt - 1));
    }
  }

  function show(percent) {
    bar.hidden = percent === null;
    bar.firstElementChild.style.width = `${percent ?? 0}%`;
    bar.setAttribute("aria-valuenow", String(percent ?? 0));
    if (percent !== null) state.textContent = `Uploading ${percent}%`;
  }

  async function send(file) {
    const { person, taken_at: taken, every } = form.elements;
    const video = await ask(form.dataset.endpoint, {
      method: "POST",
      headers: { ...headers, "Content-Type": "application/json" },
      body: JSON.stringify({
        person: person.value,
        name: file.name,
        size: file.size,
        taken_at: new Date(taken.value).toISOString(),
        every: Number(every.value),
      }),
    });
    const own = `${form.dataset.endpoint}${video.id}/`;
    for (let from = 0, number = 0; from < file.size; from += video.part_bytes, number += 1) {
      show(Math.floor((100 * from) / file.size));
      const body = file.slice(from, from + video.part_bytes, "application/octet-stream");
      await ask(`${own}parts/${number}/`, { method: "PUT", headers: { ...headers, "Content-Type": "application/octet-stream" }, body });
    }
    await ask(`${own}complete/`, { method: "POST", headers });
    return video.id;
  }

  // The file's own time is when it was written, which is the end of the recording.
  function proposeTime(file) {
    const probe = document.createElement("video");
    const address = URL.createObjectURL(file);
    const propose = (seconds) => {
      URL.revokeObjectURL(address);
      const begins = new Date(file.lastModified - 1000 * seconds);
      const local = new Date(begins.getTime() - 60000 * begins.getTimezoneOffset());
      form.elements.taken_at.value = local.toISOString().slice(0, 19);
    };
    probe.preload = "metadata";
    probe.addEventListener("loadedmetadata", () => propose(Number.isFinite(probe.duration) ? probe.duration : 0));
    probe.addEventListener("error", () => propose(0));
    probe.src = address;
  }

  form.elements.file.addEventListener("change", () => {
    const [file] = form.elements.file.files;
    state.textContent = "";
    if (file) proposeTime(file);
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [file] = form.elements.file.files;
    if (sending || !file) return;
    if (file.size > Number(form.dataset.limit)) {
      state.textContent = `The video has ${Math.ceil(file.size / 1024 / 1024)} MB; at most ${form.dataset.limit / 1024 / 1024} MB are accepted.`;
      return;
    }
    sending = true;
    button.disabled = true;
    try {
      const id = await send(file);
      sending = false;
      window.location.assign(form.dataset.result.replace(/0\/$/, `${id}/`));
    } catch (problem) {
      if (!(problem instanceof Refused)) throw problem;
      show(null);
      state.textContent = problem.message;
    } finally {
      sending = false;
      button.disabled = false;
    }
  });

  window.addEventListener("beforeunload", (event) => {
    if (sending) event.preventDefault();
  });
})();
