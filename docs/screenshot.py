"""Press what a reader presses, in Chromium, and keep pictures of the pages for README and docs/.

    python docs/screenshot.py

Needs Chromium and `pip install "chainrule[browser]"`; writes stepper.png, playground.png and
training.png into docs/images.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from autograd import Value, stepper
from nn import Trainer, TwoLayerNetwork, moons, playground, training_stepper

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
IMAGES = Path(__file__).parent / "images"
ITERATIONS = 300
LINES_TO_THE_UPDATE = 4
SCALES = {"stepper": 1.3, "training": 1.3}


def stepper_page(folder: Path) -> str:
    """Write the stepper of the README's example, and return its address."""
    x = Value(2.0, name="x")
    w = Value(-3.0, name="w")
    b = Value(6.5, name="b")
    y = (w * x + b).tanh()
    y.name = "y"
    z = y * (x + 1)
    z.name = "z"
    return stepper(z).save(folder / "stepper.html").as_uri()


def press_stepper(tab: Any) -> None:
    """Go to the second contribution to the gradient of x."""
    tab.locator(".chainrule-stepper").focus()
    tab.keyboard.press("End")
    tab.keyboard.press("ArrowLeft")
    tab.locator("[data-node='1']").click()


def playground_page(folder: Path) -> str:
    """Write a playground, and return its address."""
    return playground(activation="tanh").save(folder / "playground.html").as_uri()


def press_playground(tab: Any) -> None:
    """Train for a while."""
    for _ in range(ITERATIONS // 100):
        tab.get_by_role("button", name="100 steps").click()
    tab.wait_for_timeout(500)


def training_page(folder: Path) -> str:
    """Write a training to step through, and return its address."""
    data = moons(100, seed=0)
    network = TwoLayerNetwork(n=2, p=3, q=2, seed=0)
    trainer = Trainer(network, data.inputs, data.targets, step_size=0.5, batch_size=4)
    return training_stepper(trainer, iterations=20).save(folder / "training.html").as_uri()


def press_training(tab: Any) -> None:
    """Go to the update of the first iteration."""
    tab.keyboard.press("Tab")
    for _ in range(LINES_TO_THE_UPDATE):
        tab.keyboard.press("ArrowRight")


PAGES: dict[str, tuple[Callable[[Path], str], Callable[[Any], None], tuple[int, int]]] = {
    "stepper": (stepper_page, press_stepper, (900, 760)),
    "playground": (playground_page, press_playground, (1280, 900)),
    "training": (training_page, press_training, (1280, 720)),
}


def photograph(browser: Any, name: str, folder: Path) -> Path:
    """Take one picture, and return where it is."""
    write, press, (width, height) = PAGES[name]
    viewport = {"width": width, "height": height}
    scale = SCALES.get(name, 1.0)
    tab = browser.new_page(viewport=viewport, device_scale_factor=scale, reduced_motion="reduce")
    tab.goto(write(folder))
    press(tab)
    tab.evaluate("document.activeElement.blur()")
    image = IMAGES / f"{name}.png"
    whole = tab.locator(".chainrule-stepper") if name == "stepper" else tab
    whole.screenshot(path=image)
    return image


if __name__ == "__main__":
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for name in PAGES:
            image = photograph(browser, name, Path(folder))
            print(f"{image}: {image.stat().st_size} bytes")
        browser.close()
