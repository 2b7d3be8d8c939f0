// BlazeFace, as in inference/blazeface.py and inference/light.py.

import { brightened, resizeArea, round, whiteLevel } from "./pixels.js";

const SIDE = 192;
const STRIDE = 4;
const CELLS = SIDE / STRIDE;
const LANDMARKS = 6;
const WIDTH = 4 + 2 * LANDMARKS;
const MIN_SCORE = 0.5;
const CLIP = 100;
const MIN_SUPPRESSION_IOU = 0.3;
const DARK = 128;

// Centres of the anchors in input pixels: x, y, x, y, …
export function anchors() {
  const out = new Float32Array(CELLS * CELLS * 2);
  for (let n = 0; n < CELLS * CELLS; n += 1) {
    out[2 * n] = ((n % CELLS) + 0.5) * STRIDE;
    out[2 * n + 1] = (Math.floor(n / CELLS) + 0.5) * STRIDE;
  }
  return out;
}

// The picture inside a black square, values -1 to 1, and where it lies in it.
export function letterbox(source) {
  const scale = SIDE / Math.max(source.width, source.height);
  const width = Math.max(1, round(source.width * scale));
  const height = Math.max(1, round(source.height * scale));
  const small = resizeArea(source, width, height);
  const left = Math.floor((SIDE - width) / 2);
  const top = Math.floor((SIDE - height) / 2);
  const tensor = new Float32Array(SIDE * SIDE * 3).fill(-1);
  for (let y = 0; y < height; y += 1) {
    const to = ((top + y) * SIDE + left) * 3;
    const from = y * width * 3;
    for (let n = 0; n < width * 3; n += 1) tensor[to + n] = small.data[from + n] / 127.5 - 1;
  }
  return { tensor, scale, left, top };
}

// One row of the network's output as points [x, y]: two corners, six landmarks.
export function decodePoints(raw, x, y) {
  const points = [];
  const [centreX, centreY] = [raw[0] + x, raw[1] + y];
  points.push([centreX - raw[2] / 2, centreY - raw[3] / 2]);
  points.push([centreX + raw[2] / 2, centreY + raw[3] / 2]);
  for (let n = 4; n < WIDTH; n += 2) points.push([raw[n] + x, raw[n + 1] + y]);
  return points;
}

export function overlap([[ax0, ay0], [ax1, ay1]], [[bx0, by0], [bx1, by1]]) {
  const span = (low, high) => Math.max(high - low, 0);
  const inner =
    span(Math.max(ax0, bx0), Math.min(ax1, bx1)) * span(Math.max(ay0, by0), Math.min(ay1, by1));
  const areas = span(ax0, ax1) * span(ay0, ay1) + span(bx0, bx1) * span(by0, by1);
  return inner / Math.max(areas - inner, 1e-9);
}

// Overlapping faces merged into their score-weighted mean, best first.
export function weightedSuppression(found) {
  let rest = [...found].sort((one, other) => other.score - one.score);
  const faces = [];
  while (rest.length) {
    const [best] = rest;
    const same = rest.filter(
      (each) => each === best || overlap(each.points, best.points) > MIN_SUPPRESSION_IOU,
    );
    const total = same.reduce((sum, { score }) => sum + score, 0);
    const points = best.points.map((_, n) =>
      [0, 1].map((axis) =>
        same.reduce((sum, each) => sum + (each.points[n][axis] * each.score) / total, 0),
      ),
    );
    faces.push({ points, score: best.score });
    rest = rest.filter((each) => !same.includes(each));
  }
  return faces;
}

export class Detector {
  // network: `run(tensor)` answers arrays; the scores are the shorter one.
  constructor(network) {
    this.network = network;
    this.anchors = anchors();
  }

  // Faces in RGB pixels, best first: box [x, y, width, height], score, landmarks.
  async detect(source) {
    const seen = whiteLevel(source) < DARK ? brightened(source) : source;
    const { tensor, scale, left, top } = letterbox(seen);
    const outputs = await this.network.run(tensor, [1, SIDE, SIDE, 3]);
    const [logits, boxes] = outputs.sort((one, other) => one.length - other.length);
    return weightedSuppression(this.likely(logits, boxes)).map(({ points, score }) => {
      const pixels = points.map(([x, y]) => [(x - left) / scale, (y - top) / scale]);
      const [[x0, y0], [x1, y1]] = pixels;
      return { box: [x0, y0, x1 - x0, y1 - y0], score, landmarks: pixels.slice(2) };
    });
  }

  likely(logits, boxes) {
    const least = Math.log(MIN_SCORE / (1 - MIN_SCORE));
    const found = [];
    for (let n = 0; n < logits.length; n += 1) {
      if (logits[n] < least) continue;
      const raw = boxes.subarray(n * WIDTH, (n + 1) * WIDTH);
      const clipped = Math.min(CLIP, Math.max(-CLIP, logits[n]));
      const points = decodePoints(raw, this.anchors[2 * n], this.anchors[2 * n + 1]);
      found.push({ points, score: 1 / (1 + Math.exp(-clipped)) });
    }
    return found;
  }
}
