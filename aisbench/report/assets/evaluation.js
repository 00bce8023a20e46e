// The answers of an evaluation: filters, a list, and the chosen answer beside it. Only the rows in view are drawn.
// Texts come from data sets and models, so they are only ever set as textContent.
const ROW_PX = 52, BEYOND = 6, PREVIEW = 160;
const { sets, texts } = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const KINDS = [
  ["wrong", (one) => !one.right], ["right", (one) => one.right], ["no answer", (one) => one.extracted === null],
  ["unsure", (one) => one.extracted !== null && !one.sure], ["cut", (one) => one.finish === "length"],
];
const every = sets.flatMap((set) => set.keys.map((key, i) => ({
  set, key, prompt: set.prompts[i], thought: set.thoughts[i], answer: set.answers[i], extracted: set.extracted[i],
  gold: set.golds[i], right: set.right[i], score: set.scores[i], rule: set.rules[i], sure: set.sure[i],
  subset: set.subsets[i], finish: set.finishes[i],
})));
const chosenKinds = new Set();
let shown = every, current = null, words = "";

function element(name, text = "", kind = "") {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

// The text of an answer that a search looks at, in lower case; built at the first search.
function searched(one) {
  one.searched ??= [...one.prompt.map(([, place]) => texts[place]), one.thought, one.answer, one.extracted ?? "", one.gold ?? "", one.rule, one.key].join("\n").toLowerCase();
  return one.searched;
}

function filter() {
  const set = at("set").value, subset = at("subset").value;
  words = at("search").value.trim().toLowerCase();
  const found = every.filter((one) => (set === "" || one.set === sets[set]) && (subset === "" || one.subset === subset) && (words === "" || searched(one).includes(words)));
  for (const button of at("kinds").children) {
    const [name, is] = KINDS[button.dataset.kind];
    button.textContent = `${name} ${found.filter(is).length.toLocaleString("en-GB")}`;
    button.setAttribute("aria-pressed", chosenKinds.has(name));
  }
  const wanted = KINDS.filter(([name]) => chosenKinds.has(name));
  shown = found.filter((one) => wanted.every(([, is]) => is(one)));
  at("found").textContent = `${shown.length.toLocaleString("en-GB")} of ${every.length.toLocaleString("en-GB")} answers.`;
  at("rows").style.height = `${shown.length * ROW_PX}px`;
  at("list").scrollTop = 0;
  choose(shown.includes(current) ? current : shown[0] ?? null);
}

function preview(one) {
  const text = texts[one.prompt.at(-1)[1]];
  return text.slice(Math.min(one.set.skip, Math.max(0, text.length - 1))).slice(0, PREVIEW).replace(/\s+/g, " ");
}

function row(one, place) {
  const made = element("div", "", one.right ? "row" : "row wrong"), top = element("div");
  made.id = `row-${place}`;
  made.setAttribute("role", "option");
  made.setAttribute("aria-selected", one === current);
  made.style.top = `${place * ROW_PX}px`;
  top.append(element("b", sets.length > 1 ? `${one.set.name} ${one.key}` : one.key), ` ${one.right ? "✓" : "✗"} ${one.extracted ?? "no answer"}${one.right ? "" : ` (gold ${one.gold})`}`);
  made.append(top, element("div", preview(one)));
  made.onclick = () => choose(one);
  return made;
}

function drawRows() {
  const list = at("list"), first = Math.max(0, Math.floor(list.scrollTop / ROW_PX) - BEYOND);
  const last = Math.min(shown.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW_PX) + BEYOND);
  at("rows").replaceChildren(...shown.slice(first, last).map((one, i) => row(one, first + i)));
}

// The text as nodes, with every match of the search marked, and the last occurrence of `said`.
function marked(text, said = "") {
  const low = text.toLowerCase(), nodes = [], spans = [];
  // Lower case can have another length (İ). Then nothing is marked.
  if (low.length === text.length) {
    for (let begin = words ? low.indexOf(words) : -1; begin >= 0; begin = low.indexOf(words, begin + words.length)) spans.push([begin, begin + words.length, ""]);
    const place = said ? text.lastIndexOf(said) : -1;
    if (place >= 0 && !spans.some(([begin, end]) => begin < place + said.length && place < end)) spans.push([place, place + said.length, "said"]);
  }
  let done = 0;
  for (const [begin, end, kind] of spans.sort((a, b) => a[0] - b[0])) {
    nodes.push(text.slice(done, begin), element("mark", text.slice(begin, end), kind));
    done = end;
  }
  return [...nodes, text.slice(done)];
}

function block(text, kind, said) {
  const made = element("pre", "", kind);
  made.append(...marked(text, said));
  return made;
}

function drawAnswer() {
  const one = current, parts = [];
  if (one === null) return at("answer").replaceChildren(element("p", "No answer matches.", "none"));
  const head = element("h3", `${one.set.name} ${one.key}`);
  head.append(element("span", one.right ? "right" : "wrong", one.right ? "chip" : "chip wrong"));
  for (const [name, is] of KINDS.slice(2)) if (is(one)) head.append(element("span", name, "chip warn"));
  const facts = element("dl");
  const told = [["extracted", one.extracted ?? "nothing"], ["gold", one.gold ?? ""], ["rule", one.sure || one.extracted === null ? one.rule : `${one.rule} (guesses)`], ["score", one.score === null ? "" : String(Math.round(one.score * 1e4) / 1e4)], ["subset", one.subset], ["ended by", one.finish]];
  for (const [name, value] of told) {
    if (value === "") continue;
    const pair = element("div"), definition = element("dd");
    definition.append(...marked(value));
    pair.append(element("dt", name), definition);
    facts.append(pair);
  }
  parts.push(head, facts);
  for (const [role, place] of one.prompt) parts.push(element("h4", role ? `Prompt: ${role}` : "Prompt"), block(texts[place], "prompt"));
  if (one.thought) {
    const fold = element("details");
    fold.open = words !== "" && one.thought.toLowerCase().includes(words);
    fold.append(element("summary", `Reasoning (${one.thought.length.toLocaleString("en-GB")} characters)`), block(one.thought, "thought"));
    parts.push(fold);
  }
  parts.push(element("h4", "Answer"), one.answer ? block(one.answer, "said", one.extracted ?? "") : element("p", "The model returned no text.", "none"));
  at("answer").replaceChildren(...parts);
  at("answer").scrollTop = 0;
  for (const prompt of document.querySelectorAll("#answer pre.prompt")) prompt.scrollTop = prompt.scrollHeight;
}

function choose(one) {
  current = one;
  const place = shown.indexOf(one), list = at("list");
  if (place >= 0) {
    list.setAttribute("aria-activedescendant", `row-${place}`);
    if (place * ROW_PX < list.scrollTop) list.scrollTop = place * ROW_PX;
    if ((place + 1) * ROW_PX > list.scrollTop + list.clientHeight) list.scrollTop = (place + 1) * ROW_PX - list.clientHeight;
  } else list.removeAttribute("aria-activedescendant");
  drawRows();
  drawAnswer();
}

function move(by) {
  if (shown.length) choose(shown[Math.min(shown.length - 1, Math.max(0, shown.indexOf(current) + by))]);
}

// The usual keys of a list work only in the list. Elsewhere the arrows scroll.
const STEPS = { j: 1, k: -1 };
const LIST_STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, End: Infinity, Home: -Infinity };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target === at("search") && event.key === "Escape") at("search").blur();
  if (event.target.closest("input, select, textarea")) return;
  const by = STEPS[event.key] ?? (event.target === at("list") ? LIST_STEPS[event.key] : undefined);
  if (by !== undefined) move(by);
  else if (event.key === "/") at("search").focus();
  else return;
  event.preventDefault();
});

function options(select, all, names) {
  select.replaceChildren(...[["", all], ...names].map(([value, text]) => Object.assign(element("option", text), { value })));
}

function offerSubsets() {
  const set = at("set").value, from = set === "" ? sets : [sets[set]];
  const names = [...new Set(from.flatMap((one) => one.subsets))].filter((name) => name !== "").sort();
  options(at("subset"), "all", names.map((name) => [name, name]));
  at("subset-label").hidden = names.length === 0;
}

options(at("set"), "all", sets.map((set, i) => [String(i), set.name]));
at("set").parentElement.hidden = sets.length < 2;
for (const [i, [name]] of KINDS.entries()) {
  const button = element("button");
  button.dataset.kind = i;
  button.onclick = () => {
    if (!chosenKinds.delete(name)) chosenKinds.add(name);
    // No answer is both right and wrong.
    if (chosenKinds.has(name) && i < 2) chosenKinds.delete(KINDS[1 - i][0]);
    filter();
  };
  at("kinds").append(button);
}
at("set").onchange = () => { offerSubsets(); filter(); };
at("subset").onchange = filter;
at("search").oninput = filter;
at("list").addEventListener("scroll", drawRows);
addEventListener("resize", drawRows);
offerSubsets();
filter();
document.documentElement.dataset.drawn = "yes";
