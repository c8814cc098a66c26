// The settings of the playground: a form, and the same in the fragment of the page's address.

// What a setting may be: one of a list, or a number within bounds.
const SETTINGS = {
  data: { options: ["moons", "circles", "xor", "spirals", "own"] },
  noise: { least: 0, most: 1, step: 0.01, slides: 0.5 },
  count: { least: 4, most: 2000, step: 2, whole: true },
  held_out: { least: 0, most: 0.9, step: 0.05 },
  hidden: { least: 1, most: MOST_HIDDEN, step: 1, whole: true, slides: MOST_HIDDEN },
  activation: { options: ACTIVATIONS },
  loss: { options: LOSSES },
  alpha: { least: 0, most: 1000, step: 0.1, above: true },
  batch: { least: 1, most: 2000, step: 1, whole: true },
  seed: { least: 0, most: 2 ** 53 - 1, step: 1, whole: true },
};
const GROUPS = {
  "the data": ["data", "noise", "count", "held_out"],
  "the network": ["hidden", "activation", "loss"],
  "the training": ["alpha", "batch", "seed"],
};
const NAN = /^([+-]?nan)?$/i;
const MOST_CLASSES_TOLD = 5;

// A setting as it is typed, or as a fragment has it; undefined where it is none.
function settingOf(name, text) {
  const { options, least, most, whole, above } = SETTINGS[name];
  if (options) return options.includes(text) ? text : undefined;
  const number = String(text).trim() === "" ? NaN : Number(String(text).replace(",", "."));
  const good = number >= least && number <= most && !(above && number === least) && (!whole || Number.isInteger(number));
  return good ? number : undefined;
}

// A label in a row of a fragment, in which commas and semicolons mean something else.
const encodedLabel = (label) => String(label).replace(/[,;%]/g, encodeURIComponent);

// The rows in a fragment; none where one is not right.
function rowsOf(text) {
  try {
    const rows = text.split(";").map((row) => row.split(","));
    const found = rows.map(([x, y, label]) => [Number(x), Number(y), decodeURIComponent(label)]);
    return rows.every((row) => row.length === 3) && found.every(([x, y]) => Number.isFinite(x) && Number.isFinite(y)) ? found : [];
  } catch (error) {
    if (error instanceof URIError) return [];
    throw error;
  }
}

// All settings as a fragment, which a lesson may link to; rows of one's own are in it.
function fragmentOf(settings, hidden) {
  const pairs = Object.keys(SETTINGS).map((name) => [name, String(settings[name])]);
  if (settings.data === "own") pairs.push(["rows", settings.rows.map(([x, y, label]) => [x, y, encodedLabel(label)].join(",")).join(";")]);
  if (hidden.length) pairs.push(["hide", hidden.join(",")]);
  return pairs.map(([name, text]) => name + "=" + encodeURIComponent(text).replaceAll("%2C", ",")).join("&");
}

// The settings that a fragment has, over those that the page starts with. What is wrong is left out.
function settingsIn(fragment, start) {
  const found = { ...start, hide: start.hide };
  const pairs = new URLSearchParams(fragment.replace(/^#/, ""));
  for (const [name, text] of pairs) {
    const value = name in SETTINGS ? settingOf(name, text) : undefined;
    if (value !== undefined) found[name] = value;
  }
  if (pairs.has("hide")) found.hide = pairs.get("hide").split(",").filter((name) => name);
  if (pairs.has("rows")) found.rows = rowsOf(pairs.get("rows"));
  if (found.data === "own" && !found.rows.length) found.data = start.data === "own" ? "moons" : start.data;
  return found;
}

// What is between the cells of a table: of semicolons or tabs, a comma is the decimal mark.
const separatorOf = (text) => [";", "\t"].find((mark) => text.includes(mark)) || ",";

// The rows of a text of two columns and a label: two numbers and the name of a class.
function rowsIn(text, texts) {
  const wrong = (what, fields) => {
    throw new Error(filled(texts[what], fields));
  };
  const cells = [];
  const lines = text.split(/\r\n?|\n/).map((line) => (line.startsWith("#") ? "" : line));
  const separator = separatorOf(lines.join("\n"));
  lines.forEach((line, i) => {
    if (line.trim() === "") return;
    const found = line.split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
    const numbers = found.slice(0, 2).map((cell) => (cell === "" ? NaN : Number(separator === "," ? cell : cell.replace(",", "."))));
    const bad = numbers.findIndex((x) => !Number.isFinite(x));
    const named = numbers.every((x, j) => Number.isNaN(x) && !NAN.test(found[j]));
    const heading = cells.length === 0 && named && found.length === 3;
    if (heading && !cells.headed) {
      cells.headed = true;
      return;
    }
    if (found.length !== 3) wrong("three cells", { line: i + 1, count: found.length });
    if (bad >= 0) wrong("no number in line", { line: i + 1, text: found[bad] });
    if (found[2] === "") wrong("no label in line", { line: i + 1 });
    cells.push([...numbers, found[2]]);
  });
  const labels = [...new Set(cells.map((row) => row[2]))];
  if (labels.length !== 2) {
    const listed = labels.slice(0, MOST_CLASSES_TOLD).join(", ");
    wrong("two classes", { count: labels.length, listed });
  }
  return [...cells];
}

// The form. `changed` is called with the name of a setting that was changed.
class Controls {
  constructor(texts, settings, changed) {
    this.texts = texts;
    this.settings = settings;
    this.changed = changed;
    this.fields = {};
    this.labels = {};
    this.form = element("form", { class: "cp-controls", "aria-label": texts.settings });
    this.form.addEventListener("submit", (event) => event.preventDefault());
    for (const [title, names] of Object.entries(GROUPS)) {
      const group = element("fieldset", {}, element("legend", {}, texts[title]), ...names.map((name) => this.control(name)));
      if (title === "the data") group.append(this.own());
      this.form.append(group);
    }
    this.problem = element("p", { class: "cp-problem", role: "alert" });
    this.form.append(this.problem);
    this.show();
  }

  control(name) {
    const { options, least, most, step, slides } = SETTINGS[name];
    const named = { "aria-label": this.texts[name] };
    const field = options
      ? element("select", named, ...options.map((value) => element("option", { value }, this.texts["option " + value] || value)))
      : element("input", { ...named, type: "number", min: least, max: most, step, inputmode: "decimal" });
    const label = element("label", { class: "cp-control", "data-control": name }, element("span", {}, this.texts[name]));
    this.fields[name] = [field];
    if (slides) {
      const slider = element("input", { type: "range", min: least, max: slides, step, "aria-label": filled(this.texts.slider, { name: this.texts[name] }) });
      slider.addEventListener("input", () => this.set(name, slider.value, field));
      this.fields[name].push(slider);
      label.append(slider);
    }
    label.append(field);
    field.addEventListener("change", () => this.set(name, field.value, field));
    this.labels[name] = label;
    return label;
  }

  // Rows of one's own: a text, or a file.
  own() {
    const { texts } = this;
    this.rows = element("textarea", { rows: 6, spellcheck: "false", placeholder: "x1,x2,label\n0.5,1.2,a\n-1,0.3,b" });
    const file = element("input", { type: "file", accept: ".csv,.tsv,.txt,text/csv,text/plain" });
    const use = element("button", { type: "button", "data-action": "use rows" }, texts["use rows"]);
    file.addEventListener("change", async () => {
      if (!file.files.length) return;
      this.rows.value = await file.files[0].text();
      this.useRows();
    });
    use.addEventListener("click", () => this.useRows());
    return element(
      "div", { class: "cp-own", hidden: "" },
      element("label", {}, element("span", {}, texts["own rows"]), this.rows),
      element("label", {}, element("span", {}, texts["own file"]), file), use,
    );
  }

  useRows() {
    try {
      this.settings.rows = rowsIn(this.rows.value, this.texts);
      this.settings.data = "own";
      this.say("");
      this.changed("data");
    } catch (error) {
      this.say(error.message);
    }
  }

  set(name, text, field) {
    const value = settingOf(name, text);
    field.setAttribute("aria-invalid", String(value === undefined));
    if (value === undefined) {
      const { least, most, whole } = SETTINGS[name];
      this.say(filled(this.texts[whole ? "whole number within" : "number within"], { name: this.texts[name], least, most }));
      return;
    }
    this.say("");
    const waits = name === "data" && value === "own" && !this.settings.rows.length;
    if (waits) {
      // There is nothing to train on yet.
      this.form.querySelector(".cp-own").hidden = false;
      this.rows.focus();
      return;
    }
    this.settings[name] = value;
    this.show();
    this.changed(name);
  }

  say(text) {
    this.problem.textContent = text;
  }

  // The form level with the settings.
  show() {
    for (const [name, fields] of Object.entries(this.fields)) {
      for (const field of fields) {
        if (document.activeElement !== field || field.type !== "number") field.value = this.settings[name];
        field.removeAttribute("aria-invalid");
      }
    }
    const own = this.settings.data === "own";
    this.form.querySelector(".cp-own").hidden = !own;
    this.labels.noise.classList.toggle("cp-idle", own);
    this.labels.count.classList.toggle("cp-idle", own);
    for (const name of ["noise", "count"]) for (const field of this.fields[name]) field.disabled = own;
    if (own && !this.rows.value) this.rows.value = this.settings.rows.map((row) => row.join(",")).join("\n");
  }

  // Leave out what a lesson hides.
  hide(names) {
    for (const [name, label] of Object.entries(this.labels)) label.hidden = names.includes(name);
    for (const group of this.form.querySelectorAll("fieldset")) {
      group.hidden = ![...group.querySelectorAll(".cp-control")].some((label) => !label.hidden);
    }
  }
}
