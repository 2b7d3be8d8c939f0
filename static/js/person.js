// Draws the daily charts of a person; colours come from the style sheet, so both themes fit.
(() => {
  const charts = new Map();

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const shortDay = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
  const longDay = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "long", year: "numeric" });
  const asDate = (text) => new Date(`${text}T12:00:00`);
  const percent = (share) => `${Math.round(100 * share)}%`;

  const values = (answer, series, role) =>
    answer.datasets.find((each) => each.series === series && each.role === role).data;

  function datasets(answer, series) {
    const of = (role) => values(answer, series, role);
    const strong = colour(`--${series}`);
    const soft = colour(`--${series}-band`);
    const line = { type: "line", pointRadius: 0, pointHoverRadius: 0, borderColor: "transparent", spanGaps: false };
    const lows = of("low");
    const sets = [
      { ...line, data: of("window_low"), order: 4 },
      // The upper edge fills down to the lower one, which comes just before it.
      { ...line, data: of("window_high"), fill: "-1", backgroundColor: soft, order: 4 },
      { type: "bar", data: of("high").map((high, n) => (high === null ? null : [lows[n], high])), backgroundColor: soft, barPercentage: 0.4, maxBarThickness: 2, borderRadius: 1, order: 3, grouped: false },
      { ...line, data: of("line"), showLine: false, pointRadius: 2, pointHoverRadius: 4, pointBackgroundColor: strong, pointBorderWidth: 0, order: 2, day: true },
      { ...line, data: of("window"), borderColor: strong, borderWidth: 2.5, tension: 0.2, order: 1 },
    ];
    if (series === "stress" && answer.baseline !== null) {
      const data = answer.labels.map(() => answer.baseline);
      sets.push({ ...line, data, borderColor: colour("--baseline"), borderDash: [5, 4], borderWidth: 1.5, order: 0 });
    }
    return sets;
  }

  // The chosen period on a ground of its own; lines where model, formula or camera changed and a flag was raised.
  const marks = {
    id: "marks",
    beforeDatasetsDraw(chart, _, { chosen, changes, formulas, cameras, flags }) {
      const { ctx, chartArea: area, scales: { x } } = chart;
      ctx.save();
      if (chosen.length) {
        const half = area.width / chart.data.labels.length / 2;
        const left = Math.max(x.getPixelForValue(chosen[0]) - half, area.left);
        const right = Math.min(x.getPixelForValue(chosen[chosen.length - 1]) + half, area.right);
        ctx.fillStyle = colour("--chosen");
        ctx.fillRect(left, area.top, right - left, area.height);
      }
      ctx.strokeStyle = colour("--mark");
      ctx.fillStyle = colour("--mark");
      ctx.setLineDash([2, 3]);
      ctx.font = "11px system-ui, sans-serif";
      const line = (index, text) => {
        const at = x.getPixelForValue(index);
        ctx.beginPath();
        ctx.moveTo(at, area.top);
        ctx.lineTo(at, area.bottom);
        ctx.stroke();
        ctx.fillText(text, at + 4, area.top + 12);
      };
      for (const index of changes) line(index, "new model");
      for (const index of formulas) line(index, "new formula");
      for (const index of cameras) line(index, "new camera");
      ctx.strokeStyle = ctx.fillStyle = colour("--stress-strong");
      for (const index of flags) line(index, "flag");
      ctx.restore();
    },
  };

  function tooltipLines(answer, series, index) {
    const text = (name, value, low, high) => {
      const [share, from, to] = [value, low, high].map((role) => values(answer, series, role)[index]);
      return share === null ? [] : [`${name}: ${percent(share)} (95%: ${percent(from)} to ${percent(to)})`];
    };
    return [...text("This day", "line", "low", "high"), ...text("Ten working days", "window", "window_low", "window_high")];
  }

  function options(answer, series) {
    return {
      animation: false,
      maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false },
      scales: {
        x: {
          offset: true,
          grid: { display: false },
          border: { color: colour("--grid") },
          ticks: {
            color: colour("--tick"),
            maxRotation: 0,
            autoSkipPadding: 18,
            callback: (index) => shortDay.format(asDate(answer.labels[index])),
          },
        },
        y: {
          min: 0,
          max: 1,
          grid: { color: colour("--grid") },
          border: { display: false },
          ticks: { color: colour("--tick"), stepSize: series === "stress" ? 0.25 : 0.5, callback: percent },
        },
      },
      plugins: {
        legend: { display: false },
        marks: { chosen: answer.chosen, changes: answer.model_changes, formulas: answer.formula_changes, cameras: answer.camera_changes, flags: answer.flags },
        tooltip: {
          displayColors: false,
          filter: (item) => Boolean(item.dataset.day),
          callbacks: {
            title: (items) => longDay.format(asDate(answer.labels[items[0].dataIndex])),
            label: (item) => tooltipLines(answer, series, item.dataIndex),
            footer: (items) => `n of this day: ${answer.bins[items[0].dataIndex]}`,
          },
        },
      },
    };
  }

  function draw(canvas, answer) {
    charts.get(canvas)?.destroy();
    const { series } = canvas.dataset;
    const chart = new Chart(canvas, {
      data: { labels: answer.labels, datasets: datasets(answer, series) },
      options: options(answer, series),
      plugins: [marks],
    });
    chart.answer = answer;
    charts.set(canvas, chart);
    canvas.dataset.drawn = "true";
  }

  async function load(box) {
    const message = box.querySelector("[data-chart-message]");
    const answer = await fetch(box.dataset.charts, { headers: { Accept: "application/json" } })
      .then((response) => (response.ok ? response.json() : null))
      .catch(() => null);
    const some = answer?.bins.some(Boolean);
    message.textContent = answer ? "No data in these months." : "The charts could not be loaded; the table below has their numbers.";
    message.hidden = Boolean(some);
    if (!some) return;
    box.dataset.drawn = "true";
    for (const canvas of box.querySelectorAll("canvas")) draw(canvas, answer);
  }

  function loadAll() {
    for (const [canvas, chart] of charts) {
      if (canvas.isConnected) continue;
      chart.destroy();
      charts.delete(canvas);
    }
    for (const box of document.querySelectorAll("[data-charts]:not([data-asked])")) {
      box.dataset.asked = "true";
      load(box);
    }
  }

  document.addEventListener("themechange", () => {
    for (const [canvas, chart] of charts) draw(canvas, chart.answer);
  });
  document.addEventListener("htmx:afterSettle", loadAll);
  loadAll();
})();
