// Pixels in, one reading out: what inference/engine.py does with a picture's largest face.

import { Classifier } from "./classifier.js";
import { cut } from "./crop.js";
import { Detector } from "./detector.js";
import { Network } from "./network.js";
import { round } from "./pixels.js";
import { measure, reason } from "./quality.js";

export class Reader {
  constructor(detector, classifier, setup) {
    Object.assign(this, { detector, classifier, setup });
  }

  // setup: what the page says of the model; see monitor/services/browser_models.py.
  static async load(setup) {
    const detector = new Detector(await Network.load(setup.detector, setup.runtime));
    const network = await Network.load(setup.network, setup.runtime);
    return new Reader(detector, new Classifier(network, setup, setup.emotions), setup);
  }

  // The reading of the largest face, or null; `faces` tells how many there were.
  async read(source) {
    const found = await this.detector.detect(source);
    if (!found.length) return null;
    const boxes = found.map((face) => wholeBox(face, source));
    const area = ([, , width, height]) => width * height;
    const largest = boxes.reduce((best, box, n) => (area(box) > area(boxes[best]) ? n : best), 0);
    const face = found[largest];
    const crop = cut(source, face, this.setup.crop, this.setup.inputs.colour === "rgb");
    const quality = measure(crop, face);
    const { probabilities, other } = await this.classifier.read(crop);
    return {
      box: boxes[largest],
      quality,
      probabilities,
      other,
      faces: found.length,
      label: this.setup.emotions[probabilities.indexOf(Math.max(...probabilities))],
      reason: reason(quality, probabilities, other, this.setup.gate),
    };
  }
}

// The box in whole pixels, cut at the picture's edges.
function wholeBox({ box: [x, y, width, height] }, source) {
  const left = Math.max(0, round(x));
  const top = Math.max(0, round(y));
  const right = Math.min(source.width, round(x + width));
  const bottom = Math.min(source.height, round(y + height));
  return [left, top, Math.max(0, right - left), Math.max(0, bottom - top)];
}
