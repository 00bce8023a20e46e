"use strict";
// Draws the charts that Python built (aisbench/report/charts) as the page's theme and width want them.
const data = JSON.parse(document.getElementById("data").textContent);
const TYPES = { f8: Float64Array, f4: Float32Array, i4: Int32Array, i2: Int16Array, i1: Int8Array, u4: Uint32Array, u2: Uint16Array, u1: Uint8Array };
const narrow = matchMedia("(max-width: 760px)");
const dark = matchMedia("(prefers-color-scheme: dark)");
const MS_PER_S = 1e3;
const TIME_LEFT_NARROW = 54;

// An array came as {type, b64}; of two dimensions it has `columns`, and becomes rows with null for what is not there.
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
// A colour by its name, which an opacity may follow; others are colours already.
function paint(text) {
  const [name, alpha] = text.split(" "), hex = colour(name);
  if (!hex) return text;
  const part = (at) => parseInt(hex.slice(at, at + 2), 16);
  return alpha ? `rgba(${part(1)},${part(3)},${part(5)},${alpha})` : hex;
}
// A copy with colours in place of their names; numbers are not copied, however many.
function painted(node, key = "") {
  if (typeof node === "string") return /color/.test(key) ? paint(node) : node;
  if (node === null || typeof node !== "object" || ArrayBuffer.isView(node)) return node;
  if (Array.isArray(node)) return /color/.test(key) || typeof node[0] === "object" && !Array.isArray(node[0]) ? node.map((value) => painted(value, key)) : node;
  return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, painted(value, name)]));
}
const SETTINGS = () => ({
  responsive: true, displaylogo: false, scrollZoom: false,
  // The page speaks to nobody: no button that would hand its data to a service.
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "sendChartToCloud"],
  toImageButtonOptions: { scale: 2 },
});
// On a phone the legend stands in rows of two, below the buttons.
const BUTTONS_PX = 32, LEGEND_ROW_PX = 18;
function template() {
  const { page, narrow: over } = data.look, made = { ...page };
  if (narrow.matches) for (const [key, value] of Object.entries(over)) made[key] = { ...made[key], ...value };
  // A finger that drags scrolls the page; a mouse zooms.
  return { layout: { ...painted(made), dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom" } };
}

// Of charts with buttons, which form is shown.
const shown = Object.fromEntries(Object.entries(data.charts).map(([id, forms]) => [id, Object.keys(forms)[0]]));
// Charts whose traces depend on what is in view: by id what makes these, given the figure.
const fill = {};
// What plotly draws of a chart: traces, layout, settings.
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
// Another colour scheme or width: the same picture, at the zoom that was chosen.
async function redraw() {
  for (const id of Object.keys(data.charts)) {
    const [traces, fresh, settings] = drawn(id), old = chart(id).layout;
    for (const name of Object.keys(fresh).filter((key) => /^[xy]axis/.test(key))) {
      if (old[name].range) fresh[name].range = old[name].range;
    }
    await Plotly.react(id, traces, fresh, settings);
  }
}
// Buttons of which one is chosen: it names a form, which every one of its charts then has.
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

// The numbers behind the charts as CSV, by the names on their buttons.
const isColumn = (value) => Array.isArray(value) || ArrayBuffer.isView(value);
function csvCell(value) {
  if (value === undefined || value === null || Number.isNaN(value)) return "";
  return /[",\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : value;
}
function csv({ head, blocks, cells = [] }) {
  const lines = [head.join(",")];
  for (const block of blocks) {
    const length = Math.max(...block.map((column) => (isColumn(column) ? column.length : 0)));
    for (let i = 0; i < length; i++) lines.push(block.map((column) => csvCell(isColumn(column) ? column[i] : column)).join(","));
  }
  for (const [name, x, y, rows] of cells) {
    rows.forEach((row, r) => row.forEach((count, c) => { if (count) lines.push([name, x[c], x[c + 1], y[r], y[r + 1], count].join(",")); }));
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
// The command above the charts, for whoever wants to run it.
function offerCopy() {
  const button = chart("copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(chart("command").textContent);
    button.textContent = "Copied";
  });
}

// Draws the page. `ready` is called when all charts are there, `redrawn` after each time that they are drawn again; `keys`: see offerKeys.
async function openPage({ ready = () => {}, redrawn = () => {}, keys = {} } = {}) {
  // Charts are left out where there is nothing to draw.
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
