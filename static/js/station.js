// The camera of a station: one picture when asked for, or a QR code that says who it is.

import { Camera, inWords } from "camera";
import { CodeReader } from "codes";

const LOOK_EVERY_MS = 300;
const LOOK_FOR_MS = 15_000;
// As the server makes them (monitor/services/pins.py). What another QR code says, such
// as the password of a network, is nobody's business and is not sent.
const CODE = /^[0-9a-f]{32}$/;

const find = (name) => document.querySelector(`[data-${name}]`);
const button = (name) => document.querySelector(`[data-do="${name}"]`);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const camera = new Camera(find("video"));
const reader = new CodeReader();

function say(text) {
  find("status").textContent = text;
}

function complain(text) {
  find("error").textContent = text;
  find("error").hidden = false;
}

function off() {
  camera.release();
  find("view").hidden = true;
  say("The camera is off.");
  offer("camera");
}

// Of the two buttons for a picture only one makes sense at a time.
function offer(name) {
  for (const each of ["camera", "take"]) {
    if (button(each)) button(each).hidden = each !== name;
  }
}

async function on(words) {
  find("error").hidden = true;
  try {
    await camera.open(off);
  } catch (error) {
    off();
    complain(inWords(error));
  }
  if (!camera.isOn) return false;
  find("view").hidden = false;
  say(words);
  await new Promise(requestAnimationFrame); // until it has its size
  find("view").scrollIntoView({ block: "nearest" });
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

// A second press while the first one is under way does nothing.
let isBusy = false;

function whenPressed(name, act) {
  button(name)?.addEventListener("click", async () => {
    if (isBusy) return;
    isBusy = true;
    await act().finally(() => (isBusy = false));
  });
}

whenPressed("camera", async () => {
  if (!(await on("The camera is on."))) return;
  offer("take");
  button("take").focus();
});

whenPressed("take", async () => {
  const page = find("picture").dataset;
  const blob = (await camera.paint()) ? await camera.jpeg() : null;
  off();
  offer(null);
  say("Sending the picture.");
  const problem = blob ? await send(blob, page) : "The camera gave no picture. Try again.";
  if (problem === null) {
    location.replace(page.result);
    return;
  }
  say("The camera is off.");
  complain(problem);
  offer("camera");
  button("camera").focus();
});

whenPressed("scan", async () => {
  if (!(await on("Hold your QR code before the camera."))) return;
  let isOther = false;
  for (const end = Date.now() + LOOK_FOR_MS; camera.isOn && Date.now() < end; await sleep(LOOK_EVERY_MS)) {
    const text = await reader.read(camera).catch(() => undefined);
    if (!camera.isOn) return;
    if (text === undefined) {
      off();
      complain("Codes cannot be read now. Type number and PIN.");
      return;
    }
    if (text && CODE.test(text)) {
      identify(text);
      return;
    }
    isOther ||= Boolean(text);
  }
  if (!camera.isOn) return;
  off();
  const seen = isOther ? "That QR code is none for checking in." : "No QR code was found. Hold it closer.";
  complain(`${seen} Try again, or type number and PIN.`);
});

function identify(code) {
  off();
  const form = find("who");
  form.reset();
  form.elements.code.value = code;
  form.submit();
}

if (button("scan")) button("scan").hidden = false;

for (const end of ["pagehide", "stationleave"]) addEventListener(end, () => camera.release());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) return;
  if (camera.isOn) off();
  else camera.release(); // should the browser still ask for it
});
