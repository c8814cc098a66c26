// Runs a recorded graph: values forward, slopes and edges, and the reverse pass, as the engine does.
// A graph is data: `nodes`, operands before results, each null (a leaf) or [operation, operands];
// an operand is [number of its node], or a plain number.

// The numbers of all nodes, the edges of the reverse pass, and where Python would have raised.
function forwardPass(operations, graph, leaves) {
  const values = [];
  const edges = [];
  const raised = new Map();
  graph.nodes.forEach((node, i) => {
    if (node === null) {
      values.push(leaves[i]);
      edges.push([]);
      return;
    }
    const [name, operands] = node;
    const operation = operations[name];
    const numbers = operands.map((x) => (Array.isArray(x) ? values[x[0]] : x));
    let out;
    try {
      out = +operation.forward(...numbers);
    } catch (error) {
      out = +limit(error, operation.limit, numbers);
      raised.set(i, error.kind);
    }
    values.push(out);
    edges.push(edgesOf(operation, operands, numbers, out));
  });
  return { values, edges, raised };
}

// For each operand that the result depends on here: which operand, which node, and the slope.
function edgesOf(operation, operands, numbers, out) {
  const { slopes, constant, variadic } = operation;
  const arguments_ = variadic ? [numbers, out] : [...numbers, out];
  const constants = constant ? constant(...arguments_) : null;
  const all = variadic ? slopes(numbers, out) : null;
  const found = [];
  operands.forEach((x, j) => {
    if (!Array.isArray(x) || (constants && py_truth(constants[j]))) return;
    if (variadic) found.push([j, x[0], all[j]]);
    else if (slopes[j]) found.push([j, x[0], slopes[j](...arguments_)]);
  });
  return found;
}

// The nodes that a root depends on, as the engine orders them: those without parents, the others.
function explored(edges, root) {
  const DONE = -1;
  const seen = new Set();
  const ends = [];
  const inner = [];
  const stack = [root];
  while (stack.length) {
    const node = stack.pop();
    if (node === DONE) inner.push(stack.pop());
    else if (!seen.has(node)) {
      seen.add(node);
      if (edges[node].length) stack.push(node, DONE, ...edges[node].map((edge) => edge[1]));
      else ends.push(node);
    }
  }
  return { ends, inner };
}

// The adjoints, undefined where no path leads to the root, and the steps of the pass, by edge.
function reversePass(edges, root, seed = 1) {
  const { ends, inner } = explored(edges, root);
  const adjoints = edges.map(() => undefined);
  for (const node of [...ends, ...inner]) adjoints[node] = 0;
  adjoints[root] = seed;
  const steps = [];
  for (const node of [...inner].reverse()) {
    const upstream = adjoints[node];
    edges[node].forEach(([operand, parent, slope], k) => {
      const before = adjoints[parent];
      const contribution = slope * upstream;
      adjoints[parent] = before + contribution;
      steps.push({ node, operand, k, parent, slope, upstream, contribution, before, after: adjoints[parent] });
    });
  }
  return { adjoints, steps };
}
