// The request timeline. At most DRAWN_MOST requests are drawn at a time; zooming in shows all of them.
const DRAWN_MOST = 4000;
const DRAWN_SLOWEST = 200;
const line = data.timeline;
const requestCount = line.slot.length;
const statusOf = (i) => line.statuses[line.status[i]];
const isOk = Uint8Array.from(line.status, (code) => line.statuses[code] === "ok");
// When each request begins and ends in the chart, s. Spans are in ms; NaN means that a phase was not reached.
const begins = Float64Array.from(line.sent, (t, i) => t - (line.wait[i] || 0) / MS_PER_S);
const firsts = Float64Array.from(line.sent, (t, i) => t + line.ttft[i] / MS_PER_S);
const lasts = Float64Array.from(firsts, (t, i) => t + line.decode[i] / MS_PER_S);
const ends = Float64Array.from(line.sent, (t, i) => {
  if (isOk[i]) return lasts[i];
  return Number.isNaN(line.until_done[i]) ? data.duration_s : t + line.until_done[i] / MS_PER_S;
});
const fullSlots = () => [(requestCount ? line.slot[requestCount - 1] : 0) + 0.5, -0.5];

function within(times, slots) {
  const low = Math.min(...slots), high = Math.max(...slots), found = [];
  for (let i = 0; i < requestCount; i++) {
    if (begins[i] <= times[1] && ends[i] >= times[0] && line.slot[i] >= low && line.slot[i] <= high) found.push(i);
  }
  return found;
}
// An even selection by slot that keeps the slowest and some of the failed.
function thinned(found) {
  if (found.length <= DRAWN_MOST) return found;
  const slowest = found.filter((i) => isOk[i]).sort((a, b) => ends[b] - begins[b] - ends[a] + begins[a]).slice(0, DRAWN_SLOWEST);
  const failed = found.filter((i) => !isOk[i]);
  const kept = new Set(slowest);
  const few = Math.min(failed.length, DRAWN_SLOWEST);
  for (let k = 0; k < few; k++) kept.add(failed[Math.floor(k * failed.length / few)]);
  const even = DRAWN_MOST - kept.size;
  for (let k = 0; k < even; k++) kept.add(found[Math.floor(k * found.length / even)]);
  return [...kept].sort((a, b) => a - b);
}
// One path of separate segments for each phase, which is quick to draw even for many requests.
function segments(chosen, from, to) {
  const x = [], y = [];
  for (const i of chosen) {
    if (!(to[i] >= from[i])) continue;
    x.push(from[i], to[i], null);
    y.push(line.slot[i], line.slot[i], null);
  }
  return { x, y };
}
// `phases`: the figure's traces, in the order of `parts`.
function timelineTraces(phases, times, slots) {
  const found = within(times, slots), chosen = thinned(found), ok = chosen.filter((i) => isOk[i]);
  // Lines fill their rows, so they are thin for many requests and thick for a few.
  const height = chart("timeline")._fullLayout ? chart("timeline")._fullLayout._size.h : 400;
  const width = Math.min(14, Math.max(1.2, 0.75 * height / Math.max(chosen.length, 1)));
  sayThinned(chosen.length, found.length);
  const parts = [
    line.has_plan ? segments(chosen, begins, line.sent) : { x: [], y: [] },
    segments(ok, line.sent, firsts),
    segments(ok, firsts, lasts),
    segments(chosen.filter((i) => !isOk[i]), line.sent, ends),
  ];
  return phases.map((trace, at) => ({ ...trace, ...parts[at], line: { ...trace.line, width } }));
}
function sayThinned(drawn, there) {
  const count = (n) => n.toLocaleString("en");
  const parts = [];
  if (drawn < there) parts.push(`The chart draws ${count(drawn)} of the ${count(there)} requests in view: an even selection with the slowest and some of the failed. Zoom in to see all.`);
  if (requestCount < line.total) parts.push(`This page holds ${count(requestCount)} of the run's ${count(line.total)} requests; requests.jsonl has them all.`);
  chart("thinned").textContent = parts.join(" ");
}
// Draws the requests that are now in view.
function redrawTimeline() {
  const gd = chart("timeline"), { data: phases } = painted(data.charts.timeline[shown.timeline]);
  return Plotly.react(gd, timelineTraces(phases, gd.layout.xaxis.range.map(Number), gd.layout.yaxis.range.map(Number)), gd.layout, SETTINGS());
}
function timelineCsv() {
  const spans = ["wait", "ttft", "decode", "until_done"];
  return csv({
    head: ["slot", "sent_s", ...spans.map((name) => `${name}_ms`), "prompt_tokens", "output_tokens", "status"],
    blocks: [[line.slot, line.sent, ...spans.map((name) => line[name]), line.prompt_tokens, line.output_tokens, Array.from(line.status, (code) => line.statuses[code])]],
  });
}
// The range of the timeline's axis that holds the requests in progress between these times.
function slotsWithin([begin, end]) {
  const found = within([begin, end], [-Infinity, Infinity]);
  return found.length ? [line.slot[found[found.length - 1]] + 0.5, line.slot[found[0]] - 0.5] : fullSlots();
}

// Hovering shows the numbers of the request nearest to the pointer's height.
const ms = (span) => (span >= 0 ? `${span.toFixed(2)} ms` : "–");
function nearest(slot) {
  const slots = line.slot;
  let low = 0, high = slots.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (slots[middle] <= slot) low = middle; else high = middle;
  }
  return Math.abs(slots[low] - slot) <= Math.abs(slots[high] - slot) ? low : high;
}
function tipText(i) {
  const count = line.output_tokens[i];
  const rows = [`request ${line.slot[i]}: ${statusOf(i)}${line.error[i] ? ` (${line.errors[line.error[i]]})` : ""}`];
  if (line.has_plan && begins[i] >= 0) rows.push(`planned  ${begins[i].toFixed(4)} s, sent ${ms(line.wait[i])} later`);
  if (line.sent[i] >= 0) rows.push(`sent     ${line.sent[i].toFixed(4)} s`);
  rows.push(`TTFT     ${ms(line.ttft[i])}`, `decode   ${ms(line.decode[i])}`, `E2EL     ${ms(line.ttft[i] + line.decode[i])}`);
  if (count > 1 && line.decode[i] >= 0) rows.push(`TPOT     ${ms(line.decode[i] / (count - 1))}`);
  rows.push(`tokens   ${line.prompt_tokens[i] >= 0 ? line.prompt_tokens[i] : "?"} in, ${count >= 0 ? count : "?"} out`);
  return rows.join("\n");
}
function tellAt(left, top, i) {
  const tip = chart("tip");
  tip.hidden = false;
  tip.textContent = tipText(i);
  tip.style.left = `${Math.max(4, Math.min(left + 16, innerWidth - tip.offsetWidth - 8))}px`;
  tip.style.top = `${Math.max(4, Math.min(top + 16, innerHeight - tip.offsetHeight - 8))}px`;
}
const silence = () => { chart("tip").hidden = true; };
function timelineHover() {
  const gd = chart("timeline");
  gd.addEventListener("mousemove", (event) => {
    const box = gd.getBoundingClientRect(), y = gd._fullLayout.yaxis, x = gd._fullLayout.xaxis;
    const down = event.clientY - box.top - y._offset, right = event.clientX - box.left - x._offset;
    if (requestCount > 0 && down >= 0 && down <= y._length && right >= 0 && right <= x._length) {
      tellAt(event.clientX, event.clientY, nearest(y.p2d(down)));
    } else silence();
  });
  gd.addEventListener("mouseleave", silence);
  gd.addEventListener("blur", silence);
}
// The keyboard steps through the requests in view and shows their numbers.
let told = null;
const timelineKeys = {
  told: "up and down step through the requests, Escape hides their numbers",
  press(key) {
    if (key === "Escape") { told = null; silence(); return true; }
    if ((key !== "ArrowDown" && key !== "ArrowUp") || !requestCount) return false;
    const { xaxis: x, yaxis: y } = chart("timeline")._fullLayout, box = chart("timeline").getBoundingClientRect();
    const seen = within(x.range.map(Number), y.range.map(Number));
    if (!seen.length) return false;
    const last = seen.indexOf(told), step = key === "ArrowDown" ? 1 : -1;
    told = seen[last < 0 ? (step > 0 ? 0 : seen.length - 1) : Math.max(0, Math.min(seen.length - 1, last + step))];
    const begin = Math.max(x.range[0], begins[told] >= 0 ? begins[told] : 0);
    tellAt(box.left + x._offset + x.d2p(begin), box.top + y._offset + y.d2p(line.slot[told]), told);
    return true;
  },
};
