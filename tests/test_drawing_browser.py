"""Drawings in a real browser: they follow the page that they stand in, and nothing is cut.

These need Chromium and `pip install "chainrule[browser]"`; run them with `pytest -m browser`.
"""

import base64

import pytest

from autograd import Value, draw_dot
from autograd.drawing.palette import DARK, PAPER
from nn import TwoLayerNetwork, draw_backward, draw_network, mse_loss
from testkit.pictures import PURE, SYSTEM, pretend_there_is

pytestmark = pytest.mark.browser

LIGHT = tuple(bytes.fromhex(PAPER[1:]))
NIGHT = tuple(bytes.fromhex(DARK[PAPER][1:]))
COLOR_OF_GROUND = """svg => {
    const numbers = getComputedStyle(svg.querySelector('polygon')).fill.match(/\\d+/g);
    return numbers.slice(0, 3).map(Number);
}"""
# The image is drawn as the page shows it, with the color scheme that it takes from there.
PICTURE = "document.querySelector('img').getBoundingClientRect().toJSON()"
CUT = """() => {
    const found = [];
    for (const node of document.querySelectorAll('g.node')) {
        const box = node.querySelector('rect, ellipse');
        if (!box) continue;
        const outside = box.getBoundingClientRect();
        for (const text of node.querySelectorAll('text')) {
            const inside = text.getBoundingClientRect();
            if (inside.left < outside.left || inside.right > outside.right
                || inside.top < outside.top - 1 || inside.bottom > outside.bottom + 1)
                found.push(text.textContent);
        }
    }
    const frame = document.querySelector('svg').getBoundingClientRect();
    for (const text of document.querySelectorAll('svg text')) {
        const inside = text.getBoundingClientRect();
        if (inside.left < frame.left || inside.right > frame.right) found.push(text.textContent);
    }
    return found;
}"""
PIXEL = """source => new Promise(done => {
    const image = new Image();
    image.onload = () => {
        const canvas = document.createElement('canvas');
        const context = canvas.getContext('2d');
        context.drawImage(image, 0, 0);
        done([...context.getImageData(2, 2, 1, 1).data].slice(0, 3));
    };
    image.src = source;
})"""


def shown(chromium, body, scheme="light", attributes="", width=1280):
    """Return a page with something in its body, as a reader who prefers a color scheme sees it."""
    page = chromium.new_page(color_scheme=scheme, viewport={"width": width, "height": 800})
    page.set_content(f"<!doctype html><meta charset=utf-8><body {attributes}>{body}</body>")
    return page


def pixel(chromium, page):
    """Return the color of the picture near its corner, as the page shows it."""
    place = page.evaluate(PICTURE)
    clip = {"x": place["left"] + 1, "y": place["top"] + 1, "width": 8, "height": 8}
    data = base64.b64encode(page.screenshot(clip=clip)).decode()
    other = chromium.new_page()
    found = tuple(other.evaluate(PIXEL, f"data:image/png;base64,{data}"))
    other.close()
    return found


def example():
    w, x = Value(2.0, name="weight"), Value(-3.0, name="权重与损失")
    y = (w * x + w).tanh() * x
    y.name = "a rather long name"
    y.backward()
    return y


PAGES = [  # the page's attributes, what the reader's system prefers, and what is to be seen
    ("", "light", LIGHT),
    ('style="color-scheme: light dark"', "light", LIGHT),
    ('style="color-scheme: light dark"', "dark", NIGHT),
    ('data-jp-theme-light="true"', "dark", LIGHT),
    ('data-jp-theme-light="false"', "light", NIGHT),
    ('data-vscode-theme-kind="vscode-dark"', "light", NIGHT),
]


@pytest.mark.parametrize("programs", [[PURE], [SYSTEM], []], ids=["graphviz-pure", "dot", "none"])
@pytest.mark.parametrize(("attributes", "scheme", "color"), PAGES)
def test_a_drawing_is_as_dark_as_its_page(
    chromium, programs, attributes, scheme, color, monkeypatch
):
    pretend_there_is(monkeypatch, *filter(None, programs))
    picture = draw_dot(example())
    inline = shown(chromium, picture.svg(), scheme, attributes)
    assert tuple(inline.locator("svg").evaluate(COLOR_OF_GROUND)) == color
    image = shown(chromium, picture._repr_mimebundle_()["text/html"], scheme, attributes)
    assert pixel(chromium, image) == color
    inline.close()
    image.close()


def test_in_a_page_that_says_nothing_an_element_is_light_and_an_image_as_the_reader_prefers(
    chromium,
):
    picture = draw_dot(example())
    inline = shown(chromium, picture.svg(), "dark")
    assert tuple(inline.locator("svg").evaluate(COLOR_OF_GROUND)) == LIGHT
    image = shown(chromium, picture._repr_mimebundle_()["text/html"], "dark")
    assert pixel(chromium, image) == NIGHT
    inline.close()
    image.close()


@pytest.mark.parametrize("body", ["svg", "html"])
def test_on_paper_a_dark_page_has_light_drawings(chromium, body):
    picture = draw_dot(example())
    html = picture.svg() if body == "svg" else picture._repr_mimebundle_()["text/html"]
    page = shown(chromium, html, "dark", 'data-jp-theme-light="false"')
    page.emulate_media(media="print")
    if body == "svg":
        assert tuple(page.locator("svg").evaluate(COLOR_OF_GROUND)) == LIGHT
    else:
        assert pixel(chromium, page) == LIGHT
    page.close()


def test_a_file_follows_the_system_of_its_reader(chromium, tmp_path):
    path = draw_dot(example()).render(tmp_path / "a.svg")
    for scheme, color in (("light", LIGHT), ("dark", NIGHT)):
        page = chromium.new_page(color_scheme=scheme)
        page.goto(f"file://{path}")
        assert tuple(page.locator("svg").evaluate(COLOR_OF_GROUND)) == color
        page.close()


def pictures():
    """Return drawings of all kinds, by name."""
    network = TwoLayerNetwork(2, 3, 1, seed=0)
    loss = mse_loss(network([1.0, -2.0]), [1.0])
    loss.backward()
    many = TwoLayerNetwork(30, 12, 3, seed=0)
    return {
        "graph": draw_dot(example()),
        "full": draw_dot(example(), style="full", rankdir="TB"),
        "network": draw_dot(loss, network=network),
        "collapsed": draw_dot(loss, network=network, collapse="layer"),
        "figure": draw_network(network, ["长度", "width"], ["花"], title="训练之前"),
        "backward": draw_backward(network, [1.0, -2.0], [1.0], class_names=["花"]),
        "many": draw_network(many),
    }


@pytest.mark.parametrize("name", list(pictures()))
def test_no_text_of_a_drawing_is_cut(chromium, name, monkeypatch):
    pretend_there_is(monkeypatch)
    page = shown(chromium, pictures()[name].svg())
    assert page.locator("svg text").count() > 5
    assert page.evaluate(CUT) == []
    page.close()
