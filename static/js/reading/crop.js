// From a detected face to the upright square that the network knows: inference/crop.py.

import { gray, part, resizeArea, warp } from "./pixels.js";

export const CROP_SIDE = 96;

// Tilt in degrees of the line from the right eye to the left.
export function eyeAngle([[rightX, rightY], [leftX, leftY]]) {
  return (Math.atan2(leftY - rightY, leftX - rightX) * 180) / Math.PI;
}

// spec: margin, shift and align of the model's spec.
export function cut(source, face, spec, colour) {
  const square = squareOf(face, spec);
  const { region, left, top } = regionOf(source, square);
  const shrink = Math.max(1, Math.floor(square.side / CROP_SIDE));
  const matrix = matrixOf(square, left, top);
  let small = region;
  if (shrink > 1) {
    const width = Math.max(1, Math.floor(region.width / shrink));
    const height = Math.max(1, Math.floor(region.height / shrink));
    small = resizeArea(region, width, height);
    [width / region.width, height / region.height].forEach((factor, n) => {
      matrix[n] = matrix[n].map((value) => value * factor);
      matrix[n][2] += (factor - 1) / 2; // pixel centres lie at halves
    });
  }
  const crop = warp(small, matrix, CROP_SIDE);
  return colour ? crop : gray(crop);
}

function squareOf({ box: [x, y, width, height], landmarks }, { margin, shift, align }) {
  const side = Math.sqrt(Math.max(width * height, 1));
  const turn = align ? (eyeAngle(landmarks) * Math.PI) / 180 : 0;
  const down = side * shift;
  return {
    x: x + width / 2 - Math.sin(turn) * down,
    y: y + height / 2 + Math.cos(turn) * down,
    side: side * (1 + margin),
    turn,
  };
}

function matrixOf(square, left, top) {
  const scale = square.side / CROP_SIDE;
  const cos = Math.cos(square.turn) * scale;
  const sin = Math.sin(square.turn) * scale;
  const half = (CROP_SIDE - 1) / 2;
  const x = square.x - left - 0.5;
  const y = square.y - top - 0.5;
  return [
    [cos, -sin, x - (cos - sin) * half],
    [sin, cos, y - (sin + cos) * half],
  ];
}

// The part of the picture that the square can touch, with its corner.
function regionOf(source, { x, y, side }) {
  const reach = side * 0.75 + 2;
  const { width, height } = source;
  const left = Math.trunc(Math.min(Math.max(x - reach, 0), width - 1));
  const top = Math.trunc(Math.min(Math.max(y - reach, 0), height - 1));
  const right = Math.trunc(Math.max(Math.min(x + reach + 1, width), left + 1));
  const bottom = Math.trunc(Math.max(Math.min(y + reach + 1, height), top + 1));
  return { region: part(source, left, top, right, bottom), left, top };
}
