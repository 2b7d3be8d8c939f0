// Draws the timeline of a video: stacked probabilities, and the stress of each picture above angry and sad.
(() => {
  const STACK = ["angry", "sad", "surprise", "neutral", "happy"];
  let chart = null;
  let answer = null;

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const clock = (seconds) => {
    const whole = Math.round(seconds);
    return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
  };
  const percent = (share) => `${Math.round(100 * share)}%`;

  function datasets() {
    const of = (series) => answer.datasets.find((each) => each.series === series);
    const line = { type: "line", pointRadius: 0, pointHoverRadius: 3, spanGaps: false };
    const areas = STACK.map((series, n) => ({
      ...line,
      label: of(series).label,
      data: of(series).data,
      stack: "probabilities",
      fill: n ? "-1" : "origin",
      backgroundColor: colour(`--${series}`),
      borderWidth: 0,
      order: 2,
    }));
    const dotted = (at) => (answer.counted[at.p0DataIndex] && answer.counted[at.p1DataIndex] ? undefined : [2, 3]);
    const stress = {
      ...line,
      label: "Stress",
      data: of("stress").data,
      stack: "stress",
      fill: false,
      borderColor: colour("--stress-strong"),
      borderWidth: 2,
      segment: { borderDash: dotted },
      order: 1,
    };
    return [...areas, stress];
  }

  function draw(canvas) {
    chart?.destroy();
    chart = new Chart(canvas, {
      data: { labels: answer.labels, datasets: datasets() },
      options: {
        animation: false,
        maintainAspectRatio: false,
        interaction: { mode: "index", intersect: false },
        scales: {
          x: { grid: { display: false }, ticks: { color: colour("--tick"), maxRotation: 0, autoSkipPadding: 18, callback: (n) => clock(answer.labels[n]) } },
          y: { min: 0, max: 1, stacked: true, grid: { color: colour("--grid") }, ticks: { color: colour("--tick"), stepSize: 0.25, callback: percent } },
        },
        plugins: {
          legend: { display: false },
          tooltip: {
            callbacks: {
              title: ([item]) => `${clock(answer.labels[item.dataIndex])}${answer.counted[item.dataIndex] ? "" : ", not counted"}`,
              label: (item) => `${item.dataset.label}: ${percent(item.raw)}`,
            },
          },
        },
      },
    });
    canvas.dataset.drawn = "true";
  }

  async function load() {
    const box = document.querySelector("[data-timeline]:not([data-asked])");
    if (!box) return;
    box.dataset.asked = "true";
    const message = box.querySelector("[data-chart-message]");
    answer = await fetch(box.dataset.timeline, { headers: { Accept: "application/json" } })
      .then((response) => (response.ok ? response.json() : null))
      .catch(() => null);
    const some = answer?.datasets[0].data.some((value) => value !== null);
    message.textContent = answer ? "No face has been read so far." : "The chart could not be loaded.";
    message.hidden = Boolean(some);
    if (some) draw(box.querySelector("canvas"));
  }

  document.addEventListener("themechange", () => {
    const canvas = document.querySelector("[data-timeline] canvas");
    if (chart && canvas) draw(canvas);
  });
  document.addEventListener("htmx:afterSettle", load);
  load();
})();
