"use strict";
// Draws the charts that aisbench/report/charts built, adapted to the page's theme and width.
const data = JSON.parse(document.getElementById("data").textContent);
const TYPES = { f8: Float64Array, f4: Float32Array, i4: Int32Array, i2: Int16Array, i1: Int8Array, u4: Uint32Array, u2: Uint16Array, u1: Uint8Array };
const narrow = matchMedia("(max-width: 760px)");
const dark = matchMedia("(prefers-color-scheme: dark)");
const MS_PER_S = 1e3;
const TIME_LEFT_NARROW = 54;

// Decodes an array {type, b64}. A two-dimensional one has `columns`, and becomes rows with null for missing values.
function unpacked({ type, b64, columns }) {
  const values = new TYPES[type](Uint8Array.from(atob(b64), (c) => c.charCodeAt(0)).buffer);
  if (!columns) return values;
  return Array.from({ length: values.length / columns }, (_, row) =>
    Array.from(values.subarray(row * columns, (row + 1) * columns), (value) => (Number.isNaN(value) ? null : value)));
}
const arrays = data.arrays.map(unpacked);
function withArrays(node) {
  if (node === null || typeof node !== "object") return node;
  if (node.$ !== undefined) return arrays[node.$];
  for (const key of Object.keys(node)) node[key] = withArrays(node[key]);
  return node;
}
for (const part of ["charts", "tables", "timeline"]) withArrays(data[part]);

const chart = (id) => document.getElementById(id);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
// The colour for a name, which an opacity may follow. Anything else is a colour already.
function paint(text) {
  const [name, alpha] = text.split(" "), hex = colour(name);
  if (!hex) return text;
  const part = (at) => parseInt(hex.slice(at, at + 2), 16);
  return alpha ? `rgba(${part(1)},${part(3)},${part(5)},${alpha})` : hex;
}
// A copy with colours in place of their names. Arrays of numbers are not copied.
function painted(node, key = "") {
  if (typeof node === "string") return /color/.test(key) ? paint(node) : node;
  if (node === null || typeof node !== "object" || ArrayBuffer.isView(node)) return node;
  if (Array.isArray(node)) return /color/.test(key) || typeof node[0] === "object" && !Array.isArray(node[0]) ? node.map((value) => painted(value, key)) : node;
  return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, painted(value, name)]));
}
const SETTINGS = () => ({
  responsive: true, displaylogo: false, scrollZoom: false,
  // The page sends nothing, so it has no button that would upload its data.
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "sendChartToCloud"],
  toImageButtonOptions: { scale: 2 },
});
// On a phone the legend has two entries per row, below the buttons.
const BUTTONS_PX = 32, LEGEND_ROW_PX = 18;
function template() {
  const { page, narrow: over } = data.look, made = { ...page };
  if (narrow.matches) for (const [key, value] of Object.entries(over)) made[key] = { ...made[key], ...value };
  // Dragging scrolls the page on a touch screen, and zooms with a mouse.
  return { layout: { ...painted(made), dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom" } };
}

// The form that each chart shows.
const shown = Object.fromEntries(Object.entries(data.charts).map(([id, forms]) => [id, Object.keys(forms)[0]]));
// For charts whose traces depend on what is in view: functions by id that make the traces from the figure.
const fill = {};
// A chart's traces, layout and settings for plotly.
function drawn(id) {
  const figure = painted(data.charts[id][shown[id]]), layout = figure.layout;
  const traces = fill[id] ? fill[id](figure) : figure.data;
  layout.template = template();
  if (narrow.matches) {
    layout.margin = { ...data.look.narrow.margin, ...layout.margin };
    if (figure.layout.margin.l > TIME_LEFT_NARROW) layout.margin.l = TIME_LEFT_NARROW;
    if (layout.showlegend !== false) layout.margin.t = BUTTONS_PX + LEGEND_ROW_PX * Math.ceil(traces.filter((trace) => trace.showlegend !== false).length / 2);
  }
  return [traces, layout, SETTINGS()];
}
// Draws all charts again for another colour scheme or width, and keeps their zoom.
async function redraw() {
  for (const id of Object.keys(data.charts)) {
    const [traces, fresh, settings] = drawn(id), old = chart(id).layout;
    for (const name of Object.keys(fresh).filter((key) => /^[xy]axis/.test(key))) {
      if (old[name].range) fresh[name].range = old[name].range;
    }
    await Plotly.react(id, traces, fresh, settings);
  }
}
// Groups of buttons that choose the form of their charts.
function offerForms() {
  for (const group of document.querySelectorAll("[data-forms]")) {
    const buttons = [...group.querySelectorAll("[data-form]")];
    for (const button of buttons) {
      button.addEventListener("click", async () => {
        const form = button.dataset.form;
        for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
        for (const id of group.dataset.forms.split(" ").filter((id) => data.charts[id])) {
          shown[id] = form;
          await Plotly.react(id, ...drawn(id));
        }
      });
    }
  }
}

// The numbers behind the charts as CSV.
const isColumn = (value) => Array.isArray(value) || ArrayBuffer.isView(value);
function csvCell(value) {
  if (value === undefined || value === null || Number.isNaN(value)) return "";
  if (typeof value !== "string") return value;
  // A spreadsheet would run it as a formula.
  if (/^[=+\-@\t\r]/.test(value) && value !== "-" && Number.isNaN(Number(value))) value = `'${value}`;
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
function csv({ head, blocks, cells = [] }) {
  const lines = [head.map(csvCell).join(",")];
  for (const block of blocks) {
    const length = Math.max(...block.map((column) => (isColumn(column) ? column.length : 0)));
    for (let i = 0; i < length; i++) lines.push(block.map((column) => csvCell(isColumn(column) ? column[i] : column)).join(","));
  }
  for (const [name, x, y, rows] of cells) {
    rows.forEach((row, r) => row.forEach((count, c) => { if (count) lines.push([csvCell(name), x[c], x[c + 1], y[r], y[r + 1], count].join(",")); }));
  }
  return lines.join("\n") + "\n";
}
const CSV = Object.fromEntries(Object.entries(data.tables).map(([name, table]) => [name, () => csv(table)]));
function download(name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([CSV[name]()], { type: "text/csv" }));
  link.download = `${name}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
function offerCsv() {
  for (const button of document.querySelectorAll("[data-csv]")) {
    button.hidden = !CSV[button.dataset.csv];
    button.addEventListener("click", () => download(button.dataset.csv));
  }
}
// Copies the command above the charts.
function offerCopy() {
  const button = chart("copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(chart("command").textContent);
    button.textContent = "Copied";
  });
}

// Draws the page. `ready` is called once all charts are drawn, `redrawn` each time that they are drawn again. `keys`: see offerKeys.
async function openPage({ ready = () => {}, redrawn = () => {}, keys = {} } = {}) {
  // Hides the places of charts that have nothing to draw.
  for (const place of document.querySelectorAll(".chart")) (place.closest("[data-optional]") || place).hidden = !data.charts[place.id];
  offerCsv();
  offerCopy();
  offerForms();
  for (const id of Object.keys(data.charts)) await Plotly.newPlot(id, ...drawn(id));
  ready();
  offerKeys(keys);
  for (const query of [dark, narrow]) query.addEventListener("change", async () => { await redraw(); await redrawn(); });
  document.documentElement.dataset.drawn = "yes";
}
