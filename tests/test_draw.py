"""Pictures of graphs: the DOT text, the SVG, the text tree, and what happens without an engine."""

import base64
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, dot, draw_dot, ieee, maximum, softmax, trace, where
from autograd import primitives as p
from autograd.drawing import render as engines
from autograd.drawing.collapse import WAYS, cones, owners_of, plan
from autograd.drawing.draw import mimebundle, paths_of
from autograd.drawing.labels import known_gradients
from autograd.drawing.tree import text_tree
from nn import MLP, Layer, TwoLayerNetwork, mse_loss
from testkit.pictures import (
    HOSTILE,
    PURE,
    SVG,
    SYSTEM,
    both,
    ids,
    lines_with,
    pretend_there_is,
    svg_of,
    texts,
)
from testkit.points import INDEXED, PARAMETERS
from testkit.random_graphs import everyday, graphs, leaves_of, tied

points = st.tuples(everyday, everyday, everyday)


def example():
    x, w, b = Value(2.0, name="x"), Value(-3.0, name="w"), Value(6.5, name="b")
    return (w * x + b).tanh(), (x, w, b)


# What is drawn.


def test_a_box_per_value_and_an_arrow_per_operand_with_its_local_derivative():
    y, _ = example()
    picture = draw_dot(y)
    assert len(lines_with(picture, "label=<")) == len(trace(y)[0]) == 6
    assert [line.strip() for line in lines_with(picture, "->")] == [
        'n0 -> n2 [label=2 id="e2-0"]',
        'n1 -> n2 [label=-3 id="e2-1"]',
        'n2 -> n4 [label=1 id="e4-0"]',
        'n3 -> n4 [label=1 id="e4-1"]',
        'n4 -> n5 [label=0.7864 id="e5-0"]',
    ]


def test_a_square_has_two_arrows():
    x = Value(3.0)
    assert len(lines_with(draw_dot(x * x), "n0 -> n1", "label=3")) == 2


def test_trace_gives_operands_first_and_repeats_kept():
    x = Value(3.0)
    y = where(x > 0, x * x, x)
    nodes, edges = trace(y)
    assert nodes == [x, y.operands[1], y] and edges == [
        (x, nodes[1]), (x, nodes[1]), (nodes[1], y), (x, y),
    ]  # fmt: skip


def test_gradients_are_dashes_until_a_pass_and_numbers_afterwards():
    y, _ = example()
    assert texts(draw_dot(y)).count("–") == 6
    y.backward()
    after = texts(draw_dot(y))
    assert "–" not in after and {"1.573", "-2.359", "0.7864"} <= set(after)


def test_what_a_pass_gives_no_gradient_has_the_gradient_0_and_a_later_graph_has_none():
    x, w = Value(-1.0), Value(2.0)
    y = (w * x).relu() + x * 0.0
    y.backward()
    nodes, _ = trace(y)
    assert known_gradients(nodes).keys() == set(nodes) and known_gradients(nodes)[w] == 0.0
    later = y * 2
    assert known_gradients(trace(later)[0]).keys() == set(nodes)


def test_gradients_can_be_left_out_or_given():
    y, (x, *_) = example()
    assert "grad" not in draw_dot(y, show_gradients=False).source
    assert "123" in texts(draw_dot(y, gradients={x: 123.0}))


def test_constants_are_drawn_as_constants():
    x = Value(3.0)
    picture = draw_dot(2 * x + 0.5)
    assert lines_with(picture, "label=2 class=constant", "shape=plaintext")
    assert lines_with(picture, "label=0.5 class=constant", "shape=plaintext")
    assert len(lines_with(picture, "->", "class=constant")) == 2


def test_many_constants_of_one_operation_share_a_place():
    ws = [Value(1.0) for _ in range(20)]
    picture = draw_dot(dot(ws, [0.5] * 20))
    assert len(lines_with(picture, "shape=plaintext")) == 1
    assert "(21 numbers)" in picture.source


@pytest.mark.parametrize(
    ("make", "dashed"),
    [
        (lambda x: x.relu(), ["z1-0"]),
        (lambda x: where(x > 0, x.exp(), x), ["z2-1"]),
        (lambda x: x.floor() * x, ["z1-0"]),
        (lambda x: maximum(x, 0.0), ["z1-0"]),
        (lambda x: maximum(x, x * x), ["z2-0"]),
        (lambda x: x**0, ["z1-0"]),
    ],
)
def test_a_structural_zero_is_a_dashed_arrow(make, dashed):
    picture = draw_dot(make(Value(-1.0)))
    found = [re.search(r'id="(z[^"]*)"', line)[1] for line in lines_with(picture, "style=dashed")]
    assert found == dashed


@given(graphs, points)
def test_every_operand_of_a_random_graph_is_one_arrow_with_one_id(program, numbers):
    root = tied(program, leaves_of(numbers))
    nodes, edges = trace(root)
    source = draw_dot(root, collapse=False).source
    edge_ids = re.findall(r'id="([ez]\d+-\d+)"', source)
    assert len(edge_ids) == len(set(edge_ids)) == len(edges)
    expected = [f"e{i}-{k}" for i, node in enumerate(nodes) for k in range(len(node.parents))]
    assert [name for name in edge_ids if name[0] == "e"] == expected


@pytest.mark.parametrize("name", list(p.TABLE))
def test_every_primitive_can_be_drawn(name):
    row = p.TABLE[name]
    sides = enumerate(row.domain)
    special = PARAMETERS.get(name, {})
    operands = [
        special[i][0] if i in special else Value(min(max(low + 0.5, 0.75), high)) if low < 0.75
        else Value(low + 0.5)
        for i, (low, high) in sides
    ]  # fmt: skip
    if isinstance(row, p.Variadic):
        xs = [Value(0.25), Value(0.5), Value(0.75)]
        result = row((0, *xs)) if name in INDEXED else row(xs)
    else:
        result = row(*operands)
    symbol = row.symbol
    assert symbol in texts(draw_dot(result)) and symbol in texts(draw_dot(result, style="full"))


def test_the_full_style_draws_number_and_operation_apart():
    y, _ = example()
    picture = draw_dot(y, style="full")
    assert len(lines_with(picture, "shape=ellipse")) == 3
    assert [line.strip() for line in lines_with(picture, "-> o2")] == [
        'n0 -> o2 [label=2 id="e2-0"]', 'n1 -> o2 [label=-3 id="e2-1"]',
    ]  # fmt: skip
    assert lines_with(picture, "o2 -> n2")


def test_variables_name_the_nodes():
    w = [Value(1.0), Value(2.0)]
    table = {"k": Value(3.0)}
    total = w[0] * w[1] + table["k"]
    _9 = total
    total.name = "its own"
    shown = texts(draw_dot(total, names=locals()))
    assert {"w[0]", "w[1]", "table['k']", "total"} <= set(shown) and "_9" not in shown
    assert "its own" in texts(draw_dot(total))


def test_in_a_notebook_a_variable_names_a_node_rather_than_a_list_or_an_output():
    x, y = Value(1.0), Value(2.0)
    space = {"In": ["x"], "Out": {1: x, 2: y}, "_1": x, "both": [x, y], "x": x, "again": x}
    shown = texts(draw_dot(x * y, names=space))
    assert {"x", "both[1]"} <= set(shown) and not {"Out[1]", "both[0]", "again"} & set(shown)


@pytest.mark.parametrize("function", [draw_dot, trace])
def test_what_is_no_value_is_an_error_that_says_what_to_pass(function):
    with pytest.raises(TypeError, match="not to float 1.5; pass a Value"):
        function(1.5)
    with pytest.raises(TypeError, match="not to list .*; pass one of its elements, or their sum"):
        function([Value(1.0)])


def test_numbers_have_the_format_asked_for_and_fractions_stay_whole():
    assert "0.333333" in texts(draw_dot(Value(1 / 3), numbers=".6f"))
    assert "1/3" in texts(draw_dot(Value(Fraction(1, 3))))
    with ieee():
        assert {"nan", "inf"} <= set(texts(draw_dot(Value(float("nan")) * Value(float("inf")))))


@pytest.mark.parametrize("direction", ["LR", "TB", "RL", "BT"])
def test_the_direction_can_be_chosen(direction):
    y, _ = example()
    assert f"rankdir={direction}" in draw_dot(y, rankdir=direction).source


@pytest.mark.parametrize("option", [{"style": "wide"}, {"rankdir": "up"}, {"collapse": "all"}])
def test_an_unknown_option_names_those_there_are(option):
    with pytest.raises(ValueError, match="is not known; choose from"):
        draw_dot(Value(1.0), **option)


def test_code_for_micrograd_draws():
    y, _ = example()
    picture = draw_dot(y, format="png", rankdir="TB")
    assert picture.pipe()[:4] == b"\x89PNG"


# SVG, with each engine.


@both
def test_every_node_and_arrow_has_its_id_in_the_svg(program, monkeypatch):
    pretend_there_is(monkeypatch, program)
    x = Value(3.0, name="x")
    y = where(x > 0, x * x, x) * 2.0
    found = ids(draw_dot(y))
    for name in ("n0", "n1", "n2", "n3", "e1-0", "e1-1", "e2-0", "z2-2", "c2-0", "c3-1", "k3-1"):
        assert found.count(name) == 1, name


@both
@pytest.mark.parametrize("style", ["compact", "full"])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_shown_as_text(program, style, name, monkeypatch):
    pretend_there_is(monkeypatch, program)
    x = Value(2.0, name=name)
    y = x * x
    y.name = name
    root = svg_of(draw_dot(y, names={name: y}, style=style))
    assert not [e for e in root.iter() if e.tag.rpartition("}")[2].lower() in ("script", "b")]
    assert sum(1 for e in root.iter() if e.get("id", "")[:1] == "n") == 2
    assert sum(1 for e in root.iter() if e.get("id", "")[:1] == "e") == 2
    shown = "".join("".join(e.itertext()) for e in root.iter(f"{SVG}text"))
    visible = name if name.isprintable() else repr(name)[1:-1]
    assert " ".join(visible[:39].split()) in " ".join(shown.replace("\xa0", " ").split())


@both
def test_a_tooltip_shows_the_name_and_all_digits(program, monkeypatch):
    pretend_there_is(monkeypatch, program)
    for name in HOSTILE[:-1]:
        x = Value(1 / 3, name=name)
        found = [
            value
            for element in svg_of(draw_dot(x + x)).iter()
            for key, value in element.items()
            if key.endswith("title")
        ]
        visible = " ".join((name if name.isprintable() else repr(name)[1:-1]).split())
        assert any(visible in title and "0.3333333333333333" in title for title in found), name
        assert any("0.6666666666666666" in title for title in found)


@both
def test_hostile_names_do_not_break_a_collapsed_drawing(program, monkeypatch):
    pretend_there_is(monkeypatch, program)
    for name in HOSTILE:
        root = svg_of(draw_dot(mse_loss(Layer(2, 2)([1.0, 1.0]), [0, 0]), network=Layer(2, 2)))
        assert root.tag == f"{SVG}svg"
        net = Layer(1, 2, seed=0)
        loss = mse_loss(net([Value(1.0, name=name)]), [0.0, 1.0])
        assert svg_of(draw_dot(loss, names={name or "x": net}, limit=3)).tag == f"{SVG}svg"
        framed = draw_dot(loss, names={name or "x": net})
        visible = (name if name.isprintable() else repr(name)[1:-1]).rpartition(".")[2].split()
        if name.strip() and not name.startswith("_"):
            assert " ".join(visible)[:30] in " ".join("".join(texts(framed)).split())


@both
def test_the_html_for_a_notebook_holds_the_svg_as_an_image_and_nothing_else(program, monkeypatch):
    pretend_there_is(monkeypatch, program)
    y = Value(2.0, name="<script>alert(1)</script>") ** 2
    shown = y._repr_mimebundle_(include=None, exclude=None)
    assert set(shown) == {"text/html", "image/svg+xml", "text/plain"}
    frame = ElementTree.fromstring(shown["text/html"])
    assert [element.tag for element in frame.iter()] == ["div", "style", "img"]
    tag = frame.find("img")
    assert tag.get("alt")
    head, data = tag.get("src").split(",")
    assert head == "data:image/svg+xml;base64"
    assert base64.b64decode(data).decode() == shown["image/svg+xml"]
    background = ElementTree.fromstring(shown["image/svg+xml"]).find(f".//{SVG}polygon")
    assert background.get("fill") == "#ffffff"


@both
def test_the_same_bytes_come_out_of_two_processes(program, tmp_path):
    code = (
        "import sys; from autograd import *; from autograd.drawing import render; from nn import *;"
        "render.engines = lambda: iter([sys.argv[1]]);"
        "net = TwoLayerNetwork(3, 40, 2, seed=1);"
        "loss = mse_loss(net([0.1, 0.2, 0.3]), [0.0, 1.0]); loss.backward();"
        "x = Value(2.0); y = where(x > 1, x * x, x);"
        "print(draw_dot(loss).svg(), draw_dot(loss, names={'net': net}).svg(), draw_dot(y).svg(),"
        "draw_network(net).svg(), draw_backward(net, [1.0, 2.0, 3.0], [0.0, 1.0]).svg(),"
        "net._repr_mimebundle_(), y._repr_mimebundle_())"
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", code, program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert outputs[0] == outputs[1] and len(outputs[0]) > 10_000


# Files and engines.


@pytest.mark.parametrize(
    ("name", "begins"), [("y.svg", b"<svg"), ("y.png", b"\x89PNG"), ("deep/er/y.svg", b"<svg")]
)
def test_render_writes_what_the_name_says(tmp_path, name, begins):
    y, _ = example()
    path = draw_dot(y).render(tmp_path / name)
    assert path == str(tmp_path / name) and Path(path).read_bytes().startswith(begins)
    assert os.listdir(Path(path).parent) == [Path(name).name]


def test_render_completes_a_name_without_a_form(tmp_path):
    y, _ = example()
    assert draw_dot(y).render(tmp_path / "graph") == str(tmp_path / "graph.svg")
    assert draw_dot(y).render(tmp_path / "v1.5", format="png") == str(tmp_path / "v1.5.png")


def test_pdf_without_graphviz_says_what_to_do(tmp_path, monkeypatch):
    pretend_there_is(monkeypatch, PURE or "/somewhere/graphviz-pure")
    with pytest.raises(RuntimeError, match="cannot write pdf: install Graphviz .* or choose svg"):
        draw_dot(Value(1.0)).render(tmp_path / "y.pdf")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not SYSTEM, reason="no dot here")
def test_pdf_is_written_by_dot_where_it_is_installed(tmp_path):
    path = draw_dot(Value(1.0)).render(tmp_path / "y.pdf")
    assert Path(path).read_bytes().startswith(b"%PDF")


def test_an_engine_is_looked_for_beside_python_then_in_the_distribution_then_on_the_path(
    monkeypatch,
):
    asked = []

    def which(name, path=None):
        asked.append((name, path is not None))

    def absent(name):
        raise engines.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(engines.shutil, "which", which)
    monkeypatch.setattr(engines.importlib.metadata, "files", absent)
    assert engines.engine() is None
    assert asked == [("graphviz-pure", True), ("dot", False)]
    with pytest.raises(RuntimeError, match="no program that draws .*: pip install graphviz-pure"):
        engines.render("digraph {}")


def test_text_that_an_engine_refuses_is_an_error_with_its_words():
    with pytest.raises(RuntimeError, match="syntax error"):
        engines.render("this is not DOT")


def test_a_layout_that_takes_too_long_is_given_up(monkeypatch, tmp_path):
    program = tmp_path / "slow"
    program.write_text("#!/bin/sh\nexec sleep 20\n")
    program.chmod(0o755)
    pretend_there_is(monkeypatch, str(program))
    monkeypatch.setattr(engines, "TIMEOUT_SECONDS", 0.1)
    with pytest.raises(RuntimeError, match="took more than 0.1 s .* draw less of the graph"):
        draw_dot(Value(1.0)).pipe("png")
    assert '<rect x="' in draw_dot(Value(1.0)).svg()  # which is laid out here


def test_nothing_needs_an_activated_environment():
    code = "from autograd import Value; print(sorted((Value(2.0) ** 2)._repr_mimebundle_()))"
    run = subprocess.run(
        [sys.executable, "-c", code], env={"PATH": "/nowhere"}, capture_output=True, text=True,
    )  # fmt: skip
    assert run.stdout.strip() == "['image/svg+xml', 'text/html', 'text/plain']", run.stderr


# Without an engine, and when things go wrong: a repr never raises.


def test_without_an_engine_a_value_is_a_picture_all_the_same(monkeypatch):
    pretend_there_is(monkeypatch)
    y, _ = example()
    for shown in (y._repr_mimebundle_(), draw_dot(y)._repr_mimebundle_()):
        assert shown["text/plain"] == text_tree(y)
        assert ElementTree.fromstring(shown["image/svg+xml"]).tag == f"{SVG}svg"


@pytest.mark.parametrize("programs", [[PURE or SYSTEM], []])
def test_without_the_graphviz_library_a_drawing_is_svg_and_says_what_the_rest_needs(
    programs, monkeypatch, tmp_path
):
    pretend_there_is(monkeypatch, *programs)
    monkeypatch.setitem(sys.modules, "graphviz", None)
    monkeypatch.delitem(sys.modules, "autograd.drawing.picture", raising=False)
    y, _ = example()
    picture = draw_dot(y)
    assert svg_of(picture).tag == f"{SVG}svg" and repr(picture) == text_tree(y)
    assert Path(picture.render(tmp_path / "y")).read_text(encoding="utf-8") == picture.svg()
    assert y._repr_mimebundle_()["text/html"]
    with pytest.raises(ImportError, match="source is .* pip install graphviz"):
        picture.source
    with pytest.raises(ImportError, match="png is drawn by .*: pip install graphviz .*, or write"):
        picture.render(tmp_path / "y.png")
    with pytest.raises(AttributeError, match="no attribute 'colour'"):
        picture.colour
    assert os.listdir(tmp_path) == ["y.svg"]


def test_where_graphviz_is_installed_a_drawing_is_a_digraph_that_can_be_added_to():
    import graphviz

    y, _ = example()
    picture = draw_dot(y)
    assert isinstance(picture, graphviz.Digraph) and str(picture) == picture.source
    picture.node("more", label="added later")
    assert "added later" in texts(picture) and "added later" in picture.copy().source
    assert picture._repr_svg_() == picture.svg()


class Odd:
    """A name that cannot be shown."""

    def __str__(self):
        raise RuntimeError("no")

    __repr__ = __str__


def test_a_repr_never_raises():
    chain = Value(1.0)
    for _ in range(20_000):
        chain = chain + 1.0
    odd = [Value(1.0), Value(float("nan")), Value(Fraction(1, 3)), chain]
    odd[0].name = Odd()
    odd[1].grad = "no number"
    del (half := Value(1.0)).grad
    del (empty := Value(1.0))._data
    for value in [*odd, half, empty, Value(-0.0)]:
        shown = mimebundle(value)
        assert shown["text/plain"]


def test_the_text_tree_shows_shared_nodes_once_and_stops():
    x = Value(2.0, name="x")
    square = x * x
    square.name = "s"
    assert text_tree(square + square) == (
        "+  data 8  grad –\n"
        "├─ s = *  data 4  grad –  slope 1\n"
        "│  ├─ x  data 2  grad –  slope 2\n"
        "│  └─ x  data 2  grad –  slope 2\n"
        "└─ s = *  data 4  grad –  slope 1  (above)"
    )
    long = x
    for _ in range(500):
        long = (long * x).tanh()
    lines = text_tree(long).splitlines()
    assert len(lines) < 100 and max(map(len, lines)) < 130
    assert any(line.endswith("  …") for line in lines)
    wide = sum((Value(1.0) for _ in range(100)), x)
    assert text_tree(dot([wide] * 100, [x] * 100)).splitlines()[-1] == "… 202 nodes in all"


# Networks and large graphs.


def five_thousand():
    network = MLP(16, [64, 50, 10], activation="tanh", seed=0)
    return mse_loss(network([0.1] * 16), [0.0] * 10), network


def test_neurons_and_layers_are_framed():
    network = TwoLayerNetwork(2, 3, 1, seed=0)
    loss = mse_loss(network([Value(1.0, name="x1"), Value(2.0)]), [1.0])
    picture = draw_dot(loss, network=network)
    frames = [
        t for e in svg_of(picture).iter() if e.get("class") == "cluster" for t in e.itertext()
    ]
    assert sorted(t for t in frames if t.startswith("layer")) == ["layer 1", "layer 2"]
    assert sorted(t for t in frames if t.startswith("neuron")) == [
        "neuron 0", "neuron 0", "neuron 1", "neuron 2",
    ]  # fmt: skip
    assert {"x1", "w₀₀", "w₂₂", "h₀", "c₁", "ŷ₁"} <= {
        text.split(" = ")[0] for text in texts(picture)
    }
    assert texts(draw_dot(loss, names={"network": network})).count("layer 1") == 1
    assert "layer 1" not in texts(draw_dot(loss))


def owned_by(network, output):
    nodes, _ = trace(output)
    owners = owners_of(nodes, paths_of(nodes, {}, network))
    return {node: owners.get(node) for node in nodes}


@pytest.mark.parametrize("activation", ["tanh", "relu", "leaky_relu", "linear"])
def test_a_neuron_owns_its_parameters_its_sum_and_its_activation(activation):
    network = MLP(2, [3, 2], activation=activation)
    outputs = network([Value(1.0), Value(2.0)])
    owners = owned_by(network, outputs[0] * outputs[1])
    for k, layer in enumerate(network.layers):
        for j, neuron in enumerate(layer.neurons):
            path = f"layers.{k}", f"layers.{k}.neurons.{j}"
            inside = [x for x, owner in owners.items() if owner and owner[:2] == path]
            extra = 1 if activation == "linear" or k == 1 else 2
            assert len(inside) == len(neuron.w) + 1 + extra and set(neuron.w) < set(inside)


def test_a_neuron_written_with_times_and_plus_is_owned_too():
    class Line:
        def __init__(self):
            self.w, self.b = [Value(1.0), Value(2.0)], Value(3.0)

        def named_parameters(self):
            return [("n.0.w.0", self.w[0]), ("n.0.w.1", self.w[1]), ("n.0.b", self.b)]

    line, x = Line(), Value(5.0)
    y = (line.w[0] * x + line.w[1] * 2.0 + line.b).tanh()
    owners = owned_by(line, y.exp())
    assert [owner.neuron for owner in owners.values() if owner] == ["n.0"] * 8
    assert owners[x] is None and owners[y].done


def test_a_softmax_belongs_to_the_layer():
    network = TwoLayerNetwork(2, 3, 2, output="softmax", seed=0)
    out = network([1.0, 2.0])[0]
    assert owned_by(network, out)[out] == ("layers.1", None, True)
    assert svg_of(draw_dot(out, network=network)) is not None


@pytest.mark.parametrize("way", ["neuron", "layer"])
def test_collapsed_a_softmax_is_in_its_layers_box_and_the_loss_in_none(way):
    """The softmax mixes the neurons of a layer, so it is of no neuron; what follows is of neither."""
    network = TwoLayerNetwork(2, 3, 2, output="softmax", seed=0)
    shares = network([Value(1.0), Value(2.0)])
    first, second = shares[0].log(), shares[1].log()
    loss = -first * 0.25 - second
    nodes, _ = trace(loss)
    groups = plan(nodes, owners_of(nodes, paths_of(nodes, {}, network)), 50, way).groups
    box = {node: key for key, group in groups.items() for node in group}
    assert (
        box[shares[0]] == box[shares[1]] == {"neuron": ("layers.1", None), "layer": "layers.1"}[way]
    )
    outside = [first, second, loss, *loss.parents]
    assert not {box[x] for x in outside} & {box[x] for x in nodes if x not in outside}
    parameters = {box[x] for x in network.layers[1].parameters()}
    assert (box[shares[0]] in parameters) is (way == "layer")
    assert len(parameters) == (1 if way == "layer" else 2)


def test_a_softmax_across_layers_or_of_inputs_belongs_to_no_layer():
    network = TwoLayerNetwork(2, 2, 2, output="linear", seed=0)
    x = Value(1.0)
    out = network([x, 2.0])
    hidden = network.layers[0]([x, 2.0])
    for mixed in ([out[0], hidden[0]], [out[0], x], [x, Value(3.0)]):
        share = softmax(mixed)[0]
        assert owned_by(network, share)[share] is None


def tanh_chain(length):
    y = Value(0.5)
    for _ in range(length):
        y = (y * Value(0.9) + Value(0.1)).tanh()
    return y


@pytest.mark.parametrize(("neurons", "how", "boxes"), [(3, "neuron", 3), (2, "depth", 7)])
def test_three_boxes_show_the_structure_of_a_graph_and_two_do_not(neurons, how, boxes):
    nodes, _ = trace(tanh_chain(neurons))
    found = plan(nodes, {}, len(nodes) - 1)
    assert (found.how, len(found.groups)) == (how, boxes)


def test_a_large_graph_is_collapsed_and_a_note_says_so():
    loss, network = five_thousand()
    nodes, _ = trace(loss)
    assert len(nodes) > 5000
    for picture in (draw_dot(loss), draw_dot(loss, network=network)):
        boxes = lines_with(picture, "label=<")
        assert len(boxes) < 20
        (note,) = [text for text in texts(picture) if "collapse=False" in text]
        assert note.startswith(f"{len(nodes):,} nodes in {len(boxes)} boxes, collapsed by layer")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("known", [True, False])
def test_every_node_is_in_exactly_one_box(way, known):
    network = MLP(3, [5, 4, 1], activation="tanh", seed=0)
    loss = mse_loss(network([0.1] * 3), [0.0])
    nodes, _ = trace(loss)
    owners = owners_of(nodes, paths_of(nodes, {}, network)) if known else {}
    groups = plan(nodes, owners, 20, way).groups
    assert sorted(map(id, (node for group in groups.values() for node in group))) == sorted(
        map(id, nodes)
    )
    assert svg_of(draw_dot(loss, network=network if known else None, collapse=way)) is not None


def test_several_arrows_between_two_boxes_are_one_that_says_how_many_and_is_thicker():
    x, y = Value(0.5, "x"), Value(0.25, "y")
    first = (x * 2.0 + y).tanh()
    second = (first * first + y * 3.0).tanh()
    between = lines_with(draw_dot(second, collapse="neuron"), " -> ")
    thick = [line for line in between if "penwidth=2" in line]
    assert len(between) == 3
    assert [line for line in between if "edges" in line] == thick
    assert len(thick) == 1 and "2 edges" in thick[0]


def test_a_box_shows_the_results_that_others_use():
    """The hidden number goes on to the output; what went into it stays inside."""
    hidden = (Value(0.3, "x") * 2.0 + 0.7).tanh()
    out = (hidden * hidden * 0.5 + 0.125).sigmoid()
    shown = texts(draw_dot(out, collapse="neuron", numbers=".17g"))
    assert [node for node in trace(out)[0] if f"{node.data:.17g}" in shown] == [hidden, out]


def test_collapsing_by_neuron_gives_a_box_for_each():
    network = MLP(3, [5, 4], activation="tanh", seed=0)
    outputs = network([Value(0.1), Value(0.2), Value(0.3)])
    picture = draw_dot(outputs[0] + outputs[1] + outputs[2] + outputs[3], network=network,
                       collapse="neuron")  # fmt: skip
    assert len(lines_with(picture, "class=group")) == 9
    assert "tanh, dot, 4 leaves" in texts(picture) or "dot, tanh, 4 leaves" in texts(picture)
    assert texts(picture).count("neuron 4") == 1


def test_without_the_network_a_neuron_is_what_goes_into_one_function():
    xs = [Value(0.1), Value(0.2)]
    hidden = [sum((Value(0.5) * x for x in xs), Value(1.0)).tanh() for _ in range(3)]
    out = dot([Value(1.0) for _ in hidden], hidden)
    tops = cones(trace(out)[0])
    assert {tops[node] for node in trace(hidden[0])[0]} == {hidden[0], *xs}
    assert sum(top is out for top in tops.values()) == 4


def test_a_long_chain_is_collapsed_by_depth():
    x = y = Value(0.5)
    for _ in range(3000):
        y = (y * 0.9 + x).tanh()
    picture = draw_dot(y)
    assert "collapsed by depth" in picture.source and len(lines_with(picture, "label=<")) == 12


def test_few_nodes_with_many_arrows_are_collapsed_too():
    xs = [Value(0.1 * i) for i in range(40)]
    shares = softmax(xs)
    assert "collapsed by" in draw_dot(sum(shares[1:], shares[0])).source


def test_collapse_false_draws_every_node_and_limit_decides():
    y, _ = example()
    assert "collapsed" in draw_dot(y, limit=5).source
    assert "collapsed" not in draw_dot(y, limit=6).source
    assert len(lines_with(draw_dot(y, limit=2, collapse=False), "label=<")) == 6
