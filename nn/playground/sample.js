// The loss of one sample as the stepper wants it: nodes with names, arrows, and a picture.
// The graph of a network with one hidden layer is regular, so it stands in columns.

const CHARACTER = 7.3; // pixels that one letter of a box takes
const BOX = { width: 116, height: 62 };
const PILL = 26; // pixels, the height of a plain number's box
const GAP = { across: 84, along: 14 };
const LEAST_SCALE = 0.8; // of the picture's size: in a narrower page it scrolls
const EDGE = 10; // around the picture

// What the stepper reads, as `data` of the stepper's page.py has it.
function stepperData(graph, words, texts) {
  const nodes = graph.nodes.map((entry, i) => (entry ? operationOf(graph, words, i) : leafOf(graph.names[i])));
  const arrows = [];
  graph.nodes.forEach((entry, i) => {
    if (entry) arrows.push(...arrowsTo(entry, i, graph, words[entry[0]]));
  });
  return {
    root: graph.root, nodes, arrows, steps: [], texts, fixed: "",
    graph: { nodes: graph.nodes, root: graph.root, seed: 1 },
  };
}

const leafOf = (name) => ({ name, op: null, kind: "call", operands: [] });

function operationOf(graph, words, i) {
  const [operation, operands] = graph.nodes[i];
  const { symbol, kind } = words[operation];
  const plain = graph.operandNames[i];
  return {
    name: graph.names[i], op: symbol, kind, bias: Array.isArray(operands[0]) || operands[0] !== 0,
    operands: operands.map((x, j) => (Array.isArray(x) ? x : plain[j] ? { data: x, name: plain[j] } : { data: x })),
  };
}

function arrowsTo([operation, operands], i, { names, operandNames }, { symbol, rules }) {
  const called = { out: names[i] };
  const plain = operandNames[i];
  operands.forEach((x, j) => (called[j] = Array.isArray(x) ? names[x[0]] : plain[j] || shown(x)));
  let edge = 0;
  return operands.flatMap((x, j) => {
    if (Array.isArray(x)) return [["e" + i + "-" + edge++, i, x[0], null, j, filled(rules[j], called)]];
    return isDrawn(symbol, j, x) ? [["k" + i + "-" + j, i, null, null, null, ""]] : [];
  });
}

// The bias that a weighted sum has not is no box.
const isDrawn = (symbol, j, x) => symbol !== "dot" || j > 0 || x !== 0;

// Boxes by name: of the nodes, and of the plain numbers; x1, x2 and the targets stand there once.
function boxesOf(data) {
  const boxes = new Map(data.nodes.map((_, i) => ["n" + i, { ...BOX }]));
  const tails = new Map();
  for (const [id, node, operand] of data.arrows) {
    if (operand !== null) {
      tails.set(id, "n" + operand);
      continue;
    }
    const plain = data.nodes[node].operands[Number(id.split("-")[1])];
    const text = plain.name ? plain.name + " = " + shown(plain.data) : shown(plain.data);
    const name = plain.name ? "c-" + plain.name : "c" + id.slice(1);
    boxes.set(name, { width: 16 + CHARACTER * text.length, height: PILL, text, first: boxes.get(name)?.first ?? node });
    tails.set(id, name);
  }
  return { boxes, tails };
}

// The column of each box: one after its last operand; a leaf stands right before its first use.
function columnsOf(data, boxes, tails) {
  const depth = new Map();
  const inner = data.nodes.map((node) => node.op !== null);
  const into = data.nodes.map(() => []);
  for (const [id, node] of data.arrows) into[node].push(tails.get(id));
  data.nodes.forEach((_, i) => {
    if (inner[i]) depth.set("n" + i, 1 + Math.max(0, ...into[i].map((tail) => depth.get(tail) ?? 0)));
  });
  data.nodes.forEach((_, i) => {
    if (!inner[i]) return;
    for (const tail of into[i]) {
      const before = depth.get("n" + i) - 1;
      const isLeaf = !tail.startsWith("n") || !inner[Number(tail.slice(1))];
      if (isLeaf) depth.set(tail, Math.min(depth.get(tail) ?? before, before));
    }
  });
  const columns = [];
  for (const name of boxes.keys()) (columns[depth.get(name) ?? 0] ||= []).push(name);
  return columns.map((column) => ordered(column || [], data, boxes));
}

// Units in their order; a weight stands beside the unit whose answer it multiplies.
function ordered(column, data, boxes) {
  const rank = new Map();
  const units = column.filter((name) => name.startsWith("n") && data.nodes[Number(name.slice(1))].op !== null);
  const number = (name) => numberIn(data.nodes[Number(name.slice(1))].name);
  units.sort((a, b) => number(a) - number(b)).forEach((name, i) => rank.set(name, i));
  for (const { op, operands } of data.nodes) {
    if (op !== "dot") continue;
    const half = (operands.length + 1) / 2;
    for (let j = 1; j < half; j++) {
      const [weight, answer] = [operands[j], operands[half + j - 1]];
      if (Array.isArray(answer) && rank.has("n" + answer[0])) rank.set("n" + weight[0], rank.get("n" + answer[0]) + 0.5);
    }
  }
  const key = (name) => rank.get(name) ?? (boxes.get(name).text ? -2 : units.length ? -1 : 0);
  return [...column].sort((a, b) => key(a) - key(b));
}

// The index below a letter.
const numberIn = (name) => Number([...name].map((c) => SUBSCRIPT_DIGITS.indexOf(c)).filter((digit) => digit >= 0).join(""));

function centresOf(columns, boxes) {
  const tall = (column) => column.reduce((sum, name) => sum + boxes.get(name).height + GAP.along, -GAP.along);
  const height = Math.max(...columns.map(tall));
  const centres = new Map();
  let left = 0;
  for (const column of columns) {
    const width = Math.max(...column.map((name) => boxes.get(name).width));
    let top = (height - tall(column)) / 2;
    for (const name of column) {
      centres.set(name, [left + width / 2, top + boxes.get(name).height / 2]);
      top += boxes.get(name).height + GAP.along;
    }
    left += width + GAP.across;
  }
  return { centres, width: left - GAP.across, height };
}

const point = ([x, y]) => x.toFixed(1) + "," + y.toFixed(1);

function triangle(start, tip) {
  const length = Math.max(Math.hypot(tip[0] - start[0], tip[1] - start[1]), 1e-9);
  const [x, y] = [(7 * (tip[0] - start[0])) / length, (7 * (tip[1] - start[1])) / length];
  const base = [tip[0] - x, tip[1] - y];
  return "M" + point(tip) + "L" + point([base[0] - y / 2, base[1] + x / 2]) + "L" + point([base[0] + y / 2, base[1] - x / 2]) + "Z";
}

const escapedText = (text) => text.replace(/[&<>"]/g, (c) => "&#" + c.charCodeAt(0) + ";");

function arrowMarkup([id, node, operand], tail, centres, boxes) {
  const start = [centres.get(tail)[0] + boxes.get(tail).width / 2, centres.get(tail)[1]];
  const tip = [centres.get("n" + node)[0] - boxes.get("n" + node).width / 2, centres.get("n" + node)[1]];
  const end = [tip[0] - 6, tip[1]];
  const middle = (start[0] + end[0]) / 2;
  const control = [middle, start[1]];
  // The label stands where the arrows of one result lie apart: near their operands.
  const label = [start[0] + 0.3 * (end[0] - start[0]), start[1] + 0.216 * (end[1] - start[1]) - 4];
  const parts = [
    '<g class="edge' + (operand === null ? " fixed" : "") + '"><path id="' + id + '" d="M' + point(start) + "C" + point(control) + " " +
      point([middle, tip[1]]) + " " + point(end) + '"/><path class="tip" d="' + triangle(end, tip) + '" fill="#667085"/>',
  ];
  if (operand !== null) {
    parts.push('<path class="back" d="' + triangle(control, start) + '" stroke="none"/>');
    parts.push('<text class="slope" x="' + label[0].toFixed(1) + '" y="' + label[1].toFixed(1) + '" stroke="none"></text>');
  }
  return parts.join("") + "</g>";
}

function boxMarkup(name, data, box, [x, y]) {
  const [left, top] = [x - box.width / 2, y - box.height / 2];
  if (box.text) {
    return '<g id="' + escapedText(name) + '" class="constant"><rect x="' + left.toFixed(1) + '" y="' + top.toFixed(1) + '" width="' + box.width.toFixed(1) +
      '" height="' + box.height + '" rx="13"/><text x="' + x.toFixed(1) + '" y="' + (y + 4).toFixed(1) + '" text-anchor="middle">' + escapedText(box.text) + "</text></g>";
  }
  const i = Number(name.slice(1));
  const node = data.nodes[i];
  const kind = node.op === null ? "leaf" : i === data.root ? "root" : "inner";
  const right = box.width - 8;
  const line = (className, where, height, text, style = "") =>
    '<text class="' + className + '" x="' + where + '" y="' + height + '" ' + style + ">" + escapedText(text) + "</text>";
  const ends = 'text-anchor="end"';
  return [
    '<g id="' + name + '" class="node ' + kind + '" transform="translate(' + left.toFixed(0) + " " + top.toFixed(0) + ')"><title></title><rect width="' +
      box.width + '" height="' + box.height + '" rx="8"/><path class="rule" d="M0,22H' + box.width + '"/>',
    line("name", 8, 16, node.name, 'font-weight="bold"'), line("op", right, 16, node.op || "", ends),
    line("key", 8, 36, "data", 'font-size="10"'), line("data", right, 36, "–", ends),
    line("key", 8, 53, "grad", 'font-size="10"'), line("grad", right, 53, "–", ends), "</g>",
  ].join("");
}

// The picture of a graph, with the names that the stepper looks for.
function pictureOf(data) {
  const { boxes, tails } = boxesOf(data);
  const { centres, width, height } = centresOf(columnsOf(data, boxes, tails), boxes);
  const size = [Math.ceil(width + 2 * EDGE), Math.ceil(height + 2 * EDGE)];
  return [
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ' + size.join(" ") + '" width="' + size[0] + '" height="' + size[1] +
      '" font-family="Helvetica, Arial, sans-serif" font-size="12"><g transform="translate(' + EDGE + " " + EDGE + ')">',
    '<g fill="none" stroke="#667085" font-size="11" text-anchor="middle">',
    ...data.arrows.map((arrow) => arrowMarkup(arrow, tails.get(arrow[0]), centres, boxes)), "</g>",
    ...[...boxes].map(([name, box]) => boxMarkup(name, data, box, centres.get(name))), "</g></svg>",
  ].join("");
}

// A row of the table of all steps.
function rowOf(data, step, i) {
  const cells = cellsOf(data, step).map((text) => element("td", {}, text));
  if (cells.length === 1) cells[0].setAttribute("colspan", 3);
  return element("tr", {}, element("td", {}, String(i + 1)), ...cells);
}

// The stepper of a sample's loss, as a box for the page.
function stepperBox(graph, words, texts, engine, told) {
  const data = stepperData(graph, words, texts);
  data.engine = engine;
  recomputed(data, engine, graph.leaves);
  const root = data.nodes[data.root];
  const svg = pictureOf(data);
  const least = LEAST_SCALE * Number(svg.match(/ width="(\d+)"/)[1]);
  const picture = btoa(String.fromCharCode(...new TextEncoder().encode(svg)));
  const image = element("img", { class: "cs-picture", alt: told.picture, style: "min-width:" + least + "px", src: "data:image/svg+xml;base64," + picture });
  const columns = ["step", "where", "what is computed", "result"].map((text) => element("th", { scope: "col" }, told[text]));
  const table = element(
    "table", {}, element("thead", {}, element("tr", {}, ...columns)),
    element("tbody", {}, ...data.steps.map((step, i) => rowOf(data, step, i))),
  );
  const box = element(
    "div", { class: "chainrule-stepper cs", "data-stepper": "sample", "data-ready": "" },
    element(
      "p", { class: "cs-heading" }, element("strong", {}, root.name + " = " + shown(root.data)), " ",
      element("span", { class: "cs-counts" }, filled(texts.counts, { nodes: data.nodes.length, steps: data.steps.length })), " ",
      element("span", { class: "cs-badge" }, told.weights),
    ),
    element("div", { class: "cs-graph" }, image),
    element("details", { class: "cs-all" }, element("summary", {}, told.all), element("div", { class: "cs-scroll", tabindex: 0, role: "region", "aria-label": told.all }, table)),
    element("script", { type: "application/json", class: "cs-data" }, JSON.stringify({ ...data, engine: undefined })),
  );
  return box;
}
