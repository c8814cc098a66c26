// Numbers and sentences of a stepper as Python writes them (`lines.py`), and both passes anew.

// A number as Python's format(x, ".6g") writes it; what JSON lacks comes as [in full, as shown].
function shown(x, places = 6) {
  if (Array.isArray(x)) return x[1];
  if (x === 0) return "0";
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
  if (isTie(x, places)) return shown(towardsEven(x, places), places);
  const [mantissa, exponent] = x.toExponential(places - 1).split("e");
  const power = Number(exponent);
  const trim = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  if (power >= -4 && power < places) return trim(x.toFixed(places - 1 - power));
  const digits = String(Math.abs(power)).padStart(2, "0");
  return trim(mantissa) + "e" + (power < 0 ? "-" : "+") + digits;
}

// Python rounds halves to even, and JavaScript away from 0: whether that is another number.
function isTie(x, places) {
  const digits = Math.abs(x).toExponential(40).split("e")[0].replace(".", "");
  return /^50*$/.test(digits.slice(places)) && Number(digits[places - 1]) % 2 === 0;
}

function towardsEven(x, places) {
  const [mantissa, exponent] = x.toExponential(40).split("e");
  return Number(mantissa.slice(0, places + 1 + (x < 0)) + "e" + exponent);
}

const exact = (x) => (Array.isArray(x) ? x[0] : Number.isNaN(x) ? "nan" : String(x).replace("Infinity", "inf"));
const bracketed = (text) => (text.startsWith("-") ? "(" + text + ")" : text);

// A text of the catalogue, with what is told filled in; "{" of a name stays as it is.
const filled = (text, fields) => text.replace(/\{(\w+)\}/g, (_, name) => fields[name]);

// Of a long list the first and the last.
const MOST_OPERANDS = 6;
function folded(texts, most = MOST_OPERANDS) {
  if (texts.length <= most) return texts;
  return [...texts.slice(0, most - 2), "…", texts[texts.length - 1]];
}

// An operation on texts, as Python spells it.
function spelled(node, texts, most) {
  if (node.kind === "products") {
    const half = (texts.length + 1) / 2;
    const products = texts.slice(1, half).map((w, i) => bracketed(w) + "·" + bracketed(texts[half + i]));
    return folded(node.bias || !products.length ? [texts[0], ...products] : products, most).join(" + ");
  }
  if (node.kind === "infix") return folded(texts, most).map(bracketed).join(" " + node.op + " ");
  if (node.kind === "prefix") return node.op + texts.join("");
  const inside = folded(texts, most).join(", ");
  return node.kind === "many" ? node.op + "([" + inside + "])" : node.op + "(" + inside + ")";
}

const operandNumbers = (data, node) => node.operands.map((x) => (Array.isArray(x) ? data.nodes[x[0]].data : x.data));
const operandNames = (data, node) =>
  node.operands.map((x) => (Array.isArray(x) ? data.nodes[x[0]].name : x.name || shown(x.data)));

// The most digits in which a line of numbers is true, and "="; else six, and "≈".
const PLACES = [6, 5, 4];
function digitsTrue(forward, numbers, result) {
  const printed = (x, places) => Number(shown(x, places).replace("inf", "Infinity"));
  for (const places of PLACES) {
    try {
      const found = +forward(...numbers.map((x) => (Array.isArray(x) ? Number(x[1]) : printed(x, places))));
      if (shown(found, places) === shown(result, places)) return [places, "="];
    } catch (error) {
      if (!error.kind) throw error; // else Python would raise here, too
    }
  }
  return [PLACES[0], "≈"];
}

// What a node is: in names and in numbers, in so many digits.
function formulaOf(data, node, places = PLACES[0], most = MOST_OPERANDS) {
  if (node.op === null) return "given";
  const left = spelled(node, operandNames(data, node), most);
  const right = spelled(node, operandNumbers(data, node).map((x) => shown(x, places)), most);
  return left === right ? left : left + " = " + right;
}

// Digits and sign of a node's line. Where a page has no functions, Python has said them.
function digitsOf(data, place) {
  const node = data.nodes[place];
  if (!data.engine) return node.digits;
  const operation = data.engine.operations[data.graph.nodes[place][0]];
  return digitsTrue(operation.forward, operandNumbers(data, node), node.data);
}

// Digits and sign of the line of a product or a sum.
function digitsOfTwo(sign, x, y, result) {
  if ([x, y, result].some(Array.isArray)) return [PLACES[0], "="];
  return digitsTrue((a, b) => (sign === "×" ? a * b : a + b), [x, y], result);
}

function ofTwo(sign, x, y, result) {
  const [places, equals] = digitsOfTwo(sign, x, y, result);
  return shown(x, places) + " " + sign + " " + bracketed(shown(y, places)) + " " + equals + " " + shown(result, places);
}

// The sentence of a step, with so many operands of an operation or leaves of the last step.
const MOST_LEAVES = 6;
function sentenceOf(data, step, most = MOST_OPERANDS) {
  const { nodes, arrows, texts } = data;
  const [kind, place, ...numbers] = step;
  const root = nodes[data.root].name;
  if (kind === "value") {
    const node = nodes[place];
    if (node.op === null) return filled(texts.given, { name: node.name, number: shown(node.data) });
    const [places, equals] = digitsOf(data, place);
    const line = formulaOf(data, node, places, most) + " " + equals + " " + shown(node.data, places);
    return filled(texts.computed, { name: node.name, line });
  }
  if (kind === "seed") return filled(texts.start, { root, number: shown(numbers[0]) });
  if (kind === "edge") {
    const [upstream, slope, product, before, after] = numbers;
    const [, node, parent, , , rule] = arrows[place];
    return filled(texts["passed on"], {
      parent: nodes[parent].name, node: nodes[node].name,
      rule: "∂" + root + "/∂" + nodes[node].name + " · " + rule,
      product: ofTwo("×", upstream, slope, product), sum: ofTwo("+", before, product, after),
    });
  }
  const leaves = nodes.filter((node) => node.op === null && node.grad !== null);
  if (!leaves.length || nodes[data.root].op === null) return filled(texts["no gradient"], { root });
  const named = Math.max(most, MOST_LEAVES);
  const told = leaves.slice(0, named).map(({ name, grad }) => filled(texts["of a leaf"], { name, number: shown(grad) }));
  const more = leaves.length > named ? filled(texts["more leaves"], { count: leaves.length - named }) : "";
  return filled(texts.complete, { root, listed: told.join(texts["between leaves"]) + more });
}

// The cells of a step in the table of all steps.
function cellsOf(data, step) {
  const { nodes, arrows, texts } = data;
  const [kind, place, ...numbers] = step;
  if (kind === "value") {
    const [places, equals] = nodes[place].op === null ? [PLACES[0], "="] : digitsOf(data, place);
    const result = (equals === "=" ? "" : equals + " ") + shown(nodes[place].data, places);
    return [nodes[place].name, formulaOf(data, nodes[place], places), result];
  }
  if (kind === "seed") return [nodes[place].name, texts["starts here"], shown(numbers[0])];
  if (kind === "done") return [sentenceOf(data, step)];
  const [upstream, slope, product, before, after] = numbers;
  const [, node, parent] = arrows[place];
  return [
    nodes[node].name + " → " + nodes[parent].name,
    ofTwo("×", upstream, slope, product),
    ofTwo("+", before, product, after),
  ];
}

// For each node the number of paths from it to the root.
function pathCounts(data) {
  const counts = data.nodes.map(() => 0n);
  counts[data.root] = 1n;
  for (const [, node, operand, slope] of [...data.arrows].reverse()) {
    if (slope !== null) counts[operand] += counts[node];
  }
  return counts;
}

// Both passes with other numbers in the leaves; returns where Python would raise.
function recomputed(data, engine, leaves) {
  const { graph, nodes, arrows } = data;
  const { values, edges, raised } = engine.forwardPass(engine.operations, graph, leaves);
  const { adjoints, steps } = engine.reversePass(edges, graph.root, graph.seed);
  nodes.forEach((node, i) => {
    node.data = values[i];
    node.grad = adjoints[i] === undefined ? null : adjoints[i];
  });
  const place = new Map();
  arrows.forEach((arrow, i) => {
    const [, node, operand, , position] = arrow;
    if (operand === null) return;
    const edge = edges[node].find(([j]) => j === position);
    arrow[3] = edge ? edge[2] : null;
    place.set(node + "-" + position, i);
  });
  pathCounts(data).forEach((count, i) => (nodes[i].paths = String(count)));
  data.steps = [
    ...nodes.map((_, i) => ["value", i]),
    ["seed", data.root, graph.seed],
    ...steps.map((s) => ["edge", place.get(s.node + "-" + s.operand), s.upstream, s.slope, s.contribution, s.before, s.after]),
    ["done"],
  ];
  return raised;
}
