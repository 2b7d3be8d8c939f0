// Judging a face's picture before judging the face: inference/quality.py.
//
// The server judges again from the same numbers, by the limits that it put in the page.

import { eyeAngle } from "./crop.js";
import { gray, meanAndDeviation, resizeArea, round } from "./pixels.js";

const JUDGED_SIDE = 48;
const FARTHEST = 100; // JSON has no infinity

export function measure(crop, face) {
  const grays = gray(crop);
  return {
    size_px: round(Math.min(face.box[2], face.box[3])),
    sharpness: sharpness(grays),
    brightness: meanAndDeviation(grays.data)[0],
    yaw: Math.min(yaw(face.landmarks), FARTHEST),
    roll: eyeAngle(face.landmarks),
    detector_score: Math.min(Math.max(face.score, 0), 1),
  };
}

// Variance of the Laplacian in percent of that of the gray levels.
export function sharpness(grays) {
  const small = resizeArea(grays, JUDGED_SIDE, JUDGED_SIDE);
  const [, edges] = meanAndDeviation(laplacian(small));
  const [, contrast] = meanAndDeviation(small.data);
  return 100 * (edges / Math.max(contrast, 1)) ** 2;
}

// cv2.Laplacian with its kernel of size 1; beyond the edge the picture is mirrored.
export function laplacian({ data, width, height }) {
  const out = new Float32Array(data.length);
  const mirror = (n, size) => (n < 0 ? -n : n >= size ? 2 * size - 2 - n : n);
  for (let y = 0, n = 0; y < height; y += 1) {
    const above = mirror(y - 1, height) * width;
    const below = mirror(y + 1, height) * width;
    for (let x = 0; x < width; x += 1, n += 1) {
      const sides = data[y * width + mirror(x - 1, width)] + data[y * width + mirror(x + 1, width)];
      out[n] = sides + data[above + x] + data[below + x] - 4 * data[n];
    }
  }
  return out;
}

// Offset of the nose along the line of the eyes, in half eye distances.
export function yaw([right, left, nose]) {
  const half = [0, 1].map((axis) => (left[axis] - right[axis]) / 2);
  const length = half[0] ** 2 + half[1] ** 2;
  if (length < 1e-6) return Infinity;
  const along = half.reduce(
    (sum, step, axis) => sum + step * (nose[axis] - (right[axis] + left[axis]) / 2),
    0,
  );
  return Math.abs(along) / length;
}

// Why a face must not count, or "" when it may.
export function reason(quality, probabilities, other, gate) {
  const checks = [
    ["weak_detection", quality.detector_score < gate.min_score],
    ["too_small", quality.size_px < gate.min_size_px],
    ["too_dark", quality.brightness < gate.min_brightness],
    ["too_bright", quality.brightness > gate.max_brightness],
    ["turned", quality.yaw > gate.max_yaw || Math.abs(quality.roll) > gate.max_roll],
    ["blurred", quality.sharpness < gate.min_sharpness],
    ["noisy", quality.sharpness > gate.max_sharpness],
    ["other_emotion", other > gate.max_other],
    ["uncertain", Math.max(...probabilities) < gate.min_confidence],
  ];
  return checks.find(([, failed]) => failed)?.[0] ?? "";
}
