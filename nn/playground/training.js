// The playground's engine: data, network, and lines (3) to (7) of Algorithm 3.1, as `nn` has them.
// Its numbers are those of `nn.train(..., compiled=False)` with the same seed. No derivative stands
// here: a graph is data, and `graph.js` runs it by the functions of the table.
//
// Given above, by engine.py: `operations`, `forwardPass` and `reversePass`; `SHAPES`, where the points
// of a data set lie; `ACTIVATIONS`, the operation of each and its further operands; `LOSSES`, each as
// recorded above the sums of the outputs; `DEFAULTS`; `MOST_HIDDEN`; `MESSAGES`.

const INPUTS = 2;
const MOST_SAMPLES = 5000;

// An error whose message is for the reader.
function refused(what, fields = {}) {
  return new Error(MESSAGES[what].replace(/\{(\w+)\}/g, (_, name) => fields[name]));
}

// Data sets.

// As `nn.data.generated`: two classes in turn, each spread evenly over its curve.
function generatedSamples({ data, count, noise, seed }) {
  const source = new PythonRandom(seed);
  const half = Math.floor((count + 1) / 2);
  return Array.from({ length: count }, (_, i) => {
    const label = i % 2;
    const point = SHAPES[data].point(Math.floor(i / 2) / half, label);
    return { inputs: point.map((x) => x + source.gauss(0, noise)), label };
  });
}

// Rows of a user's own, [x1, x2, class]: of two classes, in the order of `nn.Dataset`.
function ownSamples(rows) {
  const names = classNames(rows.map((row) => String(row[2]).trim()));
  return rows.map((row, i) => {
    const inputs = row.slice(0, INPUTS).map((x) => (String(x).trim() === "" ? NaN : Number(x)));
    if (row.length !== INPUTS + 1 || !inputs.every(Number.isFinite)) {
      throw refused("row", { row: String(i + 1), found: row.join(", ") });
    }
    return { inputs, label: names.indexOf(classOf(row[2], names)) };
  });
}

const isNumber = (text) => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text);

// The order of Python's texts, by code points; JavaScript's own is by halves of those beyond 16 bits.
function comparedAsTexts(a, b) {
  const [xs, ys] = [[...a], [...b]];
  const i = xs.findIndex((x, place) => x !== ys[place]);
  if (i < 0 || i >= ys.length) return xs.length - ys.length;
  return xs[i].codePointAt(0) - ys[i].codePointAt(0);
}

// The names of the two classes: by value where all are numbers, else as texts. Numbers of one value
// are one class, called by the shortest of its texts.
function classNames(texts) {
  const numeric = texts.every(isNumber);
  const key = (text) => (numeric ? Number(text) : text);
  const compared = (a, b) => (typeof a === "number" ? a - b : comparedAsTexts(a, b));
  const order = (a, b) => compared(key(a), key(b)) || a.length - b.length || compared(a, b);
  const names = new Map();
  for (const text of [...texts].sort(order)) if (!names.has(key(text))) names.set(key(text), text);
  if (names.size !== 2) throw refused("two classes", { count: String(names.size) });
  return [...names.values()];
}

function classOf(label, names) {
  const text = String(label).trim();
  return names.find((name) => name === text || (isNumber(name) && isNumber(text) && Number(name) === Number(text)));
}

// Python's round: a half goes to the even neighbour.
function rounded(x) {
  const found = Math.round(x);
  return found - x === 0.5 && found % 2 ? found - 1 : found;
}

// As `nn.split`: a share of each class is held out, and all stay in their order.
function splitSamples(samples, share, seed) {
  const source = new PythonRandom(seed);
  const chosen = new Set();
  for (const label of [0, 1]) {
    const rows = [...samples.keys()].filter((i) => samples[i].label === label);
    const count = Math.min(rounded(share * rows.length), Math.max(0, rows.length - 1));
    for (const i of source.sample(rows, count)) chosen.add(i);
  }
  return [samples.filter((_, i) => !chosen.has(i)), samples.filter((_, i) => chosen.has(i))];
}

// As `nn.Standardizer.fit`: mean 0 and standard deviation 1 of each input over the training rows.
function standardizerOf(samples) {
  const columns = [0, 1].map((i) => samples.map((sample) => sample.inputs[i]));
  const means = columns.map((column) => math_fsum(column) / column.length);
  const scales = columns.map((column, i) => {
    const squares = column.map((x) => (x - means[i]) ** 2);
    return Math.sqrt(math_fsum(squares) / column.length) || 1;
  });
  return { means, scales };
}

const standardized = (inputs, { means, scales }) => inputs.map((x, i) => (x - means[i]) / scales[i]);

// The network.

const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";

// A letter with indexes below it, as autograd/drawing/letters.py has it.
function lowered(letter, ...indexes) {
  const between = indexes.some((index) => index > 9) ? "," : "";
  return letter + indexes.join(between).replace(/\d/g, (digit) => SUBSCRIPTS[digit]);
}

// First weights, as `nn.layers.INITS` draws them for a neuron of so many inputs and a layer.
const INITS = {
  xavier: (inputs, outputs, source) => {
    const limit = Math.sqrt(6 / (inputs + outputs));
    return source.uniform(-limit, limit);
  },
  he: (inputs, outputs, source) => source.gauss(0, Math.sqrt(2 / inputs)),
  uniform: (inputs, outputs, source) => source.uniform(-1, 1),
};

// The parameters in the order of `network.parameters()`: layer by layer, unit by unit, the weights and
// then the bias, of which `input` is null. Layers, units and inputs count from 0; names as in the book.
function firstParameters({ hidden, init, seed }, outputs) {
  const source = new PythonRandom(seed);
  const layer = (number, inputs, units, name) =>
    Array.from({ length: units }, (_, unit) => {
      const one = (input, data) => ({ name: name(unit, input), data, layer: number, unit, input });
      const weights = Array.from({ length: inputs }, (_, i) => one(i, INITS[init](inputs, units, source)));
      return [...weights, one(null, 0)];
    }).flat();
  const ofHidden = (j, i) => lowered("w", j, i === null ? 0 : i + 1);
  const ofOutput = (k, j) => (j === null ? lowered("c", k + 1) : lowered("v", k + 1, j));
  return [...layer(0, INPUTS, hidden, ofHidden), ...layer(1, hidden, outputs, ofOutput)];
}

// Graphs. An expression is { operation, operands, name, operandNames }; a leaf has no operation.

const isExpression = (x) => typeof x === "object";

// bias + w1*x1 + w2*x2 + ... of the unit of a layer, as one node.
function weightedSum(parameters, layer, unit, inputs, name, operandNames = {}) {
  const own = parameters.filter((found) => found.layer === layer && found.unit === unit);
  const leaves = own.map(({ leaf }) => leaf);
  const bias = leaves.pop();
  const operands = [bias, ...leaves, ...inputs];
  return { operation: `inner_product:${operands.length}`, operands, name, operandNames };
}

// A hidden unit's h; where it is linear it is its sum.
function hiddenUnit(parameters, unit, inputs, activation) {
  const found = ACTIVATIONS[activation];
  const names = { 3: lowered("x", 1), 4: lowered("x", 2) };
  const sum = weightedSum(parameters, 0, unit, inputs, lowered(found ? "a" : "h", unit), names);
  if (!found) return sum;
  const [operation, ...others] = found;
  return { operation, operands: [sum, ...others], name: lowered("h", unit), operandNames: {} };
}

// What was recorded above the sums of the outputs, on other sums.
function above(recorded, sums) {
  const built = [];
  for (const entry of recorded) {
    if (typeof entry === "number") {
      built.push(sums[entry]);
      continue;
    }
    const [operation, operands, name, operandNames] = entry;
    const found = operands.map((x) => (isExpression(x) ? built[x[0]] : x));
    built.push({ operation, operands: found, name, operandNames });
  }
  return built[built.length - 1];
}

// The network on two numbers: h of the hidden units and the sums of the outputs, as expressions.
function networkOn(inputs, parameters, { activation, loss, hidden }) {
  const leaves = parameters.map((parameter, index) => ({
    ...parameter,
    leaf: { operation: null, operands: [], name: parameter.name, operandNames: {}, parameter: index },
  }));
  const units = Array.from({ length: hidden }, (_, j) => hiddenUnit(leaves, j, inputs, activation));
  const sums = LOSSES[loss].sums.map((name, k) => weightedSum(leaves, 1, k, units, name));
  return { units, sums };
}

// Expressions as one graph, its nodes in the order of `autograd.backward.history`: `nodes` as
// `graph.js` runs them, `parameters`, of which leaf it is, and `places`, where the expressions are.
function numbered(expressions) {
  const places = new Map();
  const visit = (found) => {
    if (places.has(found)) return;
    found.operands.filter(isExpression).forEach(visit);
    places.set(found, places.size);
  };
  expressions.forEach(visit);
  const all = [...places.keys()];
  const nodes = all.map(({ operation, operands }) =>
    operation && [operation, operands.map((x) => (isExpression(x) ? [places.get(x)] : x))],
  );
  return {
    nodes,
    root: nodes.length - 1,
    parameters: all.map(({ parameter }) => parameter),
    names: all.map(({ name }, i) => name || `u${i}`), // as in a stepper
    operandNames: all.map(({ operandNames }) => operandNames),
    places: expressions.map((found) => places.get(found)),
  };
}

// The numbers of all nodes, without edges.
function valuesOf(graph, leaves) {
  const values = [];
  graph.nodes.forEach((node, i) => {
    if (node === null) values.push(leaves[i]);
    else {
      const numbers = node[1].map((x) => (Array.isArray(x) ? values[x[0]] : x));
      values.push(+operations[node[0]].forward(...numbers));
    }
  });
  return values;
}

// The sum of losses; where it is beyond the largest number, Python raises, and this is infinite.
function sumOf(errors) {
  try {
    return math_fsum(errors);
  } catch (error) {
    if (error.kind !== "OverflowError") throw error;
    return Infinity;
  }
}

// As `nn.passes.mean_of`, where a loss that is not finite is refused.
const meanOf = (errors, share) => (errors.every(Number.isFinite) ? sumOf(errors) * share : NaN);

class Playground {
  constructor(settings = {}) {
    this.settings = checkedSettings({ ...DEFAULTS, ...settings });
    const { data, rows, heldOut, seed, loss } = this.settings;
    const all = data === "own" ? ownSamples(rows) : generatedSamples(this.settings);
    this.classNames = data === "own" ? classNames(rows.map((row) => String(row[2]).trim())) : SHAPES[data].names;
    const parts = splitSamples(all, heldOut, seed);
    // Only numbers of a user's own are standardized: what is generated is about 1 already.
    this.standardizer = data === "own" ? standardizerOf(parts[0]) : null;
    [this.training, this.heldOut] = parts.map((part) => part.map((sample) => this.prepared(sample)));
    this.checkBatch();
    this.parameters = firstParameters(this.settings, LOSSES[loss].sums.length);
    this.graphs = this.training.map((sample) => this.lossGraph(sample));
    this.heldOutGraphs = this.heldOut.map((sample) => this.lossGraph(sample));
    this.makeAnswering();
    this.source = new PythonRandom(seed);
    this.indexes = [...this.training.keys()];
    this.iteration = 0;
    this.losses = [];
    this.batch = [];
  }

  prepared({ inputs, label }) {
    const target = LOSSES[this.settings.loss].targets[label];
    return { inputs: this.standardizer ? standardized(inputs, this.standardizer) : inputs, target, label };
  }

  checkBatch() {
    const { batch } = this.settings;
    const m = this.training.length;
    if (batch > m) throw refused("batch of m", { batch: String(batch), m: String(m) });
  }

  // The graph of a sample's loss: one for each class, since a loss branches on its target.
  lossGraph({ inputs, label }) {
    const { sums } = networkOn(inputs, this.parameters, this.settings);
    return numbered([above(LOSSES[this.settings.loss].classes[label], sums)]);
  }

  // The graph of the outputs, whose inputs are set for each point.
  makeAnswering() {
    const { units, sums } = networkOn([0, 0], this.parameters, this.settings);
    const outputs = LOSSES[this.settings.loss].answers.map((recorded) => above(recorded, sums));
    this.answering = numbered([...outputs, ...units]);
    this.inputPlaces = this.answering.nodes.filter((node, i) => this.answering.operandNames[i][3]);
  }

  leavesOf(graph) {
    return graph.parameters.map((index) => (index === undefined ? undefined : this.parameters[index].data));
  }

  // One iteration of Algorithm 3.1, its lines (3) to (7).
  step() {
    const { alpha, batch } = this.settings;
    // (3) b of the m samples, without replacement
    this.batch = this.source.sample(this.indexes, batch);
    // (4) to (6), for each of them: forward, the error and its gradient, backward
    const gradients = this.parameters.map(() => 0);
    const share = 1 / batch;
    const errors = this.batch.map((i) => this.accumulated(this.graphs[i], share, gradients));
    const mean = meanOf(errors, share);
    // (7) w <- w - alpha * g, for all or for none
    const updated = this.parameters.map((parameter, i) => parameter.data - alpha * gradients[i]);
    if (!Number.isFinite(mean) || !updated.every(Number.isFinite)) this.diverged();
    this.parameters.forEach((parameter, i) => {
      parameter.data = updated[i];
      parameter.gradient = gradients[i];
    });
    this.iteration += 1;
    this.losses.push(mean);
    return mean;
  }

  diverged() {
    throw refused("diverged", { iteration: String(this.iteration + 1), alpha: String(this.settings.alpha) });
  }

  // The loss of a sample; a share of its gradient is added.
  accumulated(graph, share, gradients) {
    const { values, edges } = forwardPass(operations, graph, this.leavesOf(graph));
    const { adjoints } = reversePass(edges, graph.root, share);
    graph.parameters.forEach((index, i) => {
      if (index !== undefined && adjoints[i] !== undefined) gradients[index] += adjoints[i];
    });
    return values[graph.root];
  }

  // The mean loss and the accuracy on both parts of the data, now; null where nothing is held out.
  evaluate() {
    const [training, accuracy] = this.evaluated(this.training, this.graphs);
    const [heldOut, heldOutAccuracy] = this.evaluated(this.heldOut, this.heldOutGraphs);
    return { training, heldOut, accuracy, heldOutAccuracy };
  }

  evaluated(samples, graphs) {
    if (!samples.length) return [null, null];
    const errors = graphs.map((graph) => valuesOf(graph, this.leavesOf(graph))[graph.root]);
    const right = samples.filter(({ inputs, label }) => this.decided(this.outputs(...inputs)) === label);
    return [sumOf(errors) / errors.length, right.length / samples.length];
  }

  // The class of outputs, as `nn.evaluation.decided`.
  decided(outputs) {
    const { threshold } = LOSSES[this.settings.loss];
    if (outputs.length > 1) return outputs[1] > outputs[0] ? 1 : 0;
    return (threshold ? outputs[0] >= threshold : outputs[0] > 0) ? 1 : 0;
  }

  // Outputs, h of the hidden units, and the score, whose sign is the class, of a point.
  answers(x1, x2) {
    for (const [, operands] of this.inputPlaces) [operands[3], operands[4]] = [x1, x2];
    const values = valuesOf(this.answering, this.leavesOf(this.answering));
    const found = this.answering.places.map((place) => values[place]);
    const outputs = found.slice(0, LOSSES[this.settings.loss].sums.length);
    const { threshold } = LOSSES[this.settings.loss];
    const score = outputs.length > 1 ? outputs[1] - outputs[0] : outputs[0] - threshold;
    return { outputs, hidden: found.slice(outputs.length), score };
  }

  outputs(x1, x2) {
    return this.answers(x1, x2).outputs;
  }

  hiddenOutputs(x1, x2) {
    return this.answers(x1, x2).hidden;
  }

  score(x1, x2) {
    return this.answers(x1, x2).score;
  }

  // The loss of a training sample as a graph, with the weights of now and both passes.
  sampleGraph(index) {
    const graph = this.graphs[index];
    const leaves = this.leavesOf(graph);
    const { values, edges, raised } = forwardPass(operations, graph, leaves);
    const { nodes, root, names, operandNames, parameters } = graph;
    return { nodes, root, names, operandNames, parameters, leaves, values, edges, raised, ...reversePass(edges, root) };
  }
}

// Settings that can be trained with; else an error that says which cannot.
function checkedSettings(settings) {
  const among = { data: [...Object.keys(SHAPES), "own"], activation: Object.keys(ACTIVATIONS) };
  Object.assign(among, { loss: Object.keys(LOSSES), init: Object.keys(INITS) });
  for (const [name, choices] of Object.entries(among)) {
    if (!choices.includes(settings[name])) throw refused("choice", { name, found: String(settings[name]), choices: choices.join(", ") });
  }
  const whole = (low, high) => (x) => Number.isInteger(x) && x >= low && x <= high;
  const bounds = {
    count: ["whole number", whole(2, MOST_SAMPLES), 2, MOST_SAMPLES],
    hidden: ["whole number", whole(1, MOST_HIDDEN), 1, MOST_HIDDEN],
    batch: ["whole number", whole(1, MOST_SAMPLES), 1, MOST_SAMPLES],
    seed: ["seed", Number.isSafeInteger],
    noise: ["noise", (x) => Number.isFinite(x) && x >= 0],
    alpha: ["alpha", (x) => Number.isFinite(x) && x > 0],
    heldOut: ["held out", (x) => x >= 0 && x < 1],
  };
  for (const [name, [message, holds, low, high]] of Object.entries(bounds)) {
    const found = settings[name];
    if (!holds(found)) throw refused(message, { name, found: String(found), low: String(low), high: String(high) });
  }
  const { data, rows } = settings;
  if (data === "own" && !(Array.isArray(rows) && rows.length > 1)) throw refused("no rows");
  if (data === "own" && rows.length > MOST_SAMPLES) throw refused("rows", { found: String(rows.length), high: String(MOST_SAMPLES) });
  return settings;
}
