"""Pictures without a program: where everything stands, texts of all widths, colors, files."""

import itertools
import os
import re
import sys
import time
import unicodedata
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, draw_dot, where
from autograd import texts as catalogue
from autograd.backward import history
from autograd.drawing import fonts, palette
from autograd.drawing import show as shows
from autograd.drawing.fonts import MissingLetters, places, units, warn_of_missing_letters
from autograd.drawing.layout import Graph, Line, Size, arrange, numbered
from autograd.drawing.letters import letters_of
from autograd.drawing.markup import Style, block_of, lines_of
from autograd.drawing.sketch import Sketch
from autograd.drawing.svg import CLASS, drawn, dressed, style_of
from nn import (
    MLP,
    TwoLayerNetwork,
    binary_cross_entropy,
    cross_entropy,
    draw_backward,
    draw_network,
    mse_loss,
)
from testkit.kernels import seldom
from testkit.pictures import HOSTILE, PURE, SVG, SYSTEM, pretend_there_is, svg_of, texts
from testkit.processes import ROOT
from testkit.random_graphs import everyday, graphs, leaves_of, tied

points = st.tuples(everyday, everyday, everyday)
BOX = Size(60.0, 40.0)
MOST_GROWTH = 2.0  # of the time for a node, in a graph four times as large


def graph(arrows, **settings):
    """Return a graph of equal boxes from (tail, head) pairs, boxes in the order of their names."""
    names = sorted({name for pair in arrows for name in pair})
    lines = [Line(f"e{i}", tail, head) for i, (tail, head) in enumerate(arrows)]
    return Graph(dict.fromkeys(names, BOX), lines, **settings)


def sides(rectangle):
    (x, y), (width, height) = rectangle
    return x - width / 2, x + width / 2, y - height / 2, y + height / 2


def overlap(one, other):
    left, right, top, bottom = sides(one)
    left2, right2, top2, bottom2 = sides(other)
    return left < right2 and left2 < right and top < bottom2 and top2 < bottom


# Where boxes stand.


@pytest.mark.parametrize(
    ("direction", "axis", "sign"), [("LR", 0, 1), ("RL", 0, -1), ("TB", 1, 1), ("BT", 1, -1)]
)
def test_arrows_run_in_the_direction_that_was_asked_for(direction, axis, sign):
    found = arrange(graph([("a", "c"), ("b", "c"), ("c", "d")]), direction)
    place = {name: sign * box.centre[axis] for name, box in found.boxes.items()}
    assert place["a"] == place["b"] < place["c"] < place["d"]
    assert {box.size for box in found.boxes.values()} == {BOX}
    assert not overlap(found.boxes["a"], found.boxes["b"])
    assert found.size[1 - axis] == pytest.approx(2 * BOX[1 - axis] + 14.0)
    way = found.routes["e2"].points
    assert sign * way[0][axis] < sign * way[-1][axis]
    assert way[-1][axis] == pytest.approx(sides(found.boxes["d"])[2 * axis + (sign < 0)])


@given(graphs, points)
def test_boxes_of_a_random_graph_stand_apart_inside_the_picture(program, numbers):
    nodes = history(tied(program, leaves_of(numbers)))
    index = {node: i for i, node in enumerate(nodes)}
    lines = [
        Line(f"{i}-{j}", str(index[x]), str(i))
        for i, node in enumerate(nodes)
        for j, x in enumerate(node.operands)
        if isinstance(x, Value)
    ]
    found = arrange(Graph({str(i): BOX for i in range(len(nodes))}, lines))
    for one, other in itertools.combinations(found.boxes.values(), 2):
        assert not overlap(one, other)
    for box in found.boxes.values():
        left, right, top, bottom = sides(box)
        assert left >= 0 and right <= found.size.width + 1e-6
        assert top >= -1e-6 and bottom <= found.size.height + 1e-6
    for line in lines:
        assert found.boxes[line.tail].centre.x < found.boxes[line.head].centre.x
        assert len(found.routes[line.name].points) % 3 == 2  # a Bézier spline, and its tip


def test_a_leaf_stands_just_before_its_first_user():
    found = arrange(graph([("a", "b"), ("b", "c"), ("c", "e"), ("d", "e")]))
    assert found.boxes["d"].centre.x == found.boxes["c"].centre.x


def test_leaves_stand_in_the_order_of_what_they_are_used_for():
    """Constants come last in the graph, and each stands beside its user all the same."""
    arrows = [("a", "f"), ("b", "g"), ("f", "h"), ("g", "h"), ("x", "f"), ("y", "g")]
    found = arrange(graph(arrows))
    heights = {name: box.centre.y for name, box in found.boxes.items()}
    assert heights["a"] < heights["x"] < heights["b"] < heights["y"]
    assert heights["f"] == pytest.approx((heights["a"] + heights["x"]) / 2)


def test_a_long_arrow_runs_between_the_boxes_that_it_passes():
    found = arrange(graph([("a", "b"), ("b", "c"), ("c", "d"), ("a", "d"), ("a", "c")]))
    for name in ("e3", "e4"):
        way = found.routes[name].points
        for box in ("b", "c"):
            left, right, top, bottom = sides(found.boxes[box])
            inside = [y for x, y in way if left <= x <= right]
            if name == "e3" or box == "b":
                assert inside and all(y <= top or y >= bottom for y in inside)


def test_two_arrows_between_the_same_boxes_run_apart():
    found = arrange(graph([("a", "b"), ("a", "b")]))
    one, other = (found.routes[name].points for name in ("e0", "e1"))
    assert other[0].y - one[0].y == other[-1].y - one[-1].y == 12.0


def test_frames_stand_apart_and_hold_their_boxes_and_no_others():
    inside = {"a": "f", "b": "f", "c": "g", "d": "g", "f": "h", "g": "h"}
    arrows = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("x", "d")]
    found = arrange(graph(arrows, inside=inside))
    assert not overlap(found.frames["f"], found.frames["g"])
    for name, box in found.boxes.items():
        for frame in "fgh":
            within = inside.get(name) == frame or (frame == "h" and name in inside)
            assert overlap(box, found.frames[frame]) is within, (name, frame)
            if within:
                left, right, top, bottom = sides(found.frames[frame])
                first, last, upper, lower = sides(box)
                assert left < first and last < right
                assert top + 18.0 < upper and lower < bottom


def test_frames_stand_in_the_order_of_their_numbers():
    inside = {"a": "n.10", "b": "n.9", "c": "n.1"}
    found = arrange(graph([("a", "z"), ("b", "z"), ("c", "z")], inside=inside))
    heights = [found.frames[name].centre.y for name in ("n.1", "n.9", "n.10")]
    assert heights == sorted(heights) and len(set(heights)) == 3
    assert sorted(["w.10", "w.9", "v"], key=numbered) == ["v", "w.9", "w.10"]


def test_a_layer_that_is_used_twice_is_drawn_though_its_frames_are_in_a_circle():
    inside = {"a": "f", "b": "g", "c": "f", "d": "g"}
    found = arrange(graph([("a", "b"), ("b", "c"), ("c", "d")], inside=inside))
    assert not overlap(found.frames["f"], found.frames["g"])


def chain(n):
    y = Value(0.5, name="x")
    for _ in range(n):
        y = y.tanh()
    return y


def network_of_many(n):
    network = MLP(16, [64 * n // 5000, 50, 10], activation="tanh", seed=0)
    return mse_loss(network([0.1] * 16), [0.0] * 10)


def sum_of_many(n):
    return sum((Value(1.0) for _ in range(n // 2)), Value(0.0))


def used_everywhere(n):
    x = y = Value(0.5)
    for _ in range(n // 2):
        y = (y + x).tanh()
    return y


def seconds_to_draw(root):
    """Return the processor's time for a picture of a whole graph, the shorter of two."""
    taken = []
    for _ in range(2):
        start = time.process_time()
        text = draw_dot(root, collapse=False).svg()
        taken.append(time.process_time() - start)
    assert text.count('class="node ') >= len(history(root))
    return min(taken)


@pytest.mark.parametrize("make", [chain, sum_of_many, *seldom(used_everywhere, network_of_many)])
def test_thousands_of_nodes_are_drawn_without_a_program_in_linear_time(make, monkeypatch):
    pretend_there_is(monkeypatch)
    few, many = make(600), make(2_400)
    growth = len(history(many)) / len(history(few))
    assert seconds_to_draw(many) < MOST_GROWTH * growth * seconds_to_draw(few)


def test_neurons_stand_in_order_from_top_to_bottom():
    network = TwoLayerNetwork(4, 8, 3, seed=1)
    root = svg_of(draw_dot(mse_loss(network([0.5] * 4), [0.0] * 3), network=network))
    tops = {}
    for group in root.iter(f"{SVG}g"):
        if group.get("class", "").startswith("node"):
            name = "".join(group.find(f"{SVG}text").itertext()).split(" = ")[0]
            tops[name] = float(group.find(f"{SVG}rect").get("y")) if "h" in name else 0.0
    hidden = [tops[f"h{j}"] for j in "₀₁₂₃₄₅₆₇"]
    assert hidden == sorted(hidden) and len(set(hidden)) == 8


# What is written.


def test_a_letter_of_chinese_is_twice_as_wide_as_a_digit_in_a_font_of_fixed_width():
    assert places("权重w") == 5 and places("Ａ") == 2 and units("权重") == 2.0
    assert units("e\u0301") == units("é") == units("e") and places("e\u0301") == 1


def test_boxes_are_as_wide_as_their_texts_in_every_script(monkeypatch):
    pretend_there_is(monkeypatch)
    widths = {}
    for name in ("w", "wwwwwwwwwwww", "权重权重权重权重权重权重"):
        root = svg_of(draw_dot(Value(1.0, name=name)))
        widths[name] = float(root.find(f".//{SVG}rect").get("width"))
        assert widths[name] > 11 * units(name)
    assert list(widths.values()) == sorted(widths.values())


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("style", ["compact", "full"])
def test_a_hostile_name_is_shown_as_text_without_a_program_too(name, style, monkeypatch):
    pretend_there_is(monkeypatch)
    x = Value(2.0, name=name)
    y = x * x
    y.name = name
    root = svg_of(draw_dot(y, names={name: y}, style=style))
    assert not [e for e in root.iter() if e.tag.rpartition("}")[2].lower() in ("script", "b")]
    shown = "".join("".join(e.itertext()) for e in root.iter(f"{SVG}text"))
    visible = name if name.isprintable() else repr(name)[1:-1]
    assert " ".join(visible[:39].split()) in " ".join(shown.replace("\xa0", " ").split())
    tips = [e.text for e in root.iter(f"{SVG}title")]
    assert any(visible[:80] in (tip or "") for tip in tips)


def test_ids_and_classes_are_those_of_the_drawing_of_a_program(monkeypatch):
    x = Value(3.0, name="x")
    y = where(x > 0, x * x, x) * 2.0
    kinds = re.compile(r'id="([nezck]\d[^"]*)" class="([^"]*)"')
    by_program = dict(kinds.findall(draw_dot(y).svg()))
    pretend_there_is(monkeypatch)
    assert dict(kinds.findall(draw_dot(y).svg())) == by_program and len(by_program) == 13


def test_a_note_stands_below_a_picture_that_is_collapsed(monkeypatch):
    pretend_there_is(monkeypatch)
    picture = draw_dot(chain(200))
    assert "201 nodes in 12 boxes, collapsed by depth; collapse=False draws them all" in texts(
        picture
    )


def test_labels_are_read_as_lines_of_runs():
    (row,) = lines_of('<<b>a</b> = <font color="#123456" point-size="8">b &amp; c</font>>')
    first, second, third = row.cells[0].runs
    assert (first.text, first.bold, second.bold) == ("a", True, False)
    assert (third.text, third.size, third.color) == ("b & c", 8.0, "#123456")
    assert [line.text for line in lines_of("one\\ntwo")] == ["one", "two"]
    assert lines_of("a &amp; \\\\N")[0].text == "a & \\N" and lines_of("") == []
    table = '<<table><tr><td>k</td><td>value</td></tr><tr><td colspan="2">x</td></tr></table>>'
    block = block_of(table, Style(10.0, "#000000"))
    assert block.columns == [10 * units("k"), 10 * units("value")]
    assert block.width == sum(block.columns) and block.height == pytest.approx(25.6)


def test_a_picture_says_what_it_is_and_holds_its_text_tree():
    y = Value(2.0, name="<x>") * 3.0
    for text in (draw_dot(y).svg(), drawn_and_dressed(y)):
        root = ElementTree.fromstring(text)
        assert root.get("role") == "img" and root.get("class") == CLASS
        assert root[0].text == "graph of *  data 6  grad –"
        assert root[1].text == repr(draw_dot(y))
    assert dressed("no svg", "a", "b") == "no svg"


def drawn_and_dressed(y):
    picture = draw_dot(y)
    return dressed(drawn(picture.sketch), picture.heading, picture.text)


def test_the_repr_of_a_drawing_is_its_text_tree_with_slopes_and_the_letters_of_a_network():
    network = TwoLayerNetwork(2, 1, 1, hidden="tanh", seed=0)
    loss = mse_loss(network([1.0, 2.0]), [1.0])
    loss.backward()
    lines = repr(draw_dot(loss, network=network, numbers=".2g")).splitlines()
    assert lines[0].startswith("E = /  data ") and lines[0].endswith("grad 1")
    assert any(re.search(r"─ w₀₁  data \S+  grad \S+  slope 1$", line) for line in lines)
    assert any(line.endswith("└─ x₂ = 2") for line in lines)
    hidden = repr(draw_dot(loss, show_gradients=False))
    assert "grad" not in hidden and "slope" in hidden
    assert repr(draw_network(network)).startswith("TwoLayerNetwork: 2 inputs, 5 parameters")
    off = (Value(-1.0, name="x") * 2.0).relu()
    assert repr(draw_dot(off)).splitlines()[1] == "└─ *  data -2  grad –"  # no edge, no slope


@pytest.mark.parametrize(
    ("loss", "target", "options", "terms"),
    [
        (mse_loss, [1.0, 0.0], {}, {"E": "/"}),  # the squares are halved together
        (mse_loss, [[1.0, 0.0]] * 2, {}, {"E": "mean", "E⁽¹⁾": "/", "E⁽²⁾": "/"}),
        (binary_cross_entropy, [1.0, 0.0], {}, {"E": "sum", "E₁": "-", "E₂": "-"}),
        (
            binary_cross_entropy, [[1.0, 0.0]] * 2, {},
            {"E": "mean", "E⁽¹⁾": "sum", "E⁽²⁾": "sum", "E⁽¹⁾₁": "-", "E⁽¹⁾₂": "-", "E⁽²⁾₁": "-",
             "E⁽²⁾₂": "-"},
        ),
        (cross_entropy, 1, {"output": "softmax"}, {"E": "logsumexp"}),
        (
            cross_entropy, [1, 0], {"output": "softmax"},
            {"E": "mean", "E⁽¹⁾": "logsumexp", "E⁽²⁾": "logsumexp"},
        ),
        (
            lambda out, y: sum(0.5 * (a - b) ** 2 for a, b in zip(out, y)), [1.0, 0.0], {},
            {"E": "+", "E₁": "+", "E₂": "*"},
        ),
    ],
)  # fmt: skip
def test_the_terms_of_an_error_are_those_of_its_outputs_and_samples(loss, target, options, terms):
    network = TwoLayerNetwork(2, 2, 2, seed=0, **options)
    many = isinstance(target, list) and (isinstance(target[0], list) or loss is cross_entropy)
    outputs = [network([1.0, 2.0]), network([2.0, 1.0])] if many else network([1.0, 2.0])
    names = letters_of(history(loss(outputs, target)), network).names
    found = {name: node.op.symbol for node, name in names.items() if name.startswith("E")}
    assert found == terms


# Colors.


def inks():
    """Return every ink with what it stands on and the contrast that it needs."""
    for table, least in (
        (palette.TEXTS_ON, palette.LEAST_TEXT_CONTRAST),
        (palette.LINES_ON, palette.LEAST_LINE_CONTRAST),
    ):
        for ink, grounds in table.items():
            yield from ((ink, ground, least) for ground in grounds)


def test_every_text_and_every_line_stands_out_in_light_and_dark():
    for ink, ground, least in inks():
        assert palette.contrast(ink, ground) >= least, (ink, ground)
        dark = palette.DARK[ink], palette.DARK[ground]
        assert palette.contrast(*dark) >= least, (ink, ground, dark)


def test_lines_of_plots_stand_out_on_paper():
    for color in (*palette.CLASS_COLORS, palette.BORDER, palette.NEUTRAL_INK):
        assert palette.contrast(color, palette.PAPER) >= palette.LEAST_LINE_CONTRAST, color


def colors_in(*paths):
    """Return the colors of style sheets by name, a light one and a dark one."""
    texts = [Path(ROOT, path).read_text(encoding="utf-8") for path in paths]
    found = re.findall(
        r"--([a-z]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", "\n".join(texts)
    )
    names = [name for name, *_ in found]
    assert len(set(names)) == len(names), "what pages have in common stands in their theme alone"
    return {name: pair for name, *pair in found}


@pytest.mark.parametrize(
    ("page", "grounds"),
    [
        ("autograd/stepping", ("ground", "panel", "leaf", "inner", "root")),
        ("nn/stepping", ("ground", "panel")),
        ("nn/playground", ("ground", "panel", "low")),
    ],
)
def test_lines_and_texts_of_pages_stand_out_in_light_and_dark(page, grounds):
    colors = colors_in("autograd/stepping/theme.css", f"{page}/page.css")
    texts = {"ink", "pale", "forward", "backward", "update", "gradient", "bad"} & colors.keys()
    for scheme in (0, 1):
        for ground in grounds:
            for name in ("line", "edge", *sorted(texts)):
                least = 3.0 if name in ("line", "edge") else 4.5
                pair = colors[name][scheme], colors[ground][scheme]
                assert palette.contrast(*pair) >= least, (name, ground, pair)


def test_every_color_of_a_drawing_has_a_dark_one():
    """All colors of fills and lines, whoever laid the picture out."""
    network = TwoLayerNetwork(2, 3, 2, seed=1)
    loss = mse_loss(network([1.0, 2.0]), [0.0, 1.0])
    loss.backward()
    for picture in (
        draw_dot(loss), draw_dot(loss, network=network), draw_dot(loss, collapse="layer"),
        draw_dot(loss, style="full"), draw_network(network),
    ):  # fmt: skip
        svg = picture.svg()
        for color in set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]{6})"', svg)):
            assert f"light-dark({color},{palette.DARK[color]})" in svg, color
    assert style_of("").count("light-dark") == 1  # of texts that no attribute colors


def test_contrast_is_that_of_the_guidelines():
    assert palette.contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)
    assert palette.contrast("#ffffff", "#767676") == palette.contrast("#767676", "#ffffff")


# Indices.


@pytest.mark.parametrize("programs", [[PURE], [SYSTEM], []], ids=["graphviz-pure", "dot", "none"])
def test_indices_are_lowered_whoever_draws(programs, monkeypatch):
    if programs == [None]:
        pytest.skip("no such program here")
    pretend_there_is(monkeypatch, *programs)
    network = TwoLayerNetwork(2, 3, 1, seed=0)
    shown = texts(draw_network(network)) + texts(draw_dot(network([1.0, 2.0])[0], network=network))
    letters = [text for text in shown if re.match(r"[xhwvabŷc][₀-₉ᵢⱼₖ]", text)]
    assert len(letters) > 20
    assert not [text for text in shown if re.match(r"[xhwvabŷc][0-9ijk]\b", text)]
    index = {c for text in letters for c in text if unicodedata.category(c) in ("No", "Lm")}
    assert index <= set("₀₁₂₃ᵢⱼₖ")


# Files.


def test_render_takes_what_graphviz_takes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    picture = draw_dot(Value(2.0) * 3.0)
    assert picture.render("a.svg", "deep") == os.path.join("deep", "a.svg")
    assert picture.render("a", directory="deep", format="png") == os.path.join("deep", "a.png")
    assert picture.render(outfile="out/b.svg") == os.path.join("out", "b.svg")
    assert picture.render(outfile=tmp_path / "c.PNG") == str(tmp_path / "c.PNG")
    assert picture.render("ignored", outfile="d.svg", cleanup=True) == "d.svg"
    assert picture.render() == "graph.gv.svg"
    for name, begins in (("deep/a.svg", b"<svg"), ("deep/a.png", b"\x89PNG"), ("c.PNG", b"\x89PNG"),
                         ("out/b.svg", b"<svg"), ("d.svg", b"<svg")):  # fmt: skip
        assert Path(name).read_bytes().startswith(begins), name
    written = {str(path) for path in Path(".").rglob("*") if path.is_file()}
    assert len(written) == 6  # no DOT text beside any of them


def test_a_file_that_is_there_is_only_overwritten_if_it_may_be(tmp_path):
    picture = draw_dot(Value(1.0))
    path = picture.render(outfile=tmp_path / "a.svg")
    Path(path).write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError, match=r"a\.svg is there already"):
        picture.render(outfile=path, raise_if_result_exists=True)
    assert Path(path).read_text(encoding="utf-8") == "mine"
    picture.render(outfile=path)
    assert Path(path).read_text(encoding="utf-8").startswith("<svg")


def test_the_end_of_an_outfile_is_its_form(tmp_path):
    with pytest.raises(ValueError, match="its end must be one of svg, png, pdf, json"):
        draw_dot(Value(1.0)).render(outfile=tmp_path / "a.gif")
    path = draw_dot(Value(1.0)).render(outfile=tmp_path / "a.gif", format="png")
    assert Path(path).read_bytes().startswith(b"\x89PNG")


def test_view_shows_the_file_with_graphviz_or_with_a_browser(tmp_path, monkeypatch):
    import graphviz

    seen = []
    monkeypatch.setattr(graphviz, "view", seen.append)
    path = draw_dot(Value(1.0)).render(tmp_path / "a", view=True)
    monkeypatch.setitem(sys.modules, "graphviz", None)
    monkeypatch.setattr("webbrowser.open", seen.append)
    shows.show_file(Path(path))
    assert seen == [path, Path(path).resolve().as_uri()]


# Fonts.


def test_letters_that_no_font_has_are_told_once_with_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setattr(fonts, "machine_has_wide_letters", lambda: False)
    picture = draw_dot(Value(2.0, name="权重") * 3.0)
    with pytest.warns(MissingLetters, match="letters of 权重: .* install .* or write svg") as told:
        picture.render(tmp_path / "a.png")
    assert len(told) == 1
    picture.render(tmp_path / "a.svg")  # the reader's fonts show it
    monkeypatch.setattr(fonts, "machine_has_wide_letters", lambda: True)
    picture.render(tmp_path / "a.png")
    warn_of_missing_letters("plain", False)


def test_fontconfig_tells_which_letters_a_machine_has(tmp_path, monkeypatch):
    program = tmp_path / "fc-list"
    monkeypatch.setattr(fonts.shutil, "which", lambda name: str(program))
    for family, known in (("Noto Sans CJK SC", True), ("", False)):
        program.write_text(f"#!/bin/sh\necho {family}\n", encoding="utf-8")
        program.chmod(0o755)
        fonts.machine_has_wide_letters.cache_clear()
        assert fonts.machine_has_wide_letters() is known
    program.unlink()
    fonts.machine_has_wide_letters.cache_clear()
    assert fonts.machine_has_wide_letters() is False
    monkeypatch.setattr(fonts.shutil, "which", lambda name: None)
    for platform, known in (("win32", True), ("linux", False)):
        monkeypatch.setattr(fonts.sys, "platform", platform)
        fonts.machine_has_wide_letters.cache_clear()
        assert fonts.machine_has_wide_letters() is known
    fonts.machine_has_wide_letters.cache_clear()


def test_a_sketch_becomes_the_same_digraph():
    import graphviz

    sketch = Sketch("s", {"rankdir": "LR"})
    frame = Sketch("cluster_1", {"label": "f"})
    frame.node("b", label="B", color=None)
    sketch.node("a")
    sketch.subgraph(frame)
    sketch.edge("a", "b", label="1", id="e")
    found = graphviz.Digraph("s", graph_attr=sketch.attributes)
    sketch.replay(found, graphviz.Digraph)
    assert found.source == (
        "digraph s {\n\tgraph [rankdir=LR]\n\ta\n\tsubgraph cluster_1 {\n\t\tgraph [label=f]\n"
        "\t\tb [label=B]\n\t}\n\ta -> b [label=1 id=e]\n}\n"
    )
    assert list(sketch.all_nodes()) == ["a", "b"]


# The catalogue.


def test_what_a_reader_sees_of_a_drawing_is_in_the_catalogue(monkeypatch):
    """With another language, no word of a picture is English: names, numbers and formulas are left."""
    monkeypatch.setattr(catalogue, "texts", lambda: dict.fromkeys(catalogue.TEXTS, "«»"))
    network = TwoLayerNetwork(20, 3, 1, seed=0, hidden="tanh")
    loss = mse_loss(network([0.5] * 20), [1.0])
    pictures = [
        draw_dot(loss, network=network), draw_dot(loss, network=network, collapse="layer"),
        draw_dot(loss, collapse="depth"), draw_network(network),
        draw_backward(network, [0.5] * 20, [1.0]), draw_dot((Value(-1.0) * 2.0).relu()),
    ]  # fmt: skip
    known = {"tanh", "sigmoid", "dot", "relu"}
    for picture in pictures:
        root = svg_of(picture)
        tips = [e.text or "" for e in root.iter(f"{SVG}title")]
        tips += [tip for e in root.iter() for key, tip in e.items() if key.endswith("title")]
        assert "graph" not in tips  # as a program calls all that it draws
        for text in [*texts(picture), *tips]:
            words = set(re.findall("[a-z]{3,}", text)) - known
            assert not words, text
