"""The stepper and the pictures in a real browser: Chromium, from a file and inside JupyterLab.

These need Chromium (`apt-get install chromium`) and `pip install "chainrule[browser]"`; run them
with `pytest -m browser`. Where something is missing they fail: they are never skipped.
"""

import json
import math
import os
import random
import socket
import subprocess
import sys
import time
import urllib.request
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Value, contributions, dot, ieee, primitive, stepper, where
from autograd.stepping.lines import shown
from autograd.stepping.model import Backward, Forward, Model
from autograd.testing.recording import path_sums
from nn import TwoLayerNetwork, mse_loss, playground

pytestmark = pytest.mark.browser

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
SECONDS = 60  # for JupyterLab to answer, or to show a notebook
MAX_TOUCHED_ELEMENTS = 40  # by a step, however large the graph


def example():
    x, w, b = Value(2.0, name="x"), Value(-3.0, name="w"), Value(6.5, name="b")
    y = (w * x + b).tanh()
    y.name = "y"
    return (y - 1.0) ** 2 + 0.1 * w * w


@pytest.fixture
def root():
    return example()


@pytest.fixture
def page(opened, root, tmp_path):
    path = stepper(root).save(tmp_path / "page.html")
    return opened(path.as_uri(), viewport={"width": 1000, "height": 800})


def numbers_of(box, what):
    """Return the numbers that stand in the graph, with all digits; None where there is none."""
    texts = box.locator(f".node .{what}").evaluate_all(
        "parts => parts.map(part => part.getAttribute('data-number'))"
    )
    return [float(text) if text else None for text in texts]


def steps_by_hand(root):
    """Yield the gradients after each edge of `backward_steps`, by node."""
    nodes = Model(root).nodes
    gradients = dict.fromkeys(nodes)
    for step in root.backward_steps():
        if step.node is root:
            gradients[root] = step.adjoint
            yield list(gradients.values()), None, step
        for edge in step.edges:
            gradients[edge.parent] = edge.after
            yield list(gradients.values()), edge, step


def terms(box):
    return box.locator(".cs-formula .cs-term b").all_inner_texts()


def unbracketed(text):
    return text.strip("()")


def test_every_step_by_keyboard_shows_the_numbers_of_backward_steps(page, root):
    box = page.locator(".chainrule-stepper")
    box.focus()
    nodes = Model(root).nodes
    for i, node in enumerate(nodes):
        page.keyboard.press("ArrowRight")
        known = numbers_of(box, "data")
        assert known == [n.data for n in nodes[: i + 1]] + [None] * (len(nodes) - i - 1)
        assert shown(node.data) in box.locator(".cs-sentence").inner_text()
    for gradients, edge, step in steps_by_hand(root):
        page.keyboard.press("ArrowRight")
        assert numbers_of(box, "grad") == gradients
        if edge:
            told = [step.adjoint, edge.local_derivative, edge.contribution, edge.before,
                    edge.contribution, edge.after]  # fmt: skip
            assert [unbracketed(text) for text in terms(box)] == [shown(x) for x in told]
    page.keyboard.press("ArrowRight")
    assert box.get_attribute("data-phase") == "done"
    root.backward()  # a second pass: leaves hold twice as much, so compare with fresh ones
    fresh = example()
    fresh.backward()
    assert numbers_of(box, "grad") == [node.grad for node in Model(fresh).nodes]


@primitive(lambda x, out: 2.0 * x)
def squared(x):
    return x * x


def of_the_textbook():
    network = TwoLayerNetwork(2, 3, 1, seed=0)
    return mse_loss(network([1.0, -2.0]), [1.0]), network


SPOKEN = {
    "an expression": lambda: (example(), None),
    "the textbook's network": of_the_textbook,
    "an operation of one's own": lambda: (squared(Value(1 / 3)) + 0.1, None),
    "fractions": lambda: ((Value(Fraction(1, 3)) ** 2 / 7, None)),
    "huge and tiny": lambda: (Value(1e300) * 1e-310 + Value(-0.0) - Value(123456.5) * 3e5, None),
    "many operands": lambda: (dot([Value(0.1 * i) for i in range(9)], [0.3] * 9).exp(), None),
}


@pytest.mark.parametrize("name", SPOKEN)
def test_every_sentence_and_row_is_the_one_that_python_prints(name, opened, tmp_path):
    root, network = SPOKEN[name]()
    made = stepper(root, network=network, check=False)
    page = opened(made.save(tmp_path / "page.html").as_uri())
    box = page.locator(".chainrule-stepper")
    box.focus()
    for step in made.model.steps:
        page.keyboard.press("ArrowRight")
        assert box.locator(".cs-sentence").inner_text() == step.sentence
    if made.graph:
        rows = box.locator(".cs-all tbody tr")
        box.locator(".cs-all summary").click()
        printed = rows.all_inner_texts()
        box.get_by_label("value of").first.press("Enter")
        page.evaluate("document.querySelector('.cs-reset').click()")  # all rows anew, by the page
        assert rows.all_inner_texts() == printed


# Leaves that are changed in the page.


def of_two_moons(*leaves):
    """Return the textbook's error of a 2-3-1 network at a sample, of its 13 weights."""
    network = TwoLayerNetwork(2, 3, 1, hidden="relu", seed=0)
    for parameter, leaf in zip(network.parameters(), leaves):
        parameter.data = leaf
    return network.parameters(), mse_loss(network([1.0, -2.0]), [1.0])


def of_leaves(function):
    """Return a function that gives the leaves it makes, and its result."""

    def made(*numbers):
        leaves = [Value(x, name=f"x{i}") for i, x in enumerate(numbers)]
        with ieee():
            return leaves, function(*leaves)

    return made


PROGRAMS = {
    "tanh(w * x + b) * (x + 1)": (3, of_leaves(lambda w, x, b: (w * x + b).tanh() * (x + 1))),
    "a 2-3-1 network's error": (13, of_two_moons),
    "exp, log, pow and where": (
        3,
        of_leaves(lambda x, y, z: where((x - y).relu(), x.exp() * y, y.log() * x**3) + abs(z) ** y),
    ),
}
SETTINGS = 50
MOST_ULPS = 4.0  # of the sum over paths


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_leaf_that_is_typed_changes_all_gradients_as_the_engine_has_them(name, opened, tmp_path):
    count, program = PROGRAMS[name]
    source = random.Random(name)
    start = [round(source.uniform(0.5, 1.5), 3) for _ in range(count)]
    leaves, root = program(*start)
    nodes = Model(root).nodes
    path = stepper(root, check=False).save(tmp_path / "page.html")
    page = opened(path.as_uri(), viewport={"width": 1280, "height": 900})
    box = page.locator(".chainrule-stepper")
    box.focus()
    page.keyboard.press("End")
    fields = box.locator(".cs-leaf input[type=text]")
    order = [node for node in nodes if node.op is None]
    numbers = dict(zip(leaves, start))
    for _ in range(SETTINGS):
        leaf = source.choice([x for x in leaves if x in order])
        numbers[leaf] = round(source.uniform(-2.0, 2.0), 3)
        field = fields.nth(order.index(leaf))
        field.focus()
        field.fill(repr(numbers[leaf]))
        page.keyboard.press("Enter")
        fresh, other = program(*numbers.values())
        other.backward()
        told = dict(zip(nodes, numbers_of(box, "grad")))
        sums = path_sums(other, fresh)
        for old, new, (total, _) in zip(leaves, fresh, sums):
            if old in told:
                off = abs((told[old] or 0.0) - new.grad)
                assert off <= MOST_ULPS * 2**-52 * total or not math.isfinite(new.grad), (
                    name,
                    numbers,
                )
        values = numbers_of(box, "data")
        assert values[-1] == pytest.approx(other.data, rel=1e-14, nan_ok=True)


def test_a_change_keeps_the_step_and_as_recorded_takes_it_back(page, root):
    box = page.locator(".chainrule-stepper")
    box.focus()
    for _ in range(9):
        page.keyboard.press("ArrowRight")
    before = numbers_of(box, "data"), box.locator(".cs-sentence").inner_text()
    field = box.get_by_label("value of x")
    field.fill("5")
    field.press("Enter")
    assert box.get_attribute("data-step") == "9"
    changed = numbers_of(box, "data")
    assert changed != before[0] and [x is None for x in changed] == [x is None for x in before[0]]
    box.get_by_role("button", name="as recorded").click()
    assert (numbers_of(box, "data"), box.locator(".cs-sentence").inner_text()) == before
    assert field.input_value() == "2"


def test_a_slider_moves_by_keyboard_and_steps_stay_where_they_are(page):
    box = page.locator(".chainrule-stepper")
    box.focus()
    page.keyboard.press("End")
    steps = box.get_attribute("data-step")
    slider = box.get_by_label("slider of x")
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert float(box.get_by_label("value of x").input_value()) == pytest.approx(2.02)
    assert 2.02 in [round(x, 9) for x in numbers_of(box, "data")]
    assert box.get_attribute("data-step") == steps


def test_where_python_would_raise_the_page_says_so_and_goes_on(opened, tmp_path):
    x = Value(2.0, name="x")
    path = stepper(x.log() * 3.0).save(tmp_path / "page.html")
    page = opened(path.as_uri())
    field = page.get_by_label("value of x")
    field.fill("-1")
    field.press("Enter")
    told = page.locator(".cs-warning").inner_text()
    assert "ValueError" in told and "log(-1)" in told and "nan" in told
    field.fill("two")
    field.press("Enter")
    assert page.locator(".cs-warning").inner_text() == "two is no number."
    assert field.get_attribute("aria-invalid") == "true"


def test_an_edge_that_dies_with_a_leaf_is_dashed_and_no_longer_a_path(opened, tmp_path):
    x = Value(2.0, name="x")
    path = stepper((x * -1.0).relu() + x * 3.0).save(tmp_path / "page.html")
    page = opened(path.as_uri())
    box = page.locator(".chainrule-stepper")
    box.focus()
    page.keyboard.press("End")
    box.locator(".node").nth(0).click()
    assert box.locator(".edge.path").count() == 2  # x * 3 and the sum: no path through a dead relu
    field = page.get_by_label("value of x")
    field.fill("-2")
    field.press("Enter")
    assert box.locator(".edge.path").count() == 5
    assert box.locator(".edge.zero").count() == 0


def test_an_operation_of_one_s_own_says_why_its_leaves_cannot_be_changed(opened, tmp_path):
    @primitive(lambda x, out: 2.0 * x)
    def own(x):
        return x * x

    path = stepper(own(Value(3.0)) + 1.0).save(tmp_path / "page.html")
    page = opened(path.as_uri())
    assert "cannot be changed here: own" in page.locator(".cs-note").inner_text()


def test_the_sum_shows_no_total_before_its_time(page):
    box = page.locator(".chainrule-stepper")
    box.focus()
    box.locator(".node").nth(0).click()
    assert box.locator(".cs-total td").last.inner_text() == "–"
    page.keyboard.press("End")
    assert box.locator(".cs-total td").first.inner_text().startswith("total: gradient of")


def test_steps_can_be_undone_one_by_one(page, root):
    box = page.locator(".chainrule-stepper")
    box.focus()
    seen = []
    for _ in Model(root).steps:
        seen.append((numbers_of(box, "data"), numbers_of(box, "grad"), box.inner_text()))
        page.keyboard.press("ArrowRight")
    while seen:
        page.keyboard.press("ArrowLeft")
        assert (numbers_of(box, "data"), numbers_of(box, "grad"), box.inner_text()) == seen.pop()
    page.keyboard.press("ArrowLeft")
    assert box.get_attribute("data-step") == "0"


def test_home_end_and_buttons(page, root):
    box, last = page.locator(".chainrule-stepper"), str(len(Model(root).steps))
    box.focus()
    page.keyboard.press("End")
    assert box.get_attribute("data-step") == last
    page.keyboard.press("Home")
    assert box.get_attribute("data-step") == "0"
    for label, step in (("Last step", last), ("First step", "0"), ("One step on", "1"),
                        ("One step back", "0")):  # fmt: skip
        box.get_by_role("button", name=label).click()
        assert box.get_attribute("data-step") == step


def test_keys_do_nothing_where_the_stepper_has_no_focus(page):
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("ArrowRight")
    assert page.locator(".chainrule-stepper").get_attribute("data-step") == "0"


def test_the_slider_is_dragged(page, root):
    box, slider = page.locator(".chainrule-stepper"), page.locator(".cs-track input")
    frame = slider.bounding_box()
    middle = frame["y"] + frame["height"] / 2
    page.mouse.move(frame["x"] + 8, middle)
    page.mouse.down()
    page.mouse.move(frame["x"] + frame["width"] * 0.5, middle, steps=7)
    halfway = int(box.get_attribute("data-step"))
    page.mouse.move(frame["x"] + frame["width"] - 1, middle, steps=7)
    page.mouse.up()
    steps = len(Model(root).steps)
    assert 0 < halfway < steps and box.get_attribute("data-step") == str(steps)
    page.keyboard.press("ArrowLeft")  # the slider has the focus: one step, not two
    assert box.get_attribute("data-step") == str(steps - 1)
    assert slider.get_attribute("aria-valuetext") == f"step {steps - 1} of {steps}"


def test_a_clicked_node_tells_its_sum_over_paths(page, root):
    box, model = page.locator(".chainrule-stepper"), Model(root)
    box.get_by_role("button", name="Last step").click()
    for i, node in enumerate(model.nodes):
        box.locator(f"[data-node='{i}']").click()
        rows = box.locator(".cs-sum tr").all_inner_texts()
        told = contributions(root, node)
        assert len(rows) == len(told.edges) + (2 if node is root else 1)
        for row, edge in zip(rows, told.edges):
            assert row.split("\t")[-1] == shown(edge.product)
            assert row.split("\t")[0] == f"from {model.names[edge.node]}"
        total = box.locator(".cs-total td").last
        assert float(total.get_attribute("data-number")) == told.total
        assert total.inner_text() == shown(told.total)
    w = next(i for i, node in enumerate(model.nodes) if node.name == "w")
    box.locator(f"[data-node='{w}']").click()
    assert "3 paths lead from w" in box.locator(".cs-sum").inner_text()
    box.locator(f"[data-node='{w}']").click()
    assert box.locator(".cs-sum").inner_text() == ""


def test_a_node_is_reached_and_opened_by_keyboard(page):
    box = page.locator(".chainrule-stepper")
    box.focus()
    page.keyboard.press("ArrowRight")
    for _ in range(25):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.node !== undefined"):
            break
    page.keyboard.press("Enter")
    assert "Sum over paths" in box.locator(".cs-sum").inner_text()
    page.keyboard.press("ArrowRight")  # still steps
    assert box.get_attribute("data-step") == "2"


def test_a_row_of_the_table_leads_to_its_step(page):
    box = page.locator(".chainrule-stepper")
    box.locator(".cs-all summary").click()
    box.locator(".cs-all tbody tr").nth(9).click()
    assert box.get_attribute("data-step") == "10"


def test_the_sentence_is_announced(page):
    sentence = page.locator(".cs-sentence")
    assert sentence.get_attribute("aria-live") == "polite"
    page.locator(".chainrule-stepper").focus()
    page.keyboard.press("ArrowRight")
    assert sentence.inner_text() == "w is given: w = -3."


def test_play_runs_and_pauses(page):
    box, play = page.locator(".chainrule-stepper"), page.get_by_role("button", name="Play")
    play.click()
    page.wait_for_function("document.querySelector('.chainrule-stepper').dataset.step >= 2")
    assert play.inner_text() == "⏸ Pause"
    play.click()
    step = box.get_attribute("data-step")
    page.wait_for_timeout(1200)
    assert box.get_attribute("data-step") == step


def test_numbers_are_written_as_python_writes_them(opened, tmp_path):
    numbers = drawn_numbers()
    leaves = [Value(x, name=f"a{i}") for i, x in enumerate(numbers)]
    pages = [stepper(leaf * 1.0, check=False) for leaf in leaves]
    path = tmp_path / "numbers.html"
    path.write_text("".join(each.html for each in pages), encoding="utf-8")
    shown_page = opened(path.as_uri())
    for box in shown_page.locator(".chainrule-stepper").all():
        box.get_by_role("button", name="Last step").click()
    texts = shown_page.locator(".node.leaf .data").all_text_contents()
    assert texts == [shown(x) for x in numbers]


def drawn_numbers():
    """Return floats of all sizes: the same in every run."""
    found = [0.0, -0.0, 1.0, 123456.0, 999999.5, 1234567.0, 1e-5, 0.0001, 1e300, 5e-324, -2 / 3]

    @settings(max_examples=40, database=None)
    @given(st.floats(allow_nan=False, allow_infinity=False))
    def collect(x):
        found.append(x)

    collect()
    return [x for x in found if not is_tie(x)][:40]


def is_tie(x):
    """Tell whether six digits of x end exactly between two: there the rules of rounding differ."""
    from decimal import Decimal

    digits = Decimal(x).as_tuple().digits
    return len(digits) > 6 and digits[6] == 5 and not any(digits[7:])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_themes_can_be_read(opened, root, tmp_path, scheme):
    path = stepper(root).save(tmp_path / "page.html")
    page = opened(path.as_uri(), color_scheme=scheme)
    page.get_by_role("button", name="Last step").click()
    for selector in (".cs-sentence", ".cs-counts", ".cs-badge", ".cs-count", ".cs-phase"):
        assert contrast(page, selector, ".cs-panel", "color") >= 4.5, selector
    for selector in (".node .name", ".node .grad", ".node .key", ".edge .slope"):
        assert contrast(page, selector, ".chainrule-stepper", "fill") >= 4.5, selector


def contrast(page, selector, ground, what):
    """Return the contrast of a text with its ground, as WCAG 2 defines it."""
    script = "([s, what]) => getComputedStyle(document.querySelector(s))[what]"
    both = [
        page.evaluate(script, [selector, what]),
        page.evaluate(script, [ground, "backgroundColor"]),
    ]
    bright, dim = sorted(map(luminance, both), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def luminance(css):
    channels = [int(x) / 255 for x in css[css.index("(") + 1 : -1].split(",")[:3]]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_a_reader_who_wants_no_motion_gets_none(opened, root, tmp_path):
    path = stepper(root).save(tmp_path / "page.html")
    for motion, name in (("reduce", "none"), ("no-preference", "cs-flow")):
        page = opened(path.as_uri(), reduced_motion=motion)
        page.locator(".chainrule-stepper").focus()
        page.keyboard.press("End")
        page.keyboard.press("ArrowLeft")
        style = "getComputedStyle(document.querySelector('.edge.active path')).animationName"
        assert page.evaluate(style) == name


def test_nothing_is_wider_than_a_narrow_window(opened, root, tmp_path):
    path = stepper(root).save(tmp_path / "page.html")
    page = opened(path.as_uri(), viewport={"width": 360, "height": 700})
    page.locator(".chainrule-stepper").focus()
    for _ in range(16):
        page.keyboard.press("ArrowRight")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_without_scripts_there_is_a_picture_and_a_table(opened, root, tmp_path):
    path = stepper(root).save(tmp_path / "page.html")
    page = opened(path.as_uri(), java_script_enabled=False)
    assert page.locator(".cs-picture").bounding_box()["width"] > 300
    assert page.locator(".cs-all tbody tr").count() == len(Model(root).steps)
    assert page.locator(".cs-all tbody tr").first.is_visible()
    assert page.get_by_role("button").count() == 0


def test_two_outputs_of_one_graph_share_no_id(opened, root, tmp_path):
    path, html = tmp_path / "page.html", stepper(root).html
    path.write_text(f"<!doctype html><meta charset=utf-8>{html}{html}", encoding="utf-8")
    page = opened(path.as_uri())
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(x => x.id)")
    assert len(ids) == len(set(ids)) > 20
    boxes = page.locator(".chainrule-stepper")
    boxes.nth(1).get_by_role("button", name="Last step").click()
    assert boxes.nth(0).get_attribute("data-step") == "0"


def test_hostile_names_are_text_in_the_live_page(opened, tmp_path):
    name = "</script><img src=x onerror=alert(1)>"
    x = Value(2.0, name=name)
    path = stepper(x * x + Value(1.0, name="</title><script>alert(2)</script>")).save(
        tmp_path / "page.html"
    )
    page = opened(path.as_uri())
    alerts = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    page.locator(".chainrule-stepper").focus()
    for _ in range(9):
        page.keyboard.press("ArrowRight")
    page.locator("[data-node='0']").click()
    assert alerts == [] and page.locator("img").count() == 0
    assert name[:39] in page.locator(".cs-sum h3").inner_text()


def test_a_step_of_200_nodes_touches_few_of_them(opened, tmp_path):
    y = Value(0.7, name="y")
    for i in range(100):
        y = y * Value(1.01 + i / 1000, name=f"w{i}")
    page = opened(stepper(y).save(tmp_path / "page.html").as_uri())
    most = page.evaluate(
        """() => {
          const next = document.querySelector('[data-action=next]'), counts = [];
          const box = document.querySelector('.chainrule-stepper');
          const observer = new MutationObserver(() => {});
          observer.observe(box, {subtree: true, childList: true, attributes: true});
          while (box.dataset.phase !== 'done') {
            next.click();
            counts.push(new Set(observer.takeRecords().map(record => record.target)).size);
          }
          return Math.max(...counts);
        }"""
    )
    assert 5 < most < MAX_TOUCHED_ELEMENTS


# JupyterLab.


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """Start JupyterLab on an empty folder, with settings of its own."""
    folder = tmp_path_factory.mktemp("lab")
    settings_folder = folder / "config" / "labconfig"
    settings_folder.mkdir(parents=True)
    (settings_folder / "page_config.json").write_text(
        json.dumps({"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}})
    )
    (folder / "work").mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
    }
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}",
        "--ip=127.0.0.1", "--IdentityProvider.token=", "--ServerApp.password=",
        f"--ServerApp.root_dir={folder / 'work'}", "--LabApp.expose_app_in_browser=True",
    ]  # fmt: skip
    with open(folder / "log", "wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            wait_for(f"http://127.0.0.1:{port}/api", server, folder / "log")
            yield f"http://127.0.0.1:{port}", folder / "work", environment
        finally:
            server.terminate()
            server.wait(timeout=30)


def wait_for(url, server, log):
    for _ in range(SECONDS * 4):
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            if server.poll() is not None:
                break
            time.sleep(0.25)
    pytest.fail(f"JupyterLab does not answer: {log.read_text()[-2000:]}")


def notebook(path, *outputs):
    """Write an executed notebook whose cells have the given outputs."""
    import nbformat
    from nbformat import v4

    cells = []
    for i, data in enumerate(outputs):
        output = v4.new_output("execute_result", data=data, execution_count=i + 1)
        cells.append(v4.new_code_cell("stepper(root)", outputs=[output], id=f"cell{i}"))
    nbformat.write(v4.new_notebook(cells=cells, metadata=KERNEL), path)


def trust(path, environment):
    subprocess.run(
        [sys.executable, "-m", "jupyter", "trust", str(path)], env=environment, check=True,
        capture_output=True,
    )  # fmt: skip


def in_lab(opened, lab, name, **settings):
    url = f"{lab[0]}/lab/workspaces/{Path(name).stem}/tree/{name}"  # with no tabs of other tests
    page = opened(url, viewport={"width": 1200, "height": 900}, **settings)
    page.wait_for_selector(".jp-Notebook .jp-OutputArea-output", timeout=SECONDS * 1000)
    return page


def bundle(x):
    return x._repr_mimebundle_()


def test_in_a_trusted_notebook_of_jupyterlab_it_steps(opened, lab, root):
    notebook(lab[1] / "trusted.ipynb", bundle(stepper(root)), bundle(stepper(root)))
    trust(lab[1] / "trusted.ipynb", lab[2])
    page = in_lab(opened, lab, "trusted.ipynb")
    page.wait_for_selector(".chainrule-stepper[data-ready]", timeout=SECONDS * 1000)
    box = page.locator(".chainrule-stepper").first
    box.focus()
    for gradients, _, _ in [(None, None, None)] * len(Model(root).nodes) + [*steps_by_hand(root)]:
        page.keyboard.press("ArrowRight")
        if gradients:
            assert numbers_of(box, "grad") == gradients
    page.keyboard.press("ArrowRight")
    assert box.get_attribute("data-phase") == "done"
    box.locator("[data-node='0']").click()
    assert "Sum over paths: w" in box.locator(".cs-sum").inner_text()
    ids = page.evaluate("[...document.querySelectorAll('.chainrule-stepper [id]')].map(x => x.id)")
    assert len(ids) == len(set(ids))


def test_in_an_untrusted_notebook_it_is_a_picture_and_a_table(opened, lab, root):
    notebook(lab[1] / "untrusted.ipynb", bundle(stepper(root)))
    page = in_lab(opened, lab, "untrusted.ipynb")
    picture = page.locator(".jp-OutputArea-output img")
    picture.wait_for(timeout=SECONDS * 1000)
    assert picture.evaluate("image => image.complete && image.naturalWidth") > 300
    rows = page.locator(".jp-OutputArea-output tbody tr")
    assert rows.count() == len(Model(root).steps) and rows.first.is_visible()
    assert page.locator(".jp-OutputArea-output script").count() == 0
    assert "addEventListener" not in page.locator(".jp-OutputArea-output").inner_text()


def test_a_value_shows_its_picture_in_a_fresh_untrusted_notebook(opened, lab, root):
    notebook(lab[1] / "value.ipynb", bundle(root))
    page = in_lab(opened, lab, "value.ipynb")
    picture = page.locator(".jp-OutputArea-output img")
    picture.wait_for(timeout=SECONDS * 1000)
    assert picture.evaluate("image => image.complete && image.naturalWidth") > 200


def test_a_trusted_notebook_has_the_playground_and_another_says_how_to_get_it(opened, lab):
    trusted, other = (playground("xor", hidden=p)._repr_html_() for p in (2, 3))
    notebook(lab[1] / "plays.ipynb", {"text/html": trusted})
    notebook(lab[1] / "says.ipynb", {"text/html": other})
    trust(lab[1] / "plays.ipynb", lab[2])
    page = in_lab(opened, lab, "plays.ipynb")
    frame = page.frame_locator(".jp-OutputArea-output iframe")
    frame.get_by_role("button", name="100 steps").click(timeout=SECONDS * 1000)
    assert frame.locator("[data-told=iteration]").inner_text() == "100"
    page = in_lab(opened, lab, "says.ipynb")
    output = page.locator(".jp-OutputArea-output").first
    assert '.save("page.html") writes the playground' in output.inner_text()
    assert output.locator("iframe").count() == 0


def test_run_live_in_jupyterlab_a_value_and_a_stepper_show_themselves(opened, lab):
    import nbformat
    from nbformat import v4

    source = "from autograd import Value, stepper\nx = Value(2.0, name='x')\ny = x * x\nstepper(y)"
    cells = [v4.new_code_cell(source, id="a"), v4.new_code_cell("y", id="b")]
    nbformat.write(v4.new_notebook(cells=cells, metadata=KERNEL), lab[1] / "live.ipynb")
    page = opened(
        f"{lab[0]}/lab/workspaces/live/tree/live.ipynb", viewport={"width": 1200, "height": 900}
    )
    page.wait_for_function(
        "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel"
        "?.connectionStatus === 'connected'",
        timeout=SECONDS * 1000,
    )
    page.evaluate("() => void window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_selector(".chainrule-stepper[data-ready]", timeout=SECONDS * 1000)
    page.locator(".jp-OutputArea-output img").last.wait_for(timeout=SECONDS * 1000)
    box = page.locator(".chainrule-stepper")
    box.focus()
    page.keyboard.press("End")
    assert numbers_of(box, "grad") == [4.0, 1.0]


def test_the_theme_of_jupyterlab_is_followed(opened, lab, root):
    notebook(lab[1] / "theme.ipynb", bundle(stepper(root)))
    trust(lab[1] / "theme.ipynb", lab[2])
    page = in_lab(opened, lab, "theme.ipynb", color_scheme="dark")
    page.wait_for_selector(".chainrule-stepper[data-ready]", timeout=SECONDS * 1000)
    ground = "getComputedStyle(document.querySelector('.chainrule-stepper')).backgroundColor"
    for light in ("true", "false"):
        page.evaluate(f"document.body.setAttribute('data-jp-theme-light', '{light}')")
        assert (luminance(page.evaluate(ground)) > 0.5) == (light == "true")


def test_the_picture_in_the_readme_is_a_stepper():
    picture = Path(__file__).parent.parent / "docs" / "images" / "stepper.png"
    assert picture.read_bytes()[:4] == b"\x89PNG" and picture.stat().st_size < 200_000


# More controls.


def test_a_step_may_be_a_node_or_a_layer(page, root):
    box = page.locator(".chainrule-stepper")
    box.focus()
    steps = Model(root).steps
    box.get_by_label("a step is").select_option("node")
    box.focus()
    seen = []
    while box.get_attribute("data-phase") != "done":
        page.keyboard.press("ArrowRight")
        seen.append(int(box.get_attribute("data-step")))
    edges = [step.arrow for step in steps if isinstance(step, Backward)]
    nodes = len({Model(root).arrows[arrow].node for arrow in edges})
    assert len(seen) == len(Model(root).nodes) + 1 + nodes + 1  # the seed, and the last sentence
    back = []
    for _ in seen:
        page.keyboard.press("ArrowLeft")
        back.append(int(box.get_attribute("data-step")))
    assert back == [0, *seen][-2::-1]
    box.get_by_label("a step is").select_option("layer")
    box.focus()
    depth = depths(Model(root))
    ends = [0]
    while box.get_attribute("data-phase") != "done":
        page.keyboard.press("ArrowRight")
        ends.append(int(box.get_attribute("data-step")))
    assert len(ends) - 1 < len(seen)
    for start, end in zip(ends, ends[1:]):
        moved = [step for step in steps[start:end] if isinstance(step, (Forward, Backward))]
        places = [
            s.node if isinstance(s, Forward) else Model(root).arrows[s.arrow].node for s in moved
        ]
        assert len({depth[place] for place in places}) <= 1


def depths(model):
    """Return how far each node is from the leaves, at most."""
    found = [0] * len(model.nodes)
    for arrow in model.arrows:
        if arrow.operand is not None:
            found[arrow.node] = max(found[arrow.node], found[arrow.operand] + 1)
    return found


def test_space_plays_and_a_button_leads_to_the_backward_pass(page, root):
    box = page.locator(".chainrule-stepper")
    box.get_by_role("button", name="To the backward pass").click()
    assert box.get_attribute("data-step") == str(len(Model(root).nodes))
    box.get_by_label("speed").select_option("5")
    box.focus()
    page.keyboard.press(" ")
    page.wait_for_function("document.querySelector('.chainrule-stepper').dataset.phase === 'done'")


def test_predictions_are_counted_and_numbers_hidden_until_then(page, root):
    box = page.locator(".chainrule-stepper")
    box.get_by_role("button", name="Predict each number").click()
    field = box.locator(".cs-guess")
    model = Model(root)
    hits = asked = 0
    for step in model.steps:
        if isinstance(step, Forward) and model.nodes[step.node].op is not None:
            wanted = model.nodes[step.node].data
        elif isinstance(step, Backward):
            wanted = step.contribution
        else:
            continue
        known = [x for x in numbers_of(box, "data") if x is not None]
        if isinstance(step, Forward):
            assert len(known) == step.node  # its own is not there yet
        right = asked % 3 != 2
        field.fill(repr(wanted * 1.005 if right else wanted + 1.0))
        page.keyboard.press("Enter")
        asked += 1
        hits += right
        assert f"{hits} of {asked} guesses right" in box.locator(".cs-told").inner_text()
    assert box.get_attribute("data-phase") == "done"
    assert field.is_hidden() and f"{hits} of {asked}" in box.locator(".cs-question").inner_text()


def test_the_recorded_graph_as_text_gives_way_to_changed_leaves(page):
    box = page.locator(".chainrule-stepper")
    field = box.locator(".cs-leaf input[type=text]").first
    field.fill("0.123")
    field.press("Enter")
    assert box.locator(".cs-tree").is_hidden()
    box.locator(".cs-reset").click()
    assert box.locator(".cs-tree").is_visible()


@pytest.mark.parametrize(("guess", "hits"), [("7", 0), ("", 0), ("-inf", 0), ("inf", 1)])
def test_only_infinity_is_near_infinity(guess, hits, opened, tmp_path):
    with ieee():
        path = stepper(Value(math.inf, name="x") * 2.0, check=False).save(tmp_path / "inf.html")
    box = opened(path.as_uri()).locator(".chainrule-stepper")
    box.get_by_role("button", name="Predict each number").click()
    box.locator(".cs-guess").fill(guess)
    box.locator(".cs-guess").press("Enter")
    assert f"{hits} of 1 guesses right" in box.locator(".cs-told").inner_text()


def test_the_result_is_hidden_until_it_is_predicted_and_a_word_is_no_guess(page, root):
    box = page.locator(".chainrule-stepper")
    heading = box.locator(".cs-heading strong")
    whole = heading.inner_text()
    others = box.locator(".cs-tree, .cs-all")
    assert others.count() == 2 and others.first.is_visible()
    box.get_by_role("button", name="Predict each number").click()
    assert heading.inner_text() == whole.split(" = ")[0] + " = ?"
    assert not any(part.is_visible() for part in others.all())
    field = box.locator(".cs-guess")
    before = box.get_attribute("data-step")
    field.fill("many")
    page.keyboard.press("Enter")
    assert box.locator(".cs-told").inner_text() == "many is no number."
    assert box.get_attribute("data-step") == before
    while heading.inner_text() != whole:
        assert box.get_attribute("data-phase") != "backward"
        field.fill("1")
        page.keyboard.press("Enter")
    box.get_by_role("button", name="Predict each number").click()
    assert heading.inner_text() == whole and others.first.is_visible()


def test_boxes_have_the_digits_and_the_sign_of_the_sentence(opened, tmp_path):
    network = TwoLayerNetwork(2, 3, 1, seed=0)
    root = mse_loss(network([1.0, -2.0]), [1.0])
    path = stepper(root, network=network).save(tmp_path / "page.html")
    page = opened(path.as_uri())
    box = page.locator(".chainrule-stepper")
    signs = set()
    for step in Model(root, network=network).steps:
        box.get_by_role("button", name="One step on").click()
        if isinstance(step, Backward):
            product, total = step.sentence.split("; its gradient becomes ")
            found = box.locator(".cs-formula b, .cs-formula .cs-sign").all_inner_texts()
            assert " ".join(found[:5]) in product and " ".join(found[5:]) in total
            signs.add(found[3])
        elif isinstance(step, Forward):
            assert terms(box)[-1] in step.sentence
    assert signs == {"=", "≈"}


def test_no_number_of_a_sum_is_broken_on_a_phone(opened, tmp_path):
    x, w, b = Value(2.0, name="x"), Value(-3.25, name="w"), Value(6.5, name="b")
    path = stepper((w * x + b).tanh() * (x + 1.0)).save(tmp_path / "page.html")
    page = opened(path.as_uri(), viewport={"width": 390, "height": 844})
    page.get_by_role("button", name="Last step").click()
    page.locator(".node").nth(1).click()
    total = page.locator(".cs-sum td:last-child").last
    assert total.inner_text() == "-9.75"
    lines = (
        "cell => { const range = document.createRange(); range.selectNodeContents(cell);"
        " return new Set([...range.getClientRects()].map(box => box.top)).size; }"
    )
    assert total.evaluate(lines) == 1


def test_fit_shows_the_whole_of_a_picture_that_is_too_high(opened, tmp_path):
    network = TwoLayerNetwork(2, 5, 1, seed=0)
    root = mse_loss(network([1.0, -2.0]), [1.0])
    path = stepper(root, network=network).save(tmp_path / "page.html")
    frame = opened(path.as_uri(), viewport={"width": 1280, "height": 800}).locator(".cs-graph")
    hidden = "frame => frame.scrollHeight - frame.clientHeight"
    assert frame.evaluate(hidden) > 10
    frame.page.get_by_role("button", name="Fit").click()
    assert frame.evaluate(hidden) <= 1


def test_the_picture_is_larger_and_smaller_and_fits_again(page):
    box = page.locator(".chainrule-stepper")
    width = lambda: box.locator(".cs-graph svg").bounding_box()["width"]  # noqa: E731
    start = width()
    box.get_by_role("button", name="Larger").click()
    assert width() > start
    box.get_by_role("button", name="Fit").click()
    assert width() == start
    box.get_by_role("button", name="Smaller").click()
    assert width() < start
