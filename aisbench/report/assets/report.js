const CHARTS = {
  concurrency: concurrencyChart,
  timeline: timelineChart,
  "request-curves": () => curveChart(["ttft", "e2el", "ttft_from_plan", "e2el_from_plan"]),
  "token-curves": () => curveChart(["itl", "tpot"]),
};
// Whole answers have no first token and no gaps to draw.
if (!data.streams) {
  delete CHARTS["token-curves"];
  document.getElementById("token-curves").closest("figure").hidden = true;
}
if (Object.keys(data.errors).length) {
  CHARTS.errors = errorChart;
  document.getElementById("errors").hidden = false;
  document.getElementById("error-csv").hidden = false;
}
// What one chart's time axis does, the other's does; the timeline then shows the requests of that time.
let following = false;
function link(from, to) {
  chart(from).on("plotly_relayout", async () => {
    if (following) return;
    const range = chart(from).layout.xaxis.range.map(Number), now = chart(to).layout.xaxis.range.map(Number);
    if (range[0] === now[0] && range[1] === now[1]) return;
    following = true;
    const change = { "xaxis.range": range.slice() };
    if (to === "timeline") change["yaxis.range"] = slotsWithin(range);
    try { await Plotly.relayout(to, change); } finally { following = false; }
  });
}

// Data behind the charts, as CSV.
function columns(names, arrays) {
  const rows = [names.join(",")];
  for (let i = 0; i < arrays[0].length; i++) rows.push(arrays.map((a) => (a[i] === undefined || Number.isNaN(a[i]) ? "" : a[i])).join(","));
  return rows.join("\n") + "\n";
}
const CSV = {
  in_flight: () => columns(["seconds", "in_flight"], [data.in_flight.t, data.in_flight.y]),
  rates: () => {
    const asked = data.asked_rate ? data.asked_rate.y : [];
    const t = data.tokens.t.length > data.achieved_rate.t.length ? data.tokens.t : data.achieved_rate.t;
    return columns(["seconds", "asked_per_s", "sent_per_s", "tokens_per_s"], [t, asked, data.achieved_rate.y, data.tokens.y]);
  },
  timeline: () => {
    const spans = ["wait", "ttft", "decode", "until_done"];
    return columns(["slot", "sent_s", ...spans.map((n) => `${n}_ms`), "prompt_tokens", "output_tokens", "status"],
      [line.slot, line.sent, ...spans.map((n) => line[n]), line.prompt_tokens, line.output_tokens, Array.from(line.status, (s) => line.statuses[s])]);
  },
  curves: () => Object.entries(data.curves).filter(([, curve]) => curve).map(([name, curve]) =>
    columns(["metric", "fraction", "ms"], [Array(curve.ms.length).fill(name), curve.fraction, curve.ms]))
    .map((text, i) => (i ? text.slice(text.indexOf("\n") + 1) : text)).join(""),
  errors: () => {
    const kinds = Object.keys(data.errors);
    return columns(["seconds", ...kinds.map((k) => `${k}_per_s`)], [data.errors[kinds[0]].t, ...kinds.map((k) => data.errors[k].y)]);
  },
};
function download(name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([CSV[name]()], { type: "text/csv" }));
  link.download = `${name}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

async function draw() {
  for (const [id, make] of Object.entries(CHARTS)) await Plotly.newPlot(id, ...make(), SETTINGS());
  link("concurrency", "timeline");
  link("timeline", "concurrency");
  chart("timeline").on("plotly_relayout", redrawTimeline);
}

// Another colour scheme or width: the same picture, at the zoom that was chosen.
async function redraw() {
  for (const [id, make] of Object.entries(CHARTS)) {
    const [traces, fresh] = make(), old = chart(id).layout;
    for (const name of Object.keys(fresh).filter((key) => /^[xy]axis/.test(key))) {
      if (old[name].range) fresh[name].range = old[name].range;
    }
    await Plotly.react(id, traces, fresh, SETTINGS());
  }
  await redrawTimeline();
}

(async () => {
  for (const button of document.querySelectorAll("[data-csv]")) button.addEventListener("click", () => download(button.dataset.csv));
  chart("copy").addEventListener("click", async () => {
    await navigator.clipboard.writeText(chart("command").textContent);
    chart("copy").textContent = "Copied";
  });
  await draw();
  timelineHover();
  for (const query of [dark, narrow]) query.addEventListener("change", redraw);
  document.documentElement.dataset.drawn = "yes";
})();
