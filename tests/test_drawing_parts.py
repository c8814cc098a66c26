"""Pictures of graphs, part by part: owners, boxes, labels, text trees, files and engines."""

import base64
import html
from fractions import Fraction

import pytest

from autograd import Value, draw_dot, exp, maximum, softmax, trace
from autograd.drawing import collapse, draw, labels
from autograd.drawing import render as engines
from autograd.drawing.collapse import Owner, cones, depths, gathered, keys, plan, readable
from autograd.drawing.palette import GROUP_FILL, LEAF_FILL, OPERATION_FILL, PAPER, ROOT_FILL
from autograd.drawing.show import bundle
from autograd.drawing.tree import text_tree
from nn import TwoLayerNetwork
from testkit.pictures import lines_with, pretend_there_is


def look(**settings):
    return labels.Look(**{"labels": {}, "gradients": {}, "numbers": ".4g",
                          "show_gradients": True, **settings})  # fmt: skip


# Owners, boxes and depths.


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("layers.0.neurons.1.w.2", ("layers.0", "layers.0.neurons.1", False)),
        ("layers.0.neurons.1.b", ("layers.0", "layers.0.neurons.1", False)),
        ("neurons.1.w.0.3", ("", "neurons.1", False)),
        ("net.layers.2.neurons.0.b", ("net.layers.2", "net.layers.2.neurons.0", False)),
        ("w.2", ("", "", False)),
        ("7", ("", "", False)),
    ],
)
def test_a_parameter_belongs_to_the_neuron_and_layer_of_its_path(path, owner):
    assert collapse.parameter_owner(path) == owner


def test_the_owner_of_a_result_is_that_of_all_its_operands():
    a, b, c, x = (Value(float(k)) for k in range(1, 5))
    paths = {a: "l.0.n.0.w", b: "l.0.n.1.w", c: "l.0.n.0.b"}
    products = [a * x, b * x, c * x]
    sums = [products[0] + products[2], products[0] + products[1], products[0] * products[2]]
    ends = [sums[0].tanh(), sums[0].tanh().exp(), sums[0] + x, maximum(sums[0], products[0])]
    mixed = a * b
    nodes = [a, b, c, x, *products, *sums, *ends, mixed]
    owners = collapse.owners_of(nodes, paths)
    first, second = Owner("l.0", "l.0.n.0"), Owner("l.0", "l.0.n.1")
    assert [owners.get(p) for p in products] == [first, second, first]
    assert [owners.get(s) for s in sums] == [first, None, None]
    assert [owners.get(e) for e in ends] == [first._replace(done=True), None, None, None]
    assert owners.get(mixed) is None and owners.get(x) is None


def test_after_its_activation_a_neuron_owns_nothing_more():
    w, x = Value(2.0), Value(3.0)
    h = (w * x).tanh()
    later = h.exp()
    owners = collapse.owners_of([w, x, w * x, h.parents[0], h, later], {w: "n.0.w"})
    assert owners[h].done and later not in owners


def test_a_leaf_stands_just_below_its_lowest_result():
    x, y = Value(0.5), Value(0.25)
    a = x * y
    b = a + y
    c = b.exp() * x
    nodes, _ = trace(c)
    depth = depths(nodes)
    assert [depth[node] for node in (x, y, a, b, c)] == [0, 0, 1, 2, 4]
    late = Value(1.0)
    total = b.exp() + late
    assert depths(trace(total)[0])[late] == 3


def test_bands_of_depth_are_of_equal_height_and_twelve_at_most():
    y = Value(0.5)
    chain = [y]
    for _ in range(23):
        chain.append(chain[-1].exp() if len(chain) < 2 else chain[-1].tanh())
    bands = keys(chain, {}, "depth", 150)
    assert [bands[node] for node in chain] == [k // 2 for k in range(24)]
    few = keys(chain, {}, "depth", 4)
    assert [few[node] for node in chain] == [k // 6 for k in range(24)]
    short = keys(chain[:5], {}, "depth", 150)
    assert [short[node] for node in chain[:5]] == [0, 1, 2, 3, 4]


def test_without_owners_layers_are_functions_of_a_kind_at_one_depth():
    xs = [Value(0.1), Value(0.2)]
    hidden = [(x * 2.0).tanh() for x in xs]
    out = (hidden[0] + hidden[1]).exp()
    nodes, _ = trace(out)
    found = keys(nodes, {}, "layer", 150)
    assert {found[h] for h in hidden} == {found[x] for x in xs} == {(2, "tanh")}
    assert found[out] == found[out.parents[0]] == (4, "exp")
    by_neuron = keys(nodes, {}, "neuron", 150)
    assert by_neuron == cones(nodes) and by_neuron[xs[0]] is hidden[0]


def test_with_owners_what_belongs_to_none_is_by_itself_or_with_its_kind():
    w, x = Value(2.0), Value(3.0)
    out = (w * x).exp()
    owner = {w: Owner("l", "l.n"), out.parents[0]: Owner("l", "l.n", True)}
    nodes, _ = trace(out)
    by_neuron = keys(nodes, owner, "neuron", 150)
    assert by_neuron == {w: ("l", "l.n"), x: x, out.parents[0]: ("l", "l.n"), out: out}
    by_layer = keys(nodes, owner, "layer", 150)
    assert by_layer == {w: "l", x: (0, "None"), out.parents[0]: "l", out: (2, "exp")}


def test_a_drawing_is_readable_up_to_its_limit_of_boxes_and_twice_as_many_arrows():
    x = Value(1.0)
    y = x * x
    groups = {node: [node] for node in (x, y)}
    assert readable(groups, 2) and not readable(groups, 1)
    one = {0: [x, y]}
    assert readable(one, 1)
    xs = [Value(float(k)) for k in range(3)]
    shares = softmax(xs)
    nodes = [*xs, *shares]
    alone = {node: [node] for node in nodes}
    assert readable(alone, 6)
    assert gathered(nodes, dict.fromkeys(nodes, "k")) == {"k": nodes}
    assert plan(nodes, {}, 6) == (None, alone) and plan(nodes, {}, 2, False).how is None


# What boxes and labels say.


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("layers.0.neurons.3", "neuron 3"), ("layers.0", "layer 1"), ("encoder", "encoder"),
        ("net.head", "head"), ("7", "7"), ("", ""), ("s.1", " 1"),
    ],
)  # fmt: skip
def test_a_part_of_a_network_is_called_by_the_end_of_its_path(path, name):
    assert draw.part_name(path) == name


def test_parameters_are_called_by_the_end_of_their_path():
    a, b, c = Value(1.0), Value(2.0), Value(3.0)
    paths = {a: "layers.0.neurons.1.w.2", b: "layers.0.neurons.1.b", c: "table.w.0.1"}
    assert draw.short_names(paths) == {a: "w[2]", b: "b", c: "w"}


def test_a_box_tells_its_six_most_frequent_operations_in_two_lines():
    x = Value(0.5)
    sums = [x + x, x + x, x + x]
    group = [*sums, x * x, x * x, exp(x), x.sin(), x.cos(), x.tanh(), x.sqrt(), x, Value(1.0)]
    assert draw.contents(group) == ["3 +, 2 *, exp", "sin, cos, tanh"]
    assert draw.contents([x]) == ["1 leaf"] and draw.contents([x, Value(1.0)]) == ["2 leaves"]
    assert draw.contents([exp(x), x.sin(), x.cos(), x]) == ["exp, sin, cos", "1 leaf"]


def test_the_range_of_numbers_is_one_number_where_they_are_the_same():
    assert draw.span([], ".3g") == "–"
    assert draw.span([1.0, 3.0, 2.0], ".3g") == "1 … 3"
    assert draw.span([1.0, 1.0001], ".3g") == "1"
    assert draw.span([1.0, float("nan")], ".3g") == "nan"


def test_a_collapsed_box_has_a_title_ranges_and_a_tooltip():
    network = TwoLayerNetwork(2, 3, 1, hidden="tanh", seed=0)
    out = network([Value(1.0), Value(2.0)])[0]
    out.backward()
    for way, title, count in (("neuron", "neuron 0", 5), ("layer", "layer 1", 15)):
        picture = draw_dot(out, network=network, collapse=way)
        (line,) = lines_with(picture, f'tooltip="{title}: {count} nodes"', "class=group")[:1]
        assert f"<b>{title}</b>" in line and f'fillcolor="{GROUP_FILL}"' in line
    by_depth = draw_dot(out, network=network, collapse="depth")
    assert lines_with(by_depth, "<b>depth band 0</b>") and "cluster" not in by_depth.source
    assert "labelloc=b" in by_depth.source and "collapsed by depth" in by_depth.source


def test_frames_of_neurons_stand_in_those_of_their_layers():
    network = TwoLayerNetwork(2, 2, 1, hidden="tanh", seed=0)
    out = network([Value(1.0), Value(2.0)])[0]
    whole = draw_dot(out, network=network)
    assert len(lines_with(whole, "subgraph cluster_")) == 5
    by_neuron = draw_dot(out, network=network, collapse="neuron")
    assert len(lines_with(by_neuron, "subgraph cluster_")) == 2
    assert not lines_with(draw_dot(out, network=network, collapse="layer"), "subgraph cluster_")


def test_leaves_operations_and_the_root_have_their_colors_and_classes():
    x = Value(2.0, name="x")
    picture = draw_dot((x * 3.0).tanh())
    fills = LEAF_FILL, OPERATION_FILL, ROOT_FILL
    for name, kind, fill in zip(("n0", "n1", "n2"), ("leaf", "operation", "root"), fills):
        assert lines_with(picture, f"\t{name} [", f"class={kind}", f'fillcolor="{fill}"')
    assert lines_with(draw_dot(x), "\tn0 [", "class=leaf")
    full = draw_dot((x * 3.0).tanh(), style="full")
    assert lines_with(full, "\to1 [", f'fillcolor="{PAPER}"', "label=<*>")
    assert lines_with(full, 'o1 -> n1 [id="o1-n1"]') and lines_with(full, '"c1-1" -> o1')


def test_the_heading_of_a_box_is_its_name_and_operation():
    x = Value(2.0, name="x")
    y = x * 3.0
    assert ">*<" in lines_with(draw_dot(y), "\tn1 [")[0].replace("<b>*</b>", ">*<")
    y.name = "y"
    assert "<b>y</b> = *" in lines_with(draw_dot(y), "\tn1 [")[0]
    assert "<b>x</b></td>" in lines_with(draw_dot(y), "\tn0 [")[0]
    assert "<b>y</b></td>" in lines_with(draw_dot(y, style="full"), "\tn1 [")[0]


def test_a_tooltip_has_names_and_six_digits_of_operands_and_all_of_the_result():
    x, y = Value(1 / 3, name="x"), Value(2 / 3)
    z = x * y + 0.123456789
    assert labels.tooltip(z.operands[0], look()) == f"x * 0.666667 = {2 / 9!r}"
    assert labels.tooltip(z, look(labels={z: "z"})) == f"z = 0.222222 + 0.123457 = {z.data!r}"
    assert labels.tooltip(x, look()) == repr(1 / 3)
    assert len(labels.tooltip(x, look(labels={x: "n" * 200}))) == 120


def test_numbers_and_gradients_are_formatted_and_fractions_whole():
    x = Value(1.0)
    assert labels.number_text(Fraction(2, 3), ".1f") == "2/3"
    assert labels.number_text(2 / 3, ".1f") == "0.7"
    assert labels.operand_text(0.123456789) == "0.123457"
    assert labels.gradient(x, look()) == "–"
    assert labels.gradient(x, look(gradients={x: 0.25})) == "0.25"


def test_texts_are_cut_escaped_and_printable():
    assert labels.clipped("x" * 40) == "x" * 40 and labels.clipped("x" * 41) == "x" * 39 + "…"
    assert labels.printable("a\tb\x00\u202e ü") == "a\\tb\\x00\\u202e ü"
    assert labels.escape_html("<a & 'b' \"c\">") == html.escape("<a & 'b' \"c\">", quote=True)
    assert "&quot;c&quot;" in labels.escape_html('"c"')
    assert labels.escape_html("a\\N").startswith("a<font") and "&#92;</font>N" in (
        labels.escape_html("a\\N")
    )
    assert labels.escape_string("a & \\N") == "a &amp; \\\\N"
    assert labels.escape_tooltip("a & \\N") == "a &amp; \\\\\\\\N"


def test_variables_name_values_before_their_own_names_and_lists_after_both():
    x, y, z = Value(1.0, name="own"), Value(2.0), Value(3.0, name="left")
    names = {"xs": [x, y], "x": x, "_hidden": y, "again": x, "table": {"k": y}}
    assert labels.labels([x, y, z], names) == {x: "x", y: "xs[1]", z: "left"}
    assert labels.labels([x, y, z], {}) == {x: "own", z: "left"}


# Text trees.


def test_a_text_tree_shows_names_constants_and_gradients():
    x = Value(2.0, name="x")
    y = x * 3.0
    y.name = "y"
    y.backward()
    assert text_tree(y) == ("y = *  data 6  grad 1\n├─ x  data 2  grad 3  slope 3\n└─ 3")
    assert text_tree(y, {"z": y}, ".2f").splitlines()[0] == "z = *  data 6.00  grad 1.00"
    assert text_tree(Value(1 / 3)) == "data 0.3333  grad –"


def test_what_is_too_deep_is_left_out_where_there_is_more():
    y = Value(2.0, name="x")
    for _ in range(30):
        y = y.tanh()
    lines = text_tree(y).splitlines()
    assert len(lines) == 26 and lines[-1].endswith("grad –  slope 0.7806  …")
    assert lines[-1].startswith(" " * 72 + "└─ tanh")
    y = Value(2.0, name="x")
    for _ in range(25):
        y = y.tanh()
    assert text_tree(y).splitlines()[-1] == " " * 72 + "└─ x  data 2  grad –  slope 0.07065"


def test_a_tree_of_sixty_lines_is_whole():
    def tree(n):
        return sum((Value(1.0) for _ in range(n)), Value(0.0))

    assert len(text_tree(maximum([Value(float(k)) for k in range(59)])).splitlines()) == 60
    cut = text_tree(maximum([Value(float(k)) for k in range(60)])).splitlines()
    assert len(cut) == 61 and cut[-1] == "… 61 nodes in all"
    assert text_tree(tree(5)).count("data") == 11


# Files and engines.


def test_a_form_that_is_asked_for_is_added_to_the_name(tmp_path):
    picture = draw_dot(Value(1.0), format="png")
    assert picture.render(tmp_path / "a.svg") == str(tmp_path / "a.svg")
    assert picture.render(tmp_path / "a.svg", format="png") == str(tmp_path / "a.svg.png")
    assert picture.render(tmp_path / "b") == str(tmp_path / "b.png")
    assert picture.render(tmp_path / "c.v2") == str(tmp_path / "c.v2.png")
    assert (tmp_path / "a.svg").read_text(encoding="utf-8").startswith("<svg")


def test_a_notebook_gets_an_image_that_says_what_it_is_and_the_text():
    y = Value(2.0, name="<x>") * 3.0
    shown = bundle(draw_dot(y))
    assert shown["text/plain"] == text_tree(y)
    assert 'alt="graph of *  data 6  grad –"' in shown["text/html"]
    encoded = shown["text/html"].split("base64,")[1].split('"')[0]
    assert base64.b64decode(encoded).decode() == shown["image/svg+xml"]
    picture = draw_dot(y)
    picture.text = ""
    assert bundle(picture)["text/plain"] == "<Picture>"


def failing(tmp_path, said, status):
    """Return a program that says something, and fails."""
    program = tmp_path / "engine"
    program.write_text(f"#!/bin/sh\nprintf '{said}' >&2\nexit {status}\n")
    program.chmod(0o755)
    return str(program)


def test_of_what_a_failing_engine_says_the_last_300_characters_are_told(tmp_path, monkeypatch):
    program = failing(tmp_path, "a" + "b" * 300, 3)
    pretend_there_is(monkeypatch, program)
    with pytest.raises(RuntimeError) as caught:
        engines.render("digraph {}", "png")
    assert str(caught.value) == f"{program} -Tpng failed: {'b' * 300}"


def test_an_engine_that_fails_without_a_word_is_told_by_its_status(tmp_path, monkeypatch):
    program = failing(tmp_path, "", 3)
    pretend_there_is(monkeypatch, program)
    with pytest.raises(RuntimeError, match="-Tsvg failed: 3$"):
        engines.render("digraph {}")


def test_only_graphviz_itself_writes_pdf_and_postscript(monkeypatch):
    pretend_there_is(monkeypatch, "/a/graphviz-pure", "/b/dot")
    found = {form: engines.engine(form) for form in ("svg", "png", "json", "pdf", "ps", "eps")}
    pure = {form for form, program in found.items() if program == "/a/graphviz-pure"}
    assert pure == {"svg", "png", "json"} and set(found.values()) == {"/a/graphviz-pure", "/b/dot"}
    pretend_there_is(monkeypatch, "/b/dot")
    assert engines.engine() == "/b/dot"


def test_engines_beside_the_interpreter_come_before_those_on_the_path(monkeypatch):
    monkeypatch.setattr(engines.shutil, "which", lambda name, path=None: f"/{path is None}/{name}")
    assert list(engines.engines()) == ["/False/graphviz-pure", "/True/dot"]
