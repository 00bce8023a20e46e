"use strict";
// What all charts share, and those that are drawn once. Times are seconds since the start.
const data = JSON.parse(document.getElementById("data").textContent);
const TYPES = { f8: Float64Array, f4: Float32Array, i4: Int32Array, u1: Uint8Array };
const narrow = matchMedia("(max-width: 760px)");
const dark = matchMedia("(prefers-color-scheme: dark)");
const MS_PER_S = 1e3;

// Typed arrays came as {type, b64}.
function unpack(node) {
  if (node === null || typeof node !== "object") return node;
  if (typeof node.b64 === "string") {
    const bytes = Uint8Array.from(atob(node.b64), (c) => c.charCodeAt(0));
    return new TYPES[node.type](bytes.buffer);
  }
  for (const key of Object.keys(node)) node[key] = unpack(node[key]);
  return node;
}
unpack(data);

const chart = (id) => document.getElementById(id);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
function rgba(name, alpha) {
  const hex = colour(name).slice(1);
  const part = (at) => parseInt(hex.slice(at, at + 2), 16);
  return `rgba(${part(0)},${part(2)},${part(4)},${alpha})`;
}
const SETTINGS = () => ({
  responsive: true, displaylogo: false, scrollZoom: false,
  // The page speaks to nobody: no button that would hand its data to a service.
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "sendChartToCloud"],
  toImageButtonOptions: { scale: 2 },
});
const axis = (more) => ({
  gridcolor: colour("line"), zerolinecolor: colour("line"), linecolor: colour("line"),
  tickfont: { color: colour("muted"), size: 11 }, automargin: true, ...more,
});
// The same left edge for charts that share their time axis.
const TIME_LEFT = () => (narrow.matches ? 54 : 68);
const title = (text) => ({ text, font: { size: 12, color: colour("muted") } });
function layout(more) {
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui, sans-serif", color: colour("text"), size: 12 },
    // Above the plot: the buttons' row, and the legend's one row or two.
    margin: narrow.matches ? { l: 8, r: 8, t: 54, b: 36 } : { l: 16, r: 16, t: 54, b: 40 },
    legend: {
      orientation: "h", x: 0, y: 1, xanchor: "left", yanchor: "bottom", font: { size: narrow.matches ? 10.5 : 11.5 },
      // Two columns on a phone, however long the names.
      ...(narrow.matches ? { entrywidth: 0.48, entrywidthmode: "fraction" } : {}),
    },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("muted"), activecolor: colour("accent"), orientation: "h" },
    hoverlabel: { bgcolor: colour("panel"), bordercolor: colour("line"), font: { color: colour("text"), size: 12 } },
    // A finger that drags scrolls the page; a mouse zooms.
    dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
    ...more,
  };
}
// What plotly draws of a chart: traces, layout, settings. On a phone the legend stands in rows of two, below the buttons.
const BUTTONS_PX = 32, LEGEND_ROW_PX = 18;
function drawn([traces, made]) {
  if (narrow.matches && made.showlegend !== false) {
    const rows = Math.ceil(traces.filter((trace) => trace.showlegend !== false).length / 2);
    made.margin = { ...made.margin, t: BUTTONS_PX + LEGEND_ROW_PX * rows };
  }
  return [traces, made, SETTINGS()];
}
const sevenDigits = (x) => Number(x.toPrecision(7));

// Data behind the charts as CSV: each page has its own in CSV, by the names on its buttons.
function columns(names, arrays) {
  const rows = [names.join(",")];
  for (let i = 0; i < arrays[0].length; i++) rows.push(arrays.map((a) => (a[i] === undefined || Number.isNaN(a[i]) ? "" : a[i])).join(","));
  return rows.join("\n") + "\n";
}
function download(name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([CSV[name]()], { type: "text/csv" }));
  link.download = `${name}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
function offerCsv() {
  for (const button of document.querySelectorAll("[data-csv]")) button.addEventListener("click", () => download(button.dataset.csv));
}
// The command above the charts, for whoever wants to run it.
function offerCopy() {
  const button = chart("copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(chart("command").textContent);
    button.textContent = "Copied";
  });
}

const toTheEnd = ({ t, y }) => ({ x: [...t, data.duration_s], y: [...y, y[y.length - 1]] });
function concurrencyChart() {
  const flow = data.in_flight, planned = data.planned_in_flight;
  const traces = [];
  // What is planned is a broad band under the line of what was: where they agree, both can be seen.
  if (planned) {
    traces.push({
      name: "planned", x: planned.t, y: planned.y, type: "scatter", mode: "lines", yaxis: "y",
      line: { shape: "hv", width: 5, color: rgba("wait", 0.45) }, hovertemplate: "%{y:d}",
    });
  }
  traces.push({
    name: "in flight", x: flow.t, y: flow.y, type: "scatter", mode: "lines", fill: "tozeroy", yaxis: "y",
    line: { shape: "hv", width: 1.4, color: colour("decode") }, fillcolor: rgba("decode", 0.16),
    hovertemplate: "%{y:d}",
  });
  if (data.limit !== null) {
    traces.push({
      name: "limit", x: [0, data.duration_s], y: [data.limit, data.limit], type: "scatter", mode: "lines", yaxis: "y",
      line: { dash: "dash", width: 1.2, color: colour("ttft") }, hovertemplate: "%{y:d}",
    });
  }
  for (const [name, tint] of [["running", "valid"], ["waiting", "doubtful"]]) {
    const series = data.server[name];
    if (series) traces.push({
      name: `${name} at server`, x: series.t, y: series.y, type: "scatter", mode: "lines", yaxis: "y",
      line: { width: 1.4, dash: "dot", color: colour(tint) }, hovertemplate: "%{y:d}",
    });
  }
  // Each rate holds to the end of its bin, the last one to the end of the run.
  const rate = (name, series, tint, more) => series && traces.push({
    name, ...toTheEnd(series), type: "scatter", mode: "lines",
    line: { shape: "hv", width: 1.4, color: colour(tint), ...more.line }, hovertemplate: "%{y:.5~g}/s", yaxis: more.yaxis,
  });
  rate("asked", data.asked_rate, "wait", { yaxis: "y2", line: { width: 5, color: rgba("wait", 0.45) } });
  rate("sent", data.achieved_rate, "accent", { yaxis: "y2" });
  rate("tokens", data.tokens, "valid", { yaxis: "y3" });
  // The stable stage, by either definition, behind the number in flight.
  const shapes = data.stable.map((stage) => ({
    type: "rect", layer: "below", xref: "x", yref: "y domain", x0: stage.window_s[0], x1: stage.window_s[1],
    y0: stage.half ? 0.5 : 0, y1: stage.half ? 1 : 0.5, line: { width: 0 }, fillcolor: rgba(stage.tint, 0.14),
  }));
  return [traces, layout({
    shapes,
    margin: { l: TIME_LEFT(), r: 10, t: 54, b: 40 },
    xaxis: axis({ title: title("seconds since the start"), anchor: "y3", range: [0, data.duration_s], hoverformat: ".3f" }),
    yaxis: axis({ automargin: false, tickformat: "~s", title: title("in flight"), domain: [0.5, 1], rangemode: "tozero" }),
    yaxis2: axis({ automargin: false, tickformat: "~s", title: title("requests/s"), domain: [0.25, 0.45], rangemode: "tozero" }),
    yaxis3: axis({ automargin: false, tickformat: "~s", title: title("tokens/s"), domain: [0, 0.2], rangemode: "tozero" }),
    hovermode: "x unified", hoversubplots: "axis",
  })];
}

// Tail-widening percentile axis: x is 1 / (1 - fraction) on a logarithmic axis.
const PERCENT_TICKS = [[1, "0"], [2, "50"], [4, "75"], [10, "90"], [20, "95"], [100, "99"], [1e3, "99.9"], [1e4, "99.99"], [1e5, "99.999"], [1e6, "99.9999"]];
function decadeTicks(lowest, highest) {
  const ticks = [];
  const ratio = highest / lowest;
  const digits = ratio > 3000 ? [1] : ratio > 8 ? [1, 2, 5] : [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8];
  for (let power = Math.floor(Math.log10(lowest)); power <= Math.ceil(Math.log10(highest)); power++) {
    for (const digit of digits) ticks.push(digit * 10 ** power);
  }
  return { tickvals: ticks, ticktext: ticks.map((t) => (t >= 1 ? t.toLocaleString("en") : String(sevenDigits(t)))) };
}
// The latencies of the page, by name; the table of them is Python's.
const METRICS = Object.fromEntries((data.metrics || []).map((metric) => [metric.name, metric]));
const LABELS = { delay: ["client delay", "decode"] };
for (const { name, title, colour } of Object.values(METRICS)) {
  LABELS[name] = [title, colour];
  LABELS[`${name}_from_plan`] = [`${title} from plan`, colour];
}
// The same curves either way: latency by percentile, or the share of requests by latency.
let asCdf = false;
function curveChart(curves) {
  let furthest = 10, lowest = Infinity, highest = 1e-3;
  const traces = Object.entries(curves).filter(([, curve]) => curve).map(([name, curve]) => {
    const tail = Float64Array.from(curve.fraction, (p) => 1 / (1 - p));
    furthest = Math.max(furthest, tail[tail.length - 1]);
    highest = Math.max(highest, curve.ms[curve.ms.length - 1]);
    lowest = Math.min(lowest, Math.max(curve.ms[0], 1e-3));
    return {
      name: LABELS[name][0], x: asCdf ? curve.ms : tail, y: asCdf ? curve.fraction : curve.ms, type: "scatter", mode: "lines",
      line: { color: colour(LABELS[name][1]), width: 1.8, dash: name.endsWith("from_plan") ? "dot" : "solid" },
      customdata: Array.from(curve.fraction, (p) => sevenDigits(100 * p)),
      hovertemplate: asCdf ? "p%{customdata}: %{x:.5~g} ms" : "p%{customdata}: %{y:.5~g} ms",
    };
  });
  const ms = axis({ type: "log", title: title("ms"), ...decadeTicks(Math.min(lowest, highest), highest) });
  const percentile = axis({ type: "log", range: [0, Math.log10(furthest) + 0.02], title: title("percentile"), tickvals: PERCENT_TICKS.map((t) => t[0]), ticktext: PERCENT_TICKS.map((t) => t[1]) });
  const share = axis({ title: title("share"), range: [0, 1.01], tickformat: ".0%" });
  return [traces, layout({ xaxis: asCdf ? ms : percentile, yaxis: asCdf ? share : ms, hovermode: "closest", showlegend: true })];
}

function errorChart() {
  const tints = ["ttft", "failed", "doubtful", "decode", "valid", "wait"];
  const traces = Object.entries(data.errors).map(([kind, series], i) => ({
    name: kind, ...toTheEnd(series), type: "scatter", mode: "lines", hovertemplate: "%{y:.4~g}/s",
    line: { shape: "hv", width: 1.5, color: colour(tints[i % tints.length]) },
  }));
  return [traces, layout({
    showlegend: true,
    xaxis: axis({ title: title("seconds since the start"), range: [0, data.duration_s] }),
    yaxis: axis({ title: title("failures/s"), rangemode: "tozero" }), hovermode: "x unified",
  })];
}

