"""One hypothesis profile, the same examples in every run; and Chromium, one for all browser tests."""

import gc
import os
import shutil

import pytest
from hypothesis import HealthCheck, settings

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip

settings.register_profile(
    "fixed",
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("fixed")

gc.disable()  # until all tests are there: what pytest makes of them stays


def pytest_collection_finish():
    """Let the collector leave out what pytest holds of twelve thousand tests, in every collection.

    Tests that make much and drop much would spend half of their time looking at it.
    """
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def chromium():
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or "/usr/bin/chromium"
    if not os.path.exists(program):
        pytest.fail("Chromium is missing: apt-get update && apt-get install -y chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium):
    """Open pages, and see to it that none complains or asks for anything from the network."""
    contexts, complaints = [], []

    def wanted(request):
        return request.url.startswith(("file:", "data:", "blob:", "http://127.0.0.1", "ws://127"))

    def open_page(url, **settings):
        context = chromium.new_context(**settings)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: m.type == "error" and complaints.append(m.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda r: wanted(r) or complaints.append(f"asked for {r.url}"))
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
