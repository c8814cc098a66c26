"""The playground's page: what it starts with, what it says, and what one does in it.

Tests with the mark `browser` need Chromium; those of its settings as text need Node.
"""

import json
import math
import os
import re
from pathlib import Path

import pytest

import nn
from autograd import stepper
from autograd.stepping.lines import shown
from nn.cli.commands import main
from nn.losses import LOSSES
from nn.playground import compact, playground
from nn.playground.engine import ENDINGS, MOST_HIDDEN
from nn.playground.page import MARK, MAX_BYTES, START, resource, words
from nn.playground.texts import TEXTS, texts
from testkit.javascript import answers_of_node, node_program
from testkit.playground import parts_of, settings_of, trained

AXE = os.environ.get("AXE", "")  # where axe.min.js of axe-core (npm) is
SAME_LOSS = 1e-13
BAD = {
    "no such data": (lambda: playground("sun"), "choose from moons, circles, xor, spirals"),
    "no data": (lambda: playground(3), "a name or a Dataset, not int"),
    "three inputs": (
        lambda: playground(nn.Dataset([[1.0, 2.0, 3.0]] * 4, [0, 1, 0, 1])),
        "two inputs and two classes",
    ),
    "no such loss": (lambda: playground(loss="huber"), "choose from mse, binary_cross_entropy"),
    "no such activation": (lambda: playground(activation="Relu"), "activation 'Relu' is not known"),
    "too many units": (lambda: playground(hidden=17), "hidden must be a whole number from 1 to 16"),
    "half a unit": (lambda: playground(hidden=1.5), "hidden must be a whole number from 1 to 16"),
    "no step": (lambda: playground(alpha=0.0), "alpha must be a number from 0 to 1000 and above 0"),
    "a truth": (lambda: playground(batch=True), "batch must be a whole number"),
    "not a number": (lambda: playground(noise=math.nan), "noise must be a number from 0 to 1"),
    "more than there are": (
        lambda: playground(batch=161),
        "batch must be at most 160, the samples",
    ),
    "too many rows": (
        lambda: playground(nn.Dataset([[1.0, 2.0]] * 5002, [0, 1] * 2501)),
        "at most 5,000 rows",
    ),
    "hides nothing": (lambda: playground(hide=["los"]), "hide: there is no 'los'"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_setting_that_there_is_not_is_named_with_what_there_is(case):
    make, told = BAD[case]
    with pytest.raises((ValueError, TypeError), match=re.escape(told)):
        make()


@pytest.mark.parametrize("loss", ENDINGS)
def test_a_page_is_small_and_asks_for_nothing(loss):
    html = playground(loss=loss, hidden=MOST_HIDDEN).html
    assert len(html.encode()) <= MAX_BYTES
    assert set(re.findall(r"https?://[^\s\"']+", html)) == {"http://www.w3.org/2000/svg"}
    assert "import(" not in html and "fetch(" not in html


def test_a_data_set_of_ones_own_goes_into_the_page_as_text():
    hostile = "</script><b>"
    page = playground(nn.Dataset([[0.5, 1.0], [2.0, -1.0]], [hostile, "b"]))
    assert page.settings["rows"] == [[0.5, 1.0, hostile], [2.0, -1.0, "b"]]
    assert page.html.count("</script>") == 2 and "<b>" not in page.html


@pytest.mark.parametrize("held_out", [0.0, 0.2, 0.9])
@pytest.mark.parametrize("count", [4, 5, 8, 31])
def test_a_mini_batch_has_at_most_what_is_trained_on(count, held_out):
    training, _ = nn.split(nn.moons(count), held_out)
    page = playground(count=count, held_out=held_out)
    assert page.settings["batch"] == min(10, len(training))
    training, _ = nn.split(
        nn.Dataset([[0.0, float(x)] for x in range(7)], list("aabbbbb")), held_out
    )
    own = nn.Dataset([[0.0, float(x)] for x in range(7)], list("aabbbbb"))
    assert playground(own, held_out=held_out).settings["batch"] == len(training)


def test_a_notebook_shows_the_page_in_a_frame_and_a_file_is_the_page(tmp_path):
    page = playground("xor", hidden=3)
    shown = page._repr_html_()
    assert "<iframe " in shown and "srcdoc=" in shown and "<script" not in shown
    path = page.save(tmp_path / "page.html")
    assert path.read_text(encoding="utf-8") == page.html and MARK in page.html
    assert repr(page) == '<playground: xor, 2-3-1; .save("page.html") writes a page>'


def test_every_text_that_the_scripts_ask_for_is_in_the_catalogue_and_none_is_idle():
    names = ("page.js", "controls.js", "plots.js", "weights.js", "sample.js", "page.html")
    source = "".join(map(resource, names)) + resource("page.py")
    used = set(re.findall(r"texts\.(\w+)|[\"']([\w, ]+)[\"']", source)) | {
        (name, "") for name in re.findall(r"\$(\w+)", source)
    }
    asked = {name for pair in used for name in pair if name}
    made = {"told", "panel", "option", "column"}  # of names that are put together
    idle = [name for name in TEXTS if name not in asked and name.split()[0] not in made]
    assert idle == []
    known = re.findall(r"texts\[\"([\w ]+)\"\]", source)
    assert known and set(known) - {f"{m} " for m in made} <= set(TEXTS)
    assert texts() == TEXTS  # where no translation is


def test_the_start_of_a_page_is_that_of_the_function():
    assert playground().settings == {"data": "moons", "rows": [], **START, "hide": []}


def test_every_operation_is_spelled_as_the_stepper_spells_it():
    found = words()
    assert found["inner_product:5"]["rules"] == ["1", "{3}", "{4}", "{1}", "{2}"]
    assert found["inner_product:5"]["kind"] == "products"
    assert found["relu:v"]["rules"] == ["relu′({0})"]
    assert found["power:vc"]["kind"] == "infix"


# The command.


def test_the_command_writes_a_page_with_its_options(tmp_path, capsys):
    path = tmp_path / "new" / "lesson.html"
    line = ["playground", "--out", str(path), "--data", "xor", "--hidden", "2", "--alpha", "0.5"]
    assert main([*line, "--hide", "loss", "seed", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["format"] == "chainrule playground" and told["files"] == [str(path)]
    start = playground("xor", hidden=2, alpha=0.5, hide=["loss", "seed"])
    assert path.read_text(encoding="utf-8") == start.html
    assert main(line) == 0  # a page of its own may be written again


def test_the_command_reads_a_file_of_two_columns_and_a_class(tmp_path, capsys):
    file, path = tmp_path / "own.csv", tmp_path / "own.html"
    file.write_text("a,b,kind\n" + "1.5,2.5,x\n-1.5,0.5,y\n" * 8)
    assert main(["playground", "--out", str(path), "--data", str(file)]) == 0
    assert '[1.5,2.5,"x"]' in path.read_text(encoding="utf-8")
    capsys.readouterr()


@pytest.mark.parametrize(
    ("name", "told"),
    [("page.txt", "ends in .html"), ("own.html", "did not write"), ("folder.html", "a folder")],
)
def test_the_command_writes_over_nothing_of_ones_own(name, told, tmp_path, capsys):
    (tmp_path / "own.html").write_text("<p>mine</p>")
    (tmp_path / "folder.html").mkdir()
    assert main(["playground", "--out", str(tmp_path / name)]) == 2
    assert told in capsys.readouterr().err
    assert (tmp_path / "own.html").read_text() == "<p>mine</p>"


def test_a_setting_that_the_page_refuses_ends_the_command_with_a_line(tmp_path, capsys):
    assert main(["playground", "--out", str(tmp_path / "a.html"), "--hidden", "99"]) == 2
    assert "hidden must be a whole number from 1 to 16, not 99" in capsys.readouterr().err
    assert not (tmp_path / "a.html").exists()


# Settings as text, in Node.

GIVEN = f"const [ACTIVATIONS, LOSSES, MOST_HIDDEN] = [['relu', 'tanh'], {[*ENDINGS]}, 16];\n"
HARNESS = f"""
const filled = (text, fields) => text.replace(/\\{{(\\w+)\\}}/g, (_, name) => fields[name]);
const TEXTS = {json.dumps(TEXTS)};
function told(text) {{
  try {{
    return rowsIn(text, TEXTS);
  }} catch (error) {{
    return error.message;
  }}
}}
const ASKED = {{
  rows: ([text]) => told(text),
  fragment: ([settings, hide]) => fragmentOf(settings, hide),
  settings: ([fragment, start]) => settingsIn(fragment, start),
}};
const answers = (cases) => cases.map(([what, ...given]) => ASKED[what](given));
"""
NODE = pytest.mark.skipif(node_program() is None, reason="Node is missing")


def asked(*cases):
    """Return what the page's script makes of cases, as it is and without its spaces."""
    script = GIVEN + resource("controls.js")
    found = answers_of_node(script + HARNESS, list(cases))
    assert answers_of_node(compact.script(script) + HARNESS, list(cases)) == found
    return found


START_OF_PAGE = {"data": "moons", "rows": [], **START, "hide": []}


@NODE
def test_a_fragment_restores_all_settings():
    rows = [[0.5, -1.0, "no"], [1e-05, 2.0, "a & b+c=d%, e; f"]]
    other = {
        "data": "own", "rows": rows, "noise": 0.25, "count": 40, "held_out": 0.5, "hidden": 16,
        "activation": "tanh", "loss": "hinge", "alpha": 0.001, "batch": 3, "seed": 2**52,
        "hide": ["loss", "weights"],
    }  # fmt: skip
    (fragment,) = asked(["fragment", other, other["hide"]])
    assert "hide=loss,weights" in fragment and "data=own" in fragment
    back, plain = asked(["settings", "#" + fragment, START_OF_PAGE], ["settings", "", other])
    assert back == other and plain == other


@NODE
def test_what_is_wrong_in_a_fragment_is_left_out():
    wrong = "#data=sun&hidden=99&alpha=0&noise=x&seed=1.5&loss=&batch=4&what=1&rows=1,2"
    (found,) = asked(["settings", wrong, START_OF_PAGE])
    assert found == {**START_OF_PAGE, "batch": 4}
    (found,) = asked(["settings", "#data=own", START_OF_PAGE])  # without rows
    assert found == START_OF_PAGE


@NODE
def test_rows_of_ones_own_are_read_and_errors_name_the_line():
    good, *bad = asked(
        ["rows", '# two moons\nx;y;kind\n1.5; 2 ;"a"\n\n-3;4e-1;b\r\n'],
        ["rows", "1,2,a\n3,4\n"],
        ["rows", "1,2,a\n3,4,b\n5,six,b"],
        ["rows", "1,2,a\n3,inf,b"],
        ["rows", "1,2,a\n3,4,"],
        ["rows", "1,2,a\n3,4,b\n5,6,c"],
        ["rows", ""],
    )
    assert good == [[1.5, 2, "a"], [-3, 0.4, "b"]]
    decimal, tabs, nan, blank = asked(
        ["rows", "0,5;1;a\r\n-1;2,25;b,c"],
        ["rows", "# a, b; c\nx1\tx2\tlabel\n0,5\t1\ta\n1\t2\tb"],
        ["rows", "nan,NaN,a\n1,2,a\n3,4,b"],
        ["rows", ",,a\n1,2,a\n3,4,b"],
    )
    assert decimal == [[0.5, 1, "a"], [-1, 2.25, "b,c"]] and tabs == [[0.5, 1, "a"], [1, 2, "b"]]
    assert "Line 1: nan is no number" in nan and "Line 1:  is no number" in blank
    told = [
        "Line 2 has 2 cells", "Line 3: six is no number", "Line 2: inf is no number",
        "Line 2 has no label", "3 different labels (a, b, c)", "0 different labels ()",
    ]  # fmt: skip
    for found, wanted in zip(bad, told, strict=True):
        assert wanted in found


# In a browser.

LINKS_THAT_CANNOT_BE = {
    "#batch=2000": "A mini-batch of 2000 cannot be drawn",
    "#count=8&hidden=3": "A mini-batch of 10 cannot be drawn",
    "#data=own&rows=0,0,a;1,1,a": "The last column has 1 different classes",
}


def in_page(page, expression):
    """Return what an expression is of the page's playground."""
    return page.evaluate(
        f"(p => {expression})(document.querySelector('.chainrule-playground').playground())"
    )


@pytest.fixture
def page_with(opened, tmp_path):
    """Open a page that starts with settings; a fragment, and what a browser has, may be said."""

    def made(data="moons", fragment="", viewport=(1280, 900), scheme="light", **settings):
        path = playground(data, **settings).save(tmp_path / "page.html")
        size = {"width": viewport[0], "height": viewport[1]}
        return opened(path.as_uri() + fragment, viewport=size, color_scheme=scheme)

    return made


def pressed(page, action, times=1):
    for _ in range(times):
        page.locator(f".cp-bar [data-action='{action}']").click()


IN_PYTHON = {
    "moons, squared error": {"data": "moons", "hidden": 3},
    "xor, cross entropy, tanh": {"data": "xor", "loss": "cross_entropy", "activation": "tanh"},
    "spirals, binary cross entropy": {"data": "spirals", "loss": "binary_cross_entropy"},
}


@pytest.mark.browser
@pytest.mark.parametrize("case", IN_PYTHON)
def test_steps_and_play_have_the_losses_of_eager_train(case, page_with):
    given = {"hidden": 5, "batch": 4, "seed": 3, "count": 60, **IN_PYTHON[case]}
    page = page_with(**given)
    pressed(page, "step", 3)
    pressed(page, "many")
    assert in_page(page, "p.iteration") == 103
    pressed(page, "play")
    page.wait_for_function(
        "document.querySelector('.chainrule-playground').playground().iteration > 140"
    )
    pressed(page, "play")
    losses = in_page(page, "p.losses")
    settings = settings_of(**{**given, "alpha": START["alpha"]})
    wanted = trained(settings, len(losses))
    assert max(abs(x - y) for x, y in zip(losses, wanted.losses, strict=True)) <= SAME_LOSS
    assert page.locator("[data-told=iteration]").inner_text() == str(len(losses))
    shown = page.locator("[data-told=trainingLoss]").inner_text()
    assert float(shown) == pytest.approx(wanted.evaluation[0], rel=1e-3)
    still = in_page(page, "p.iteration")
    page.wait_for_timeout(150)
    assert in_page(page, "p.iteration") == still


@pytest.mark.browser
def test_settings_stand_in_the_address_and_a_lesson_restores_them(page_with):
    page = page_with()
    page.get_by_label("hidden units p", exact=True).fill("3")
    page.get_by_label("hidden units p", exact=True).press("Enter")
    page.get_by_label("data set").select_option("circles")
    page.get_by_label("loss", exact=True).select_option("cross_entropy")
    page.get_by_label("slider of noise").fill("0.3")
    fragment = page.evaluate("location.hash")
    for pair in ("data=circles", "hidden=3", "loss=cross_entropy", "noise=0.3", "seed=0"):
        assert pair in fragment[1:].split("&")
    pressed(page, "many")
    losses = in_page(page, "p.losses")
    again = page_with(fragment=fragment, hidden=7, seed=9)
    assert again.get_by_label("hidden units p", exact=True).input_value() == "3"
    pressed(again, "many")
    assert in_page(again, "p.losses") == losses
    again.evaluate("location.hash = '#data=xor&hide=seed'")
    again.wait_for_function("document.querySelector('[data-control=seed]').hidden")
    assert again.get_by_label("data set").input_value() == "xor"
    assert in_page(again, "p.iteration") == 0


@pytest.mark.browser
@pytest.mark.parametrize("fragment", LINKS_THAT_CANNOT_BE)
def test_a_link_whose_settings_do_not_go_together_says_so_and_begins_as_without_it(
    fragment, page_with
):
    page = page_with(fragment=fragment + "&hide=seed")
    assert LINKS_THAT_CANNOT_BE[fragment] in page.locator("[role=alert]").inner_text()
    pressed(page, "step")
    used = in_page(page, "p.settings")
    for label, name in (("data set", "data"), ("samples", "count"), ("mini-batch b", "batch")):
        assert page.get_by_label(label, exact=True).input_value() == str(used[name])
    assert page.evaluate("location.hash").startswith("#data=moons&noise=0.1&count=200")
    assert page.locator("[data-control=seed]").is_hidden()


@pytest.mark.browser
def test_reset_shows_the_settings_that_are_used(page_with):
    page = page_with()
    field = page.get_by_label("step size α")
    field.fill("0")
    field.press("Tab")
    assert "a number from 0 to 1000" in page.locator("[role=alert]").inner_text()
    pressed(page, "reset")
    assert field.input_value() == str(in_page(page, "p.settings.alpha"))


@pytest.mark.browser
def test_losses_whose_sum_is_beyond_all_numbers_end_a_training_as_any_divergence(page_with):
    page = page_with("xor", noise=1.0, loss="hinge", activation="linear", alpha=1000.0, seed=3)
    pressed(page, "play")
    page.wait_for_function("document.querySelector('[role=status]').textContent")
    assert "diverged in iteration" in page.locator("[role=status]").inner_text()
    assert page.locator(".cp-bar [data-action=play]").inner_text() == "▶ Play"


@pytest.mark.browser
def test_a_lesson_hides_controls_and_parts(page_with):
    page = page_with(hide=["loss", "alpha", "units", "many"])
    for name in ("loss", "alpha"):
        assert page.locator(f"[data-control={name}]").is_hidden()
    assert page.locator("[data-panel=units]").is_hidden()
    assert page.locator(".cp-bar [data-action=many]").is_hidden()
    assert page.locator("[data-control=batch]").is_visible()
    assert "hide=loss,alpha,units,many" in page.evaluate("location.hash")
    names = ["data", *START]
    bare = page_with(fragment="#hide=" + ",".join(names))
    assert bare.locator("[data-panel=settings]").is_hidden()
    assert bare.locator("[data-panel=boundary]").is_visible()


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 800, 1280])
@pytest.mark.parametrize("hidden", ["boundary", "curves,network", "settings,boundary", "units"])
def test_a_lesson_without_a_panel_is_no_wider_than_the_screen(hidden, width, page_with):
    page = page_with(fragment=f"#data=xor&hide={hidden}")
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for panel in page.locator(".cp-panel").all():
        if panel.is_visible():
            assert panel.bounding_box()["width"] >= 320


@pytest.mark.browser
@pytest.mark.parametrize("loss", ENDINGS)
def test_the_sum_over_paths_of_every_weight_is_its_adjoint(loss, page_with):
    page = page_with(hidden=4, loss=loss, fragment="", seed=1)
    pressed(page, "step", 5)
    settings = settings_of(hidden=4, loss=loss, seed=1, alpha=START["alpha"])
    network = trained(settings, 5).network
    sample = parts_of(settings)[0]
    place = 7
    page.get_by_label("training sample").fill(str(place + 1))
    page.get_by_label("training sample").press("Enter")
    target = ENDINGS[loss].targets[sample.labels[place]]
    network.zero_grad()  # that of the training's last mini-batch
    LOSSES[loss](network(sample.inputs[place]), target).backward()
    most = 0
    for i, parameter in enumerate(network.parameters()):
        page.locator(f"[data-weight='{i}']").focus()
        page.keyboard.press("Enter")
        told = page.locator(".cp-adjoint")
        total = float(told.get_attribute("data-sum"))
        adjoint = told.get_attribute("data-adjoint")
        assert total == pytest.approx(float(adjoint or 0.0), rel=1e-12, abs=1e-15)
        assert total == pytest.approx(parameter.grad, rel=1e-10, abs=1e-14)
        rows = page.locator(".cp-paths td[data-number]").evaluate_all(
            "cells => cells.map(cell => Number(cell.dataset.number))"
        )
        if adjoint:
            assert_true_by_hand(page.locator(".cp-paths tbody tr"))
            assert math.fsum(rows[:-1]) == pytest.approx(rows[-1], rel=1e-12, abs=1e-15)
            most = max(most, len(rows) - 1)
        else:
            assert "No path leads" in page.locator(".cp-paths").inner_text()
    assert most == len(target)  # a path through each output


def assert_true_by_hand(rows):
    """Say whether the printed products give what is printed behind =, and their sum its own."""
    *lines, last = [row.split("\t") for row in rows.all_inner_texts()]
    results = []
    for _, line, result in lines:
        sign, number = result.split()
        factors = [float(x.strip("()")) for x in line.splitlines()[-1].split(" × ")]
        digits = len(number.lstrip("-0.").partition("e")[0].replace(".", ""))
        assert sign in "=≈"
        if sign == "=" and digits >= 4:
            assert shown(math.prod(factors), digits) == number, line
        results.append(float(number))
    sign, number = last[-1].split()
    assert sign == "≈" or math.fsum(results) == pytest.approx(float(number), rel=1e-3)


@pytest.mark.browser
def test_a_press_on_a_line_of_the_network_opens_the_gradient_of_that_weight(page_with):
    page = page_with(hidden=2)
    page.locator("[data-weight='1'] .reach").dispatch_event("click")
    name = in_page(page, "p.parameters[1].name")
    assert page.locator(".cp-paths h3").inner_text() == f"∂E/∂{name}" == "∂E/∂w₀₂"
    assert page.locator("[data-weight='1']").get_attribute("aria-pressed") == "true"
    page.locator("[data-weight='1']").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press(" ")
    assert page.locator(".cp-paths h3").inner_text() == "∂E/∂w₀₀"


@pytest.mark.browser
def test_a_press_on_a_point_of_the_plane_chooses_its_sample(page_with):
    page = page_with()
    box = page.locator(".cp-boundary").bounding_box()
    page.mouse.click(box["x"] + 0.2 * box["width"], box["y"] + 0.45 * box["height"])
    chosen = int(page.get_by_label("training sample").input_value())
    assert chosen > 1
    assert f"Sample {chosen}:" in page.locator(".cp-sample").inner_text()


@pytest.mark.browser
@pytest.mark.parametrize("loss", ENDINGS)
def test_the_stepper_of_a_sample_says_what_stepper_says(loss, page_with):
    given = {"hidden": 3, "loss": loss, "activation": "tanh", "seed": 2}
    page = page_with(**given)
    pressed(page, "step", 4)
    page.get_by_label("training sample").fill("5")
    page.get_by_label("training sample").press("Enter")
    page.get_by_role("button", name="Step through this sample").click()
    settings = settings_of(**given, alpha=START["alpha"])
    network = trained(settings, 4).network
    sample = parts_of(settings)[0]
    root = LOSSES[loss](network(sample.inputs[4]), ENDINGS[loss].targets[sample.labels[4]])
    wanted = stepper(root, network=network, check=False).model.steps
    box = page.locator(".chainrule-stepper")
    told = []
    for _ in wanted:
        page.keyboard.press("ArrowRight")  # it has the focus
        told.append(box.locator(".cs-sentence").inner_text())
    assert told == [step.sentence for step in wanted]
    assert box.get_attribute("data-phase") == "done"


@pytest.mark.browser
def test_the_stepper_s_leaves_can_be_changed_and_its_boxes_do_not_overlap(page_with):
    page = page_with(hidden=3, loss="cross_entropy")
    page.get_by_role("button", name="Step through this sample").click()
    box = page.locator(".chainrule-stepper")
    page.keyboard.press("End")
    before = box.locator(".cs-heading strong").inner_text()
    field = box.get_by_label("value of v₁₀")
    field.fill("2.5")
    field.press("Enter")
    assert box.locator(".cs-heading strong").inner_text() != before
    frames = box.locator(".node rect, .constant rect").evaluate_all(
        "rects => rects.map(r => { const b = r.getBoundingClientRect();"
        " return [b.left, b.top, b.right, b.bottom]; })"
    )
    assert len(frames) > 20
    for i, (left, top, right, bottom) in enumerate(frames):
        for other in frames[:i]:
            apart = right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
            assert apart, (frames[i], other)
    page.get_by_role("button", name="Reset").click()
    page.get_by_role("button", name="Step through this sample").click()
    assert page.locator(".chainrule-stepper").count() == 1


@pytest.mark.browser
def test_own_rows_are_typed_and_a_wrong_line_is_named(page_with):
    page = page_with(batch=2, held_out=0.0)
    page.get_by_label("data set").select_option("own")
    rows = page.get_by_label("x1, x2 and a label, a row each")
    rows.fill("0,0,a\n1,one,b")
    page.get_by_role("button", name="Use these rows").click()
    assert page.locator(".cp-problem[role=alert]").inner_text() == "Line 2: one is no number."
    assert in_page(page, "p.settings.data") == "moons"  # which it still is
    rows.fill("0,0,a\n1,1,a\n0,1,b\n1,0,b")
    page.get_by_role("button", name="Use these rows").click()
    assert page.locator(".cp-problem[role=alert]").inner_text() == ""
    assert in_page(page, "p.training.length") == 4
    assert "rows=0,0,a" in page.evaluate("decodeURIComponent(location.hash)")
    assert "class a" in page.locator("[data-panel=boundary]").inner_text()


@pytest.mark.browser
def test_own_rows_come_from_a_file(page_with, tmp_path):
    file = tmp_path / "own.csv"
    file.write_text("x;y;kind\n" + "1;2;yes\n-1;0;no\n" * 10)
    page = page_with()
    page.get_by_label("data set").select_option("own")
    page.get_by_label("or a CSV file").set_input_files(file)
    page.wait_for_function(
        "document.querySelector('.chainrule-playground').playground().settings.data === 'own'"
    )
    assert in_page(page, "p.classNames") == ["no", "yes"]


@pytest.mark.browser
def test_a_wrong_setting_is_told_and_changes_nothing(page_with):
    page = page_with()
    field = page.get_by_label("hidden units p", exact=True)
    field.fill("40")
    field.press("Enter")
    told = page.locator(".cp-problem[role=alert]")
    assert told.inner_text() == "hidden units p: a whole number from 1 to 16, please."
    assert field.get_attribute("aria-invalid") == "true"
    assert in_page(page, "p.settings.hidden") == START["hidden"]
    page.get_by_label("mini-batch b").fill("1000")
    page.get_by_label("mini-batch b").press("Enter")
    assert "A mini-batch of 1000 cannot be drawn" in told.inner_text()


@pytest.mark.browser
def test_another_step_size_holds_from_there_on_and_a_divergence_is_told(page_with):
    page = page_with(activation="linear", loss="hinge")
    pressed(page, "step", 2)
    page.get_by_label("step size α").fill("1000")
    page.get_by_label("step size α").press("Enter")
    assert in_page(page, "p.iteration") == 2
    pressed(page, "many", 2)
    if in_page(page, "p.iteration") < 202:
        assert "diverged in iteration" in page.locator("[role=status]").inner_text()
    assert in_page(page, "p.settings.alpha") == 1000


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 390, 1280])
def test_nothing_is_wider_than_the_window(width, page_with):
    page = page_with(viewport=(width, 800), hidden=16, loss="cross_entropy")
    page.get_by_label("weight", exact=True).select_option("3")
    page.get_by_role("button", name="Step through this sample").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width < 500:  # from top to bottom: what is learned before what is set
        tops = [
            page.locator(f"[data-panel={name}]").bounding_box()["y"]
            for name in ("boundary", "curves", "network", "units", "weights", "settings")
        ]
        assert tops == sorted(tops)


def luminance(css):
    channels = [float(x) / 255 for x in re.findall(r"[\d.]+", css)[:3]]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    bright, dim = sorted([luminance(one), luminance(other)], reverse=True)
    return (bright + 0.05) / (dim + 0.05)


TEXT_COLORS = [("ink", "ground"), ("pale", "ground"), ("ink", "panel"), ("gradient", "ground"),
               ("bad", "ground")]  # fmt: skip
LINE_COLORS = [("edge", "ground"), ("edge", "panel"), ("accent", "ground"), ("first", "ground"),
               ("second", "ground"), ("gradient", "ground"), ("first", "first-ground"),
               ("second", "second-ground"), ("ink", "first-ground"), ("ink", "second-ground")]  # fmt: skip


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_and_lines_can_be_told_from_their_ground(scheme, page_with):
    page = page_with(scheme=scheme)
    color = """name => {
        const probe = document.createElement('span');
        document.querySelector('.chainrule-playground').append(probe);
        probe.style.color = `var(--${name})`;
        return getComputedStyle(probe).color;
    }"""
    for pairs, least in ((TEXT_COLORS, 4.5), (LINE_COLORS, 3.0)):
        for one, other in pairs:
            found = contrast(page.evaluate(color, one), page.evaluate(color, other))
            assert found >= least, (one, other, found)


@pytest.mark.browser
@pytest.mark.skipif(not AXE, reason="AXE does not name axe.min.js of axe-core (npm)")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(width, scheme, page_with):
    page = page_with(viewport=(width, 900), scheme=scheme, hidden=3, loss="cross_entropy", batch=2)
    page.evaluate(Path(AXE).read_text(encoding="utf-8"))

    def check(state):
        found = page.evaluate("axe.run()")
        assert len(found["passes"]) > 10
        wrong = [(x["id"], x["nodes"][0]["html"]) for x in found["violations"]]
        assert wrong == [], state

    check("at the start")
    pressed(page, "many")
    page.get_by_label("weight", exact=True).select_option("3")
    check("a sum over paths")
    page.get_by_label("hidden units p", exact=True).fill("99")
    page.get_by_label("hidden units p", exact=True).press("Enter")
    check("a number out of bounds")
    page.get_by_label("data set").select_option("own")
    page.get_by_label("x1, x2 and a label, a row each").fill("0,0,a\n1,1,a\n0,1,b\n1,0,b")
    page.get_by_role("button", name="Use these rows").click()
    check("rows of one's own")
    page.get_by_role("button", name="Step through this sample").click()
    page.keyboard.press("End")
    check("the stepper of a sample")


@pytest.mark.browser
def test_on_paper_there_is_nothing_to_press_and_the_ground_is_white(page_with):
    page = page_with(scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator(".cp-bar").is_hidden()
    assert page.locator(".cp-boundary").is_visible()
    ground = page.locator(".chainrule-playground").evaluate("x => getComputedStyle(x).color")
    assert luminance(ground) < 0.05  # dark ink
