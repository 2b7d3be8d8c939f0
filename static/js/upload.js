// Sends pictures one request each, at most three at a time, and shows what became of them.
(() => {
  const form = document.getElementById("upload");
  if (!form) return;

  const PARALLEL = 3;
  const ATTEMPTS = 5;
  const FIRST_POLL_MS = 250;
  const SLOWEST_POLL_MS = 4000;
  const POLL_FOR_MS = 10 * 60 * 1000;
  const NO_PICTURE = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=";
  const WORTH_RETRYING = new Set([0, 429, 502, 503, 504]);

  const words = JSON.parse(document.getElementById("reason-words").textContent);
  const names = JSON.parse(document.getElementById("emotion-names").textContent);
  const list = document.querySelector("[data-list]");
  const summary = document.querySelector("[data-summary]");
  const zone = form.querySelector("[data-dropzone]");
  const picker = form.elements.images;
  const token = form.elements.csrfmiddlewaretoken.value;
  const waiting = [];
  const jobs = [];
  let sending = 0;

  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  const key = () =>
    crypto.randomUUID?.() ||
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (n) => n.toString(16).padStart(2, "0")).join("");

  function element(tag, className, text) {
    const made = document.createElement(tag);
    made.className = className;
    made.textContent = text ?? "";
    return made;
  }

  class Job {
    constructor(file, person, takenAt) {
      Object.assign(this, { file, person: person.value, takenAt, key: key() });
      this.name = person.selectedOptions[0].textContent;
      const row = document.getElementById("upload-item").content.cloneNode(true);
      this.row = row.querySelector("li");
      this.bar = this.row.querySelector(".progress");
      this.detail = this.row.querySelector(".upload-detail");
      this.links = this.row.querySelector(".upload-links");
      this.row.querySelector(".upload-name").textContent = file.name;
      this.bar.setAttribute("aria-label", `Upload of ${file.name}`);
      this.showThumbnail();
      this.show("queued", "Waiting to be sent");
      list.prepend(this.row);
    }

    showThumbnail() {
      const image = this.row.querySelector("img");
      const address = URL.createObjectURL(this.file);
      const release = () => URL.revokeObjectURL(address);
      image.addEventListener("load", release);
      image.addEventListener("error", () => {
        release();
        image.src = NO_PICTURE;
      }, { once: true });
      image.src = address;
    }

    show(state, text, percent) {
      this.state = state;
      this.row.dataset.state = state;
      this.row.querySelector(".upload-state").textContent = text;
      const moving = state === "queued" || state === "sending" || state === "analysing";
      this.bar.hidden = !moving;
      this.bar.firstElementChild.style.width = `${percent ?? 0}%`;
      this.bar.firstElementChild.classList.toggle("progress-bar-indeterminate", state === "analysing");
      if (percent === undefined) this.bar.removeAttribute("aria-valuenow");
      else this.bar.setAttribute("aria-valuenow", String(percent));
      showSummary();
    }

    refuse(message, again = false) {
      this.show("refused", "Not accepted");
      this.detail.textContent = message;
      if (!again) return;
      const button = element("button", "btn btn-sm", "Try again");
      button.type = "button";
      button.addEventListener("click", () => {
        this.detail.textContent = "";
        this.links.replaceChildren();
        this.show("queued", "Waiting to be sent");
        waiting.push(this);
        sendNext();
      });
      this.links.replaceChildren(button);
    }
  }

  function showSummary() {
    const count = (...states) => jobs.filter((job) => states.includes(job.state)).length;
    const open = count("queued", "sending", "analysing");
    const refused = count("refused");
    const parts = [`${count("done")} of ${jobs.length} analysed`];
    if (refused) parts.push(`${refused} not accepted`);
    if (open) parts.push(`${open} on the way`);
    summary.textContent = parts.join(" · ");
  }

  function request(job) {
    const data = new FormData();
    data.append("person", job.person);
    if (job.takenAt) data.append("taken_at", job.takenAt);
    data.append("image", job.file, job.file.name);
    return new Promise((done) => {
      // fetch() cannot tell how much of a body has been sent.
      const xhr = new XMLHttpRequest();
      xhr.open("POST", form.dataset.endpoint);
      xhr.setRequestHeader("X-CSRFToken", token);
      xhr.setRequestHeader("Idempotency-Key", job.key);
      xhr.upload.addEventListener("progress", (event) => {
        if (!event.lengthComputable) return;
        const percent = Math.round((100 * event.loaded) / event.total);
        job.show("sending", percent < 100 ? `Uploading ${percent}%` : "Checking", percent);
      });
      xhr.addEventListener("loadend", () => {
        let body = null;
        try {
          body = JSON.parse(xhr.responseText);
        } catch {
          // Not from the API: a proxy, or no answer at all.
        }
        done({ status: xhr.status, body, after: Number(xhr.getResponseHeader("Retry-After")) });
      });
      xhr.send(data);
    });
  }

  async function send(job) {
    for (let attempt = 1; ; attempt += 1) {
      job.show("sending", "Uploading", 0);
      const { status, body, after } = await request(job);
      if (status === 202 || status === 200) return body.id;
      const message = body?.error?.message;
      if (!WORTH_RETRYING.has(status)) {
        job.refuse(message || `The server answered with status ${status}.`, status >= 500);
        return null;
      }
      if (attempt >= ATTEMPTS) {
        job.refuse(message || "The server cannot be reached.", true);
        return null;
      }
      job.show("sending", "Connection lost, trying again", 0);
      await sleep(Math.min(1000 * (after || 2 ** (attempt - 1)), 30_000));
    }
  }

  async function follow(job, id) {
    const result = element("a", "", "Result");
    result.href = form.dataset.result.replace(/0\/$/, `${id}/`);
    result.setAttribute("aria-label", `Result of ${job.file.name}`);
    const ratios = element("a", "", "Ratios");
    ratios.href = form.dataset.personPage.replace(/0\/$/, `${job.person}/`);
    ratios.setAttribute("aria-label", `Ratios of ${job.name}`);
    job.links.replaceChildren(result, ratios);
    job.show("analysing", "Analysing", 100);
    const end = Date.now() + POLL_FOR_MS;
    for (let wait = FIRST_POLL_MS; Date.now() < end; wait = Math.min(wait * 1.4, SLOWEST_POLL_MS)) {
      await sleep(wait);
      const answer = await fetch(`${form.dataset.endpoint}${id}/`, { headers: { Accept: "application/json" } }).catch(() => null);
      if (answer?.ok) {
        const result = await answer.json();
        if (result.is_finished) return finish(job, result);
      } else if (answer && answer.status < 500 && answer.status !== 429) {
        return job.refuse("The result may no longer be shown.");
      }
    }
    return job.show("done", "Still waiting; look at the result later");
  }

  function finish(job, result) {
    const reading = result.readings.find((each) => each.face_index === 0) || result.readings[0];
    if (!reading) {
      job.show("done", { no_face: "No face found", skipped: "Skipped" }[result.status] || "Failed");
      job.row.dataset.outcome = "empty";
      job.detail.textContent = words[result.reason] || result.reason || "Nothing counts from this picture.";
      return;
    }
    job.row.dataset.outcome = reading.counted ? "counted" : "empty";
    job.show("done", names[reading.label]);
    job.detail.replaceChildren(probabilities(reading));
    if (!reading.counted) {
      const why = words[reading.reason] || reading.reason;
      job.detail.append(element("p", "upload-why", `Not counted. ${why}`));
    }
    if (result.faces_found > 1) {
      job.detail.append(element("p", "upload-why", `${result.faces_found} faces; the largest was read.`));
    }
  }

  function probabilities(reading) {
    const rows = element("dl", "mini-bars");
    for (const [emotion, share] of Object.entries(reading.probabilities)) {
      const percent = Math.round(100 * share);
      const cell = element("dd", "");
      const bar = element("span", `mini-bar emotion-${emotion}`);
      bar.style.width = `${percent}%`;
      cell.append(bar, element("span", "mini-value", `${percent}%`));
      rows.append(element("dt", "", names[emotion]), cell);
    }
    return rows;
  }

  async function run(job) {
    const id = await send(job);
    sending -= 1;
    sendNext();
    if (id !== null) await follow(job, id);
  }

  function sendNext() {
    while (sending < PARALLEL && waiting.length) {
      sending += 1;
      run(waiting.shift());
    }
  }

  function add(files) {
    if (!files.length || !form.reportValidity()) return;
    const given = form.elements.taken_at.value;
    const takenAt = given ? new Date(given).toISOString() : "";
    document.querySelector("[data-empty]").hidden = true;
    for (const file of files) {
      const job = new Job(file, form.elements.person, takenAt);
      jobs.push(job);
      if (file.size > Number(form.dataset.limit)) {
        job.refuse(`The file has ${(file.size / 1024 / 1024).toFixed(1)} MB; at most 10 MB are accepted.`);
      } else {
        waiting.push(job);
      }
    }
    showSummary();
    sendNext();
  }

  picker.addEventListener("change", () => {
    add([...picker.files]);
    picker.value = "";
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const kind of ["dragover", "drop"]) {
    window.addEventListener(kind, (event) => event.preventDefault());
  }
  for (const kind of ["dragenter", "dragover"]) {
    zone.addEventListener(kind, () => zone.classList.add("is-over"));
  }
  for (const kind of ["dragleave", "drop"]) {
    zone.addEventListener(kind, () => zone.classList.remove("is-over"));
  }
  zone.addEventListener("drop", (event) => add([...event.dataTransfer.files]));
  window.addEventListener("beforeunload", (event) => {
    if (sending || waiting.length) event.preventDefault();
  });
})();
