// What was learned, drawn: the decision boundary, what each hidden unit answers, the losses.

const GRID = { playing: 32, still: 80 }; // points of the plane along an edge
const MARGIN = 0.12; // of the points' range, around them
const POINT = 4.2; // pixels, the radius of a point
const MOST_EVALUATIONS = 600; // that the curves have

// A drawing surface as sharp as the screen; coordinates are CSS pixels.
function surface(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth || 300;
  const height = canvas.clientHeight || width;
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

// The colors of the style sheet as the scheme has them now.
class Palette {
  constructor(box) {
    this.probe = element("span", { hidden: "" });
    box.append(this.probe);
  }

  read() {
    const names = ["ground", "ink", "pale", "line", "first", "second", "first-ground", "second-ground", "low", "high"];
    for (const name of names) {
      this.probe.style.color = "var(--" + name + ")";
      this[name] = getComputedStyle(this.probe).color;
    }
  }

  channels(name) {
    return this[name].match(/[\d.]+/g).slice(0, 3).map(Number);
  }
}

// Numbers that an axis shows: few, and round.
function ticks(low, high, count = 4) {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((x) => x * power >= raw);
  const found = [];
  for (let x = Math.ceil(low / step); x * step <= high; x++) found.push(Number((x * step).toPrecision(12)));
  return found;
}

class Plots {
  constructor(texts, palette, chosen) {
    this.texts = texts;
    this.palette = palette;
    this.small = document.createElement("canvas");
    this.boundary = element("canvas", { class: "cp-boundary", role: "img" });
    this.boundary.addEventListener("click", (event) => {
      const sample = this.nearest(event.offsetX, event.offsetY);
      if (sample !== null) chosen(sample);
    });
    this.units = element("div", { class: "cp-units" });
    this.curves = element("canvas", { class: "cp-curves", role: "img" });
    this.evaluations = [];
  }

  // A new training: other points, other units.
  begin(playground) {
    this.playground = playground;
    this.evaluations = [];
    this.range = this.rangeOf([...playground.training, ...playground.heldOut]);
    const p = playground.settings.hidden;
    this.unitCanvases = [...Array(p).keys()].map((j) => {
      const canvas = element("canvas", { role: "img" });
      const caption = element("figcaption", {}, element("b", {}, lowered("h", j)), element("span", {}));
      return { figure: element("figure", {}, canvas, caption), canvas, caption };
    });
    this.units.replaceChildren(...this.unitCanvases.map(({ figure }) => figure));
  }

  // The same scale in both directions, so that a circle is one.
  rangeOf(samples) {
    const [low, high] = [0, 1].map((i) => samples.map(({ inputs }) => inputs[i]))
      .reduce(([lows, highs], xs) => [[...lows, Math.min(...xs)], [...highs, Math.max(...xs)]], [[], []]);
    const reach = (Math.max(high[0] - low[0], high[1] - low[1], 1e-9) * (1 + 2 * MARGIN)) / 2;
    const middle = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
    return { left: middle[0] - reach, right: middle[0] + reach, bottom: middle[1] - reach, top: middle[1] + reach };
  }

  // What the network answers on a grid of the plane, row by row from the top.
  grid(size) {
    const { left, right, bottom, top } = this.range;
    const found = [];
    for (let row = 0; row < size; row++) {
      const y = top - ((row + 0.5) / size) * (top - bottom);
      for (let column = 0; column < size; column++) {
        found.push(this.playground.answers(left + ((column + 0.5) / size) * (right - left), y));
      }
    }
    return found;
  }

  // A picture of so many points along an edge, drawn smoothly over a surface.
  paint({ context, width, height }, size, colorAt) {
    this.small.width = this.small.height = size;
    const small = this.small.getContext("2d");
    const image = small.createImageData(size, size);
    for (let i = 0; i < size * size; i++) image.data.set([...colorAt(i), 255], 4 * i);
    small.putImageData(image, 0, 0);
    context.imageSmoothingEnabled = true;
    context.drawImage(this.small, 0, 0, width, height);
  }

  drawBoundary(size, answers, sample) {
    const drawn = surface(this.boundary);
    const { context, width, height } = drawn;
    const scores = answers.map(({ score }) => score);
    const most = Math.max(...scores.map((s) => (Number.isFinite(s) ? Math.abs(s) : 0)), 1e-12);
    const sides = [this.palette.channels("first-ground"), this.palette.channels("second-ground")];
    const ground = this.palette.channels("ground");
    this.paint(drawn, size, (i) => {
      const share = Math.sqrt(Math.min(1, Math.abs(scores[i]) / most)) || 0;
      const side = sides[scores[i] > 0 ? 1 : 0];
      return ground.map((x, k) => x + (side[k] - x) * share);
    });
    this.drawLine(context, scores, size, width / size);
    this.drawAxes(context, width, height);
    this.playground.training.forEach((each) => this.drawPoint(context, each, true));
    this.playground.heldOut.forEach((each) => this.drawPoint(context, each, false));
    this.drawRing(context, this.playground.training[sample]);
  }

  // Where the score is 0, piece by piece through the squares between four points of the grid.
  drawLine(context, scores, size, pixel) {
    context.strokeStyle = this.palette.ink;
    context.lineWidth = 1.8;
    context.beginPath();
    for (let row = 0; row + 1 < size; row++) {
      for (let column = 0; column + 1 < size; column++) {
        const at = (dx, dy) => scores[(row + dy) * size + column + dx];
        const corners = [[0, 0], [1, 0], [1, 1], [0, 1]];
        const crossings = [];
        corners.forEach(([dx, dy], k) => {
          const [ex, ey] = corners[(k + 1) % 4];
          const [start, end] = [at(dx, dy), at(ex, ey)];
          if (start > 0 === end > 0) return;
          const share = start / (start - end);
          crossings.push([column + 0.5 + dx + share * (ex - dx), row + 0.5 + dy + share * (ey - dy)]);
        });
        for (let k = 0; k + 1 < crossings.length; k += 2) {
          context.moveTo(crossings[k][0] * pixel, crossings[k][1] * pixel);
          context.lineTo(crossings[k + 1][0] * pixel, crossings[k + 1][1] * pixel);
        }
      }
    }
    context.stroke();
  }

  drawAxes(context, width, height) {
    const { left, right, bottom, top } = this.range;
    context.fillStyle = context.strokeStyle = this.palette.ink;
    context.lineWidth = 1;
    context.font = "11px system-ui, sans-serif";
    for (const x of ticks(left, right)) {
      const place = ((x - left) / (right - left)) * width;
      context.fillRect(place, height - 5, 1, 5);
      context.textAlign = "center";
      if (place > 20 && place < width - 30) context.fillText(shown(x), place, height - 8);
    }
    for (const y of ticks(bottom, top)) {
      const place = ((top - y) / (top - bottom)) * height;
      context.fillRect(0, place, 5, 1);
      context.textAlign = "left";
      if (place > 24 && place < height - 20) context.fillText(shown(y), 8, place + 4);
    }
    context.font = "bold 13px system-ui, sans-serif";
    context.textAlign = "right";
    context.fillText("x₁", width - 6, height - 8);
    context.textAlign = "left";
    context.fillText("x₂", 6, 15);
  }

  placeOf({ inputs: [x, y] }) {
    const { left, right, bottom, top } = this.range;
    return [((x - left) / (right - left)) * this.boundary.clientWidth, ((top - y) / (top - bottom)) * this.boundary.clientHeight];
  }

  // A class has a shape: circles, or triangles. What is held out is hollow.
  drawPoint(context, each, trained) {
    const [x, y] = this.placeOf(each);
    const color = this.palette[each.label ? "second" : "first"];
    context.beginPath();
    outline(context, x, y, each.label);
    context.fillStyle = trained ? color : this.palette.ground;
    context.strokeStyle = trained ? this.palette.ground : color;
    context.lineWidth = trained ? 1 : 1.8;
    context.fill();
    context.stroke();
  }

  // Around the sample whose gradients are shown.
  drawRing(context, each) {
    const [x, y] = this.placeOf(each);
    context.beginPath();
    context.arc(x, y, 2.2 * POINT, 0, 2 * Math.PI);
    context.strokeStyle = this.palette.ink;
    context.lineWidth = 2;
    context.stroke();
  }

  // The training sample nearest to a point of the picture; null where there is none near.
  nearest(x, y) {
    let [best, least] = [null, 20];
    this.playground.training.forEach((each, i) => {
      const [px, py] = this.placeOf(each);
      const distance = Math.hypot(px - x, py - y);
      if (distance < least) [best, least] = [i, distance];
    });
    return best;
  }

  drawUnits(size, answers) {
    const [low, high] = [this.palette.channels("low"), this.palette.channels("high")];
    this.unitCanvases.forEach(({ canvas, caption }, j) => {
      const found = answers.map(({ hidden }) => hidden[j]);
      const [least, most] = [Math.min(...found), Math.max(...found)];
      const flat = !(most > least);
      this.paint(surface(canvas), size, (i) => {
        const share = flat ? 0 : (found[i] - least) / (most - least);
        return low.map((x, k) => x + (high[k] - x) * share);
      });
      const told = filled(this.texts["from to"], { least: shown(least, 3), most: shown(most, 3) });
      caption.lastChild.textContent = told;
      canvas.setAttribute("aria-label", filled(this.texts["unit answers"], { name: lowered("h", j), range: told }));
    });
  }

  // Take note of an evaluation; of many every second one is kept.
  note(evaluation) {
    const last = this.evaluations[this.evaluations.length - 1];
    if (last && last.iteration === evaluation.iteration) this.evaluations.pop();
    this.evaluations.push(evaluation);
    if (this.evaluations.length > MOST_EVALUATIONS) {
      this.evaluations = this.evaluations.filter((_, i, all) => i % 2 === 0 || i === all.length - 1);
    }
  }

  drawCurves() {
    const { context, width, height } = surface(this.curves);
    const [left, right, top, bottom] = [46, 20, 10, 26];
    const numbers = this.evaluations.flatMap(({ training, heldOut }) => [training, heldOut]).filter(Number.isFinite);
    const most = Math.max(...numbers, 1e-9) * 1.05;
    const last = Math.max(this.playground.iteration, 10);
    const across = (t) => left + (t / last) * (width - left - right);
    const up = (loss) => height - bottom - (Math.min(loss, most) / most) * (height - top - bottom);
    context.font = "11px system-ui, sans-serif";
    context.fillStyle = this.palette.ink;
    context.strokeStyle = this.palette.line;
    context.lineWidth = 1;
    for (const loss of ticks(0, most)) {
      context.beginPath();
      context.moveTo(left, up(loss));
      context.lineTo(width - right, up(loss));
      context.stroke();
      context.textAlign = "right";
      context.fillText(shown(loss, 3), left - 6, up(loss) + 4);
    }
    for (const t of ticks(0, last)) {
      context.textAlign = "center";
      if (Number.isInteger(t)) context.fillText(String(t), across(t), height - 8);
    }
    this.drawCurve(context, "heldOut", across, up, "second", [6, 4]);
    this.drawCurve(context, "training", across, up, "first", []);
  }

  drawCurve(context, what, across, up, color, dashes) {
    context.strokeStyle = this.palette[color];
    context.lineWidth = 2;
    context.setLineDash(dashes);
    context.beginPath();
    for (const each of this.evaluations) {
      if (Number.isFinite(each[what])) context.lineTo(across(each.iteration), up(each[what]));
    }
    context.stroke();
    context.setLineDash([]);
  }

  // Everything; coarsely while it plays.
  draw(playing, sample) {
    const size = GRID[playing ? "playing" : "still"];
    const answers = this.grid(size);
    this.palette.read();
    if (this.boundary.offsetParent) this.drawBoundary(size, answers, sample);
    if (this.units.offsetParent) this.drawUnits(size, answers);
    if (this.curves.offsetParent) this.drawCurves();
  }
}

// The outline of a point: a circle for the first class, a triangle for the second.
function outline(context, x, y, label) {
  if (!label) {
    context.arc(x, y, POINT, 0, 2 * Math.PI);
    return;
  }
  const reach = POINT * 1.3;
  context.moveTo(x, y - reach);
  context.lineTo(x + reach * 0.95, y + reach * 0.75);
  context.lineTo(x - reach * 0.95, y + reach * 0.75);
  context.closePath();
}
