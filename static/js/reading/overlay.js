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
    const colours = getComputedStyle(document.documentElement);
    const [x, y, wide, high] = reading.box;
    const left = width - x - wide;
    const colour = colours.getPropertyValue(reading.reason ? "--baseline" : "--good");
    this.context.lineWidth = 3;
    this.context.strokeStyle = colour;
    this.context.strokeRect(left, y, wide, high);
    this.label(reading, left, y);
    this.bars(reading.probabilities, colours, height);
  }

  label(reading, x, y) {
    const { context } = this;
    const share = Math.round(100 * Math.max(...reading.probabilities));
    const text = `${this.names[reading.label]} ${share}%`;
    context.font = "600 18px system-ui, sans-serif";
    const wide = context.measureText(text).width + 2 * MARGIN;
    const left = Math.min(Math.max(0, x), this.canvas.width - wide);
    const top = Math.max(0, y - 28);
    context.fillStyle = "rgba(15, 23, 42, 0.82)";
    context.fillRect(left, top, wide, 26);
    context.fillStyle = "#fff";
    context.fillText(text, left + MARGIN, top + 19);
  }

  bars(probabilities, colours, height) {
    const { context } = this;
    const emotions = Object.keys(this.names);
    const top = height - emotions.length * 20 - MARGIN;
    context.fillStyle = "rgba(15, 23, 42, 0.72)";
    context.fillRect(0, top - MARGIN, 210, height - top + MARGIN);
    context.font = "13px system-ui, sans-serif";
    emotions.forEach((emotion, n) => {
      context.fillStyle = "#fff";
      context.fillText(this.names[emotion], MARGIN, top + 20 * n + 13);
      context.fillStyle = colours.getPropertyValue(`--${emotion}`);
      context.fillRect(84, top + 20 * n + 2, Math.max(1, 118 * probabilities[n]), 13);
    });
  }
}
