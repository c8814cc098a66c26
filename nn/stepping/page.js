// Algorithm 3.1, line by line: every number was computed by the trainer, and stands in the page.
// What is computed here are lines that can be checked by hand, to say "=" or "≈" truly.
const PLAY_MILLISECONDS = 1200;
const TABLE_DIGITS = 4;
const MOST_ROWS = 300; // of a table of parameters
const MOST_TERMS = 6; // of a sum, unless every term is asked for
const LAST_LINE = 7;
const LOWERED = "₀₁₂₃₄₅₆₇₈₉";
const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";

const lowered = (letter, index) => letter + [...String(index)].map((digit) => LOWERED[digit]).join("");
const ofSample = (letter, s) => letter + "⁽" + [...String(s + 1)].map((digit) => RAISED[digit]).join("") + "⁾";
const slopeOf = (name) => "∂E/∂" + name;
const told = (x, places = TABLE_DIGITS) => (Number.isNaN(x) ? "–" : shown(x, places));
const sumOf = (numbers) => numbers.reduce((sum, x) => sum + x, 0);

// An element with attributes and children; text goes in as text, never as markup.
function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const bytesOf = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

// Numbers of which repeated ones are told by how many places before they stand (`without_repeats`).
function withRepeats(places, others) {
  const numbers = new Float64Array(places.length);
  let used = 0;
  places.forEach((back, i) => (numbers[i] = back ? numbers[i - back] : others[used++]));
  return numbers;
}

// All numbers of the training, in the order in which `Model.numbers` writes them.
class Numbers {
  constructor(data, places, others) {
    this.all = withRepeats(bytesOf(places), new Float64Array(bytesOf(others).buffer));
    this.parameters = data.parameters.length;
    this.slots = data.memory.length;
    this.units = data.units.length;
    this.starts = [];
    let start = this.parameters;
    for (const [, , , , samples] of data.iterations) {
      this.starts.push(start);
      start += this.parameters * (2 + this.slots) + samples * (2 * this.units + 1);
    }
  }

  part(start, length) {
    return this.all.subarray(start, start + length);
  }

  column(i, which) {
    return this.part(this.starts[i] + which * this.parameters, this.parameters);
  }

  before(i) {
    return i ? this.column(i - 1, 0) : this.part(0, this.parameters);
  }

  after(i) {
    return this.column(i, 0);
  }

  gradients(i) {
    return this.column(i, 1);
  }

  memory(i, slot) {
    return this.column(i, 2 + slot);
  }

  sampleStart(i, s) {
    return this.starts[i] + this.parameters * (2 + this.slots) + s * (2 * this.units + 1);
  }

  values(i, s) {
    return this.part(this.sampleStart(i, s), this.units);
  }

  slopes(i, s) {
    return this.part(this.sampleStart(i, s) + this.units, this.units);
  }

  error(i, s) {
    return this.all[this.sampleStart(i, s) + 2 * this.units];
  }
}

class Training {
  constructor(box, functions) {
    this.box = box;
    this.functions = functions;
    this.data = JSON.parse(box.querySelector(".ct-data").textContent);
    this.numbers = new Numbers(this.data, ...[".ct-places", ".ct-numbers"].map((name) => box.querySelector(name).textContent));
    this.units = this.data.units.map(([name, layer, isSum], u) => ({ name, layer, isSum, u, line: this.data.lines[u] }));
    this.i = 0; // which iteration, of those in the page
    this.line = 1;
    this.sample = 0; // whose lines are shown
    this.parameter = 0; // whose update is shown
    this.whole = false;
    this.timer = null;
    this.build();
    this.listen();
    this.go(0, 1);
  }

  text(name, fields = {}) {
    return filled(this.data.texts[name], fields);
  }

  get iteration() {
    const [t, batch, loss, alphas, samples] = this.data.iterations[this.i];
    return { t, batch, loss, alphas, samples };
  }

  // The page around the panels.

  build() {
    const button = (action, label, text) =>
      element("button", { type: "button", "data-action": action, "aria-label": this.text(label), title: this.text(label) }, text);
    this.play = button("play", "play", "▶ " + this.text("play"));
    this.slider = element("input", { type: "range", min: 0, max: this.data.iterations.length - 1, step: 1, value: 0, "aria-label": this.text("iterations") });
    this.count = element("output", { class: "ct-count" });
    const controls = element(
      "div", { class: "ct-controls", role: "toolbar", "aria-label": this.text("steps") },
      button("first", "first", "|◀"), button("iterationBack", "iteration back", "◀◀"), button("back", "back", "◀"),
      button("next", "next", "▶"), button("iterationOn", "iteration on", "▶▶"), button("last", "last", "▶|"),
      this.play, this.slider, this.count,
    );
    this.lines = element("ol", { class: "ct-lines", "aria-label": this.text("algorithm") }, ...this.algorithm());
    this.panels = [];
    for (let line = 1; line <= LAST_LINE; line++) {
      this.panels.push(element("section", { class: "ct-panel", "aria-label": "(" + line + ") " + this.lineText(line) }));
    }
    this.said = element("p", { class: "ct-said", role: "status", "aria-atomic": "true" }); // heard, not seen
    const figure = this.box.querySelector(".ct-curve");
    figure.before(controls);
    figure.after(element("div", { class: "ct-body" }, this.lines, element("div", {}, this.said, ...this.panels)));
    this.marker = element("span", { class: "ct-marker" });
    this.dot = element("span", { class: "ct-dot" });
    figure.querySelector(".ct-plot").append(this.marker, this.dot);
    this.most = Math.max(...this.data.iterations.map(([, , loss]) => loss)) || 1;
    this.all = this.box.querySelector(".ct-all");
    this.all.open = false;
    this.box.tabIndex = 0;
    this.box.setAttribute("role", "region");
    this.box.setAttribute("aria-label", this.text("region"));
    this.box.setAttribute("data-lm-suppress-shortcuts", ""); // JupyterLab leaves our keys alone
  }

  lineText(line) {
    if (line === 3 && this.data.epochs) return this.text("line 3 of epochs");
    if (line === 7 && !this.data.plain.every(Boolean)) return this.text("line 7 of others");
    return this.text("line " + line);
  }

  algorithm() {
    return this.constructor.LINES.map((line) =>
      element(
        "li", {},
        element("button", { type: "button", "data-line": line }, element("span", {}, "(" + line + ")"), element("span", {}, this.lineText(line))),
      ));
  }

  listen() {
    const end = this.data.iterations.length - 1;
    const actions = {
      first: () => this.go(0, 1),
      last: () => this.go(end, LAST_LINE),
      back: () => (this.line > 2 || !this.i ? this.go(this.i, Math.max(1, this.line - 1)) : this.go(this.i - 1, LAST_LINE)),
      next: () => (this.line < LAST_LINE ? this.go(this.i, this.line + 1) : this.i < end && this.go(this.i + 1, 2)),
      iterationBack: () => this.go(Math.max(0, this.i - 1), Math.max(2, this.line)),
      iterationOn: () => this.go(Math.min(end, this.i + 1), Math.max(2, this.line)),
      play: () => (this.timer ? this.pause() : this.run(actions.next)),
    };
    this.keys = { ArrowLeft: "back", ArrowRight: "next", PageUp: "iterationBack", PageDown: "iterationOn", Home: "first", End: "last" };
    this.box.addEventListener("click", (event) => {
      const button = event.target.closest("[data-action], [data-line]:not(.chainrule-training)");
      const row = event.target.closest(".ct-all tbody tr");
      if (button && button.dataset.action) {
        if (button !== this.play) this.pause();
        actions[button.dataset.action]();
      } else if (button) this.go(button.dataset.line === "1" ? 0 : this.i, Number(button.dataset.line));
      else if (row) this.go(row.sectionRowIndex, Math.max(2, this.line));
    });
    this.slider.addEventListener("input", () => {
      this.pause();
      this.go(Number(this.slider.value), Math.max(2, this.line));
    });
    this.box.addEventListener("keydown", (event) => this.press(event, actions));
    window.addEventListener("beforeprint", () => this.fillAll());
    matchMedia("print").addEventListener("change", (query) => query.matches && this.fillAll());
  }

  // Keys belong to the element that has the focus: a slider, a choice, or what scrolls sideways.
  press(event, actions) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const { target, key } = event;
    if (target.closest("input, select")) return;
    if (target.classList.contains("ct-scroll") && key !== "Home" && key !== "End") {
      const wide = target.scrollWidth > target.clientWidth;
      const high = target.scrollHeight > target.clientHeight;
      if (key.startsWith("Arrow") ? wide : high) return;
    }
    if (key === " " && target === this.box) actions.play();
    else if (this.keys[key]) {
      this.pause();
      actions[this.keys[key]]();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  run(next) {
    const end = this.data.iterations.length - 1;
    const atEnd = () => this.i === end && this.line === LAST_LINE;
    if (atEnd()) this.go(0, 1);
    this.play.textContent = "⏸ " + this.text("pause");
    this.play.setAttribute("aria-label", this.text("pause"));
    this.timer = setInterval(() => {
      if (!this.box.isConnected || atEnd()) return this.pause();
      next();
    }, PLAY_MILLISECONDS);
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    this.play.textContent = "▶ " + this.text("play");
    this.play.setAttribute("aria-label", this.text("play"));
  }

  go(i, line) {
    this.i = i;
    this.line = line;
    this.sample = Math.min(this.sample, Math.max(0, this.iteration.batch.length - 1));
    this.filled = new Set();
    this.show();
  }

  // Everything that depends on where the training stands.
  show() {
    const { t, loss } = this.iteration;
    const count = this.data.iterations.length;
    const last = this.data.iterations[count - 1][0];
    this.box.dataset.line = this.line;
    this.box.dataset.t = t;
    this.slider.value = this.i;
    this.slider.setAttribute("aria-valuetext", this.text("slider of t", { t, last }));
    this.count.textContent = this.text("count", { t, last, line: this.line });
    for (const button of this.lines.querySelectorAll("button")) {
      if (Number(button.dataset.line) === this.line) button.setAttribute("aria-current", "step");
      else button.removeAttribute("aria-current");
    }
    this.panels.forEach((panel, place) => panel.classList.toggle("current", place + 1 === this.line));
    this.fill(this.line);
    const left = count > 1 ? (100 * this.i) / (count - 1) : 0;
    this.marker.style.left = this.dot.style.left = left + "%";
    this.dot.style.top = 100 * (1 - loss / this.most) + "%";
    for (const row of this.all.querySelectorAll("[aria-current]")) row.removeAttribute("aria-current");
    this.all.querySelectorAll("tbody tr")[this.i].setAttribute("aria-current", "true");
    const atStart = !this.i && this.line === 1;
    const atEnd = this.i === count - 1 && this.line === LAST_LINE;
    for (const action of ["first", "back"]) this.disable(action, atStart);
    for (const action of ["next", "last"]) this.disable(action, atEnd);
    this.disable("iterationBack", !this.i);
    this.disable("iterationOn", this.i === count - 1);
  }

  disable(action, off) {
    this.box.querySelector('[data-action="' + action + '"]').setAttribute("aria-disabled", off);
  }

  // A panel is filled when it is looked at, or printed.
  fill(line) {
    if (this.filled.has(line)) return;
    this.filled.add(line);
    const [sentence, ...parts] = this["line" + line]();
    if (line === this.line) this.said.textContent = "(" + line + ") " + sentence;
    this.panels[line - 1].replaceChildren(element("p", { class: "ct-did" }, sentence), ...parts.filter(Boolean));
  }

  fillAll() {
    for (const line of this.constructor.LINES) this.fill(line);
  }

  refill() {
    const focused = document.activeElement && document.activeElement.dataset.choice;
    this.filled = new Set();
    this.fill(this.line);
    if (focused) this.panels[this.line - 1].querySelector('[data-choice="' + focused + '"]').focus();
  }

  // Parts of panels.

  note(text) {
    return text && element("p", { class: "ct-note" }, text);
  }

  cell(x, kind) {
    return element("td", { "data-number": exact(x), ...(kind ? { class: kind } : {}) }, told(x));
  }

  // Rows: a head, numbers, whether it is the one whose lines are shown, and what chooses it.
  table(label, heads, rows) {
    const made = rows.map(({ head, cells, current, choose }) => {
      const row = element("tr", current ? { "aria-current": "true" } : {}, element("th", { scope: "row" }, head), ...cells);
      if (choose) row.addEventListener("click", choose);
      return row;
    });
    const names = heads.map((name) => element("th", { scope: "col" }, name));
    return element(
      "div", { class: "ct-scroll", tabindex: 0, role: "region", "aria-label": this.text("table of", { what: label }) },
      element("table", {}, element("thead", {}, element("tr", {}, ...names)), element("tbody", {}, ...made)),
    );
  }

  equations(lines) {
    return element("ul", { class: "ct-equations" }, ...lines.filter(Boolean).map((line) => element("li", {}, line)));
  }

  choice(label, options, chosen, choose) {
    const select = element("select", { "data-choice": label }, ...options.map((text, value) => element("option", { value }, text)));
    select.value = chosen;
    select.addEventListener("change", () => choose(Number(select.value)));
    return element("label", {}, this.text(label), select);
  }

  choices(...made) {
    const whole = element("input", { type: "checkbox", "data-choice": "whole" });
    whole.checked = this.whole;
    whole.addEventListener("change", () => {
      this.whole = whole.checked;
      this.refill();
    });
    return element("div", { class: "ct-choices" }, ...made, element("label", {}, whole, this.text("whole")));
  }

  sampleChoices() {
    const options = this.iteration.batch.map((index, s) => this.text("numbered", { s: s + 1, index }));
    return this.choices(this.choice("one sample", options, this.sample, (s) => this.chooseSample(s)));
  }

  chooseSample(s) {
    this.sample = s;
    this.refill();
  }

  sampleRows(cellsOf) {
    return this.iteration.batch.map((index, s) => ({
      head: s + 1 + ": " + index,
      cells: cellsOf(s),
      current: s === this.sample,
      choose: () => this.chooseSample(s),
    }));
  }

  targetNames() {
    const [index] = this.iteration.batch;
    return this.data.samples[index][1].map((_, k) => lowered("y", k + 1));
  }

  get outputs() {
    const last = Math.max(...this.units.map((unit) => unit.layer));
    return this.units.filter((unit) => unit.layer === last && !unit.isSum);
  }

  // By layer its sums and its activations.
  layers() {
    const layers = [...new Set(this.units.map(({ layer }) => layer))];
    const units = (layer, isSum) => this.units.filter((unit) => unit.layer === layer && unit.isSum === isSum);
    return layers.map((layer) => [layer, units(layer, true), units(layer, false)]);
  }

  // A table for each group of units, side by side where there is room.
  tables(label, groups, headOf, what) {
    const made = groups.filter(({ length }) => length).map((units) => {
      const rows = this.sampleRows((s) => {
        const numbers = this.numbers[what](this.i, s);
        return units.map(({ u }) => this.cell(numbers[u]));
      });
      const first = units[0].name;
      return this.table(label + " " + first, [this.text("sample"), ...units.map(headOf)], rows);
    });
    return element("div", { class: "ct-tables" }, ...made);
  }

  layerName(layer, units) {
    const last = this.units.length ? this.units[this.units.length - 1].layer : Math.max(...this.data.parameters.map(([, l]) => l));
    return this.text(layer === last ? "outputs" : "layer", { number: layer + 1, units });
  }

  // Lines that can be checked by hand.

  folded(texts) {
    if (this.whole || texts.length <= MOST_TERMS) return texts;
    return [...texts.slice(0, MOST_TERMS - 2), "…", texts[texts.length - 1]];
  }

  // name = names = numbers = result, in the most digits that make it true; else ≈.
  equation(name, names, forward, numbers, spell, result) {
    const [places, sign] = digitsTrue(forward, numbers, result);
    const left = spell(names);
    const right = spell(numbers.map((x) => shown(x, places)));
    return name + " = " + left + (left === right ? "" : " = " + right) + " " + sign + " " + shown(result, places);
  }

  // A sum of products; a factor of one stands alone.
  productsLine(name, pairs, result) {
    const spell = (texts) => {
      const terms = [];
      for (let k = 0; k < texts.length; k += 2) {
        terms.push(texts[k + 1] === "1" ? bracketed(texts[k]) : bracketed(texts[k]) + "·" + bracketed(texts[k + 1]));
      }
      return this.folded(terms).join(" + ");
    };
    const forward = (...xs) => sumOf(xs.map((x, k) => (k % 2 ? 0 : x * xs[k + 1])));
    const names = pairs.flatMap(({ names }) => names);
    const numbers = pairs.flatMap(({ numbers }) => numbers);
    return this.equation(name, names, forward, numbers, spell, result);
  }

  nameOf([kind, place]) {
    if (kind === "p") return this.data.parameters[place][0];
    if (kind === "u") return this.units[place].name;
    return kind === "x" ? lowered("x", place + 1) : shown(place);
  }

  numberOf([kind, place], s) {
    if (kind === "p") return this.numbers.before(this.i)[place];
    if (kind === "u") return this.numbers.values(this.i, s)[place];
    return kind === "x" ? this.data.samples[this.iteration.batch[s]][0][place] : place;
  }

  unitLine({ name, line, u }, s) {
    const value = this.numbers.values(this.i, s)[u];
    if (!line) return name + " = " + told(value, PLACES[0]);
    const numbers = line.operands.map((operand) => this.numberOf(operand, s));
    const spell = (texts) => this.spelled(line, texts);
    return this.equation(name, line.operands.map((operand) => this.nameOf(operand)), this.functions[line.forward], numbers, spell, value);
  }

  // An operation on texts; of a softmax the index stands below its name.
  spelled(line, texts) {
    if (line.indexed) return lowered(line.op, line.operands[0][1] + 1) + "([" + this.folded(texts.slice(1)).join(", ") + "])";
    return line.kind === "products" ? this.sumSpelled(line, texts) : spelled(line, texts);
  }

  sumSpelled(line, texts) {
    const half = (texts.length + 1) / 2;
    const products = texts.slice(1, half).map((w, k) => bracketed(w) + "·" + bracketed(texts[half + k]));
    return this.folded(line.bias ? [texts[0], ...products] : products).join(" + ");
  }

  // What multiplies an operand of a weighted sum: a weight's input, or an input's weight.
  static partner({ operands }, k) {
    const half = (operands.length + 1) / 2;
    if (k === 0) return ["c", 1];
    return k < half ? operands[k + half - 1] : operands[k - half + 1];
  }

  // The units in whose sums an operand stands, each with what multiplies it.
  uses(kind, place) {
    const found = [];
    for (const unit of this.units) {
      if (!unit.line) continue;
      unit.line.operands.forEach((operand, k) => {
        if (operand[0] === kind && operand[1] === place) found.push({ unit, k });
      });
    }
    return found;
  }

  // How the gradient at a unit came from those behind it, where that can be told.
  slopeLine(unit, s) {
    const slopes = this.numbers.slopes(this.i, s);
    const result = slopes[unit.u];
    const uses = this.uses("u", unit.u);
    if (Number.isNaN(result)) return "";
    const plain = slopeOf(unit.name) + " = " + told(result, PLACES[0]);
    if (!uses.length) return plain;
    if (uses.every(({ unit: user }) => user.line.kind === "products")) {
      const pairs = uses.map(({ unit: user, k }) => {
        const factor = this.constructor.partner(user.line, k);
        return { names: [slopeOf(user.name), this.nameOf(factor)], numbers: [slopes[user.u], this.numberOf(factor, s)] };
      });
      return pairs.some(({ numbers }) => numbers.some(Number.isNaN)) ? plain : this.productsLine(slopeOf(unit.name), pairs, result);
    }
    const [{ unit: user, k }] = uses;
    if (uses.length > 1 || k > 0 || !user.line.slope || Number.isNaN(slopes[user.u])) return plain;
    const operands = user.line.operands.map((operand) => this.numberOf(operand, s));
    const slope = this.functions[user.line.slope](...operands, this.numbers.values(this.i, s)[user.u]);
    const pair = { names: [slopeOf(user.name), "∂" + user.name + "/∂" + unit.name], numbers: [slopes[user.u], slope] };
    const off = slope === 0 && operands[0] <= 0 ? " (" + this.text("off") + ")" : "";
    const spell = (texts) => texts.map(bracketed).join(" · ");
    return this.equation(slopeOf(unit.name), pair.names, (a, b) => a * b, pair.numbers, spell, result) + off;
  }

  // The mean gradient of a parameter as the sum over the mini-batch.
  gradientLine(p) {
    const name = slopeOf(this.data.parameters[p][0]);
    const result = this.numbers.gradients(this.i)[p];
    const uses = this.uses("p", p).filter(({ unit }) => unit.line.kind === "products");
    const plain = name + " = " + told(result, PLACES[0]);
    if (uses.length !== 1 || !this.iteration.samples) return plain;
    const [{ unit, k }] = uses;
    const factor = this.constructor.partner(unit.line, k);
    const pairs = this.iteration.batch.map((_, s) => ({
      names: [ofSample(slopeOf(unit.name), s), factor[0] === "c" ? "1" : ofSample(this.nameOf(factor), s)],
      numbers: [this.numbers.slopes(this.i, s)[unit.u], this.numberOf(factor, s)],
    }));
    if (pairs.some(({ numbers }) => numbers.some(Number.isNaN))) return plain;
    return this.productsLine(name, pairs, result);
  }

  groupOf(p) {
    let group = 0;
    this.data.groups.forEach((start, g) => (group = start <= p ? g : group));
    return group;
  }

  updateLine(p) {
    const [name] = this.data.parameters[p];
    const group = this.groupOf(p);
    const alpha = this.iteration.alphas[group];
    const old = this.numbers.before(this.i)[p];
    const found = this.numbers.after(this.i)[p];
    const gradient = this.numbers.gradients(this.i)[p];
    if (!this.data.plain[group]) {
      const memory = this.data.memory.map((slot, k) => this.text(slot) + " = " + shown(this.numbers.memory(this.i, k)[p]));
      return [name + ": " + shown(old) + " → " + shown(found), "α = " + shown(alpha), ...memory].join(",  ");
    }
    const spell = ([w, step, g]) => w + " − " + step + "·" + bracketed(g);
    const line = this.equation(name, [name, "α", slopeOf(name)], (w, step, g) => w - step * g, [old, alpha, gradient], spell, found);
    return line.replace(" = ", " ← ");
  }

  // The lines of the algorithm: a sentence each, and what stands below it.

  line1() {
    const [[t]] = this.data.iterations;
    return [this.text(t === 1 ? "did 1" : "did 1 later", { t }), this.parameterTables(this.numbers.before(0), "value")];
  }

  parameterTables(numbers, head, reverse = false) {
    const layers = [...new Set(this.data.parameters.map(([, layer]) => layer))];
    if (reverse) layers.reverse();
    const made = layers.map((layer) => {
      const places = this.data.parameters.map(([, l], p) => [l, p]).filter(([l]) => l === layer).map(([, p]) => p);
      const rows = places.slice(0, MOST_ROWS).map((p) => ({ head: this.data.parameters[p][0], cells: [this.cell(numbers[p])] }));
      const title = this.data.layered ? this.text("of layer", { number: layer + 1 }) : this.text("parameters");
      const table = this.table(title, [this.text("parameter"), this.text(head)], rows);
      return element("div", {}, ...[element("h2", {}, title), table, this.more(places.length)].filter(Boolean));
    });
    return element("div", { class: "ct-tables" }, ...made);
  }

  more(count) {
    return count > MOST_ROWS && this.note(this.text("more", { count: count - MOST_ROWS }));
  }

  line2() {
    const { t, alphas } = this.iteration;
    const alpha = [...new Set(alphas.map((x) => shown(x)))].join(", ");
    const name = alphas.length > 1 ? "did 2 of groups" : "did 2";
    return [this.text(name, { t, T: this.data.T, alpha })];
  }

  line3() {
    const { batch } = this.iteration;
    const fields = { b: batch.length, m: this.data.m };
    const inputs = this.data.samples[batch[0]][0].map((_, k) => lowered("x", k + 1));
    const rows = batch.map((index, s) => ({
      head: s + 1, cells: [element("td", {}, index), ...this.data.samples[index].flat().map((x) => this.cell(x))],
    }));
    const heads = [this.text("sample"), this.text("index"), ...inputs, ...this.targetNames()];
    return [this.text(this.data.epochs ? "did 3 of epochs" : "did 3", fields), this.table(this.text("batch table"), heads, rows)];
  }

  line4() {
    const sentence = this.text("did 4", { b: this.iteration.batch.length });
    if (this.data.missing) return [sentence, this.note(this.data.missing)];
    const title = this.text("forward table");
    const tables = this.layers().flatMap(([layer, sums, activations]) => {
      const name = this.layerName(layer, activations.length);
      return [element("h2", {}, name), this.tables(name + ", " + title, [sums, activations], ({ name: letter }) => letter, "values")];
    });
    return [
      sentence,
      !this.data.layered && this.note(this.text("no layers")),
      this.data.dropout > 0 && this.note(this.text("dropout", { kept: shown(1 / (1 - this.data.dropout)) })),
      ...tables,
      this.sampleChoices(),
      this.equations(this.units.map((unit) => this.unitLine(unit, this.sample))),
      this.note(this.text("digits")),
    ];
  }

  line5() {
    const { loss, batch } = this.iteration;
    const sentence = this.text("did 5", { number: shown(loss) });
    if (this.data.missing) return [sentence, this.note(this.data.missing)];
    const { outputs } = this;
    const heads = [
      this.text("sample"), ...outputs.map(({ name }) => name), ...this.targetNames(), "E⁽ˢ⁾", ...outputs.map(({ name }) => slopeOf(name)),
    ];
    const rows = this.sampleRows((s) => {
      const [values, slopes] = [this.numbers.values(this.i, s), this.numbers.slopes(this.i, s)];
      const numbers = [
        ...outputs.map(({ u }) => values[u]), ...this.data.samples[batch[s]][1], this.numbers.error(this.i, s), ...outputs.map(({ u }) => slopes[u]),
      ];
      return numbers.map((x) => this.cell(x));
    });
    const noSlope = outputs.some(({ u }) => Number.isNaN(this.numbers.slopes(this.i, 0)[u]));
    return [
      sentence,
      this.equations([this.meanLine()]),
      this.table(this.text("error table"), heads, rows),
      this.note(noSlope ? this.text("by logits") : this.text("share", { b: batch.length })),
      this.sampleChoices(),
      this.data.squares ? this.equations([this.squaresLine()]) : this.note(this.text("other loss", { name: this.data.loss })),
      this.note(this.text("digits")),
    ];
  }

  meanLine() {
    const { loss, batch } = this.iteration;
    const errors = batch.map((_, s) => this.numbers.error(this.i, s));
    const spell = (texts) => "(" + this.folded(texts).join(" + ") + ") / " + batch.length;
    return this.equation("E", batch.map((_, s) => ofSample("E", s)), (...xs) => sumOf(xs) / xs.length, errors, spell, loss);
  }

  // The textbook's squared error of the chosen sample.
  squaresLine() {
    const s = this.sample;
    const { outputs } = this;
    const targets = this.data.samples[this.iteration.batch[s]][1];
    const names = outputs.flatMap(({ name }, k) => [name, lowered("y", k + 1)]);
    const numbers = outputs.flatMap(({ u }, k) => [this.numbers.values(this.i, s)[u], targets[k]]);
    const forward = (...xs) => sumOf(xs.map((x, k) => (k % 2 ? 0 : (x - xs[k + 1]) ** 2))) / 2;
    const spell = (texts) => {
      const terms = [];
      for (let k = 0; k < texts.length; k += 2) terms.push("(" + texts[k] + " − " + bracketed(texts[k + 1]) + ")²");
      return terms.length > 1 ? "½ · (" + this.folded(terms).join(" + ") + ")" : "½ · " + terms[0];
    };
    return this.equation(ofSample("E", s), names, forward, numbers, spell, this.numbers.error(this.i, s));
  }

  line6() {
    const sentence = this.text("did 6");
    if (this.data.missing) {
      return [sentence, this.note(this.data.missing), this.parameterTables(this.numbers.gradients(this.i), "gradient", true)];
    }
    const parts = [];
    const what = this.text("gradients table");
    for (const [layer, sums, activations] of this.layers().reverse()) {
      const title = this.layerName(layer, activations.length);
      const slopes = this.tables(title + ", " + what, [activations, sums], ({ name }) => slopeOf(name), "slopes");
      const lines = [...activations, ...sums].map((unit) => this.slopeLine(unit, this.sample));
      parts.push(element("h2", {}, title), slopes, this.equations(lines));
    }
    const share = this.note(this.text("share", { b: this.iteration.batch.length }));
    return [sentence, share, this.sampleChoices(), ...parts, this.note(this.text("digits"))];
  }

  line7() {
    const { parameters, memory, rules } = this.data;
    const columns = [this.numbers.before(this.i), this.numbers.gradients(this.i), ...memory.map((_, k) => this.numbers.memory(this.i, k))];
    const found = this.numbers.after(this.i);
    const heads = [this.text("parameter"), this.text("old"), this.text("gradient"), ...memory.map((slot) => this.text(slot)), this.text("new")];
    const choose = (p) => {
      this.parameter = p;
      this.refill();
    };
    const rows = parameters.slice(0, MOST_ROWS).map(([name], p) => ({
      head: name,
      cells: [...columns.map((column) => this.cell(column[p])), this.cell(found[p], "new")],
      current: p === this.parameter,
      choose: () => choose(p),
    }));
    const rule = rules.length > 1 ? rules.map((text, g) => this.text("group", { number: g + 1, rule: text })).join("\n") : rules[0];
    return [
      this.text("did 7", { count: parameters.length }),
      element("p", { class: "ct-rule" }, rule),
      this.choices(this.choice("one parameter", parameters.map(([name]) => name), this.parameter, choose)),
      this.equations([this.gradientLine(this.parameter), this.updateLine(this.parameter)]),
      this.table(this.text("update table"), heads, rows),
      this.more(parameters.length),
      this.note(this.text("digits")),
    ];
  }
}
Training.LINES = [1, 2, 3, 4, 5, 6, 7];

// Every output runs this script; each starts what is not started yet.
for (const box of document.querySelectorAll(".chainrule-training:not([data-ready])")) {
  box.setAttribute("data-ready", "");
  new Training(box, window.chainruleTrainings[box.dataset.training]);
}
