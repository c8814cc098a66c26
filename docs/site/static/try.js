// The page to try it: an editor, Run, Stop, and what the program gave. Python runs in a worker, so
// that the page stays alive; Stop ends the worker, and the next Run starts another.

const form = document.querySelector("form.try");
const program = form.querySelector("textarea");
const run = form.querySelector("button[type=submit]");
const stop = form.querySelector("button.stop");
const said = form.querySelector("[role=status]");
const results = document.querySelector("section.results");
let worker = null;

function start() {
  const address = new URL("try-worker.js", import.meta.url);
  worker = new Worker(address, { type: "module" });
  worker.postMessage({ wheel: form.dataset.wheel });
  worker.onmessage = ({ data }) => (data.status ? say(data.status) : show(data));
  worker.onerror = (event) => end(event.message || "Python did not start: this site was built without it.");
}

function say(text) {
  said.textContent = text;
}

function end(text) {
  worker?.terminate();
  worker = null;
  ready(text);
}

function ready(text) {
  run.disabled = false;
  stop.disabled = true;
  say(text);
}

function show({ text, name, drawing, stepper }) {
  results.hidden = false;
  results.querySelector(".text").textContent = text;
  for (const part of results.querySelectorAll(".drawn, .drawing, iframe")) part.hidden = !drawing;
  results.querySelector(".name").textContent = name;
  results.querySelector(".drawing").innerHTML = drawing;
  results.querySelector("iframe").srcdoc = stepper;
  ready("");
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  run.disabled = true;
  stop.disabled = false;
  results.hidden = true;
  if (!worker) start();
  worker.postMessage({ program: program.value });
});
stop.addEventListener("click", () => end("Stopped."));
program.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});

const missing = await fetch(new URL("missing.json", import.meta.url)).then((answer) => answer.json());
if (missing.fault) {
  run.disabled = true;
  say(missing.fault);
}
