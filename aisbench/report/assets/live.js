"use strict";
// The live page: draws points as they arrive in server-sent events.
const CHARTS = JSON.parse(document.getElementById("data").textContent);
const LEFT = 50, RIGHT = 8, TOP = 6, BOTTOM = 18, HEIGHT = 150;
const SVG = "http://www.w3.org/2000/svg";
const byId = (id) => document.getElementById(id);
let points = [], most = 1200, limit = null;

function clock(seconds) {
  const s = Math.round(seconds), pad = (n) => String(n).padStart(2, "0");
  return s >= 3600 ? `${Math.floor(s / 3600)}:${pad(Math.floor(s / 60) % 60)}:${pad(s % 60)}` : `${Math.floor(s / 60)}:${pad(s % 60)}`;
}

function number(value, digits) {
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

// The smallest number from `value` up that is round and whose half is round as well.
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10].map((step) => step * power).find((edge) => edge >= value * (1 - 1e-9));
}

function element(name, attributes, parent) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent.append(made);
  return made;
}

class Chart {
  constructor(told, into) {
    Object.assign(this, told);
    this.at = null;
    const figure = document.createElement("figure");
    figure.className = `panel ${this.key}`;
    figure.style.setProperty("--tint", `var(--${this.colour})`);
    figure.innerHTML = "<figcaption><b></b><output></output></figcaption>";
    figure.querySelector("b").textContent = this.name;
    this.output = figure.querySelector("output");
    this.svg = element("svg", { role: "img", tabindex: 0 }, figure);
    this.svg.addEventListener("pointermove", (event) => this.point(event.offsetX));
    this.svg.addEventListener("pointerleave", () => this.move(null));
    this.svg.addEventListener("blur", () => this.move(null));
    this.svg.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step || !points.length) return;
      event.preventDefault();
      this.move(Math.min(points.length - 1, Math.max(0, (this.at ?? points.length) + step)));
    });
    into.append(figure);
  }

  move(at) {
    this.at = at;
    this.draw();
  }

  point(x) {
    if (!points.length) return;
    const t = this.begin + (x - LEFT) / (this.width - LEFT - RIGHT) * this.span;
    let nearest = 0;
    points.forEach((p, i) => { if (Math.abs(p.t - t) < Math.abs(points[nearest].t - t)) nearest = i; });
    this.move(nearest);
  }

  draw() {
    this.width = this.svg.clientWidth || 400;
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${HEIGHT}`);
    const known = points.map((p) => p[this.key]).filter((value) => value !== null);
    const shownLimit = this.limit && limit !== null ? limit : 0;
    const high = Math.max(0, ...known);
    // A limit far above the values would press the line to the bottom.
    const top = roundUp(Math.max(high, shownLimit < 4 * high ? shownLimit : 0) || 1);
    this.begin = points.length ? points[0].t : 0;
    this.span = Math.max(points.length ? points[points.length - 1].t - this.begin : 0, 10);
    const inside = this.width - LEFT - RIGHT, ground = HEIGHT - BOTTOM;
    const x = (t) => LEFT + (t - this.begin) / this.span * inside;
    const y = (value) => ground - value / top * (ground - TOP);
    this.svg.replaceChildren();
    for (const part of [0, 0.5, 1]) {
      element("line", { class: "grid", x1: LEFT, x2: this.width - RIGHT, y1: y(part * top), y2: y(part * top) }, this.svg);
      element("text", { x: LEFT - 6, y: y(part * top) + 4, "text-anchor": "end" }, this.svg).textContent = number(part * top, top < 1 ? 2 : top < 5 ? 1 : 0);
    }
    element("text", { x: LEFT, y: HEIGHT - 4 }, this.svg).textContent = clock(this.begin);
    element("text", { x: this.width - RIGHT, y: HEIGHT - 4, "text-anchor": "end" }, this.svg).textContent = clock(this.begin + this.span);
    if (shownLimit && shownLimit <= top) element("line", { class: "limit", x1: LEFT, x2: this.width - RIGHT, y1: y(shownLimit), y2: y(shownLimit) }, this.svg);
    const line = [], area = [];
    let run = [];
    const close = () => {
      if (!run.length) return;
      const path = run.map(([px, py]) => `${px.toFixed(1)} ${py.toFixed(1)}`).join("L");
      // A path of a single value is invisible, so it gets the width of a dot.
      line.push(`M${path}${run.length === 1 ? "h1" : ""}`);
      area.push(`M${run[0][0].toFixed(1)} ${ground}L${path}L${run[run.length - 1][0].toFixed(1)} ${ground}Z`);
      run = [];
    };
    for (const p of points) {
      if (p[this.key] === null) close();
      else run.push([x(p.t), y(p[this.key])]);
    }
    close();
    element("path", { class: "area", d: area.join("") }, this.svg);
    element("path", { class: "line", d: line.join("") }, this.svg);
    if (this.at !== null && points[this.at]) {
      element("line", { class: "cursor", x1: x(points[this.at].t), x2: x(points[this.at].t), y1: TOP, y2: ground }, this.svg);
    }
    this.tell();
  }

  tell() {
    const shown = this.at !== null ? points[this.at] : points[points.length - 1];
    if (!shown) return;
    const value = shown[this.key];
    const text = value === null ? "–" : `${number(value, this.digits)}${this.unit}`;
    this.output.textContent = this.at !== null ? `${clock(shown.t)}: ${text}` : text;
    this.svg.setAttribute("aria-label", `${this.name}: ${text} at ${clock(shown.t)}`);
  }
}

const charts = CHARTS.map((told) => new Chart(told, byId("charts")));

function state(name, told) {
  byId("state").className = `state ${name}`;
  byId("state").textContent = { lost: "connection lost" }[name] ?? name;
  byId("told").textContent = told;
}

function figures(fields) {
  byId("figures").replaceChildren(...fields.map(([label, value]) => {
    const row = document.createElement("div"), dt = document.createElement("dt"), dd = document.createElement("dd");
    row.className = label === "errors" ? "errors" : "";
    dt.textContent = label;
    dd.textContent = value;
    row.append(dt, dd);
    return row;
  }));
}

function progress(share) {
  const bar = byId("bar");
  bar.hidden = share === null;
  if (share === null) return;
  const percent = `${(100 * share).toFixed(0)} %`;
  bar.setAttribute("aria-valuenow", (100 * share).toFixed(0));
  bar.firstElementChild.style.width = `${100 * share}%`;
  bar.lastElementChild.textContent = percent;
}

const source = new EventSource("/events");
source.addEventListener("message", (event) => {
  const came = JSON.parse(event.data);
  most = came.most;
  const before = points.length;
  points = came.all ? came.points : points.concat(came.points);
  const dropped = Math.max(0, points.length - most);
  points = points.slice(dropped);
  // A cursor stays at its moment.
  for (const chart of charts) if (chart.at !== null) chart.at = came.all && before ? null : Math.max(0, chart.at - dropped);
  state(came.fields ? "running" : "preparing", "");
  if (came.fields) {
    limit = came.limit;
    figures(came.fields);
    progress(came.progress);
    charts.forEach((chart) => chart.draw());
    document.documentElement.dataset.drawn = "yes";
  }
});
source.addEventListener("end", (event) => {
  source.close();
  const told = JSON.parse(event.data);
  state(told.outcome, [told.reason, told.folder].filter(Boolean).join("; "));
});
source.addEventListener("error", () => state("lost", "trying again"));
addEventListener("resize", () => charts.forEach((chart) => chart.draw()));
