// The curve of a search: what each load brought, and what it cost.
const loads = data.points.map((point) => point.load);
// Hollow where the client was not valid: what was measured there may be its own.
const symbols = data.clients.map((client) => (client === "valid" ? "circle" : "circle-open"));
const marks = () => data.points.map((point) => colour(point.passes ? "valid" : "invalid"));
const shown = (value) => (value === null || value === undefined ? NaN : value);

function loadAxis() {
  return axis({ title: title(data.over === "rate" ? "load, requests/s asked" : "load, requests in flight"), rangemode: "tozero" });
}
// The answer with its interval, and the knee.
function answerShapes() {
  const line = (at, tint, dash) => ({
    type: "line", xref: "x", yref: "paper", x0: at, x1: at, y0: 0, y1: 1, line: { color: colour(tint), width: 1.5, dash },
  });
  const shapes = [];
  const [low, high] = data.max_load_interval, answered = data.doubts.max_load !== "invalid";
  if (answered && low !== null && high !== null) {
    shapes.push({ type: "rect", layer: "below", xref: "x", yref: "paper", x0: low, x1: high, y0: 0, y1: 1, line: { width: 0 }, fillcolor: rgba("valid", 0.16) });
  }
  if (answered && data.max_load !== null) shapes.push(line(data.max_load, "valid", "solid"));
  if (data.knee !== null && data.doubts.knee !== "invalid") shapes.push(line(data.knee, "wait", "dot"));
  return shapes;
}
const curve = (name, y, tint, more) => ({
  name, x: loads, y, type: "scatter", mode: "lines+markers", line: { color: colour(tint), width: 1.8, ...more?.line },
  marker: { size: 7, color: colour(tint), symbol: symbols, ...more?.marker }, hovertemplate: more?.hover ?? "%{y:.5~g} ms",
});

function throughputChart() {
  const hover = "%{y:.5~g}/s";
  const traces = [curve("requests done", data.points.map((p) => p.request_throughput), "accent", { hover, marker: { color: marks() } })];
  if (data.over === "rate") {
    const most = Math.max(...loads);
    traces.unshift({ name: "all that was asked", x: [0, most], y: [0, most], type: "scatter", mode: "lines", line: { color: colour("wait"), width: 1.2, dash: "dash" }, hoverinfo: "skip" });
  }
  if (data.points.some((p) => p.goodput !== null)) {
    traces.push(curve("goodput", data.points.map((p) => shown(p.goodput)), "decode", { hover, line: { dash: "dot" } }));
  }
  return [traces, layout({
    shapes: answerShapes(), xaxis: loadAxis(), yaxis: axis({ title: title("requests/s"), rangemode: "tozero" }), hovermode: "x unified", showlegend: true,
  })];
}

// What is drawn of each metric that every request has its own value of.
const STATISTICS = Object.values(METRICS).filter((metric) => metric.headline && !metric.pooled).flatMap(({ title, key, colour }) => [
  [`${title} p99`, key, "p99", colour, "solid"], [`${title} mean`, key, "mean", colour, "dot"],
]);
const latencyOf = (point, metric, statistic) => (point.metrics[metric]?.count ? shown(point.metrics[metric][statistic]) : NaN);
function latencyChart() {
  const traces = STATISTICS.map(([name, metric, statistic, tint, dash]) =>
    curve(name, data.points.map((p) => latencyOf(p, metric, statistic)), tint, { line: { dash } }))
    .filter((trace) => trace.y.some((y) => y > 0));
  const seen = traces.flatMap((trace) => trace.y).filter((y) => y > 0);
  const bounds = data.bounds.map(({ metric, bound }) => ({
    type: "line", xref: "paper", yref: "y", x0: 0, x1: 1, y0: bound, y1: bound, line: { color: colour(METRICS[metric].colour), width: 1.2, dash: "dash" },
  }));
  const all = seen.concat(data.bounds.map(({ bound }) => bound));
  return [traces, layout({
    shapes: [...answerShapes(), ...bounds], xaxis: loadAxis(),
    yaxis: axis({ type: "log", title: title("ms"), ...(all.length ? decadeTicks(Math.min(...all), Math.max(...all)) : {}) }),
    hovermode: "x unified", showlegend: true,
  })];
}

// What both charts draw, a line for each load.
const CSV = {
  loads: () => columns(["load", "passes", "requests_per_s", "goodput_per_s", ...STATISTICS.map(([, metric, statistic]) => `${statistic}_${metric}`)], [
    loads, data.points.map((p) => p.passes), data.points.map((p) => p.request_throughput), data.points.map((p) => shown(p.goodput)),
    ...STATISTICS.map(([, metric, statistic]) => data.points.map((p) => latencyOf(p, metric, statistic))),
  ]),
};

(async () => {
  offerCopy();
  offerCsv();
  const draw = async () => {
    await Plotly.react("throughput", ...drawn(throughputChart()));
    await Plotly.react("latency", ...drawn(latencyChart()));
  };
  await draw();
  offerKeys();
  for (const query of [dark, narrow]) query.addEventListener("change", draw);
  document.documentElement.dataset.drawn = "yes";
})();
