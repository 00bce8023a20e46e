// Keys for charts: + and - zoom along the horizontal axis, arrows move, Home shows everything.
const ZOOM = 2, MOVE = 0.2;
const KEYS_TOLD = "plus and minus zoom, left and right move, Home shows everything";

function rangeAfter(key, [low, high], whole) {
  const width = high - low, middle = (low + high) / 2;
  switch (key) {
    case "+": case "=": return [middle - width / ZOOM / 2, middle + width / ZOOM / 2];
    case "-": return [Math.max(whole[0], middle - width * ZOOM / 2), Math.min(whole[1], middle + width * ZOOM / 2)];
    case "ArrowLeft": return [low - Math.min(MOVE * width, low - whole[0]), high - Math.min(MOVE * width, low - whole[0])];
    case "ArrowRight": return [low + Math.min(MOVE * width, whole[1] - high), high + Math.min(MOVE * width, whole[1] - high)];
    case "Home": return whole;
    default: return null;
  }
}
// Adds the keys to every chart; call it once, before any zoom. `more`: further keys by a chart's id, as {told, press}.
function offerKeys(more = {}) {
  for (const gd of document.querySelectorAll(".chart")) {
    if (!gd._fullLayout) continue;
    const whole = gd._fullLayout.xaxis.range.map(Number), own = more[gd.id];
    const name = gd.closest("figure, .panel").querySelector("h2, h3").textContent;
    gd.tabIndex = 0;
    gd.setAttribute("role", "group");
    gd.setAttribute("aria-label", `Chart: ${name}. Keys: ${KEYS_TOLD}${own ? `, ${own.told}` : ""}.`);
    gd.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const range = rangeAfter(event.key, gd._fullLayout.xaxis.range.map(Number), whole);
      if (range) Plotly.relayout(gd, { "xaxis.range": range });
      if (range || (own && own.press(event.key))) event.preventDefault();
    });
  }
}
