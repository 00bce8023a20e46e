// What the client and the server say of themselves over time: sending, the servers' gauges, devices, slices.
const TINTS = ["decode", "ttft", "valid", "doubtful", "failed", "wait"];
const timeAxis = (more) => axis({ title: title("seconds since the start"), range: [0, data.duration_s], ...more });
const curveOver = (name, series, tint, more) => ({
  name, x: series.t, y: series.y, type: "scatter", mode: "lines", line: { width: 1.5, color: colour(tint) }, hovertemplate: "%{y:.5~g}", ...more,
});
const sides = { l: 0, r: 10, t: 54, b: 40 };

// Milliseconds late, by when a request was planned. A lag of nothing has no place on a logarithmic axis.
const LEAST_LAG_MS = 1e-3;
const LAGS = { p50: ["p50", "decode"], p99: ["p99", "doubtful"], max: ["largest", "ttft"], own_p99: ["own p99", "valid"] };
function lagChart() {
  // What the in-flight limit did not cause: the same as p99 unless it made requests wait.
  const apart = data.lag.own_p99.y.some((ms, i) => ms !== data.lag.p99.y[i]);
  const traces = Object.entries(LAGS).filter(([name]) => apart || name !== "own_p99").map(([name, [label, tint]]) => curveOver(label, data.lag[name], tint, {
    y: data.lag[name].y.map((ms) => Math.max(ms, LEAST_LAG_MS)), customdata: data.lag[name].y, hovertemplate: "%{customdata:.4~g} ms",
    line: { width: 1.5, color: colour(tint), dash: name === "own_p99" ? "dot" : "solid" },
  }));
  return [traces, layout({
    margin: { ...sides, l: TIME_LEFT() }, hovermode: "x unified",
    xaxis: timeAxis({ title: title("seconds since the start, when planned") }),
    yaxis: axis({ automargin: false, type: "log", title: title("schedule lag, ms"), ...decadeTicks(LEAST_LAG_MS, Math.max(1, ...data.lag.max.y)) }),
  })];
}

function serverChart() {
  const traces = [];
  if (data.server.kv_use) traces.push(curveOver("KV cache used", data.server.kv_use, "decode", { hovertemplate: "%{y:.3~g} %" }));
  if (data.server.prefix_hit_rate) traces.push(curveOver("prefix cache hits", data.server.prefix_hit_rate, "valid", { hovertemplate: "%{y:.3~g} %" }));
  return [traces, layout({
    margin: { ...sides, l: TIME_LEFT() }, hovermode: "x unified", showlegend: true,
    xaxis: timeAxis(), yaxis: axis({ automargin: false, title: title("%"), rangemode: "tozero" }),
  })];
}

// Charts above each other that share their time axis: [title, traces] from the top.
function stacked(parts) {
  const traces = [], axes = {}, gap = 0.06, height = (1 - gap * (parts.length - 1)) / parts.length;
  parts.forEach(([label, made, more], i) => {
    const number = i ? i + 1 : "", top = 1 - i * (height + gap);
    for (const trace of made) traces.push({ ...trace, yaxis: `y${number}` });
    axes[`yaxis${number}`] = axis({ automargin: false, title: title(label), domain: [top - height, top], rangemode: "tozero", tickformat: "~s", ...more });
  });
  return [traces, layout({
    margin: { ...sides, l: TIME_LEFT() }, hovermode: "x unified", hoversubplots: "axis", showlegend: true,
    xaxis: timeAxis({ anchor: `y${parts.length > 1 ? parts.length : ""}` }), ...axes,
  })];
}

const DEVICE_TITLES = { utilisation_percent: "busy, %", memory_used_bytes: "memory, GiB", power_w: "power, W" };
function devicesChart() {
  const names = [...new Set(Object.values(data.devices).flatMap((found) => Object.keys(found)))], named = new Set();
  return stacked(Object.entries(data.devices).map(([figure, found]) => [DEVICE_TITLES[figure], Object.entries(found).map(([device, series]) => {
    const showlegend = !named.has(device);
    named.add(device);
    return curveOver(device, series, TINTS[names.indexOf(device) % TINTS.length], { legendgroup: device, showlegend });
  })]));
}

function slicesChart() {
  const slices = data.slices, middle = slices.begin_s.map((begin, i) => (begin + slices.end_s[i]) / 2);
  const lineOf = (name, label, tint, dash) => slices[name] && {
    name: label, x: middle, y: slices[name], type: "scatter", mode: "lines+markers", hovertemplate: "%{y:.5~g}",
    line: { width: 1.5, color: colour(tint), dash: dash || "solid" }, marker: { size: 4 },
  };
  const there = (...traces) => traces.filter(Boolean);
  return stacked([
    ["requests/s", there(lineOf("request_throughput", "requests/s", "accent"))],
    ["tokens/s", there(lineOf("output_throughput", "tokens/s", "valid"))],
    ["ms", there(...Object.values(METRICS).filter((metric) => metric.headline && metric.chart === "request").flatMap((metric) => [
      lineOf(`p50_${metric.key}`, `${metric.title} p50`, metric.colour), lineOf(`p99_${metric.key}`, `${metric.title} p99`, metric.colour, "dot"),
    ]))],
  ]);
}

// Series of different times: one value a line.
function longCsv(found) {
  const lines = ["name,seconds,value"];
  for (const [name, series] of Object.entries(found)) series.t.forEach((t, i) => lines.push(`${name},${t},${series.y[i]}`));
  return lines.join("\n") + "\n";
}
const devicesCsv = () => longCsv(Object.fromEntries(Object.entries(data.devices).flatMap(([figure, found]) =>
  Object.entries(found).map(([device, series]) => [`${device} ${DEVICE_TITLES[figure].replace(", ", " ")}`, series]))));
const slicesCsv = () => columns(Object.keys(data.slices), Object.values(data.slices).map((values) => values.map((v) => (v === null ? NaN : v))));
const lagCsv = () => columns(["seconds", ...Object.keys(data.lag).map((name) => `lag_${name}_ms`)], [data.lag.p50.t, ...Object.values(data.lag).map((series) => series.y)]);
