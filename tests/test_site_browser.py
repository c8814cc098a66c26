"""The documentation site in Chromium: every page, and the page in which Python runs.

The environment variable SITE names the folder of a built site (`make site`: build/site); without it
these tests are skipped. They need Chromium and `pip install "chainrule[browser]"`.
"""

import functools
import os
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SITE = os.environ.get("SITE", "")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not SITE, reason="SITE does not name a built site (make site)"),
]
START = 120_000  # milliseconds in which Python starts, on a machine that is busy
WIDTHS = (390, 1280, 1920)
ENDLESS = "while True:\n    pass"


class Quiet(SimpleHTTPRequestHandler):
    """What `python -m http.server` answers with, without its log."""

    def do_GET(self):
        # A browser asks every host for it, where a page names no icon; a stepper's does not.
        if self.path == "/favicon.ico":
            self.send_response(204)
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address():
    """Serve the site as `python -m http.server` does."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=SITE))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def tried(opened, address):
    """Open the page to try it."""
    return functools.partial(opened, f"{address}/try.html")


def finish(page):
    page.get_by_role("button", name="Run").click()
    page.locator("button[type=submit]:enabled").wait_for(timeout=START)


def test_the_twelve_lines_give_text_a_drawing_and_a_stepper(tried):
    page = tried()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    finish(page)
    assert any(url.endswith(".wasm") for url in asked)  # what the worker asks for is seen too
    text = page.locator(".results .text").inner_text()
    assert text.startswith("(0.46211715726000974, 1.5728954659318548, -2.359343198897782")
    assert "y (0.462117): upstream 1" in text
    labels = page.locator(".drawing svg text").all_text_contents()
    shown = {word for label in labels for word in label.split()}
    assert {"x", "w", "b", "y"} <= shown
    assert "1.573" in shown, "gradients of one pass, as the text says"
    stepper = page.frame_locator(".results iframe")
    counted = stepper.locator(".cs-counts").inner_text()
    assert "6 nodes, 13 steps" in counted
    stepper.get_by_role("button", name="Last step").click()
    assert stepper.locator(".cs-badge").get_attribute("data-verdict") == "agrees"


def test_an_edited_program_that_fails_says_where_and_the_next_one_runs(tried):
    page = tried()
    page.get_by_label("Program").fill("1 + 1\n1 / 0")
    finish(page)
    text = page.locator(".results .text").inner_text()
    assert text.startswith("2\n") and "line 2" in text and "ZeroDivisionError" in text
    assert not page.locator(".results iframe").is_visible()
    page.get_by_label("Program").fill("from autograd import Value\nx = Value(3.0) ** 2\nx.data")
    finish(page)
    assert page.locator(".results .text").inner_text().strip() == "9.0"
    assert page.locator(".drawing svg").is_visible()


def test_a_program_without_an_end_can_be_stopped(tried):
    page = tried()
    page.get_by_label("Program").fill(ENDLESS)
    page.get_by_role("button", name="Run").click()
    page.get_by_text("Running").wait_for(timeout=START)
    page.get_by_role("button", name="Stop").click()
    assert page.get_by_role("status").inner_text() == "Stopped."
    page.get_by_label("Program").fill("2 + 2")
    finish(page)
    assert page.locator(".results .text").inner_text().strip() == "4"


def test_a_site_without_python_says_so(chromium, address):
    page = chromium.new_page()
    page.route("**/missing.json", lambda route: route.fulfill(json={"fault": "npm is missing"}))
    page.goto(f"{address}/try.html")
    page.get_by_text("npm is missing").wait_for()
    assert page.get_by_role("button", name="Run").is_disabled()
    page.close()


def test_every_page_stands_alone_and_fits_a_phone(opened, address):
    """`opened` fails where a page complains, or asks any other host for anything."""
    paths = sorted(Path(SITE).rglob("*.html"))
    assert len(paths) > 30
    page = opened("about:blank", viewport={"width": WIDTHS[0], "height": 800})
    too_wide = []
    for path in paths:
        name = path.relative_to(SITE).as_posix()
        page.goto(f"{address}/{name}", wait_until="load")
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > WIDTHS[0]:
            too_wide.append((name, width))
    assert too_wide == []


def test_a_page_in_a_page_turns_dark_with_it(opened, address):
    page = opened(f"{address}/steppers.html", color_scheme="light")
    ground = page.frame_locator("iframe >> nth=0").locator(".chainrule-stepper")
    read = "box => getComputedStyle(box).backgroundColor"
    assert ground.evaluate(read) == "rgb(255, 255, 255)"
    page.locator(".theme-toggle:visible").first.click()
    assert page.evaluate("document.body.dataset.theme") == "dark"
    page.wait_for_timeout(100)
    assert ground.evaluate(read) == "rgb(20, 24, 31)"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_to_try_it_is_as_dark_as_asked_and_as_wide_as_the_window(width, scheme, tried):
    page = tried(color_scheme=scheme, viewport={"width": width, "height": 900})
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor").strip("rgba()")
    assert (sum(map(int, ground.split(",")[:3])) < 3 * 128) == (scheme == "dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
