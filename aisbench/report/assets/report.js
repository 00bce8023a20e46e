const curvesOf = (place) => Object.fromEntries(Object.entries(data.curves).filter(([name]) => METRICS[name.replace("_from_plan", "")].chart === place));
const CHARTS = {
  concurrency: concurrencyChart,
  timeline: timelineChart,
  "request-curves": () => curveChart(curvesOf("request")),
  "token-curves": () => curveChart(curvesOf("token")),
  heat: heatChart,
  lag: lagChart,
  delay: () => curveChart({ delay: data.delay }),
  server: serverChart,
  devices: devicesChart,
  slices: slicesChart,
  errors: errorChart,
};
// A run draws what it has: whole answers have no gaps, closed loops no plan, and few servers tell of themselves.
const THERE = {
  "token-curves": Object.keys(curvesOf("token")).length, heat: heatShown, lag: data.lag, delay: data.delay, slices: data.slices,
  server: data.server.kv_use || data.server.prefix_hit_rate,
  devices: Object.keys(data.devices).length, errors: Object.keys(data.errors).length,
};
for (const [id, there] of Object.entries(THERE)) {
  if (!there) delete CHARTS[id];
  const place = chart(id);
  if (place) (place.closest("[data-optional]") || place).hidden = !there;
  // What the servers tell may be for the concurrency chart alone, and is a table all the same.
  const told = id === "server" ? Object.keys(data.server).length : there;
  for (const button of document.querySelectorAll(`[data-csv="${id}"]`)) button.hidden = !told;
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

// Data behind the charts.
const CSV = {
  in_flight: () => longCsv({ in_flight: data.in_flight, ...(data.planned_in_flight ? { planned: data.planned_in_flight } : {}) }),
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
  heat: heatCsv, lag: lagCsv, devices: devicesCsv, slices: slicesCsv,
  delay: () => columns(["fraction", "ms"], [data.delay.fraction, data.delay.ms]),
  server: () => longCsv(data.server),
  errors: () => {
    const kinds = Object.keys(data.errors);
    return columns(["seconds", ...kinds.map((k) => `${k}_per_s`)], [data.errors[kinds[0]].t, ...kinds.map((k) => data.errors[k].y)]);
  },
};
async function draw() {
  for (const [id, make] of Object.entries(CHARTS)) await Plotly.newPlot(id, ...drawn(make()));
  link("concurrency", "timeline");
  link("timeline", "concurrency");
  chart("timeline").on("plotly_relayout", redrawTimeline);
}

// Another colour scheme or width: the same picture, at the zoom that was chosen.
async function redraw() {
  for (const [id, make] of Object.entries(CHARTS)) {
    const [traces, fresh, settings] = drawn(make()), old = chart(id).layout;
    for (const name of Object.keys(fresh).filter((key) => /^[xy]axis/.test(key))) {
      if (old[name].range) fresh[name].range = old[name].range;
    }
    await Plotly.react(id, traces, fresh, settings);
  }
  await redrawTimeline();
}

// Buttons of which one is chosen: `apply` is told its value, and the charts are drawn again.
function choice(attribute, ids, apply) {
  const buttons = [...document.querySelectorAll(`[data-${attribute}]`)];
  for (const button of buttons) {
    button.addEventListener("click", async () => {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      apply(button.dataset[attribute]);
      for (const id of ids.filter((id) => CHARTS[id])) await Plotly.react(id, ...drawn(CHARTS[id]()));
    });
  }
}

(async () => {
  offerCsv();
  offerCopy();
  choice("heat", ["heat"], (name) => { heatShown = name; });
  choice("curves", ["request-curves", "token-curves", "delay"], (form) => { asCdf = form === "cdf"; });
  if (data.in_flight.of) {
    chart("flow-thinned").textContent = `Thinned: of the ${data.in_flight.of.toLocaleString("en")} changes in flight ${data.in_flight.t.length.toLocaleString("en")} are drawn, of each stretch the first, lowest, highest and last.`;
  }
  await draw();
  timelineHover();
  offerKeys({ timeline: timelineKeys });
  for (const query of [dark, narrow]) query.addEventListener("change", redraw);
  document.documentElement.dataset.drawn = "yes";
})();
