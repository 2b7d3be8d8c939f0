// From a crop to five probabilities: inference/preprocess.py, classes.py, classifier.py.

import { gray, meanAndDeviation, picture, resizeArea, resizeLinear } from "./pixels.js";

// The crop as the network's input, by the `inputs` of the model's spec.
export function toTensor(crop, spec) {
  const own = spec.colour === "rgb" ? crop : gray(crop);
  const resized =
    own.width > spec.size
      ? resizeArea(own, spec.size, spec.size)
      : resizeLinear(own, spec.size, spec.size);
  const spread = spec.equalise === "histogram" ? equalised(resized) : resized;
  if (spec.standardise === "per_image") {
    const [mean, deviation] = meanAndDeviation(spread.data);
    const divisor = Math.max(deviation, spec.min_std);
    return planes(spread, spec, (value) => (value - mean) / divisor);
  }
  return planes(spread, spec, (value, plane) => (value - (spec.means[plane] ?? 0)) * spec.scale + spec.offset);
}

function planes({ data, channels }, spec, scaled) {
  const count = data.length / channels;
  const out = new Float32Array(count * spec.channels);
  for (let n = 0, to = 0; n < count; n += 1) {
    for (let plane = 0; plane < spec.channels; plane += 1, to += 1) {
      const from = spec.order === "bgr" ? channels - 1 - plane : plane;
      out[to] = scaled(data[n * channels + (channels === 1 ? 0 : from)], plane);
    }
  }
  return out;
}

// cv2.equalizeHist.
export function equalised(source) {
  const counts = new Uint32Array(256);
  for (const value of source.data) counts[value] += 1;
  const lowest = counts.findIndex((count) => count > 0);
  const total = source.data.length;
  if (counts[lowest] === total) return source;
  const table = new Uint8Array(256);
  const scale = 255 / (total - counts[lowest]);
  for (let level = lowest + 1, sum = 0; level < 256; level += 1) {
    sum += counts[level];
    table[level] = Math.min(255, Math.round(sum * scale));
  }
  return picture(source.width, source.height, 1, source.data.map((value) => table[value]));
}

// The five emotions' probabilities renormalised, and the mass on other classes.
export function restrict(raw, classes, emotions) {
  const five = emotions.map((name) => {
    const at = classes.indexOf(name);
    return at < 0 ? 0 : raw[at];
  });
  const mass = five.reduce((sum, value) => sum + value, 0);
  const total = raw.reduce((sum, value) => sum + value, 0);
  const other = Math.min(1, Math.max(0, total - mass));
  return { five: five.map((value) => value / Math.max(mass, 1e-12)), other };
}

// Softmax of the logits over the temperature.
export function calibrate(five, temperature) {
  const logits = five.map((value) => Math.log(Math.max(value, 1e-12)) / temperature);
  const highest = Math.max(...logits);
  const powers = logits.map((value) => Math.exp(value - highest));
  const sum = powers.reduce((total, value) => total + value, 0);
  return powers.map((value) => value / sum);
}

export class Classifier {
  constructor(network, spec, emotions) {
    Object.assign(this, { network, spec, emotions });
  }

  async read(crop) {
    const { inputs, classes, temperature } = this.spec;
    const shape = [1, inputs.size, inputs.size, inputs.channels];
    const [raw] = await this.network.run(toTensor(crop, inputs), shape);
    const { five, other } = restrict(Array.from(raw), classes, this.emotions);
    return { probabilities: calibrate(five, temperature), other };
  }
}
