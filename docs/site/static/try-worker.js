// Python in a worker: loads Pyodide and the wheel from this site, and runs programs with try_program.py.

let starting = null;

async function start(wheel) {
  self.postMessage({ status: "Python starts …" });
  const folder = new URL("../pyodide/", import.meta.url);
  const { loadPyodide } = await import(new URL("core/pyodide.mjs", folder).href);
  const python = await loadPyodide({ indexURL: new URL("core/", folder).href });
  const [packed, source] = await Promise.all([bytes(new URL(wheel, folder)), bytes(new URL("try_program.py", import.meta.url))]);
  python.unpackArchive(packed, "wheel");
  python.FS.writeFile("/home/pyodide/try_program.py", new Uint8Array(source));
  return python.pyimport("try_program");
}

async function bytes(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.arrayBuffer();
}

self.onmessage = async ({ data }) => {
  if (data.wheel) {
    starting = start(data.wheel);
    return;
  }
  const module = await starting;
  self.postMessage({ status: "Running …" });
  self.postMessage(JSON.parse(module.answer(data.program)));
};

// A promise that fails says so to the page, as an error does.
self.addEventListener("unhandledrejection", (event) => {
  throw event.reason;
});
