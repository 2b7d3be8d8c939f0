// Pictures as numbers, the way OpenCV computes them on the server.
//
// A picture is { data, width, height, channels }: bytes, row by row. Sums are made in
// doubles where OpenCV has floats or fixed point; results differ by one gray level at
// most, and seldom (tests/browser/test_reading_parity.py).

export function picture(width, height, channels, data) {
  return { width, height, channels, data: data ?? new Uint8Array(width * height * channels) };
}

// Without its alpha: what a canvas gives (RGBA) as the server has it (RGB).
export function fromImageData({ data, width, height }) {
  const out = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < out.length; from += 4, to += 3) {
    out[to] = data[from];
    out[to + 1] = data[from + 1];
    out[to + 2] = data[from + 2];
  }
  return picture(width, height, 3, out);
}

// Half to even, as cvRound and Python do; Math.round takes halves up.
export function round(value) {
  const low = Math.floor(value);
  const rest = value - low;
  if (rest !== 0.5) return rest < 0.5 ? low : low + 1;
  return low % 2 === 0 ? low : low + 1;
}

const byte = (value) => Math.min(255, Math.max(0, round(value)));

// cv2.COLOR_RGB2GRAY: fixed point with 15 bits.
export function gray(source) {
  if (source.channels === 1) return source;
  const { data } = source;
  const out = new Uint8Array(source.width * source.height);
  for (let to = 0, from = 0; to < out.length; to += 1, from += 3) {
    out[to] = (data[from] * 9798 + data[from + 1] * 19235 + data[from + 2] * 3735 + 16384) >> 15;
  }
  return picture(source.width, source.height, 1, out);
}

export function part(source, left, top, right, bottom) {
  const { channels } = source;
  const out = picture(right - left, bottom - top, channels);
  const length = out.width * channels;
  for (let y = 0; y < out.height; y += 1) {
    const start = ((top + y) * source.width + left) * channels;
    out.data.set(source.data.subarray(start, start + length), y * length);
  }
  return out;
}

// cv2.INTER_AREA: the mean of what a pixel covers; towards larger it interpolates.
export function resizeArea(source, width, height) {
  if (source.width === width && source.height === height) return source;
  if (source.width < width || source.height < height) return interpolate(source, width, height, true);
  if (source.width === 2 * width && source.height === 2 * height) return halve(source, width, height);
  return average(source, width, height);
}

// cv2.INTER_LINEAR.
export function resizeLinear(source, width, height) {
  if (source.width === width && source.height === height) return source;
  return interpolate(source, width, height, false);
}

function halve(source, width, height) {
  const { data, channels } = source;
  const out = picture(width, height, channels);
  const line = source.width * channels;
  for (let y = 0, to = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      for (let c = 0; c < channels; c += 1, to += 1) {
        const at = 2 * y * line + 2 * x * channels + c;
        out.data[to] = (data[at] + data[at + channels] + data[at + line] + data[at + line + channels] + 2) >> 2;
      }
    }
  }
  return out;
}

// Which source cells each target cell covers, and by what share: OpenCV's table.
export function shares(from, to) {
  const scale = from / to;
  const cells = [];
  for (let target = 0; target < to; target += 1) {
    const begin = target * scale;
    const end = begin + scale;
    const covered = Math.min(scale, from - begin);
    const last = Math.min(Math.floor(end), from - 1);
    const first = Math.min(Math.ceil(begin), last);
    if (first - begin > 1e-3) cells.push([first - 1, target, (first - begin) / covered]);
    for (let cell = first; cell < last; cell += 1) cells.push([cell, target, 1 / covered]);
    if (end - last > 1e-3) {
      cells.push([last, target, Math.min(Math.min(end - last, 1), covered) / covered]);
    }
  }
  return cells;
}

// A table as flat arrays; a session asks for the same few sizes again and again.
const tables = new Map();

function table(from, to, channels) {
  const key = `${from} ${to} ${channels}`;
  if (tables.size > 64) tables.clear();
  if (!tables.has(key)) {
    const cells = shares(from, to);
    tables.set(key, {
      from: Int32Array.from(cells, ([cell]) => cell * channels),
      to: Int32Array.from(cells, ([, target]) => target * channels),
      share: Float32Array.from(cells, ([, , share]) => share),
    });
  }
  return tables.get(key);
}

function average(source, width, height) {
  const { data, channels } = source;
  const across = table(source.width, width, channels);
  const down = table(source.height, height, 1);
  const out = picture(width, height, channels);
  const add = channels === 3 ? addColours : addGrays;
  const line = new Float32Array(width * channels);
  const sum = new Float32Array(width * channels);
  for (let n = 0, row = -1; n < down.to.length; n += 1) {
    if (down.from[n] !== row) {
      row = down.from[n];
      line.fill(0);
      add(line, data, row * source.width * channels, across);
    }
    for (let c = 0; c < sum.length; c += 1) sum[c] += line[c] * down.share[n];
    if (down.to[n] !== down.to[n + 1]) {
      const start = down.to[n] * sum.length;
      for (let c = 0; c < sum.length; c += 1) out.data[start + c] = byte(sum[c]);
      sum.fill(0);
    }
  }
  return out;
}

function addColours(line, data, start, { from, to, share }) {
  for (let n = 0; n < from.length; n += 1) {
    const at = start + from[n];
    line[to[n]] += data[at] * share[n];
    line[to[n] + 1] += data[at + 1] * share[n];
    line[to[n] + 2] += data[at + 2] * share[n];
  }
}

function addGrays(line, data, start, { from, to, share }) {
  for (let n = 0; n < from.length; n += 1) line[to[n]] += data[start + from[n]] * share[n];
}

function neighbours(from, to, area) {
  const scale = from / to;
  return Array.from({ length: to }, (_, target) => {
    let low = area ? Math.floor(target * scale) : Math.floor((target + 0.5) * scale - 0.5);
    let share = (target + 0.5) * scale - 0.5 - low;
    if (area) {
      share = target + 1 - (low + 1) / scale;
      share = share <= 0 ? 0 : share - Math.floor(share);
    }
    if (low < 0) [low, share] = [0, 0];
    if (low >= from - 1) [low, share] = [from - 1, 0];
    return [low, Math.min(low + 1, from - 1), share];
  });
}

function interpolate(source, width, height, area) {
  const { data, channels } = source;
  const out = picture(width, height, channels);
  const columns = neighbours(source.width, width, area);
  const line = source.width * channels;
  let to = 0;
  for (const [above, below, down] of neighbours(source.height, height, area)) {
    for (const [left, right, across] of columns) {
      for (let c = 0; c < channels; c += 1, to += 1) {
        const l = left * channels + c;
        const r = right * channels + c;
        const upper = data[above * line + l] * (1 - across) + data[above * line + r] * across;
        const lower = data[below * line + l] * (1 - across) + data[below * line + r] * across;
        out.data[to] = byte(upper * (1 - down) + lower * down);
      }
    }
  }
  return out;
}

// cv2.warpAffine with WARP_INVERSE_MAP, INTER_LINEAR and BORDER_REPLICATE, in its fixed
// point: places are rounded to 1/32 of a pixel, which moves gray levels by one.
// matrix: [[a, b, c], [d, e, f]] from a target pixel to a source pixel.
export function warp(source, [[a, b, c], [d, e, f]], side) {
  const { data, channels, width, height } = source;
  const out = picture(side, side, channels);
  const inside = (value, most) => Math.min(most, Math.max(0, value));
  for (let y = 0, to = 0; y < side; y += 1) {
    const beginX = round((b * y + c) * 1024) + 16;
    const beginY = round((e * y + f) * 1024) + 16;
    for (let x = 0; x < side; x += 1) {
      const u = (beginX + round(a * x * 1024)) >> 5;
      const v = (beginY + round(d * x * 1024)) >> 5;
      const across = u & 31;
      const down = v & 31;
      const left = inside(u >> 5, width - 1) * channels;
      const right = inside((u >> 5) + 1, width - 1) * channels;
      const above = inside(v >> 5, height - 1) * width * channels;
      const below = inside((v >> 5) + 1, height - 1) * width * channels;
      for (let n = 0; n < channels; n += 1, to += 1) {
        const upper = data[above + left + n] * (32 - across) + data[above + right + n] * across;
        const lower = data[below + left + n] * (32 - across) + data[below + right + n] * across;
        out.data[to] = (upper * (32 - down) + lower * down + 512) >> 10;
      }
    }
  }
  return out;
}

// inference/light.py: the level that 99 % of every fourth pixel's channels do not exceed.
export function whiteLevel({ data, width, height, channels }) {
  const counts = new Uint32Array(256);
  let total = 0;
  for (let y = 0; y < height; y += 4) {
    for (let x = 0; x < width; x += 4) {
      const at = (y * width + x) * channels;
      for (let c = 0; c < channels; c += 1) counts[data[at + c]] += 1;
      total += channels;
    }
  }
  let level = 0;
  for (let seen = counts[0]; seen < 0.99 * total; seen += counts[level]) level += 1;
  return level;
}

export function brightened(source) {
  const factor = Math.max(1, 255 / Math.max(1, whiteLevel(source)));
  const table = Uint8Array.from({ length: 256 }, (_, value) => byte(value * factor));
  return { ...source, data: source.data.map((value) => table[value]) };
}

export function meanAndDeviation(values) {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return [mean, Math.sqrt(squares / values.length)];
}
