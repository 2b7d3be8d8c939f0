// Reads a QR code in what a camera sees: the browser does where it can, else a library.
// Either way the picture stays on the device.

async function ofBrowser() {
  if (!("BarcodeDetector" in window)) return null;
  const formats = await BarcodeDetector.getSupportedFormats().catch(() => []);
  if (!formats.includes("qr_code")) return null;
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  return async (camera) => (await detector.detect(camera.video))[0]?.rawValue ?? null;
}

async function ofLibrary() {
  const { default: decode } = await import("qr");
  return async (camera) => {
    if (!(await camera.paint())) return null;
    try {
      return decode(camera.pixels());
    } catch {
      return null; // so it says that there is none
    }
  };
}

export class CodeReader {
  // The text of a code that the camera sees now, or null. Fails where the library does
  // not load.
  async read(camera) {
    this.way ??= (await ofBrowser()) ?? (await ofLibrary());
    try {
      return await this.way(camera);
    } catch {
      // Some systems promise a detector and have none.
      this.way = await ofLibrary();
      return null;
    }
  }
}
