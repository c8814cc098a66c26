"""How large a stepper's page is, how long it takes to make, and how long a step of it takes."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from autograd import Value, stepper

RUNS = 5
PRODUCTS = (5, 25, 51, 100, 200)
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
STEP_BY_STEP = """() => {
  const box = document.querySelector('.chainrule-stepper'), times = [];
  const next = box.querySelector('[data-action=next]');
  while (box.dataset.phase !== 'done') {
    const start = performance.now();
    next.click();
    box.querySelector('svg').getBoundingClientRect();  // lay out
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return [times[Math.floor(times.length / 2)], times[times.length - 1]];
}"""


def main(argv: list[str]) -> None:
    print(f"{'nodes':>6} {'steps':>6} {'made in':>10} {'page':>8} {'a step':>9} {'slowest':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for products in PRODUCTS:
            print_page(chain(products), Path(folder) / "page.html")


def print_page(root: Value, path: Path) -> None:
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        page = stepper(root)
        times.append(time.perf_counter() - start)
    size = page.save(path).stat().st_size / 1000
    made = 1000 * statistics.median(times)
    nodes, steps = len(page.model.nodes), len(page.model.steps)
    print(f"{nodes:6} {steps:6} {made:7.0f} ms {size:5.0f} kB {in_browser(path)}")


def in_browser(path: Path) -> str:
    """Return the median and the longest time of a step in Chromium, where it is installed."""
    program = shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        program = None
    if program is None:
        return '        - (pip install "chainrule[browser]", and Chromium)'
    with sync_playwright() as playwright:
        settings: dict[str, Any] = {"executable_path": program, "args": FLAGS}
        browser = playwright.chromium.launch(**settings)
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.goto(path.as_uri())
        median, longest = page.evaluate(STEP_BY_STEP)
        browser.close()
    return f"{median:6.1f} ms {longest:6.1f} ms"


def chain(products: int) -> Value:
    """Return a product of so many factors and one more."""
    y = Value(0.7, name="y")
    for i in range(products):
        y = y * Value(1.01 + i / 1000, name=f"w{i}")
    return y


if __name__ == "__main__":
    main([])
