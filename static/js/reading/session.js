// A person's own session: takes a picture now and then, sends it or only what was read in it.

import { Camera, inWords } from "./camera.js";
import { Indicator } from "./indicator.js";
import { Overlay } from "./overlay.js";
import { fromImageData } from "./pixels.js";
import { Results } from "./results.js";
import { NotTaken, readingBody, sendPicture, sendReading } from "./sending.js";

const SETTLE_MS = 1500; // until the camera has found its exposure
const NO_FACE_MS = 15_000; // nothing was sent, so the next try comes sooner
const TICK_MS = 500;
const FINAL = new Set([401, 403, 404, 409]);

const json = (id) => JSON.parse(document.getElementById(id).textContent);

class Session {
  constructor(form) {
    this.form = form;
    this.page = { ...form.dataset, token: form.elements.csrfmiddlewaretoken.value };
    this.setup = json("reading-setup");
    this.names = json("emotion-names");
    const find = (name) => document.querySelector(`[data-${name}]`);
    this.camera = new Camera(find("video"));
    this.overlay = new Overlay(find("overlay"), this.names);
    this.indicator = new Indicator(find("indicator"));
    this.results = new Results(document, this.names, json("reason-words"));
    this.next = find("next");
    this.rate = find("rate");
    this.state = "off";
    this.turn = Promise.resolve();
    this.listen();
    this.show("off");
  }

  get isOnDevice() {
    return this.form.elements.form.value === "on_device";
  }

  get everyMs() {
    return Number(this.form.elements.every.value) * 60_000;
  }

  listen() {
    const actions = {
      start: () => this.start(),
      pause: () => this.pause(),
      resume: () => this.start(),
      stop: () => this.stop("The session is over. The camera is off."),
      now: () => this.take(),
    };
    for (const [name, act] of Object.entries(actions)) {
      for (const button of document.querySelectorAll(`[data-do=${name}]`)) {
        button.addEventListener("click", act);
      }
    }
    this.form.addEventListener("submit", (event) => event.preventDefault());
    addEventListener("pagehide", () => this.stop(""));
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.state === "on") this.keepAwake();
    });
    setInterval(() => this.tick(), TICK_MS);
  }

  show(state) {
    this.state = state;
    this.indicator.show(state === "starting" ? "off" : state);
    document.body.dataset.session = state;
    const visible = {
      start: state === "off" || state === "starting",
      pause: state === "on",
      now: state === "on",
      resume: state === "paused",
      stop: state === "on" || state === "paused",
    };
    for (const [name, wanted] of Object.entries(visible)) {
      for (const button of this.form.querySelectorAll(`[data-do=${name}]`)) button.hidden = !wanted;
    }
    for (const button of this.form.querySelectorAll("[data-do=start]")) {
      button.disabled = state === "starting";
    }
    this.form.querySelector("fieldset").disabled = state !== "off";
    if (state !== "on") this.overlay.clear();
  }

  async start() {
    this.show("starting");
    try {
      if (this.isOnDevice) await this.loadReader();
      this.results.say("The browser asks for the camera.");
      await this.camera.open(() => this.stop("The camera was taken away. Start again when it is back."));
    } catch (error) {
      this.camera.release();
      this.show("off");
      this.results.complain(error.isLoading ? error.message : inWords(error));
      return;
    }
    if (this.state !== "starting") return this.camera.release(); // the page was left meanwhile
    this.show("on");
    this.results.say("The camera is on.");
    this.nextAt = Date.now() + SETTLE_MS;
    this.keepAwake();
    if (this.isOnDevice) this.watch();
  }

  async loadReader() {
    if (this.reader) return;
    this.results.say("Loading the model; the first time this takes a moment.");
    try {
      const { Reader } = await import("./reader.js");
      this.reader = await Reader.load(this.setup);
    } catch (cause) {
      const words = "The model could not be loaded here. Load the page again, or send pictures.";
      throw Object.assign(new Error(words, { cause }), { isLoading: true });
    }
  }

  pause() {
    this.camera.release();
    this.wakeLock?.release();
    this.show("paused");
    this.results.say("Paused. The camera is off until you resume.");
  }

  stop(words) {
    this.camera.release();
    this.wakeLock?.release();
    this.wakeLock = null;
    this.show("off");
    this.next.textContent = "";
    this.rate.textContent = "";
    if (words) this.results.say(words);
  }

  async keepAwake() {
    // Refused on low battery, and not known everywhere; the session goes on without.
    const lock = await navigator.wakeLock?.request("screen").catch(() => null);
    if (this.state === "on") this.wakeLock = lock;
    else lock?.release();
  }

  tick() {
    if (this.state !== "on") return;
    const left = Math.max(0, Math.ceil((this.nextAt - Date.now()) / 1000));
    const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    this.next.textContent = this.isTaking ? "now" : `next in ${clock}`;
    if (!left) this.take();
  }

  // One look at a time: the network holds one picture.
  look() {
    const looked = this.turn.then(async () => {
      if (!(await this.camera.paint())) return undefined;
      return this.reader.read(fromImageData(this.camera.pixels()));
    });
    this.turn = looked.catch(() => undefined);
    return looked;
  }

  async watch() {
    const stream = this.camera.stream; // resumed means another one, and another loop
    let since = performance.now();
    for (let looks = 0; this.camera.stream === stream; looks += 1) {
      const reading = await this.look().catch(() => undefined);
      if (this.camera.stream !== stream) break;
      if (reading !== undefined) this.overlay.draw(reading, this.camera.canvas.width, this.camera.canvas.height);
      const passed = performance.now() - since;
      if (passed > 1000) {
        this.rate.textContent = `${((1000 * looks) / passed).toFixed(1)} a second`;
        [looks, since] = [0, performance.now()];
      }
      await new Promise(requestAnimationFrame);
    }
  }

  async take() {
    if (this.state !== "on" || this.isTaking) return;
    this.isTaking = true;
    this.nextAt = Date.now() + this.everyMs;
    try {
      await (this.isOnDevice ? this.takeReading() : this.takePicture());
    } catch (error) {
      this.refused(error);
    } finally {
      this.isTaking = false;
    }
  }

  async takePicture() {
    const takenAt = new Date();
    if (!(await this.camera.paint())) return this.notSeen();
    const blob = await this.camera.jpeg();
    this.results.showPicture(blob, takenAt);
    this.results.showResult(await sendPicture(this.page, blob, takenAt));
  }

  async takeReading() {
    const takenAt = new Date();
    const reading = await this.look();
    if (reading === undefined) return this.notSeen();
    if (!reading) {
      this.nextAt = Date.now() + Math.min(this.everyMs, NO_FACE_MS);
      return this.results.say("No face was seen, so nothing was sent.");
    }
    const body = readingBody(reading, this.setup.emotions, this.setup.version, takenAt);
    this.results.showNumbers(body, takenAt);
    this.results.showResult(await sendReading(this.page, body));
  }

  notSeen() {
    this.nextAt = Date.now() + Math.min(this.everyMs, NO_FACE_MS);
    this.results.say("This browser shows no picture while its page is hidden; nothing was sent.");
  }

  refused(error) {
    if (!(error instanceof NotTaken)) {
      this.stop("");
      this.results.complain("Something went wrong in this page. Load it again.");
      throw error;
    }
    if (FINAL.has(error.status)) this.stop("");
    const known = { model_changed: "The model was changed. Load the page again." };
    this.results.complain(known[error.code] ?? error.message);
  }
}

const form = document.getElementById("session");
if (form) new Session(form);
