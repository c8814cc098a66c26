// The playground: what is set, what is learned, and what is shown of it.

const SPEEDS = [1, 5, 20, 100]; // iterations for each picture
const SPEED = 5;
const MANY = 100; // iterations of the button that does many
const EVERY = 10; // iterations from one point of the curves to the next, at most
const PANELS = ["boundary", "units", "network", "curves", "weights", "speed", "step", "many", "play", "reset"];

class Room {
  constructor(box) {
    this.box = box;
    this.data = JSON.parse(box.querySelector(".cp-data").textContent);
    this.texts = this.data.texts;
    this.start = this.data.settings;
    this.settings = settingsIn(location.hash, this.start);
    this.frame = null;
    this.opened = 0; // steppers so far
    window.chainruleEngines = { ...window.chainruleEngines, sample: engine };
    this.palette = new Palette(box);
    this.plots = new Plots(this.texts, this.palette, (sample) => this.weights.choose(sample));
    this.weights = new Weights(this.texts, () => this.plots.draw(false, this.weights.sample), (...chosen) => this.stepThrough(...chosen));
    this.controls = new Controls(this.texts, this.settings, (name) => this.follow(name));
    this.build();
    this.listen();
    this.hide();
    this.reset();
  }

  build() {
    const { texts } = this;
    const button = (action, ...parts) => element("button", { type: "button", "data-action": action }, ...parts);
    this.play = button("play", texts.play);
    this.speed = element("select", { "aria-label": texts.speed }, ...SPEEDS.map((value) => element("option", { value }, filled(texts.times, { number: value }))));
    this.speed.value = SPEED;
    const told = (name) => {
      this[name] = element("output", { "data-told": name });
      return element("span", { class: "cp-told" }, element("span", {}, texts["told " + name]), this[name]);
    };
    const bar = element(
      "div", { class: "cp-bar", role: "toolbar", "aria-label": texts.controls },
      this.play, button("step", texts.step), button("many", filled(texts.many, { number: MANY })), button("reset", texts.reset),
      element("label", { class: "cp-control", "data-control": "speed" }, element("span", {}, texts.speed), this.speed),
    );
    const facts = element(
      "div", { class: "cp-facts" }, ...["iteration", "trainingLoss", "heldOutLoss", "accuracy", "heldOutAccuracy"].map(told),
    );
    this.status = element("p", { class: "cp-unseen", role: "status" });
    const panel = (name, ...parts) =>
      element("section", { class: "cp-panel", "data-panel": name, "aria-label": texts["panel " + name] }, element("h2", {}, texts["panel " + name]), ...parts);
    const key = (shape, text) => element("span", { class: "cp-key" }, keyOf(shape), element("span", {}, text));
    const legend = element(
      "p", { class: "cp-legend" }, key("first", ""), key("second", ""),
      key("first hollow", texts["held out"]), key("line", texts.border),
    );
    this.scaled = element("p", { class: "cp-note" }, texts.standardized);
    const lines = element("p", { class: "cp-legend" }, key("curve", texts["on training"]), key("curve dashed", texts["on held out"]));
    const signs = element("p", { class: "cp-legend" }, key("weight", texts.positive), key("weight negative", texts.negative));
    this.sample = element("section", { class: "cp-panel cp-stepper", "aria-label": texts["panel sample"], hidden: "" });
    const column = (...parts) => element("div", { class: "cp-column" }, ...parts);
    const panels = element(
      "div", { class: "cp-panels" },
      column(panel("settings", this.controls.form)),
      column(panel("boundary", this.plots.boundary, legend, this.scaled)),
      column(panel("curves", this.plots.curves, lines), panel("network", this.weights.picture, signs)),
      panel("units", this.plots.units),
      panel("weights", this.weights.panel),
    );
    this.box.append(element("div", {}, bar, facts, this.status, panels), this.sample);
  }

  listen() {
    const actions = {
      play: () => (this.frame ? this.pause() : this.run()),
      step: () => this.advance(1),
      many: () => this.advance(MANY),
      reset: () => {
        this.controls.show(); // what was typed and is no setting gives way to what is one
        this.reset();
      },
    };
    this.box.addEventListener("click", (event) => {
      const button = event.target.closest("[data-action]");
      const action = button && actions[button.dataset.action];
      if (!action) return;
      if (button.dataset.action !== "play") this.pause();
      action();
    });
    window.addEventListener("hashchange", () => {
      if (location.hash.slice(1) === this.written) return;
      Object.assign(this.settings, settingsIn(location.hash, this.start));
      this.controls.show();
      this.hide();
      this.reset();
    });
    const again = () => this.show();
    window.addEventListener("resize", again);
    for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", again);
  }

  // Leave out what a lesson hides.
  hide() {
    const names = this.settings.hide;
    this.controls.hide(names);
    for (const name of PANELS) {
      const found = '[data-panel="' + name + '"], [data-control="' + name + '"], .cp-bar [data-action="' + name + '"]';
      for (const part of this.box.querySelectorAll(found)) part.hidden = names.includes(name);
    }
    const settings = Object.keys(SETTINGS);
    this.box.querySelector('[data-panel="settings"]').hidden = settings.every((name) => names.includes(name));
  }

  // A setting was changed. Another step size holds from here on; all else begins anew.
  follow(name) {
    if (name !== "alpha") return this.reset();
    this.playground.settings.alpha = this.settings.alpha;
    this.write();
  }

  // The engine with these settings, or nothing and a line that says what is wrong.
  made(settings) {
    try {
      this.controls.say("");
      return new engine.Playground({ ...settings, heldOut: settings.held_out });
    } catch (error) {
      this.controls.say(error.message);
      return null;
    }
  }

  // A page whose address has settings that do not go together begins as without them, and says so.
  startOver() {
    const problem = this.controls.problem.textContent;
    const found = this.made(this.start);
    Object.assign(this.settings, this.start, { hide: this.settings.hide });
    this.controls.show();
    this.controls.say(problem);
    return found;
  }

  // A new network, and the settings in the address.
  reset() {
    this.pause();
    const found = this.made(this.settings) || this.playground || this.startOver();
    if (!found || found === this.playground) return;
    this.playground = found;
    this.status.className = "cp-unseen";
    const keys = this.box.querySelectorAll('[data-panel="boundary"] .cp-key');
    this.playground.classNames.forEach((name, label) => (keys[label].lastChild.textContent = filled(this.texts["class"], { name })));
    this.scaled.hidden = !this.playground.standardizer;
    this.plots.begin(this.playground);
    this.weights.begin(this.playground);
    this.write();
    this.show();
  }

  // The settings into the address, where the page has one of its own.
  write() {
    this.written = fragmentOf(this.settings, this.settings.hide);
    try {
      if (location.protocol !== "about:") history.replaceState(null, "", "#" + this.written);
    } catch (error) {
      this.written = null; // an embedded page has no address
    }
  }

  // So many iterations; where they diverge, what is to be said.
  iterate(count) {
    const { playground } = this;
    try {
      for (let i = 0; i < count; i++) {
        playground.step();
        if (playground.iteration % EVERY === 0) this.evaluate();
      }
      return "";
    } catch (error) {
      return error.message;
    }
  }

  advance(count) {
    const problem = this.iterate(count);
    this.show();
    this.announce(problem);
  }

  run() {
    this.play.textContent = this.texts.pause;
    const next = () => {
      if (!this.box.isConnected) return;
      const problem = this.iterate(Number(this.speed.value));
      this.show(true);
      this.frame = problem ? this.frame : requestAnimationFrame(next);
      if (problem) this.pause(problem);
    };
    this.frame = requestAnimationFrame(next);
  }

  pause(problem = "") {
    this.play.textContent = this.texts.play;
    if (!this.frame) return;
    cancelAnimationFrame(this.frame);
    this.frame = null;
    this.show();
    this.announce(problem);
  }

  // What has happened, for a screen reader too; not while it plays.
  announce(problem) {
    const told = { iteration: this.iteration.textContent, loss: this.trainingLoss.textContent };
    this.status.textContent = problem || filled(this.texts["is at"], told);
    this.status.className = problem ? "cp-problem" : "cp-unseen";
  }

  // The losses and accuracies of now, for the curves.
  evaluate() {
    const now = { ...this.playground.evaluate(), iteration: this.playground.iteration };
    this.plots.note(now);
    return now;
  }

  show(playing = false) {
    if (!this.playground) return;
    const now = this.evaluate();
    const percent = (share) => (share === null || Number.isNaN(share) ? "–" : (100 * share).toFixed(1) + " %");
    const loss = (number) => (Number.isFinite(number) ? shown(number, 4) : "–");
    this.iteration.textContent = this.playground.iteration;
    this.trainingLoss.textContent = loss(now.training);
    this.heldOutLoss.textContent = loss(now.heldOut);
    this.accuracy.textContent = percent(now.accuracy);
    this.heldOutAccuracy.textContent = percent(now.heldOutAccuracy);
    const fields = { training: loss(now.training), heldOut: loss(now.heldOut), accuracy: percent(now.accuracy), heldOutAccuracy: percent(now.heldOutAccuracy) };
    this.plots.boundary.setAttribute("aria-label", filled(this.texts["boundary picture"], fields));
    this.plots.curves.setAttribute("aria-label", filled(this.texts["curves picture"], fields));
    this.plots.draw(playing, this.weights.sample);
    this.weights.draw();
    this.weights.table.setAttribute("aria-live", playing ? "off" : "polite");
  }

  // The stepper of a training sample's loss, with the weights as they are now.
  stepThrough(sample, weight) {
    this.pause();
    const { texts, playground } = this;
    const graph = playground.sampleGraph(sample);
    const fields = { number: sample + 1, iteration: playground.iteration };
    const told = { weights: filled(texts["weights of"], fields), picture: filled(texts["sample picture"], fields), all: texts["all steps"] };
    for (const name of ["step", "where", "what is computed", "result"]) told[name] = texts["column " + name];
    const box = stepperBox(graph, this.data.words, this.data.stepping, engine, told);
    this.sample.replaceChildren(element("h2", {}, filled(texts["sample title"], fields)), element("h3", { class: "cp-unseen" }, texts["panel sample"]), box);
    this.sample.hidden = false;
    const made = new Stepper(box, "cp-" + ++this.opened + "-");
    const node = weight === null ? -1 : graph.parameters.indexOf(weight);
    if (node >= 0) made.select(node);
    this.sample.scrollIntoView({ block: "start" });
    box.focus({ preventScroll: true });
  }
}

// A sign of the legend.
function keyOf(kind) {
  const parts = {
    first: () => drawn("circle", { cx: 12, cy: 8, r: 5 }),
    second: () => drawn("path", { d: "M12,2L18,13L6,13Z" }),
    line: () => drawn("line", { x1: 0, y1: 8, x2: 24, y2: 8 }),
    curve: () => drawn("line", { x1: 0, y1: 8, x2: 24, y2: 8 }),
    weight: () => drawn("line", { x1: 0, y1: 8, x2: 24, y2: 8 }),
  };
  return drawn("svg", { class: "cp-sign " + kind, viewBox: "0 0 24 16", width: 24, height: 16, "aria-hidden": "true" }, parts[kind.split(" ")[0]]());
}

for (const box of document.querySelectorAll(".chainrule-playground:not([data-ready])")) {
  box.setAttribute("data-ready", "");
  const room = new Room(box);
  box.playground = () => room.playground; // for who looks at it from outside
}
