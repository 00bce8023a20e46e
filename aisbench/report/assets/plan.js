// An arrival plan: its rate over time, and how rates and gaps are distributed.
function rateChart() {
  const { t, planned, averaged, law } = data.rate;
  const curve = (name, y, tint, more) => ({ name, x: t, y, type: "scatter", mode: "lines", line: { width: 1.6, color: colour(tint), ...more }, hovertemplate: "%{y:.5~g}/s" });
  const traces = [curve("planned", planned, "wait", { shape: "hv", width: 1.2 }), curve("moving average", averaged, "decode", { width: 2.2 })];
  if (law) traces.push(curve("law", law, "ttft", { dash: "dash", shape: "hv" }));
  return [traces, layout({
    xaxis: axis({ title: title("seconds since the start"), range: [0, data.duration_s], hoverformat: ".3f" }),
    yaxis: axis({ title: title("requests/s"), rangemode: "tozero" }), hovermode: "x unified", showlegend: true,
  })];
}

function ratesChart() {
  return [[{ type: "histogram", x: data.rate.planned, nbinsx: 40, marker: { color: colour("decode") }, hovertemplate: "%{x}/s: %{y} bins<extra></extra>" }], layout({
    xaxis: axis({ title: title("requests/s") }), yaxis: axis({ title: title("bins") }), bargap: 0.05, showlegend: false,
  })];
}

function gapsChart() {
  const { edges, counts, law } = data.gaps, width = edges[1] - edges[0];
  const middle = Float64Array.from(counts, (_, i) => edges[i] + width / 2);
  const traces = [{ name: "planned", type: "bar", x: middle, y: counts, width: Array(counts.length).fill(width), marker: { color: rgba("decode", 0.65) }, hovertemplate: "%{y}" }];
  if (law) traces.push({ name: "law", x: middle, y: law, type: "scatter", mode: "lines", line: { color: colour("ttft"), width: 2 }, hovertemplate: "%{y:.5~g}" });
  return [traces, layout({
    xaxis: axis({ title: title("gap, in mean gaps"), range: [0, edges[edges.length - 1]], hoverformat: ".3f" }),
    yaxis: axis({ title: title("gaps"), rangemode: "tozero" }), hovermode: "x unified", showlegend: true,
  })];
}

const CHARTS = { rate: rateChart, rates: ratesChart, ...(data.gaps ? { gaps: gapsChart } : {}) };
const CSV = {
  rate: () => columns(["seconds", "planned_per_s", "average_per_s", "law_per_s"], [data.rate.t, data.rate.planned, data.rate.averaged, data.rate.law || []]),
  gaps: () => columns(["from_mean_gaps", "to_mean_gaps", "gaps", "law_gaps"], [data.gaps.edges.slice(0, -1), data.gaps.edges.slice(1), data.gaps.counts, data.gaps.law || []]),
};

(async () => {
  offerCopy();
  offerCsv();
  const draw = async () => {
    for (const [id, make] of Object.entries(CHARTS)) await Plotly.react(id, ...drawn(make()));
  };
  if (!data.gaps) chart("gaps").closest("figure").hidden = true;
  await draw();
  offerKeys();
  for (const query of [dark, narrow]) query.addEventListener("change", draw);
  document.documentElement.dataset.drawn = "yes";
})();
