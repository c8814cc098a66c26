"""A training line by line in Chromium: its numbers are the trainer's, its lines hold as printed."""

import re

import pytest

from autograd import relu, sigmoid, tanh
from autograd.stepping.lines import shown
from nn import MLP, Adam, Trainer, TwoLayerNetwork, cross_entropy, training_stepper, xor

pytestmark = pytest.mark.browser

DATA = xor(24, seed=2)
LABELS = [row.index(1.0) for row in DATA.targets]
LINES = range(1, 8)
PHONE = {"width": 390, "height": 844}


def trainer_of(network=None, targets=DATA.targets, **options):
    network = network or TwoLayerNetwork(2, 4, 2, seed=3)
    usual = {"step_size": 0.5, "batch_size": 6, "iterations": 5, "seed": 5}
    return Trainer(network, DATA.inputs, targets, **{**usual, **options})


@pytest.fixture
def made():
    return training_stepper(trainer_of())


@pytest.fixture
def page(opened, made, tmp_path):
    return opened(made.save(tmp_path / "page.html").as_uri())


def numbers_shown(page):
    """Return the numbers in the cells of the current panel, with all digits, table by table."""
    texts = page.locator(".ct-panel.current table").evaluate_all(
        "tables => tables.map(table => [...table.querySelectorAll('[data-number]')].map("
        "cell => cell.dataset.number))"
    )
    return [[float(text) for text in table] for table in texts]


def where(page):
    box = page.locator(".chainrule-training")
    return int(box.get_attribute("data-t")), int(box.get_attribute("data-line"))


def in_rows(*columns):
    return [x for row in zip(*columns, strict=True) for x in row]


def expected(model, place, line):
    """Return what the tables of a line have to show, in their order."""
    iteration = model.iterations[place]
    before = model.iterations[place - 1].weights if place else model.recording.first
    if line == 1:
        return [before[:12], before[12:]]
    if line == 2:
        return []
    if line == 3:
        return [[x for i in iteration.batch for x in (*DATA.inputs[i], *DATA.targets[i])]]
    if line == 4:
        return [
            [x for seen in iteration.samples for x in seen.values[a:b]]
            for a, b in ((0, 4), (4, 8), (8, 10), (10, 12))
        ]
    if line == 5:
        return [
            [
                x
                for i, seen in zip(iteration.batch, iteration.samples)
                for x in (*seen.values[10:], *DATA.targets[i], seen.error, *seen.gradients[10:])
            ]
        ]
    if line == 6:
        return [
            [x for seen in iteration.samples for x in seen.gradients[a:b]]
            for a, b in ((10, 12), (8, 10), (4, 8), (0, 4))
        ]
    return [in_rows(before, iteration.gradients, *iteration.memory, iteration.weights)]


def test_every_number_by_keyboard_is_the_trainers(page, made):
    page.locator(".chainrule-training").focus()
    assert where(page) == (1, 1)
    assert numbers_shown(page) == expected(made.model, 0, 1)
    for place, iteration in enumerate(made.model.iterations):
        for line in LINES[1:]:
            page.keyboard.press("ArrowRight")
            assert where(page) == (iteration.t, line)
            assert numbers_shown(page) == expected(made.model, place, line)
            current = page.locator(".ct-lines [aria-current]")
            assert current.inner_text().startswith(f"({line})")
    page.keyboard.press("ArrowRight")
    assert where(page) == (5, 7)


def test_other_optimisers_show_what_they_remember(opened, tmp_path):
    made = training_stepper(trainer_of(optimizer=Adam, step_size=0.1))
    page = opened(made.save(tmp_path / "page.html").as_uri())
    page.locator(".chainrule-training").focus()
    page.keyboard.press("End")
    assert numbers_shown(page) == expected(made.model, 4, 7)
    assert "√(s / (1 − 0.999ᵗ))" in page.locator(".ct-panel.current .ct-rule").inner_text()
    told = page.locator(".ct-panel.current .ct-equations li").last.inner_text()
    after = made.model.iterations[4]
    assert told.startswith("w₀₁: ") and f"→ {shown(after.weights[0])}" in told
    assert f"m after = {shown(after.memory[0][0])}" in told


def test_keys_move_by_line_and_by_iteration_to_both_ends(page):
    box = page.locator(".chainrule-training")
    box.focus()
    walk = [
        ("ArrowRight", (1, 2)), ("PageDown", (2, 2)), ("ArrowLeft", (1, 7)), ("PageDown", (2, 7)),
        ("PageUp", (1, 7)), ("PageUp", (1, 7)), ("End", (5, 7)), ("PageDown", (5, 7)),
        ("Home", (1, 1)), ("ArrowLeft", (1, 1)), ("PageDown", (2, 2)),
    ]  # fmt: skip
    for key, place in walk:
        page.keyboard.press(key)
        assert where(page) == place, key
    page.keyboard.press(" ")
    assert "Pause" in page.locator("[data-action=play]").inner_text()
    page.keyboard.press("ArrowRight")
    assert "Play" in page.locator("[data-action=play]").inner_text()


def test_the_slider_goes_through_the_iterations_and_the_marker_follows(page, made):
    slider = page.locator("input[type=range]")
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert where(page) == (3, 2)
    assert slider.get_attribute("aria-valuetext") == "iteration 3, the last is 5"
    page.locator(".ct-lines button").nth(4).click()
    slider.focus()
    page.keyboard.press("ArrowLeft")
    assert where(page) == (2, 5) and numbers_shown(page) == expected(made.model, 1, 5)
    losses = [iteration.loss for iteration in made.model.iterations]
    left, top = page.locator(".ct-dot").evaluate("dot => [dot.style.left, dot.style.top]")
    assert left == "25%"
    assert float(top[:-1]) == pytest.approx(100 * (1 - losses[1] / max(losses)), abs=1e-3)


def test_buttons_and_rows_go_where_they_say(page):
    page.get_by_role("button", name="Next iteration").click()
    assert where(page) == (2, 2)
    page.get_by_role("button", name="Next line").click()
    assert where(page) == (2, 3)
    page.locator(".ct-all summary").click()
    page.locator(".ct-all tbody tr").nth(3).click()
    assert where(page) == (4, 3)
    page.get_by_role("button", name="Last line").click()
    assert where(page) == (5, 7)
    page.locator(".ct-panel.current tbody tr").nth(6).click()
    assert page.get_by_label("parameter shown in lines").evaluate("s => s.value") == "6"
    assert "∂E/∂w₂₁ = " in page.locator(".ct-panel.current .ct-equations").inner_text()


def test_a_choice_keeps_the_focus_when_its_panel_is_filled_anew(page):
    page.locator(".ct-lines button").nth(3).click()
    page.locator(".ct-panel.current [data-choice='one sample']").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.choice") == "one sample"
    row = page.locator(".ct-panel.current table").first.locator("tr[aria-current]")
    assert row.inner_text().startswith("3: ")


PLACES = {"relu": relu, "sigmoid": sigmoid, "tanh": tanh}


def value_of(text):
    """Return what a line's numbers come to, as somebody computes them who has only the print."""
    program = text.replace("·", "*").replace("−", "-").replace("²", "**2").replace("½", "0.5")
    return float(eval(program, dict(PLACES)))


def holds(line):
    """Tell whether a printed line is true, in as many digits as it has; it may have no numbers."""
    line = line.removesuffix(" (off: no path)")
    *_, numbers, result = re.split(r" [=←] ", line)
    digits = max(len(re.sub(r"e.*|[-.]", "", result).lstrip("0")), 4)
    found = value_of(numbers)
    return any(shown(found, n) == result for n in range(digits, 7))


@pytest.mark.parametrize("hidden", ["relu", "tanh"])
def test_a_line_with_an_equals_sign_holds_as_it_is_printed(hidden, opened, tmp_path):
    network = TwoLayerNetwork(2, 4, 2, hidden=hidden, seed=3)
    made = training_stepper(trainer_of(network, iterations=3))
    page = opened(made.save(tmp_path / "page.html").as_uri())
    equal = about = 0
    for _ in range(3):
        for line in (4, 5, 6, 7):
            page.locator(".ct-lines button").nth(line - 1).click()
            if not page.locator(".ct-panel.current [data-choice=whole]").is_checked():
                page.locator(".ct-panel.current [data-choice=whole]").check()
            for text in page.locator(".ct-panel.current .ct-equations li").all_inner_texts():
                assert "-0 " not in f"{text} ".replace("e-0", "")
                if "≈" in text:
                    about += 1
                elif len(re.split(r" [=←] ", text)) > 2:
                    equal += 1
                    assert holds(text), text
        page.locator(".chainrule-training").focus()
        page.keyboard.press("PageDown")
    assert equal > 60 and equal > 2 * about


def test_a_line_that_does_not_hold_would_be_seen():
    assert holds("w ← w − α·g = 0.5 − 0.25·(-1) = 0.75")
    assert not holds("w ← w − α·g = 0.5 − 0.25·(-1) = 0.751")
    assert not holds("a = relu(b) = relu(0.333333) = 0.3334")


def test_a_unit_behind_an_off_relu_says_so(page):
    page.locator(".ct-lines button").nth(5).click()
    lines = page.locator(".ct-panel.current .ct-equations li").all_inner_texts()
    off = [line for line in lines if line.endswith("· 0 = 0 (off: no path)")]
    assert off and all(line.startswith("∂E/∂a") for line in off)


def test_no_cell_says_minus_0_or_nan(page):
    for line in LINES:
        page.locator(".ct-lines button").nth(line - 1).click()
        cells = page.locator(".ct-panel.current td").all_inner_texts()
        assert not {"-0", "NaN", "nan", "undefined", ""} & set(cells)


def test_a_compiled_training_says_what_it_has_not_and_shows_the_rest(opened, tmp_path):
    made = training_stepper(trainer_of(compiled=True))
    page = opened(made.save(tmp_path / "page.html").as_uri())
    for line in (4, 5, 6):
        page.locator(".ct-lines button").nth(line - 1).click()
        assert "compiled=False" in page.locator(".ct-panel.current .ct-note").first.inner_text()
    first = made.model.iterations[0]
    assert numbers_shown(page) == [first.gradients[12:], first.gradients[:12]]
    page.locator(".ct-lines button").nth(6).click()
    assert numbers_shown(page) == expected(made.model, 0, 7)
    line = page.locator(".ct-panel.current .ct-equations li").last.inner_text()
    assert "≈" in line or holds(line)


def test_a_deep_network_with_softmax_dropout_and_labels_is_shown(opened, tmp_path):
    network = MLP(2, [4, 3, 2], output="softmax", seed=0)
    trainer = trainer_of(network, LABELS, loss=cross_entropy, dropout=0.25, sampling="epochs")
    page = opened(training_stepper(trainer).save(tmp_path / "page.html").as_uri())
    page.locator(".ct-lines button").nth(3).click()
    panel = page.locator(".ct-panel.current")
    lines = panel.locator(".ct-equations li").all_inner_texts()
    assert any(line.startswith("ŷ₂ = softmax₂([b₁, b₂]) = softmax₂([") for line in lines)
    assert "0 or by 1.33333" in panel.inner_text()
    page.locator(".ct-lines button").nth(4).click()
    assert "–: the loss is computed of b" in page.locator(".ct-panel.current").inner_text()


def test_print_shows_all_lines_of_the_iteration_and_nothing_to_press(page):
    page.get_by_role("button", name="Next iteration").click()
    page.emulate_media(media="print")
    panels = page.locator(".ct-panel")
    assert [panels.nth(i).is_visible() for i in range(7)] == [True] * 7
    assert all(len(text) > 20 for text in panels.all_inner_texts())
    assert not page.locator(".ct-controls").is_visible()
    heads = page.locator(".ct-panel h2")
    assert heads.count() >= 6
    assert all(heads.nth(i).bounding_box()["height"] > 10 for i in range(heads.count()))
    page.emulate_media(media="screen")
    assert [panels.nth(i).is_visible() for i in range(7)].count(True) == 1


def test_a_phone_reads_from_top_to_bottom_without_scrolling_sideways(opened, made, tmp_path):
    page = opened(made.save(tmp_path / "page.html").as_uri(), viewport=PHONE)
    for line in LINES:
        page.locator(".ct-lines button").nth(line - 1).click()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    below = [page.locator(name).bounding_box() for name in (".ct-controls", ".ct-curve", ".ct-lines", ".ct-panel.current")]  # fmt: skip
    assert all(a["y"] + a["height"] <= b["y"] for a, b in zip(below, below[1:]))


def test_a_dark_page_is_dark_up_to_its_margins_and_has_one_main(opened, made, tmp_path):
    path = made.save(tmp_path / "page.html")
    page = opened(path.as_uri(), color_scheme="dark")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(12, 15, 20)"
    assert page.locator("main").count() == page.locator("h1").count() == 1


def test_everything_that_can_be_pressed_has_a_name(page):
    for line in LINES:
        page.locator(".ct-lines button").nth(line - 1).click()
        for role in ("button", "slider", "combobox", "checkbox", "region", "table"):
            found = page.get_by_role(role).count()
            named = page.get_by_role(role, name=re.compile(r"\w")).count()
            assert found == named or role == "table", (line, role)


def test_two_pages_in_one_document_do_not_meet(opened, made, tmp_path):
    other = training_stepper(trainer_of(seed=6))
    path = tmp_path / "both.html"
    path.write_text(
        f"<!doctype html><meta charset=utf-8><main>{made.html}{other.html}</main>", "utf-8"
    )
    page = opened(path.as_uri())
    boxes = page.locator(".chainrule-training")
    boxes.nth(1).focus()
    page.keyboard.press("PageDown")
    assert [boxes.nth(i).get_attribute("data-t") for i in range(2)] == ["1", "2"]
    assert boxes.nth(0).get_attribute("data-training") != boxes.nth(1).get_attribute(
        "data-training"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_a_contrast_of_4_5_and_the_curve_of_3(scheme, opened, made, tmp_path):
    page = opened(made.save(tmp_path / "page.html").as_uri(), color_scheme=scheme)
    for line in LINES:
        page.locator(".ct-lines button").nth(line - 1).click()
        found = page.evaluate(CONTRASTS)
        assert found and min(ratio for _, ratio in found) >= 4.5, min(found, key=lambda f: f[1])
    ground = page.locator(".chainrule-training").evaluate(
        "b => getComputedStyle(b).backgroundColor"
    )
    assert contrast((59, 130, 246), rgb(ground)) >= 3.0


def rgb(text):
    return tuple(map(float, re.findall(r"[\d.]+", text)[:3]))


def contrast(one, other):
    """Return the ratio of WCAG 2.1."""

    def luminance(color):
        parts = [x / 255 for x in color]
        linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
        return sum(share * x for share, x in zip((0.2126, 0.7152, 0.0722), linear))

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


CONTRASTS = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (color) => color.slice(0, 3).map((x) => x / 255)
    .map((x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4))
    .reduce((sum, x, i) => sum + x * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (part) => {
    for (let p = part; p; p = p.parentElement) {
      const color = parse(getComputedStyle(p).backgroundColor);
      if (color.length < 4 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const part of document.querySelectorAll(".chainrule-training *")) {
    const own = [...part.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !part.checkVisibility() || part.getAttribute("aria-disabled") === "true") continue;
    const [a, b] = [light(parse(getComputedStyle(part).color)), light(behind(part))].sort((x, y) => x - y);
    found.push([part.className + " " + part.textContent.slice(0, 30), (b + 0.05) / (a + 0.05)]);
  }
  return found;
}"""
