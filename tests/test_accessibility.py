"""The stepper's page for everybody: contrast, keyboard, screen readers, and what axe finds.

axe-core is no part of the project: the environment variable AXE names its `axe.min.js`, as after
`npm install axe-core`; without it, that one test is skipped.
"""

import os
import re
from html import escape
from pathlib import Path

import pytest

from autograd import Value, dot, stepper
from nn import TwoLayerNetwork, mse_loss

pytestmark = pytest.mark.browser

AXE = os.environ.get("AXE", "")
READABLE = 4.5  # the contrast of a text with its ground, at least (WCAG 2, 1.4.3)
VISIBLE = 3.0  # of a line that one has to see (1.4.11)
BOXES = ("leaf", "inner", "root")
GROUNDS = ("ground", "panel")
# What stands or is drawn on what, by the names of the page's colors.
PAIRS = {
    READABLE: {
        "ink": (*GROUNDS, *BOXES),
        "pale": (*GROUNDS, *BOXES),
        "forward": GROUNDS,
        "backward": (*GROUNDS, *BOXES),
        "slope": GROUNDS,
        "product": GROUNDS,
        "good": GROUNDS,
        "bad": GROUNDS,
        "ground": ("product",),
    },
    VISIBLE: {
        "line": (*GROUNDS, *BOXES),
        "edge": (*GROUNDS, *BOXES),
        "forward": BOXES,
        "slope": BOXES,
        "product": BOXES,
    },
}


def of_the_textbook():
    network = TwoLayerNetwork(2, 3, 1, seed=0)
    return mse_loss(network([1.0, -2.0]), [1.0]), network


def of_an_expression():
    x, w, b = Value(2.0, name="x"), Value(-3.0, name="w"), Value(6.5, name="b")
    return (w * x + b).tanh() ** 2 + 0.1 * w * w, None


def of_many_operands():
    weights = [Value(0.1 * i, name=f"w{i}") for i in range(1, 13)]
    return dot(weights, [0.3] * 12).exp(), None


GRAPHS = {
    "network": of_the_textbook,
    "expression": of_an_expression,
    "many operands": of_many_operands,
}


@pytest.fixture
def page_of(opened, tmp_path):
    """Open the page of a graph in light or dark."""

    def page(graph, scheme="light"):
        root, network = graph()
        path = stepper(root, network=network, check=False).save(tmp_path / "page.html")
        settings = {"color_scheme": scheme, "viewport": {"width": 1280, "height": 900}}
        return opened(path.as_uri(), **settings)

    return page


def states(page):
    """Bring a page into one state after the other, each with more to be seen."""
    box = page.locator(".chainrule-stepper")
    yield "before the first step"
    page.get_by_role("button", name="To the backward pass").click()
    page.keyboard.press("ArrowRight")
    box.locator("[data-node='0']").click()
    yield "a sum over paths"
    page.get_by_role("button", name="Last step").click()
    yield "the last step"
    for details in box.locator("details:not([open]) > summary").all():
        if details.is_visible():
            details.click()
    yield "all that opens, open"
    page.get_by_label("value of").first.fill("two")
    page.keyboard.press("Enter")
    yield "a number that is none"
    page.get_by_label("value of").first.fill("0.25")
    page.keyboard.press("Enter")
    yield "a leaf changed"
    page.get_by_role("button", name="First step").click()
    page.get_by_role("button", name="Predict each number").click()
    page.keyboard.press("Enter")
    yield "a prediction"


@pytest.mark.skipif(not AXE, reason="AXE does not name axe.min.js of axe-core (npm)")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", GRAPHS)
def test_axe_finds_nothing(name, scheme, page_of):
    page = page_of(GRAPHS[name], scheme)
    page.evaluate(Path(AXE).read_text(encoding="utf-8"))
    for state in states(page):
        found = page.evaluate("axe.run()")
        assert len(found["passes"]) > 10
        wrong = [(x["id"], x["nodes"][0]["html"]) for x in found["violations"]]
        assert wrong == [], state


# Contrast.


def luminance(css):
    """Return the relative luminance of a color, as WCAG 2 defines it."""
    channels = [int(x) / 255 for x in re.findall(r"\d+", css)[:3]]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(color, ground):
    """Return the contrast of two colors, as WCAG 2 defines it."""
    bright, dim = sorted(map(luminance, (color, ground)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def colors_of(page):
    """Return the colors of a page by the names of its variables, as they are in its scheme."""
    return page.evaluate(
        """() => {
          const box = document.querySelector('.chainrule-stepper');
          const probe = box.appendChild(document.createElement('span'));
          const css = box.querySelector('style').textContent;
          const found = {};
          for (const [, name] of css.matchAll(/--([\\w-]+): light-dark/g)) {
            probe.style.color = 'var(--' + name + ')';
            found[name] = getComputedStyle(probe).color;
          }
          probe.remove();
          return found;
        }"""
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_color_stands_out_from_what_it_is_on(scheme, page_of):
    colors = colors_of(page_of(of_an_expression, scheme))
    grounds = {*GROUNDS, *BOXES}
    assert set(colors) - grounds == {name for pairs in PAIRS.values() for name in pairs} - grounds
    for least, pairs in PAIRS.items():
        for name, others in pairs.items():
            for other in others:
                found = contrast(colors[name], colors[other])
                assert found >= least, f"{name} on {other}: {found:.2f}"


def test_contrast_is_that_of_wcag():
    assert contrast("rgb(0, 0, 0)", "rgb(255, 255, 255)") == pytest.approx(21.0)
    assert contrast("rgb(119, 119, 119)", "rgb(255, 255, 255)") == pytest.approx(4.48, abs=0.01)


USED = """() => {
  const found = [];
  for (const part of document.querySelectorAll('.chainrule-stepper, .chainrule-stepper *')) {
    if (part.closest('style, script, option') || !part.getClientRects().length) continue;
    const style = getComputedStyle(part);
    const texts = [...part.childNodes].some((x) => x.nodeType === 3 && x.textContent.trim());
    const svg = part.namespaceURI.endsWith('svg');
    const colors = [];
    if (texts && !part.closest('title')) colors.push(svg ? style.fill : style.color);
    if (svg && ['rect', 'path'].includes(part.localName)) colors.push(style.stroke);
    if (!svg && style.borderTopStyle !== 'none') colors.push(style.borderTopColor);
    if (!svg && style.borderBottomStyle !== 'none') colors.push(style.borderBottomColor);
    found.push([part.getAttribute('class') || part.localName, colors, style.opacity]);
  }
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_frames_and_lines_have_these_colors_and_nothing_fades(scheme, page_of):
    page = page_of(of_the_textbook, scheme)
    known = set(colors_of(page).values())
    for state in states(page):
        for name, colors, opacity in page.evaluate(USED):
            assert opacity == "1", (state, name)
            assert set(colors) - {"none"} <= known, (state, name)


# The keyboard, and screen readers.


def test_a_row_of_the_table_is_reached_and_chosen_by_keyboard(page_of):
    page = page_of(of_an_expression)
    box = page.locator(".chainrule-stepper")
    box.locator(".cs-all summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")  # what scrolls,
    page.keyboard.press("Tab")  # and its first row
    row = "document.activeElement.closest('tbody tr')?.rowIndex"
    assert page.evaluate(row) == 1
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert page.evaluate(row) == 4
    assert box.get_attribute("data-step") == "0"
    page.keyboard.press("Enter")
    assert box.get_attribute("data-step") == "4"
    assert page.evaluate("document.activeElement.getAttribute('aria-current')") == "step"
    page.keyboard.press("ArrowRight")  # still steps
    assert box.get_attribute("data-step") == "5"
    assert box.locator("tr[aria-current]").count() == 1
    assert box.locator("tr[tabindex='0']").count() == 1


def test_a_node_is_called_by_its_name_operation_value_and_gradient(page_of):
    page = page_of(of_an_expression)
    box = page.locator(".chainrule-stepper")
    assert box.get_by_role("button", name="w: data –, grad –", exact=True).count() == 1
    page.get_by_role("button", name="Last step").click()
    assert box.get_by_role("button", name="x: data 2, grad -2.18", exact=False).count() == 1
    root = box.get_by_role("button", name="u9 (+): data 1.1135", exact=False)
    assert root.count() == 1 and root.get_attribute("data-node") == "9"


def test_a_node_that_no_path_leaves_says_so(page_of):
    x = Value(2.0, name="x")
    page = page_of(lambda: ((x * -1.0).relu() + x, None))
    page.get_by_role("button", name="Last step").click()
    nodes = page.get_by_role("button", name="no path")
    assert nodes.evaluate_all("found => found.map((x) => x.dataset.node)") == ["1"]


def test_all_terms_of_a_folded_sentence_are_shown_by_keyboard(page_of):
    page = page_of(of_many_operands)
    box = page.locator(".chainrule-stepper")
    terms = box.locator(".cs-terms")
    box.focus()
    page.keyboard.press("ArrowRight")
    assert terms.is_hidden()  # a leaf has no terms
    while "…" not in box.locator(".cs-sentence").inner_text():
        page.keyboard.press("ArrowRight")
    terms.locator("summary").focus()
    page.keyboard.press("Enter")
    told = terms.locator("p").inner_text()
    assert "…" not in told
    assert told.startswith("u12 = w1·0.3 + w2·0.3 + ") and told.count("·0.3") == 24
    step = box.get_attribute("data-step")
    page.keyboard.press("ArrowRight")  # still steps, and has nothing to unfold
    assert box.get_attribute("data-step") == str(int(step) + 1)
    assert terms.is_hidden()
    page.get_by_role("button", name="Last step").click()
    assert terms.locator("p").inner_text().count("w") == 12 + 1  # "with respect to"
    assert terms.locator("p").inner_text().endswith("w12 is 3.11437.")


# Frames.


ATTRIBUTES = ("onload='__resizeIframe(this)'", "")  # as marimo has it, and any other


def test_a_frame_of_marimo_is_as_tall_as_the_stepper_and_others_are_left_alone(opened, tmp_path):
    root, _ = of_an_expression()
    fragment = escape(stepper(root, check=False).html)
    frames = [f'<iframe srcdoc="{fragment}" height="400px" {x}></iframe>' for x in ATTRIBUTES]
    path = tmp_path / "page.html"
    path.write_text(
        f"<!doctype html><meta charset=utf-8><script>function __resizeIframe() {{}}</script>"
        f"<style>iframe {{ width: 100% }}</style>{''.join(frames)}",
        encoding="utf-8",
    )
    page = opened(path.as_uri(), viewport={"width": 900, "height": 900})
    height = "document.querySelector('iframe').clientHeight"
    page.wait_for_function(f"{height} > 500")
    assert page.locator("iframe").last.evaluate("x => x.clientHeight") == 400
    before = page.evaluate(height)
    box = page.frames[1].locator(".chainrule-stepper")
    box.locator("[data-node='0']").click()
    box.locator(".cs-all summary").click()
    page.wait_for_function(f"{height} > {before} + 100")
    assert box.evaluate("x => x.getBoundingClientRect().bottom <= innerHeight")
