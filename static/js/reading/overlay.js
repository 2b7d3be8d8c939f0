// Draws what was read over the camera's picture, mirrored as the picture is.

const MARGIN = 8;

export class Overlay {
  constructor(canvas, names) {
    Object.assign(this, { canvas, names, context: canvas.getContext("2d") });
  }

  clear() {
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  // reading: of `Reader.read`, or null when there is no face.
  draw(reading, width, height) {
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    this.clear();
    if (!reading) return;
    // A telephone shows the picture small, and text must stay readable.
    this.unit = Math.min(1.6, Math.max(1, width / (this.canvas.clientWidth || width)));
    const colours = getComputedStyle(document.documentElement);
    const [x, y, wide, high] = reading.box;
    const left = width - x - wide;
    const colour = colours.getPropertyValue(reading.reason ? "--baseline" : "--good");
    this.context.lineWidth = 3 * this.unit;
    this.context.strokeStyle = colour;
    this.context.strokeRect(left, y, wide, high);
    this.label(reading, left, y);
    this.bars(reading.probabilities, colours, height);
  }

  label(reading, x, y) {
    const { context, unit } = this;
    const share = Math.round(100 * Math.max(...reading.probabilities));
    const text = `${this.names[reading.label]} ${share}%`;
    context.font = `600 ${18 * unit}px system-ui, sans-serif`;
    const wide = context.measureText(text).width + 2 * MARGIN;
    const left = Math.min(Math.max(0, x), this.canvas.width - wide);
    const top = Math.max(0, y - 28 * unit);
    context.fillStyle = "rgba(15, 23, 42, 0.82)";
    context.fillRect(left, top, wide, 26 * unit);
    context.fillStyle = "#fff";
    context.fillText(text, left + MARGIN, top + 19 * unit);
  }

  bars(probabilities, colours, height) {
    const { context, unit } = this;
    const emotions = Object.keys(this.names);
    const line = 20 * unit;
    const top = height - emotions.length * line - MARGIN;
    context.fillStyle = "rgba(15, 23, 42, 0.72)";
    context.fillRect(0, top - MARGIN, 210 * unit, height - top + MARGIN);
    context.font = `${13 * unit}px system-ui, sans-serif`;
    emotions.forEach((emotion, n) => {
      context.fillStyle = "#fff";
      context.fillText(this.names[emotion], MARGIN, top + line * n + 13 * unit);
      context.fillStyle = colours.getPropertyValue(`--${emotion}`);
      context.fillRect(84 * unit, top + line * n + 2, Math.max(1, 118 * unit * probabilities[n]), 13 * unit);
    });
  }
}
