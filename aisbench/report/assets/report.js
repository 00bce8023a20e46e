// The page of a run. The zoom of the concurrency chart and of the timeline are linked.
// Zooming one chart's time axis zooms the other's. The timeline then shows the requests of that time.
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

fill.timeline = ({ data: phases, layout }) => timelineTraces(phases, layout.xaxis.range, layout.yaxis.range);
CSV.timeline = timelineCsv;
openPage({
  ready() {
    link("concurrency", "timeline");
    link("timeline", "concurrency");
    chart("timeline").on("plotly_relayout", redrawTimeline);
    timelineHover();
  },
  redrawn: redrawTimeline,
  keys: { timeline: timelineKeys },
});
