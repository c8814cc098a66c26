// The network with its weights, and the gradient of one as a sum over paths.

const COLUMNS = [44, 250, 456]; // where inputs, hidden units and outputs stand
const RADIUS = 17;
const ROW = 46; // between units, and less where there are many
const MOST_PATHS = 64; // that the table lists
const NETWORK_WIDTH = 500;
const SUBSCRIPT_DIGITS = "₀₁₂₃₄₅₆₇₈₉";

// A letter with indexes below it, as the pictures of the book have them.
function lowered(letter, ...indexes) {
  const between = indexes.some((index) => index > 9) ? "," : "";
  return letter + indexes.join(between).replace(/\d/g, (digit) => SUBSCRIPT_DIGITS[digit]);
}

// A part of a picture, with attributes and children.
function drawn(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// Every path from a node to the root: its edges from the root down, and the product of their slopes.
function pathsTo(node, graph) {
  const above = graph.edges.map(() => []);
  graph.edges.forEach((edges, head) => {
    for (const [operand, parent, slope] of edges) above[parent].push({ head, operand, slope });
  });
  const found = [];
  const walk = (place, edges) => {
    if (place === graph.root) found.push([...edges].reverse());
    else for (const edge of above[place]) walk(edge.head, [...edges, { ...edge, parent: place }]);
  };
  walk(node, []);
  return found.map((edges) => ({ edges, product: productOf(...edges.map(({ slope }) => slope)) }));
}

const productOf = (...numbers) => numbers.reduce((product, x) => product * x, 1);

// In how many digits the sum of printed numbers is the printed sum, and "="; else six, and "≈".
function digitsOfSum(printed, total) {
  const sum = printed.reduce((x, y) => x + y, 0);
  const places = PLACES.find((digits) => shown(sum, digits) === shown(total, digits));
  return places ? [places, "="] : [PLACES[0], "≈"];
}

class Weights {
  // `step` opens the stepper for a sample.
  constructor(texts, chosen, step) {
    this.texts = texts;
    this.chosen = chosen;
    this.selected = null;
    this.sample = 0;
    this.picture = drawn("svg", { class: "cp-network", role: "group", "aria-label": texts["network picture"] });
    this.picture.addEventListener("click", (event) => this.pressed(event));
    this.picture.addEventListener("keydown", (event) => this.key(event));
    this.weightField = element("select", { "aria-label": texts.weight, "data-field": "weight" });
    this.sampleField = element("input", { type: "number", min: 1, step: 1, value: 1, inputmode: "numeric", "data-field": "sample" });
    this.weightField.addEventListener("change", () => this.select(this.weightField.value === "" ? null : Number(this.weightField.value)));
    this.sampleField.addEventListener("change", () => this.choose(Number(this.sampleField.value) - 1));
    this.told = element("p", { class: "cp-sample" });
    this.table = element("div", { class: "cp-paths", "aria-live": "polite" });
    const button = element("button", { type: "button", "data-action": "sample" }, texts["step through"]);
    button.addEventListener("click", () => step(this.sample, this.selected));
    this.panel = element(
      "div", { class: "cp-gradient" },
      element(
        "div", { class: "cp-choices" },
        element("label", {}, element("span", {}, texts.weight), this.weightField),
        element("label", {}, element("span", {}, texts.sample), this.sampleField), button,
      ),
      this.told, this.table,
    );
  }

  begin(playground) {
    this.playground = playground;
    this.sample = Math.min(this.sample, playground.training.length - 1);
    this.sampleField.max = playground.training.length;
    const { parameters } = playground;
    if (this.selected >= parameters.length) this.selected = null;
    this.lines = parameters.map((parameter, i) => this.line(parameter, i));
    this.weightField.replaceChildren(
      element("option", { value: "" }, this.texts["choose a weight"]),
      ...parameters.map(({ name }, i) => element("option", { value: i }, name)),
    );
    this.layOut();
    this.mark();
  }

  // Where a unit stands: in layer 0 the inputs, 1 the hidden units, 2 the outputs; -1 is the bias's 1.
  place(layer, index) {
    const { counts, height } = this;
    const rows = counts[layer] + (layer < 2 ? 1 : 0);
    const row = layer < 2 ? index + 1 : index;
    const gap = Math.min(ROW, height / rows);
    return [COLUMNS[layer], height / 2 + (row - (rows - 1) / 2) * gap];
  }

  layOut() {
    const { parameters } = this.playground;
    const p = this.playground.settings.hidden;
    this.counts = [2, p, parameters[parameters.length - 1].unit + 1];
    this.height = Math.max(190, Math.min(ROW * (p + 1), 36 * (p + 1)));
    this.picture.setAttribute("viewBox", "0 0 " + NETWORK_WIDTH + " " + (this.height + 8));
    const units = [];
    this.counts.forEach((count, layer) => {
      for (let index = layer < 2 ? -1 : 0; index < count; index++) units.push(this.unit(layer, index));
    });
    parameters.forEach(({ layer, unit, input }, i) => {
      const [x, y] = this.place(layer, input ?? -1);
      const [toX, toY] = this.place(layer + 1, unit);
      for (const part of this.lines[i].children) {
        if (part.tagName !== "line") continue;
        for (const [key, value] of Object.entries({ x1: x + RADIUS, y1: y, x2: toX - RADIUS, y2: toY })) part.setAttribute(key, value);
      }
    });
    this.picture.replaceChildren(...this.lines, ...units);
  }

  unit(layer, index) {
    const [x, y] = this.place(layer, index);
    const name = index < 0 ? "1" : [lowered("x", index + 1), lowered("h", index), lowered("ŷ", index + 1)][layer];
    const radius = Math.min(RADIUS, this.height / (this.counts[1] + 1) / 2 - 1);
    const text = drawn("text", { x, y: y + 4, "text-anchor": "middle" }, name);
    return drawn("g", { class: "cp-unit" + (index < 0 ? " one" : ""), "aria-hidden": "true" }, drawn("circle", { cx: x, cy: y, r: radius }), text);
  }

  // A weight: a line to see, and a broader one to press.
  line(parameter, i) {
    return drawn(
      "g", { class: "cp-weight", role: "button", tabindex: i ? -1 : 0, "data-weight": i },
      drawn("title"), drawn("line", { class: "reach" }), drawn("line", { class: "seen" }),
    );
  }

  pressed(event) {
    const line = event.target.closest("[data-weight]");
    if (line) this.select(Number(line.dataset.weight));
  }

  // One weight at a time can be reached with the tab key; arrows lead to the others.
  key(event) {
    const line = event.target.closest("[data-weight]");
    if (!line) return;
    const i = Number(line.dataset.weight);
    const moves = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
    if (event.key === "Enter" || event.key === " ") this.select(i);
    else if (moves[event.key]) {
      const other = this.lines[(i + moves[event.key] + this.lines.length) % this.lines.length];
      line.setAttribute("tabindex", -1);
      other.setAttribute("tabindex", 0);
      other.focus();
    } else return;
    event.preventDefault();
  }

  select(i) {
    this.selected = i;
    this.mark();
    this.summarize();
  }

  choose(sample) {
    const last = this.playground.training.length - 1;
    this.sample = Math.max(0, Math.min(last, Math.trunc(sample) || 0));
    this.sampleField.value = this.sample + 1;
    this.summarize();
    this.chosen();
  }

  mark() {
    this.weightField.value = this.selected ?? "";
    this.lines.forEach((line, i) => {
      line.classList.toggle("selected", i === this.selected);
      line.setAttribute("aria-pressed", String(i === this.selected));
    });
  }

  // Lines as broad as their weights are large; dashed where they are negative.
  draw() {
    const { parameters } = this.playground;
    const most = Math.max(...parameters.map(({ data }) => Math.abs(data)), 1e-9);
    parameters.forEach(({ name, data }, i) => {
      const line = this.lines[i];
      const told = name + " = " + shown(data, 4);
      line.classList.toggle("negative", data < 0);
      line.lastChild.setAttribute("stroke-width", 0.8 + (5 * Math.abs(data)) / most || 0.8);
      line.setAttribute("aria-label", told);
      line.firstChild.textContent = told;
      this.weightField.children[i + 1].textContent = told;
    });
    this.summarize();
  }

  // The gradient of the chosen weight at the chosen sample: a product for each path, and their sum.
  summarize() {
    const { texts, playground } = this;
    const { inputs, target } = playground.training[this.sample];
    const outputs = playground.outputs(...inputs).map((y, k) => lowered("ŷ", k + 1) + " = " + shown(y, 4)).join(", ");
    this.told.textContent = filled(texts["sample is"], {
      number: this.sample + 1, inputs: inputs.map((x, i) => lowered("x", i + 1) + " = " + shown(x, 4)).join(", "),
      target: [].concat(target).map((y) => shown(y, 4)).join(", "), outputs,
    });
    if (this.selected === null) {
      this.table.replaceChildren(element("p", { class: "cp-note" }, texts["press a weight"]));
      return;
    }
    const graph = playground.sampleGraph(this.sample);
    const { name } = playground.parameters[this.selected];
    const node = graph.parameters.indexOf(this.selected);
    const root = graph.names[graph.root];
    const paths = node < 0 ? [] : pathsTo(node, graph);
    const total = paths.reduce((sum, { product }) => sum + product, 0);
    const adjoint = node < 0 ? undefined : graph.adjoints[node];
    const lead = { 0: "no path leads", 1: "one product" }[paths.length] || "products";
    this.table.replaceChildren(
      element("h3", {}, "∂" + root + "/∂" + name),
      element("p", {}, filled(texts[lead], { name, root, count: paths.length })),
      ...(paths.length ? [this.tabulated(paths, graph, total)] : []),
      element(
        "p", { class: "cp-adjoint", "data-sum": total, "data-adjoint": adjoint ?? "" },
        adjoint === undefined ? filled(texts["no adjoint"], { name }) : filled(texts.adjoint, { name, number: shown(adjoint) }),
      ),
    );
  }

  tabulated(paths, graph, total) {
    const { texts } = this;
    const lines = paths.map(({ edges, product }) => digitsTrue(productOf, edges.map(({ slope }) => slope), product));
    const rows = paths.slice(0, MOST_PATHS).map(({ edges, product }, i) => {
      const [places, equals] = lines[i];
      const way = [...edges.map(({ head }) => graph.names[head]), graph.names[edges[edges.length - 1].parent]].join(" → ");
      const symbols = edges.map(({ head, parent }) => "∂" + graph.names[head] + "/∂" + graph.names[parent]).join(" · ");
      const numbers = edges.map(({ slope }, k) => (k ? bracketed(shown(slope, places)) : shown(slope, places))).join(" × ");
      return element(
        "tr", {}, element("td", {}, way),
        element("td", {}, element("span", { class: "cp-symbols" }, symbols), element("span", {}, numbers)),
        element("td", { class: "number", "data-number": product }, equals + " " + shown(product, places)),
      );
    });
    const head = element("tr", {}, ...["path", "product", "number"].map((text) => element("th", { scope: "col" }, texts[text])));
    const [places, equals] = digitsOfSum(paths.map(({ product }, i) => Number(shown(product, lines[i][0]))), total);
    const sum = element(
      "tr", { class: "cp-total" }, element("td", { colspan: 2 }, texts["sum of paths"]),
      element("td", { class: "number", "data-number": total }, equals + " " + shown(total, places)),
    );
    return element(
      "div", { class: "cp-scroll", tabindex: 0, role: "region", "aria-label": texts.paths },
      element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows, sum)),
    );
  }
}
