// What was sent, what came of it, and what went wrong.

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text ?? "";
  return made;
}

export class Results {
  constructor(root, names, words) {
    const find = (name) => root.querySelector(`[data-${name}]`);
    Object.assign(this, { names, words });
    this.status = find("status");
    this.error = find("error");
    this.picture = find("sent-picture");
    this.numbers = find("sent-numbers");
    this.at = find("sent-at");
    this.result = find("result");
  }

  say(text) {
    this.status.textContent = text;
    this.error.hidden = true;
  }

  complain(text) {
    this.status.textContent = "";
    this.error.textContent = text;
    this.error.hidden = false;
  }

  showPicture(blob, takenAt) {
    URL.revokeObjectURL(this.picture.src);
    this.picture.src = URL.createObjectURL(blob);
    this.sent(this.picture, takenAt, `${Math.round(blob.size / 1024)} kB`);
  }

  showNumbers(body, takenAt) {
    this.numbers.textContent = JSON.stringify(body, null, 2);
    this.sent(this.numbers, takenAt, "no picture");
  }

  sent(shown, takenAt, what) {
    this.picture.hidden = shown !== this.picture;
    this.numbers.hidden = shown !== this.numbers;
    this.at.textContent = `Sent at ${takenAt.toLocaleTimeString()}: ${what}`;
    this.result.replaceChildren(element("p", "sub", "Waiting for the answer."));
  }

  // result: as of the API, with `reading`, or null when it did not come in time.
  showResult(result) {
    this.result.dataset.outcome = result?.reading?.counted ? "counted" : "empty";
    this.result.replaceChildren(...this.lines(result));
  }

  lines(result) {
    if (!result) return [element("p", "", "Not analysed yet. It will be on your page later.")];
    const { reading } = result;
    if (!reading) {
      const why = { no_face: "No face was found, so nothing counts." }[result.status];
      return [element("p", "", why ?? this.words[result.reason] ?? "Nothing counts from this picture.")];
    }
    const lines = [element("p", "session-label", this.names[reading.label]), this.bars(reading)];
    const why = this.words[reading.reason] ?? reading.reason;
    lines.push(element("p", "sub", reading.counted ? "Counted." : `Not counted. ${why}`));
    return lines;
  }

  bars(reading) {
    const rows = element("dl", "mini-bars");
    for (const [emotion, share] of Object.entries(reading.probabilities)) {
      const percent = Math.round(100 * share);
      const cell = element("dd", "");
      const bar = element("span", `mini-bar emotion-${emotion}`);
      bar.style.width = `${percent}%`;
      cell.append(bar, element("span", "mini-value", `${percent}%`));
      rows.append(element("dt", "", this.names[emotion]), cell);
    }
    return rows;
  }
}
