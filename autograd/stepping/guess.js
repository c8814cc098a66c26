// Predict, then look: the number of the next step is hidden until somebody has typed a guess.

const NEAR = 0.01; // a guess is right within this share of the number,
const NEARLY = 0.005; // or so near

// A text as a number that JavaScript reads.
function guessed(text) {
  return Number(text.replace("−", "-").replace(",", "."));
}

// Whether a text is a number, one that is not finite as the page says it, or nothing at all.
function isNumber(text) {
  return !Number.isNaN(guessed(text)) || ["inf", "-inf", "nan"].includes(text.toLowerCase().replace("−", "-"));
}

// Whether a text says a number, nearly. What is not finite has to be said as the page says it.
function isNear(text, number) {
  if (!Number.isFinite(number)) return text.toLowerCase().replace("−", "-") === shown(number);
  const guess = text === "" ? NaN : guessed(text);
  return Math.abs(guess - number) <= Math.max(NEAR * Math.abs(number), NEARLY);
}

class Guess {
  constructor(stepper) {
    this.stepper = stepper;
    this.texts = stepper.data.texts;
    this.on = false;
    this.hits = 0;
    this.asked = 0;
    this.question = element("label", { class: "cs-question" });
    this.field = element("input", { type: "text", inputmode: "decimal", autocomplete: "off", class: "cs-guess" });
    this.told = element("output", { class: "cs-told", "aria-live": "polite" });
    this.panel = element("div", { class: "cs-guessing", hidden: "" }, this.question, this.field, this.told);
    this.field.addEventListener("keydown", (event) => {
      event.stopPropagation(); // arrow keys move the caret, and not the step
      if (event.key === "Enter") this.answer();
    });
  }

  toggle(button) {
    this.on = !this.on;
    button.setAttribute("aria-pressed", String(this.on));
    this.panel.hidden = !this.on;
    this.told.textContent = "";
    this.stepper.title();
    if (this.on) this.ask();
  }

  // Whether a step has a number that nobody was given.
  isQuestion([kind, place]) {
    return kind === "edge" || (kind === "value" && this.stepper.data.nodes[place].op !== null);
  }

  // Take the steps that ask nothing, and ask for the next one.
  ask() {
    const { stepper } = this;
    const { steps } = stepper.data;
    while (stepper.done < steps.length && !this.isQuestion(steps[stepper.done])) stepper.go(stepper.done + 1);
    const step = steps[stepper.done];
    this.field.value = "";
    this.field.hidden = !step;
    this.question.textContent = step ? this.questionOf(step) : filled(this.texts["guesses"], this.score());
    if (step) this.field.setAttribute("aria-label", this.question.textContent);
    if (step) this.field.focus({ preventScroll: true });
  }

  questionOf([kind, place]) {
    const { data } = this.stepper;
    if (kind === "value") {
      const node = data.nodes[place];
      return filled(this.texts["guess value"], { name: node.name, formula: spelled(node, operandNames(data, node)) });
    }
    const [, node, parent, , , rule] = data.arrows[place];
    const names = { root: data.nodes[data.root].name, node: data.nodes[node].name, parent: data.nodes[parent].name };
    return filled(this.texts["guess edge"], { ...names, rule });
  }

  // The number that the next step brings.
  wanted([kind, place, ...numbers]) {
    return kind === "value" ? this.stepper.data.nodes[place].data : numbers[2];
  }

  answer() {
    const { stepper } = this;
    const step = stepper.data.steps[stepper.done];
    if (!step) return;
    const wanted = this.wanted(step);
    const number = Number(exact(wanted).replace("inf", "Infinity"));
    const text = this.field.value.trim();
    if (!isNumber(text)) {
      this.told.textContent = filled(this.texts["no number"], { text });
      return;
    }
    this.asked += 1;
    const right = isNear(text, number);
    if (right) this.hits += 1;
    stepper.go(stepper.done + 1);
    const told = filled(this.texts[right ? "right" : "not right"], { number: shown(wanted) });
    this.told.textContent = told + " " + filled(this.texts["guesses"], this.score());
    this.ask();
  }

  score() {
    return { hits: this.hits, asked: this.asked };
  }
}
