// Numbers and sentences of a stepper as Python writes them, and both passes computed anew.

// A number as Python's format(x, ".6g") writes it; what JSON lacks comes as [in full, as shown].
function shown(x) {
  if (Array.isArray(x)) return x[1];
  if (x === 0) return "0";
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
  const [mantissa, exponent] = x.toExponential(5).split("e");
  const power = Number(exponent);
  const trim = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  if (power >= -4 && power < 6) return trim(x.toFixed(5 - power));
  const digits = String(Math.abs(power)).padStart(2, "0");
  return trim(mantissa) + "e" + (power < 0 ? "-" : "+") + digits;
}

const exact = (x) => (Array.isArray(x) ? x[0] : Number.isNaN(x) ? "nan" : String(x).replace("Infinity", "inf"));
const bracketed = (text) => (text.startsWith("-") ? "(" + text + ")" : text);

// A text of the catalogue, with what is told filled in; "{" of a name stays as it is.
const filled = (text, fields) => text.replace(/\{(\w+)\}/g, (_, name) => fields[name]);

// An operation on texts, as Python spells it; of many the first and the last.
const MOST_OPERANDS = 6;
function spelled(node, texts) {
  let parts = texts;
  if (parts.length > MOST_OPERANDS) parts = [...parts.slice(0, MOST_OPERANDS - 2), "…", parts[parts.length - 1]];
  if (node.kind === "infix") return parts.map(bracketed).join(" " + node.op + " ");
  if (node.kind === "prefix") return node.op + parts.join("");
  return node.kind === "many" ? node.op + "([" + parts.join(", ") + "])" : node.op + "(" + parts.join(", ") + ")";
}

// The operands of a node as texts: by name, or by number. A plain number is a text already.
const operandNames = (data, node) => node.operands.map((x) => (Array.isArray(x) ? data.nodes[x[0]].name : x));
const operandNumbers = (data, node) =>
  node.operands.map((x) => (Array.isArray(x) ? shown(data.nodes[x[0]].data) : x));

function formulaOf(data, node) {
  if (node.op === null) return "given";
  return spelled(node, operandNames(data, node)) + " = " + spelled(node, operandNumbers(data, node));
}

// The sentence of a step.
const MOST_LEAVES = 6;
function sentenceOf(data, step) {
  const { nodes, arrows, texts } = data;
  const [kind, place, ...numbers] = step;
  const root = nodes[data.root].name;
  if (kind === "value") {
    const { name, op, data: number } = nodes[place];
    const fields = { name, number: shown(number), formula: formulaOf(data, nodes[place]) };
    return filled(texts[op === null ? "given" : "computed"], fields);
  }
  if (kind === "seed") return filled(texts.start, { root, number: shown(numbers[0]) });
  if (kind === "edge") {
    const [upstream, slope, product, before, after] = numbers.map(shown);
    const [, node, parent] = arrows[place];
    return filled(texts["passed on"], {
      parent: nodes[parent].name, upstream, slope: bracketed(slope), product,
      node: nodes[node].name, before, added: bracketed(product), after,
    });
  }
  const leaves = nodes.filter((node) => node.op === null && node.grad !== null);
  if (!leaves.length || nodes[data.root].op === null) return filled(texts["no gradient"], { root });
  const told = leaves.slice(0, MOST_LEAVES).map(({ name, grad }) => filled(texts["of a leaf"], { name, number: shown(grad) }));
  if (leaves.length > MOST_LEAVES) told.push("…");
  return filled(texts.complete, { root, listed: told.join(texts["between leaves"]) });
}

// The cells of a step in the table of all steps.
function cellsOf(data, step) {
  const { nodes, arrows, texts } = data;
  const [kind, place, ...numbers] = step;
  if (kind === "value") return [nodes[place].name, formulaOf(data, nodes[place]), shown(nodes[place].data)];
  if (kind === "seed") return [nodes[place].name, texts["starts here"], shown(numbers[0])];
  if (kind === "done") return [sentenceOf(data, step)];
  const [upstream, slope, product, before, after] = numbers.map(shown);
  const [, node, parent] = arrows[place];
  return [
    nodes[node].name + " → " + nodes[parent].name,
    upstream + " × " + bracketed(slope) + " = " + product,
    before + " + " + bracketed(product) + " = " + after,
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
