// Says that the camera is on: in the banner, in the title and in the tab's icon.

const DOT =
  "data:image/svg+xml," +
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="13" fill="#dc2626"/></svg>',
  );

export class Indicator {
  constructor(banner) {
    this.banner = banner;
    this.text = banner.querySelector("[data-indicator-text]");
    this.icon = document.querySelector("link[rel=icon]");
    this.ownIcon = this.icon.href;
    this.ownTitle = document.title;
  }

  // state: "on", "paused" or "off".
  show(state) {
    this.banner.dataset.indicator = state;
    this.banner.hidden = state === "off";
    this.text.textContent = state === "on" ? "The camera is on" : "Paused: the camera is off";
    const mark = { on: "● Camera on · ", paused: "Paused · ", off: "" }[state];
    document.title = mark + this.ownTitle;
    this.icon.href = state === "on" ? DOT : this.ownIcon;
  }
}
