// The camera of a station: one picture when asked for, or a QR code that says who it is.

import { Camera, inWords } from "camera";

const LOOK_EVERY_MS = 300;
const LOOK_FOR_MS = 15_000;

const find = (name) => document.querySelector(`[data-${name}]`);
const button = (name) => document.querySelector(`[data-do="${name}"]`);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const camera = new Camera(find("video"));

function say(text) {
  const status = find("status");
  if (status) status.textContent = text;
}

function complain(text) {
  find("error").textContent = text;
  find("error").hidden = false;
}

function off() {
  camera.release();
  find("view").hidden = true;
  say("The camera is off.");
}

async function on() {
  find("error").hidden = true;
  find("view").hidden = false;
  try {
    await camera.open(off);
  } catch (error) {
    off();
    complain(inWords(error));
    return false;
  }
  say("The camera is on.");
  return true;
}

async function send(blob, page) {
  const body = new FormData();
  body.append("image", blob, "station.jpg");
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const headers = { "X-CSRFToken": token };
  const answer = await fetch(page.picture, { method: "POST", body, headers }).catch(() => null);
  if (answer?.ok) return null;
  const said = await answer?.json().catch(() => null);
  return said?.message ?? "The picture was not sent. Try again.";
}

button("camera")?.addEventListener("click", async () => {
  const ready = await on();
  button("camera").hidden = ready;
  button("take").hidden = !ready;
  if (ready) button("take").focus();
});

button("take")?.addEventListener("click", async () => {
  const page = find("picture").dataset;
  button("take").disabled = true;
  const blob = (await camera.paint()) ? await camera.jpeg() : null;
  off();
  say("Sending the picture.");
  const problem = blob ? await send(blob, page) : "The camera gave no picture. Try again.";
  if (problem === null) {
    location.replace(page.result);
    return;
  }
  say("The camera is off.");
  complain(problem);
  button("take").disabled = false;
  button("take").hidden = true;
  button("camera").hidden = false;
});

async function scan() {
  if (!(await on())) return;
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  for (const end = Date.now() + LOOK_FOR_MS; camera.isOn && Date.now() < end; await sleep(LOOK_EVERY_MS)) {
    const [code] = await detector.detect(camera.video).catch(() => []);
    if (!code) continue;
    off();
    const form = find("who");
    form.reset();
    form.elements.code.value = code.rawValue;
    form.submit();
    return;
  }
  off();
  complain("No QR code was found. Hold it closer, or type number and PIN.");
}

// Not every browser reads QR codes; the button is there only where it works.
if (button("scan") && "BarcodeDetector" in window) {
  const formats = await BarcodeDetector.getSupportedFormats();
  button("scan").hidden = !formats.includes("qr_code");
  button("scan").addEventListener("click", scan);
}

addEventListener("pagehide", () => camera.release());
