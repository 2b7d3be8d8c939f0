// The device's camera: opened when asked for, released for certain, its errors in words.

const LONGEST_SIDE = 1280; // the server looks at no more
const WISHES = { facingMode: "user", width: { ideal: 640 }, height: { ideal: 480 } };

const WORDS = {
  NotAllowedError:
    "The camera is not allowed for this page. Allow it beside the address in your browser, then start again.",
  NotFoundError: "No camera was found. Connect one, then start again.",
  OverconstrainedError: "No camera was found that can be used. Connect another one, then start again.",
  NotReadableError: "The camera is in use by another program. Close that program, then start again.",
  AbortError: "The camera is in use by another program. Close that program, then start again.",
  InsecureError:
    "Browsers give the camera only to pages with https:// in their address (or on localhost). Ask who runs this site to switch HTTPS on.",
};

export function inWords(error) {
  return WORDS[error.name] ?? "The camera did not start. Load the page again.";
}

function stop(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

export class Camera {
  constructor(video) {
    this.video = video;
    this.canvas = document.createElement("canvas");
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.stream = null;
  }

  get isOn() {
    return this.stream !== null;
  }

  // onLost: called when the camera ends without being told to.
  // Whoever releases it, or opens it again, while the browser still asks leaves it off.
  async open(onLost) {
    if (!window.isSecureContext || !navigator.mediaDevices) {
      throw Object.assign(new Error("insecure"), { name: "InsecureError" });
    }
    this.release();
    const turn = (this.turn = {});
    const stream = await navigator.mediaDevices.getUserMedia({ video: WISHES, audio: false });
    if (this.turn !== turn) return stop(stream);
    this.stream = stream;
    const [track] = stream.getVideoTracks();
    track.addEventListener("ended", onLost);
    this.video.srcObject = stream;
    await this.video.play().catch((error) => {
      if (this.turn === turn) throw error;
    });
  }

  release() {
    this.turn = null;
    stop(this.stream);
    this.stream = null;
    this.video.srcObject = null;
  }

  // Paints what the camera sees now; false where a hidden page cannot know.
  async paint() {
    if (!this.isOn) return false;
    let source = this.video;
    let [width, height] = [this.video.videoWidth, this.video.videoHeight];
    if (document.hidden) {
      // Hidden pages may show an old frame in their video, so the track is asked.
      if (!window.ImageCapture) return false;
      source = await new ImageCapture(this.stream.getVideoTracks()[0]).grabFrame().catch(() => null);
      if (!source || !this.isOn) return false; // muted by the system, or released meanwhile
      ({ width, height } = source);
    }
    if (!width) return false;
    const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
    const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
    if (this.canvas.width !== wide) this.canvas.width = wide;
    if (this.canvas.height !== high) this.canvas.height = high;
    this.context.drawImage(source, 0, 0, wide, high);
    return true;
  }

  pixels() {
    return this.context.getImageData(0, 0, this.canvas.width, this.canvas.height);
  }

  jpeg() {
    return new Promise((done) => this.canvas.toBlob(done, "image/jpeg", 0.92));
  }
}
