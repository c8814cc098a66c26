// The leaves of a graph as sliders and fields: when one moves, both passes are computed anew.

class Leaves {
  // `before` is called before both passes are computed anew, and `changed` after that.
  constructor(data, engine, before, changed) {
    this.data = data;
    this.engine = engine;
    this.before = before;
    this.changed = changed;
    this.recorded = data.nodes.map((node) => node.data);
    this.numbers = [...this.recorded];
    this.rows = new Map();
    this.warning = element("p", { class: "cs-warning", role: "status" });
  }

  get edited() {
    return this.numbers.some((x, i) => this.data.nodes[i].op === null && !Object.is(x, this.recorded[i]));
  }

  // The section of the page; open where there are few.
  section() {
    const { nodes, texts } = this.data;
    const rows = nodes.map((node, i) => (node.op === null ? this.row(node, i) : null)).filter((row) => row);
    const reset = element("button", { type: "button", class: "cs-reset" }, texts["as recorded"]);
    reset.addEventListener("click", () => this.reset());
    return element(
      "details", { class: "cs-leaves", open: "" },
      element("summary", {}, texts.leaves),
      element("p", { class: "cs-note" }, texts["same graph"]),
      element("div", { class: "cs-leaf-list" }, ...rows), reset, this.warning,
    );
  }

  row(node, i) {
    const { texts } = this.data;
    const named = (text) => filled(texts[text], { name: node.name });
    const start = Number(exact(node.data).replace("inf", "Infinity"));
    const reach = Number.isFinite(start) ? Math.max(1, Math.abs(start)) : 1;
    const middle = Number.isFinite(start) ? start : 0;
    const slider = element("input", {
      type: "range", min: middle - reach, max: middle + reach, step: "any", "aria-label": named("slider of"),
    });
    const field = element("input", {
      type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false", "aria-label": named("value of"),
    });
    const gradient = element("output", { class: "cs-leaf-grad" });
    slider.step = reach / 100;
    slider.value = middle;
    field.value = exact(node.data);
    slider.addEventListener("input", () => this.set(i, Number(slider.value)));
    field.addEventListener("change", () => this.typed(i, field));
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.typed(i, field);
      event.stopPropagation(); // arrow keys move the caret, and not the step
    });
    slider.addEventListener("keydown", (event) => event.stopPropagation());
    this.rows.set(i, { slider, field, gradient });
    return element("label", { class: "cs-leaf" }, element("b", {}, node.name), slider, field, gradient);
  }

  typed(i, field) {
    const text = field.value.trim().replace("−", "-");
    const number = /^[+-]?inf$/i.test(text) ? (text.startsWith("-") ? -Infinity : Infinity) : Number(text);
    const good = text !== "" && (!Number.isNaN(number) || text.toLowerCase() === "nan");
    field.setAttribute("aria-invalid", String(!good));
    if (good) this.set(i, number);
    else this.warning.textContent = filled(this.data.texts["no number"], { text: text || "—" });
  }

  set(i, number) {
    if (Object.is(number, this.numbers[i])) return;
    this.numbers[i] = number;
    this.run();
  }

  reset() {
    this.numbers = [...this.recorded];
    this.run();
  }

  run() {
    this.before();
    const raised = recomputed(this.data, this.engine, this.numbers);
    const first = [...raised.keys()][0];
    this.warning.textContent = first === undefined ? "" : this.told(first, raised.get(first));
    this.changed();
  }

  told(i, error) {
    const { nodes, texts } = this.data;
    const node = nodes[i];
    const formula = spelled(node, operandNumbers(this.data, node).map((x) => shown(x)));
    return filled(texts["would raise"], { error, name: node.name, formula, number: shown(node.data) });
  }

  // A number beyond the slider's range widens it.
  moveSlider(slider, number) {
    if (!Number.isFinite(number)) return;
    if (number < Number(slider.min)) slider.min = number - Math.abs(number) / 2;
    if (number > Number(slider.max)) slider.max = number + Math.abs(number) / 2;
    slider.value = number;
  }

  // Level with the numbers.
  show() {
    for (const [i, { slider, field }] of this.rows) {
      const number = this.numbers[i];
      if (document.activeElement !== slider) this.moveSlider(slider, number);
      if (document.activeElement !== field) field.value = exact(number);
    }
  }

  // The gradient of a leaf, once its pass has reached it.
  showGradient(i, number) {
    const row = this.rows.get(i);
    if (!row) return;
    row.gradient.textContent = number === null ? "" : filled(this.data.texts["gradient now"], { number: shown(number) });
  }
}
