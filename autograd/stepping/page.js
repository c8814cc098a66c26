// Turns the static picture and table of a stepper into something to step through.
// The picture is laid out once; each step changes a few texts and classes, and can be undone.
const PLAY_MILLISECONDS = 900;
const ZOOM = 1.4;
const ARROW_DIGITS = 4; // of a local derivative
const KEY_WIDTH = 46; // of "data" and "grad" in a box, with its margins
const LETTER_WIDTH = 7.3;
const MOST_GRADIENTS = 8; // that stand below the last sentence

// An element with attributes and children; text goes in as text, never as markup.
function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

class Stepper {
  constructor(box, prefix) {
    this.box = box;
    this.prefix = prefix;
    this.data = JSON.parse(box.querySelector(".cs-data").textContent);
    this.done = 0; // steps taken
    this.selected = null; // the node whose sum is shown
    this.timer = null;
    this.marked = new Map(); // by list of parts: which one has which class
    this.start = this.data.steps.findIndex((step) => step[0] === "seed"); // of the backward pass
    const engine = window.chainruleEngines[box.dataset.stepper];
    this.data.engine = engine;
    this.leaves = engine && new Leaves(this.data, engine, () => this.beforeChange(), () => this.follow());
    this.gradients = this.data.nodes.map(() => null);
    this.draw();
    this.build();
    this.listen();
    this.rewind();
  }

  // The picture of the static page becomes part of the document, with ids of its own.
  draw() {
    const image = this.box.querySelector(".cs-picture");
    const bytes = Uint8Array.from(atob(image.src.split(",")[1]), (c) => c.charCodeAt(0));
    const text = new TextDecoder().decode(bytes);
    const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    this.svg = document.importNode(parsed, true);
    this.svg.setAttribute("role", "group");
    this.svg.setAttribute("aria-label", image.alt);
    const part = (id) => this.svg.querySelector('[id="' + id + '"]');
    this.nodes = this.data.nodes.map((_, i) => part("n" + i));
    this.arrows = this.data.arrows.map(([id]) => part(id).parentNode);
    for (const named of this.svg.querySelectorAll("[id]")) named.id = this.prefix + named.id;
    this.nodes.forEach((group, i) => {
      group.setAttribute("role", "button");
      group.setAttribute("tabindex", -1);
      group.dataset.node = i;
      this.label(i);
    });
    this.svg.style.maxWidth = parsed.getAttribute("width") + "px";
    this.svg.style.minWidth = image.style.minWidth;
    this.least = image.style.minWidth;
    this.data.width = Number(parsed.getAttribute("width"));
    image.replaceWith(this.svg);
  }

  build() {
    const button = (name, label, text) =>
      element("button", { type: "button", "data-action": name, "aria-label": label, title: label }, text);
    const { texts } = this.data;
    this.play = button("play", "Play", "▶ Play");
    this.guess = new Guess(this);
    const toggle = button("guess", texts["predict, then look"], texts.predict);
    toggle.setAttribute("aria-pressed", "false");
    const choice = (name, label, options, chosen) => element(
      "select", { "aria-label": label, class: "cs-" + name },
      ...options.map(([value, text]) => element("option", value === chosen ? { value, selected: "" } : { value }, text)),
    );
    this.unit = choice("unit", texts["steps by"], [["edge", texts["by edge"]], ["node", texts["by node"]], ["layer", texts["by layer"]]], "edge");
    this.speed = choice("speed", texts.speed, [["0.5", "½×"], ["1", "1×"], ["2", "2×"], ["5", "5×"]], "1");
    const more = element(
      "div", { class: "cs-controls cs-more", role: "toolbar", "aria-label": texts["more controls"] },
      this.unit, this.speed, button("turn", texts["to the backward pass"], "⇥ " + texts.turn), toggle,
      button("smaller", texts.smaller, "−"), button("fit", texts.fit, "⤢"), button("larger", texts.larger, "+"),
      button("full", texts["full screen"], texts["full screen"]),
    );
    this.slider = element("input", {
      type: "range", min: 0, max: this.data.steps.length, step: 1, value: 0, "aria-label": "Step",
    });
    const track = element("span", { class: "cs-track" }, this.slider, element("span", { class: "cs-passes" }));
    track.style.setProperty("--turn", (100 * this.start) / this.data.steps.length + "%");
    this.count = element("output", { class: "cs-count" });
    this.phase = element("span", { class: "cs-phase" });
    this.sentence = element("p", { class: "cs-sentence", "aria-live": "polite", "aria-atomic": "true" });
    this.terms = element("details", { class: "cs-terms" }, element("summary", {}, texts["all terms"]), element("p"));
    this.formula = element("div", { class: "cs-formula", "aria-hidden": "true" });
    this.sum = element("section", { class: "cs-sum", "aria-label": "Sum over paths" });
    const graph = this.box.querySelector(".cs-graph");
    const controls = element(
      "div", { class: "cs-controls", role: "toolbar", "aria-label": "Steps" },
      button("first", "First step", "|◀"), button("back", "One step back", "◀"),
      button("next", "One step on", "▶"), button("last", "Last step", "▶|"), this.play,
      track, this.count,
    );
    const panel = element("div", { class: "cs-panel" }, this.phase, this.sentence, this.terms, this.formula);
    graph.before(controls, more, panel, this.guess.panel);
    const fixed = () => element("p", { class: "cs-note" }, filled(this.data.texts.fixed, { reason: this.data.fixed }));
    graph.after(this.sum, this.leaves ? this.leaves.section() : fixed());
    this.rows = [...this.box.querySelectorAll(".cs-all tbody tr")];
    const label = this.prefix + "all";
    this.box.querySelector(".cs-all summary").id = label;
    this.box.querySelector(".cs-scroll").setAttribute("aria-labelledby", label);
    const all = this.box.querySelector(".cs-all");
    all.open = false;
    all.addEventListener("toggle", () => {
      if (!all.open || !this.stale) return;
      this.tabulate();
      this.markRow();
    });
    this.box.tabIndex = 0;
    this.box.setAttribute("role", "region");
    this.box.setAttribute("aria-label", "Backward pass, step by step. Arrow keys step.");
    this.box.setAttribute("data-lm-suppress-shortcuts", ""); // JupyterLab leaves our keys alone
  }

  listen() {
    const actions = {
      first: () => this.go(0),
      back: () => this.go(this.boundary(-1)),
      next: () => (this.guess.on ? this.guess.answer() : this.go(this.boundary(1))),
      last: () => (this.guess.on ? this.guess.ask() : this.go(this.data.steps.length)),
      play: () => (this.timer ? this.pause() : this.guess.on ? this.guess.ask() : this.run()),
      turn: () => this.go(this.guess.on ? Math.min(this.done, this.start) : this.start),
      guess: () => this.guess.toggle(this.box.querySelector("[data-action=guess]")),
      smaller: () => this.zoom(1 / ZOOM),
      larger: () => this.zoom(ZOOM),
      fit: () => this.zoom(0),
      full: () => (document.fullscreenElement ? document.exitFullscreen() : this.box.requestFullscreen()),
    };
    const keys = { ArrowLeft: "back", ArrowRight: "next", Home: "first", End: "last" };
    this.box.addEventListener("click", (event) => {
      const button = event.target.closest("[data-action]");
      const node = event.target.closest("[data-node]");
      const row = event.target.closest(".cs-all tbody tr");
      if (button) {
        if (button !== this.play) this.pause();
        actions[button.dataset.action]();
      } else if (node) this.select(Number(node.dataset.node));
      else if (row && !this.guess.on) this.go(this.rows.indexOf(row) + 1);
    });
    this.slider.addEventListener("input", () => {
      this.pause();
      const goal = Number(this.slider.value);
      this.go(this.guess.on ? Math.min(goal, this.done) : goal);
    });
    this.box.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const node = event.target.closest("[data-node]");
      const row = event.target.closest(".cs-all tbody tr");
      if (row && this.keyOnRow(row, event.key)) this.pause();
      else if (node && (event.key === "Enter" || event.key === " ")) this.select(Number(node.dataset.node));
      else if (event.key === " " && event.target === this.box) actions.play();
      else if (keys[event.key]) {
        this.pause();
        actions[keys[event.key]]();
      } else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  run() {
    if (this.done === this.data.steps.length) this.go(0);
    this.play.textContent = "⏸ Pause";
    this.timer = setInterval(() => {
      if (!this.box.isConnected) return this.pause();
      this.go(this.boundary(1));
      if (this.done === this.data.steps.length) this.pause();
    }, PLAY_MILLISECONDS / Number(this.speed.value));
  }

  // Where the next step ends, or the last one began: a step is an edge, a node or a layer.
  boundary(direction) {
    const { steps } = this.data;
    const unit = this.unit.value;
    if (unit === "edge") return this.done + direction;
    const keys = steps.map((step) => this.keyOf(step, unit));
    let goal = this.done;
    if (direction > 0) {
      const key = keys[goal];
      while (goal < steps.length && keys[goal] === key) goal += 1;
      return goal;
    }
    const key = keys[goal - 1];
    while (goal > 0 && keys[goal - 1] === key) goal -= 1;
    return goal;
  }

  // What the steps of one node, or of one layer, have in common: their pass, and which it is.
  keyOf([kind, place], unit) {
    if (kind === "done") return kind;
    const node = kind === "edge" ? this.data.arrows[place][1] : place;
    return kind + " " + (unit === "node" ? node : this.layers()[node]);
  }

  // How far each node is from the leaves, at most: nodes as far do not need each other.
  layers() {
    if (!this.depths) {
      this.depths = this.nodes.map(() => 0);
      for (const [, node, operand] of this.data.arrows) {
        if (operand !== null) this.depths[node] = Math.max(this.depths[node], this.depths[operand] + 1);
      }
    }
    return this.depths;
  }

  // The picture larger or smaller; 0 fits the whole of it into its frame.
  zoom(factor) {
    this.size(factor ? Math.min(8, Math.max(0.25, (this.scale || 1) * factor)) : 1);
    if (factor) return;
    const frame = this.svg.parentElement;
    const { width, height } = this.svg.getBoundingClientRect();
    const share = Math.min(frame.clientWidth / width, frame.clientHeight / height);
    if (share < 1) this.size((share * width) / this.data.width);
  }

  size(scale) {
    this.scale = scale;
    const width = this.data.width * this.scale;
    this.svg.style.width = this.scale === 1 ? "" : width + "px";
    this.svg.style.maxWidth = this.scale === 1 ? this.data.width + "px" : "none";
    this.svg.style.minWidth = this.scale === 1 ? this.least : "0";
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    this.play.textContent = "▶ Play";
  }

  // Nothing computed yet: no value, no slope, no gradient.
  rewind() {
    this.done = 0;
    for (let i = 0; i < this.nodes.length; i++) {
      this.write(i, "data", null);
      this.write(i, "grad", null);
    }
    this.show();
  }

  go(target) {
    this.move(target);
    this.show();
  }

  move(target) {
    const goal = Math.max(0, Math.min(this.data.steps.length, target));
    while (this.done < goal) this.apply(this.data.steps[this.done++], true);
    while (this.done > goal) this.apply(this.data.steps[--this.done], false);
  }

  // A leaf moves: the steps that were taken are undone, and after both passes taken anew.
  beforeChange() {
    this.taken = this.done === this.data.steps.length ? Infinity : this.done;
    this.move(0);
  }

  follow() {
    this.first = null;
    this.data.arrows.forEach(([, , operand, slope], i) => {
      if (operand === null) return;
      const arrow = this.arrows[i];
      arrow.querySelector(".slope").textContent = slope === null ? "" : shown(slope, ARROW_DIGITS);
      arrow.classList.toggle("zero", slope === null);
      arrow.firstElementChild.setAttribute("stroke-dasharray", slope === null ? "4 3" : "none");
    });
    this.slider.max = this.data.steps.length;
    this.box.querySelector(".cs-counts").textContent = filled(this.data.texts.counts, {
      nodes: this.nodes.length, steps: this.data.steps.length,
    });
    this.box.classList.toggle("edited", this.leaves.edited);
    this.leaves.show();
    this.tabulate();
    this.markPaths();
    this.go(this.taken);
  }

  // The result in the heading: not before the reader has predicted it.
  title() {
    const { name, data } = this.data.nodes[this.data.root];
    const hidden = this.guess.on && this.done < this.start;
    this.box.querySelector(".cs-heading strong").textContent = name + " = " + (hidden ? "?" : shown(data));
    this.box.classList.toggle("predicting", this.guess.on);
  }

  // The table of all steps; it is long, so a closed one waits until it is opened.
  tabulate() {
    const table = this.box.querySelector(".cs-all");
    if (!table.open) {
      this.stale = true;
      return;
    }
    this.stale = false;
    const rows = this.data.steps.map((step, i) => {
      const cells = cellsOf(this.data, step).map((text) => element("td", {}, text));
      if (cells.length === 1) cells[0].setAttribute("colspan", 3);
      return element("tr", {}, element("td", {}, String(i + 1)), ...cells);
    });
    table.querySelector("tbody").replaceChildren(...rows);
    this.rows = rows;
  }

  // One delta, done or undone.
  apply(step, forward) {
    const [kind, place, ...numbers] = step;
    if (kind === "value") {
      this.nodes[place].classList.toggle("known", forward);
      this.write(place, "data", forward ? this.data.nodes[place].data : null);
      this.data.arrows.forEach((arrow, i) => {
        if (arrow[1] === place) this.arrows[i].classList.toggle("known", forward);
      });
    } else if (kind === "seed") {
      this.write(place, "grad", forward ? numbers[0] : null);
    } else if (kind === "edge") {
      const operand = this.data.arrows[place][2];
      const before = this.firstInto(place) ? null : numbers[3];
      this.write(operand, "grad", forward ? numbers[4] : before);
      this.arrows[place].classList.toggle("used", forward);
    }
  }

  // Whether an arrow is the first that brings its operand a gradient: before it there is none.
  firstInto(place) {
    if (!this.first) {
      this.first = new Map();
      for (const [kind, arrow] of this.data.steps) {
        const operand = kind === "edge" ? this.data.arrows[arrow][2] : -1;
        if (kind === "edge" && !this.first.has(operand)) this.first.set(operand, arrow);
      }
    }
    return this.first.get(this.data.arrows[place][2]) === place;
  }

  write(node, what, number) {
    const text = this.nodes[node].querySelector("." + what);
    text.textContent = number === null ? "–" : shown(number);
    this.fit(text, node);
    text.setAttribute("data-number", number === null ? "" : exact(number));
    if (what === "grad") {
      this.gradients[node] = number;
      if (this.leaves) this.leaves.showGradient(node, number);
    }
    this.label(node);
  }

  // A number that has become too long for its box is drawn narrower.
  fit(text, node) {
    const room = this.nodes[node].querySelector("rect").width.baseVal.value - KEY_WIDTH;
    // The letters are counted first, because measuring them takes longer.
    const wide = text.textContent.length * LETTER_WIDTH > room && text.getComputedTextLength() > room;
    if (wide) text.setAttribute("textLength", room);
    else text.removeAttribute("textLength");
    if (wide) text.setAttribute("lengthAdjust", "spacingAndGlyphs");
  }

  // What a pointer and a screen reader are told of a node: all digits of what is known by now.
  label(node) {
    const { name, op } = this.data.nodes[node];
    const group = this.nodes[node];
    const number = (what) => group.querySelector("." + what).getAttribute("data-number") || "–";
    const told = ["data", "grad"].map((what) => what + " " + number(what));
    if (this.data.nodes[node].grad === null) told.push(this.data.texts["no path"]);
    group.querySelector("title").textContent = name + (op ? " (" + op + ")" : "") + ": " + told.join(", ");
  }

  // Everything that depends on the current step alone.
  show() {
    const step = this.done ? this.data.steps[this.done - 1] : ["none"];
    const [kind, place] = step;
    const [, node, operand] = kind === "edge" ? this.data.arrows[place] : [null, place, null];
    const backward = this.done > this.start;
    this.box.dataset.phase = kind === "done" ? "done" : backward ? "backward" : "forward";
    this.box.dataset.step = this.done;
    this.phase.textContent = this.data.texts[this.box.dataset.phase];
    this.sentence.textContent = this.done ? sentenceOf(this.data, step) : this.data.texts["nothing yet"];
    this.unfold();
    this.slider.value = this.done;
    this.slider.setAttribute("aria-valuetext", "step " + this.done + " of " + this.data.steps.length);
    this.count.textContent = this.done + " / " + this.data.steps.length;
    this.mark(this.nodes, "current", node);
    this.mark(this.nodes, "receiver", operand);
    this.mark(this.arrows, "active", kind === "edge" ? place : null);
    this.markRow();
    this.focusable(node ?? this.data.root);
    this.formula.replaceChildren(...this.equation(step));
    this.title();
    for (const name of ["first", "back"]) this.disable(name, this.done === 0);
    for (const name of ["next", "last"]) this.disable(name, this.done === this.data.steps.length);
    if (this.selected !== null) this.summarize();
    if (kind === "value" || kind === "edge" || kind === "seed") this.reveal(operand ?? node);
  }

  // Move a class from the part that has it to another; a step must not touch what stays as it is.
  mark(parts, name, index) {
    const marked = this.marked.get(parts) || {};
    if (marked[name]) marked[name].classList.remove(name);
    marked[name] = index === null ? undefined : parts[index];
    if (marked[name]) marked[name].classList.add(name);
    this.marked.set(parts, marked);
  }

  // The row of the step is the one that the tab key reaches.
  markRow() {
    if (this.tabbedRow) this.tabbedRow.setAttribute("tabindex", -1);
    if (this.currentRow) this.currentRow.removeAttribute("aria-current");
    this.mark(this.rows, "current", this.done - 1);
    this.currentRow = this.rows[this.done - 1];
    if (this.currentRow) this.currentRow.setAttribute("aria-current", "step");
    this.tabbedRow = this.currentRow || this.rows[0];
    this.tabbedRow.setAttribute("tabindex", 0);
  }

  // The arrow keys lead from row to row, Enter and the space bar to the step of one.
  keyOnRow(row, key) {
    const goal = this.rows.indexOf(row) + ({ ArrowUp: -1, ArrowDown: 1 }[key] || 0);
    if (key === "Enter" || key === " ") {
      if (!this.guess.on) this.go(goal + 1);
    } else if (!(key === "ArrowUp" || key === "ArrowDown")) return false;
    const next = this.rows[goal] || row;
    next.setAttribute("tabindex", next === this.tabbedRow ? 0 : -1);
    next.focus();
    return true;
  }

  // All terms of a sentence that is folded, where somebody asks for them.
  unfold() {
    const step = this.done ? this.data.steps[this.done - 1] : ["none"];
    const whole = this.done ? sentenceOf(this.data, step, Infinity) : "";
    const folds = this.done && whole !== this.sentence.textContent;
    this.terms.toggleAttribute("data-folded", folds);
    this.terms.lastChild.textContent = folds ? whole : "";
  }

  disable(action, off) {
    this.box.querySelector('[data-action="' + action + '"]').setAttribute("aria-disabled", off);
  }

  // One node at a time can be reached with the tab key: the current one.
  focusable(node) {
    if (this.tabbed) this.tabbed.setAttribute("tabindex", -1);
    this.tabbed = this.nodes[node];
    this.tabbed.setAttribute("tabindex", 0);
  }

  // Scroll within the graph only, never the page.
  reveal(node) {
    const frame = this.box.querySelector(".cs-graph");
    const outer = frame.getBoundingClientRect();
    const inner = this.nodes[node].getBoundingClientRect();
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const left = inner.left < outer.left || inner.right > outer.right;
    const top = inner.top < outer.top || inner.bottom > outer.bottom;
    if (!left && !top) return;
    frame.scrollTo({
      left: left ? frame.scrollLeft + inner.left - outer.left - outer.width / 2 + inner.width / 2 : frame.scrollLeft,
      top: top ? frame.scrollTop + inner.top - outer.top - outer.height / 2 + inner.height / 2 : frame.scrollTop,
      behavior: calm ? "auto" : "smooth",
    });
  }

  // The formula of a step, each number in a box that says what it is.
  equation([kind, place, ...numbers]) {
    const cell = (role, caption, number) =>
      element("span", { class: "cs-term " + role }, element("b", {}, number), element("small", {}, caption));
    const sign = (text) => element("span", { class: "cs-sign" }, text);
    const { texts } = this.data;
    const named = (text, fields) => filled(texts[text], fields);
    if (kind === "value") {
      const node = this.data.nodes[place];
      const caption = node.op ? texts.formula : texts.leaf;
      const [places, equals] = node.op === null ? [6, "="] : digitsOf(this.data, place);
      return [cell("formula", caption, formulaOf(this.data, node, places)), sign(equals), cell("upstream", node.name, shown(node.data, places))];
    }
    if (kind === "seed") {
      const name = this.data.nodes[place].name;
      return [cell("after", named("by itself", { name }), shown(numbers[0]))];
    }
    if (kind === "done") {
      const leaves = this.data.nodes.filter((node) => node.op === null && node.grad !== null);
      return leaves.slice(0, MOST_GRADIENTS).map((leaf) => cell("after", named("grad of", leaf), shown(leaf.grad)));
    }
    if (kind !== "edge") return [];
    const [upstream, slope, product, before, after] = numbers;
    const [, node, operand] = this.data.arrows[place];
    const names = this.data.nodes;
    // The boxes have the digits and the sign of the sentence above them, so that both are true.
    const [few, equals] = digitsOfTwo("×", upstream, slope, product);
    const [more, sums] = digitsOfTwo("+", before, product, after);
    return [
      cell("upstream", named("upstream", names[node]), shown(upstream, few)), sign("×"),
      cell("slope", named("local", { node: names[node].name, parent: names[operand].name }), bracketed(shown(slope, few))), sign(equals),
      cell("product", texts.contribution, shown(product, few)),
      element("span", { class: "cs-break" }),
      cell("before", named("before", names[operand]), shown(before, more)), sign("+"),
      cell("product", texts.contribution, bracketed(shown(product, more))), sign(sums),
      cell("after", texts.after, shown(after, more)),
    ];
  }

  select(node) {
    this.selected = this.selected === node ? null : node;
    this.mark(this.nodes, "selected", this.selected);
    this.markPaths();
    if (this.selected === null) this.sum.replaceChildren();
    else this.summarize();
  }

  // The arrows of all paths from the selected node to the root: those that lead on to it only.
  markPaths() {
    const onPath = new Set(this.selected === null ? [] : [this.selected]);
    this.data.arrows.forEach(([, head, operand, slope], i) => {
      const on = slope !== null && onPath.has(operand) && this.data.nodes[head].grad !== null;
      if (on) onPath.add(head); // results come after their operands
      this.arrows[i].classList.toggle("path", on);
    });
  }

  // All contributions to the gradient of the selected node, and their total once it is complete.
  summarize() {
    const { nodes, steps, arrows, texts } = this.data;
    const { name, paths, grad } = nodes[this.selected];
    const root = nodes[this.data.root].name;
    let pending = false;
    const rows = [];
    steps.forEach(([kind, place, ...numbers], i) => {
      const [, node, operand] = kind === "edge" ? arrows[place] : [null, null, kind === "seed" ? place : null];
      if (operand !== this.selected) return;
      const waits = i >= this.done;
      pending = pending || waits;
      const [upstream, slope, product] = numbers;
      const cells = kind === "seed"
        ? [texts["starts here"], "", shown(numbers[0])]
        : [filled(texts.from, nodes[node]), shown(upstream) + " × " + bracketed(shown(slope)), shown(product)];
      const shownCells = waits ? [cells[0], "", "–"] : cells; // not before its time
      rows.push(element("tr", { class: waits ? "pending" : "" }, ...shownCells.map((text) => element("td", {}, text))));
    });
    const sum = pending ? this.gradients[this.selected] : grad;
    const told = sum !== null ? shown(sum) : pending ? "–" : texts["no path"];
    const total = element(
      "tr", { class: "cs-total" }, element("td", {}, filled(texts[pending ? "total so far" : "total"], { name })),
      element("td", {}), element("td", { "data-number": sum === null ? "" : exact(sum) }, told),
    );
    const lead = { 0: "no path leads", 1: "one path leads" }[paths] || "paths lead";
    this.sum.replaceChildren(
      element("h3", {}, filled(texts["sum over paths"], { name })),
      element("p", {}, filled(texts[lead], { name, root, count: paths })),
      element("table", {}, element("tbody", {}, ...rows, total)),
    );
  }
}

// marimo shows an output in a frame of fixed height that asks to be as tall as its content is.
function fitFrame(box) {
  const frame = window.frameElement; // null where the page around is another host's
  if (!frame || !(frame.getAttribute("onload") || "").includes("resizeIframe")) return;
  const margin = parseFloat(getComputedStyle(document.body).paddingBottom);
  const fit = () => (frame.style.height = Math.ceil(box.getBoundingClientRect().bottom + scrollY + margin) + "px");
  new ResizeObserver(fit).observe(box);
}

// Every output runs this script; each starts what is not started yet. A copy of an output in the
// same page, as JupyterLab makes for a second view, is started apart, with other ids.
for (const box of document.querySelectorAll(".chainrule-stepper:not([data-ready])")) {
  window.chainruleSteppers = (window.chainruleSteppers || 0) + 1;
  box.setAttribute("data-ready", "");
  new Stepper(box, "cs-" + box.dataset.stepper + "-" + window.chainruleSteppers + "-");
  fitFrame(box);
}
