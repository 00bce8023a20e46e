// Latency over time: the more requests of a latency were sent in a stretch of time, the stronger its cell.
let heatShown = Object.keys(data.heat)[0];

function heatChart() {
  const heat = data.heat[heatShown], columns = heat.t.length - 1, rows = heat.ms.length - 1;
  const counts = Array.from({ length: rows }, (_, row) =>
    Array.from(heat.counts.subarray(row * columns, (row + 1) * columns), (count) => count || null));
  return [[{
    type: "heatmap", x: heat.t, y: heat.ms, customdata: counts, showscale: false,
    // By the logarithm: a single slow request is to be seen beside a thousand quick ones.
    z: counts.map((row) => row.map((count) => count && Math.log2(1 + count))), zmin: 0,
    colorscale: [[0, rgba("decode", 0.1)], [0.6, colour("decode")], [1, colour("ttft")]],
    hovertemplate: "%{customdata} requests<br>about %{y:.4~g} ms<br>sent at about %{x:.4~g} s<extra></extra>",
  }], layout({
    margin: { l: TIME_LEFT(), r: 10, t: 30, b: 40 },
    xaxis: axis({ title: title("seconds since the start, when sent"), range: [0, data.duration_s], showgrid: false }),
    yaxis: axis({ automargin: false, type: "log", title: title(`${METRICS[heatShown].title}, ms`), showgrid: false, ...decadeTicks(heat.ms[0], heat.ms[rows]) }),
  })];
}

function heatCsv() {
  const lines = ["metric,from_s,to_s,from_ms,to_ms,requests"];
  for (const [name, heat] of Object.entries(data.heat)) {
    const columns = heat.t.length - 1;
    heat.counts.forEach((count, i) => {
      const row = Math.floor(i / columns), column = i % columns;
      if (count) lines.push([name, heat.t[column], heat.t[column + 1], heat.ms[row], heat.ms[row + 1], count].join(","));
    });
  }
  return lines.join("\n") + "\n";
}
