// Sends a picture or a reading, tries again where that helps, and follows the result.

const ATTEMPTS = 3;
const PAUSE_MS = 2000;
const FOLLOW_FOR_MS = 60_000;
const WORTH_RETRYING = new Set([0, 429, 502, 503, 504]);

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const rounded = (value) => Math.round(value * 1e6) / 1e6;

// crypto.randomUUID exists wherever the camera does.
const headers = (token) => ({ "X-CSRFToken": token, "Idempotency-Key": crypto.randomUUID() });

export class NotTaken extends Error {
  constructor(message, status, code) {
    super(message);
    Object.assign(this, { status, code });
  }
}

async function post(address, options) {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await fetch(address, { method: "POST", ...options }).catch(() => null);
    const status = answer?.status ?? 0;
    const body = await answer?.json().catch(() => null);
    if (answer?.ok) return body;
    const code = body?.error?.code;
    if (!WORTH_RETRYING.has(status) || code === "too_soon" || attempt >= ATTEMPTS) {
      const words = status ? `The server answered with status ${status}.` : "The server cannot be reached.";
      throw new NotTaken(body?.error?.message ?? words, status, code);
    }
    await sleep(PAUSE_MS * attempt);
  }
}

export async function sendPicture(page, blob, takenAt) {
  const body = new FormData();
  body.append("person", page.person);
  body.append("session", "true");
  body.append("taken_at", takenAt.toISOString());
  body.append("image", blob, "session.jpg");
  const { id } = await post(page.pictures, { body, headers: headers(page.token) });
  return follow(`${page.pictures}${id}/`);
}

async function follow(address) {
  const end = Date.now() + FOLLOW_FOR_MS;
  for (let wait = 250; Date.now() < end; wait = Math.min(wait * 1.4, 4000)) {
    await sleep(wait);
    const answer = await fetch(address, { headers: { Accept: "application/json" } }).catch(() => null);
    const result = answer?.ok ? await answer.json() : null;
    if (result?.is_finished) return { ...result, reading: result.readings[0] ?? null };
  }
  return null;
}

// All that leaves the device; the page shows the same.
export function readingBody(reading, emotions, model, takenAt) {
  const quality = Object.entries(reading.quality).map(([name, value]) => [name, rounded(value)]);
  return {
    model,
    taken_at: takenAt.toISOString(),
    probabilities: Object.fromEntries(
      emotions.map((emotion, n) => [emotion, rounded(reading.probabilities[n])]),
    ),
    other: rounded(reading.other),
    quality: Object.fromEntries(quality),
    box: reading.box,
    faces: reading.faces,
  };
}

export async function sendReading(page, body) {
  const sent = { ...headers(page.token), "Content-Type": "application/json" };
  const reading = await post(page.readings, { body: JSON.stringify(body), headers: sent });
  return { status: "done", reading };
}
