"""Step through the README's example in Chromium, and keep a picture of it.

    python docs/screenshot.py

Needs Chromium and `pip install "chainrule[browser]"`; writes docs/images/stepper.png.
"""

import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from autograd import Value, stepper

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
IMAGE = Path(__file__).parent / "images" / "stepper.png"


def page(folder: Path) -> str:
    """Write the page to a folder, and return its address."""
    x = Value(2.0, name="x")
    w = Value(-3.0, name="w")
    b = Value(6.5, name="b")
    y = (w * x + b).tanh()
    y.name = "y"
    z = y * (x + 1)
    z.name = "z"
    return stepper(z).save(folder / "page.html").as_uri()


def photograph(address: str) -> None:
    """Take the picture."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        tab = browser.new_page(
            viewport={"width": 900, "height": 760}, device_scale_factor=1.3, reduced_motion="reduce"
        )
        tab.goto(address)
        box = tab.locator(".chainrule-stepper")
        box.focus()
        tab.keyboard.press("End")
        tab.keyboard.press("ArrowLeft")  # the second contribution to the gradient of x
        tab.locator("[data-node='1']").click()
        tab.evaluate("document.activeElement.blur()")
        IMAGE.parent.mkdir(parents=True, exist_ok=True)
        box.screenshot(path=IMAGE)
        browser.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        photograph(page(Path(folder)))
    print(f"{IMAGE}: {IMAGE.stat().st_size} bytes")
