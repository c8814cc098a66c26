"""The stepper, part by part: sentences, sizes, columns, lines of SVG, badges and rows."""

import hashlib
import json
import math
from types import SimpleNamespace
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, dot, maximum, relu, softmax, stepper
from autograd import primitives as p
from autograd.compile.javascript.graphs import GraphScript
from autograd.drawing.palette import LEAF_FILL, OPERATION_FILL, PAGE_LINE, PAPER, ROOT_FILL
from autograd.primitive_type import Variadic
from autograd.stepping import page as pages
from autograd.stepping import picture
from autograd.stepping.lines import bracketed, line_of, shown, spelled
from autograd.stepping.model import Forward, Model, refuse_above
from autograd.stepping.page import table_cells
from autograd.stepping.rules import slope_texts
from nn import MLP, Module, TwoLayerNetwork, binary_cross_entropy, cross_entropy, mse_loss


def product():
    """Return w * x + 0.5 with names."""
    x, w = Value(2.0, name="x"), Value(-3.0, name="w")
    y = w * x + 0.5
    y.name = "y"
    return y


def findings(*verdicts, oracle="exact"):
    return [
        SimpleNamespace(verdict=v, oracle=oracle, leaf=None, gradient=1.0, expected=2.0)
        for v in verdicts
    ]


# Sentences.


@pytest.mark.parametrize(
    ("op", "texts", "told"),
    [
        (p.mul, ["a", "-2"], "a * (-2)"),
        (p.sub, ["-1", "-2"], "(-1) - (-2)"),
        (p.neg, ["-2"], "--2"),
        (p.tanh, ["-2"], "tanh(-2)"),
        (p.atan2, ["-2", "-1"], "atan2(-2, -1)"),
        (p.total, list("abcdef"), "sum([a, b, c, d, e, f])"),
        (p.total, list("abcdefg"), "sum([a, b, c, d, …, g])"),
        (p.inner_product, ["b", "w", "-2", "-3", "x"], "b + w·(-3) + (-2)·x"),
    ],
)
def test_an_operation_is_spelled_with_brackets_where_signs_meet_and_cut_after_six(op, texts, told):
    operands = [Value(0.5) for _ in texts]
    node = op(operands) if isinstance(op, Variadic) else op(*operands)
    assert spelled(node, texts) == told


def test_a_line_is_true_in_the_digits_it_is_printed_in():
    x, y = Value(1 / 3, name="x"), Value(2 / 3, name="y")
    assert line_of(x * y, ["x", "y"]) == "x * y = 0.333333 * 0.666667 = 0.222222"
    assert line_of(x + x, ["x", "x"]) == "x + x = 0.333333 + 0.333333 ≈ 0.666667"
    z = Value(0.246914, name="z")
    assert line_of(z * 3.0, ["z", "3"]) == "z * 3 = 0.246914 * 3 = 0.740742"


@given(st.lists(st.floats(-9.0, 9.0), min_size=5, max_size=5))
def test_the_numbers_of_a_line_give_its_result_or_it_says_so(numbers):
    bias, *rest = map(Value, numbers)
    line = line_of(dot(rest[:2], rest[2:], bias), ["b", "w", "v", "x", "y"])
    assert line.startswith("b + w·x + v·y = ")
    right = line.split(" = ", 1)[1]
    if "≈" in right:
        return
    left, result = right.split(" = ")
    found = eval(left.replace("·", "*"))
    assert result in [shown(found, digits) for digits in (6, 5, 4)]


def test_a_node_of_a_network_has_the_letters_of_the_textbook():
    network = TwoLayerNetwork(2, 3, 1, seed=0)
    error = mse_loss(network([1.0, -2.0]), [1.0])
    model = Model(error, network=network)
    named = set(model.names.values())
    assert {"w₀₀", "w₀₁", "w₂₂", "a₀", "h₂", "v₁₀", "v₁₂", "c₁", "b₁", "ŷ₁", "E"} <= named
    told = next(step.sentence for step in model.steps if step.sentence.startswith("a₀"))
    assert told.startswith("a₀ = w₀₀ + w₀₁·x₁ + w₀₂·x₂ = 0 + ")
    assert any("∂E/∂a₁ · x₁" in step.sentence for step in model.steps)


def test_a_local_derivative_is_told_with_the_signs_of_arithmetic():
    x, y = Value(2.0), Value(3.0)
    told = {
        "x ** 2": (x**2, ["x", "2"], "2·x"),
        "x ** -1": (x**-1, ["x", "-1"], "(-1)·(x ** (-2))"),
        "x ** y": (x**y, ["x", "y"], "y·(x ** (y - 1))"),
        "x / 2": (x / 2, ["x", "2"], "0.5"),
        "x / y": (x / y, ["x", "y"], "1 / y"),
        "2 / y": (2 / y, ["2", "y"], "1 / y"),
        "a maximum": (maximum(x, y), ["x", "y"], "∂u/∂x"),
        "a constant with a name": (x**2, ["x", "{1}"], "∂u/∂x"),
    }
    assert {key: slope_texts(node, names, "u")[0] for key, (node, names, _) in told.items()} == {
        key: wanted for key, (*_, wanted) in told.items()
    }


def test_the_numbers_of_a_told_local_derivative_give_the_slope():
    x, y = Value(2.0), Value(3.0)
    for node, names in ((x**2, ["x", "2"]), (x**y, ["x", "y"]), (x / y, ["x", "y"])):
        rule = slope_texts(node, names, "u")[0].replace("·", "*")
        assert eval(rule, {"x": 2.0, "y": 3.0}) == pytest.approx(node.local_derivatives[0])


def test_inputs_that_are_values_have_their_letters_and_with_two_samples_their_numbers():
    network = TwoLayerNetwork(2, 3, 1, seed=0)
    first, second = [Value(1.0), Value(-2.0)], [Value(0.5), Value(3.0, name="mine")]
    one = mse_loss(network(first), [1.0])
    model = Model(one, network=network)
    assert [model.names[x] for x in first] == ["x₁", "x₂"]
    told = next(step.sentence for step in model.steps if step.sentence.startswith("a₁"))
    assert told.startswith("a₁ = w₁₀ + w₁₁·x₁ + w₁₂·x₂ = 0 + ")
    both = (one + mse_loss(network(second), [0.0])) / 2.0
    names = Model(both, network=network).names
    assert [names[x] for x in [*first, *second]] == ["x⁽¹⁾₁", "x⁽¹⁾₂", "x⁽²⁾₁", "mine"]


def test_a_row_of_the_table_is_true_as_it_is_printed_too():
    network = TwoLayerNetwork(2, 3, 1, seed=0)
    model = Model(mse_loss(network([1.0, -2.0]), [1.0]), network=network)
    rows = [table_cells(model, step) for step in model.steps if isinstance(step, Forward)]
    sums = {name: (line, result) for name, line, result in rows if "·" in line}
    assert set(sums) == {"a₀", "a₁", "a₂", "b₁"}
    for line, result in sums.values():
        found = eval(line.split(" = ")[-1].replace("·", "*"))
        assert result in [shown(found, digits) for digits in (6, 5, 4)]


def test_a_row_that_no_digits_make_true_says_so():
    x = Value(0.1, name="x")
    y = x.exp().exp().exp().exp() * 3.0
    model = Model(y)
    told = {step.node: step.sentence for step in model.steps if isinstance(step, Forward)}
    for step in model.steps:
        if isinstance(step, Forward):
            (*_, result) = table_cells(model, step)
            assert ("≈" in told[step.node]) == result.startswith("≈ ")
    assert any("≈" in sentence for sentence in told.values())


def test_logits_of_which_a_loss_is_computed_are_called_b_and_not_the_outputs():
    network = MLP(2, [3, 2], output="softmax", seed=0)
    names = set(Model(cross_entropy(network([1.0, 2.0]), 0), network=network).names.values())
    assert {"b₁", "b₂", "E"} <= names and not any(name.startswith("ŷ") for name in names)
    only = Model(network([1.0, 2.0])[0] * 2.0, network=network).names.values()
    assert {"b₁", "b₂", "ŷ₁"} <= set(only) and "ŷ₂" not in only
    linear = MLP(2, [3, 1], seed=0)
    told = set(Model((linear([1.0, 2.0]) - 1.0) ** 2, network=linear).names.values())
    assert "ŷ₁" in told and "b₁" not in told


def test_a_network_written_by_hand_has_the_letters_too():
    class OwnNeuron(Module):
        def __init__(self, active):
            self.w = [Value(0.5), Value(-0.25)]
            self.b = Value(0.1)
            self.active = active

        def __call__(self, xs):
            total = sum((w * x for w, x in zip(self.w, xs)), self.b)
            return total.relu() if self.active else total

    class OwnLayer(Module):
        def __init__(self, count, active):
            self.neurons = [OwnNeuron(active) for _ in range(count)]

        def __call__(self, xs):
            return [neuron(xs) for neuron in self.neurons]

    network = Module()
    network.layers = [OwnLayer(2, True), OwnLayer(1, False)]
    (output,) = network.layers[1](network.layers[0]([1.0, 2.0]))
    names = set(Model((output - 1.0) ** 2, network=network).names.values())
    assert {"w₀₀", "w₁₂", "a₀", "h₁", "c₁", "v₁₁", "ŷ₁", "E"} <= names


@pytest.mark.parametrize("target", [0.0, 1.0])
def test_what_a_loss_makes_of_a_sum_is_no_output(target):
    network = TwoLayerNetwork(2, 1, 1)
    error = binary_cross_entropy(network([1.0, -2.0]), [target])
    names = set(Model(error, network=network).names.values())
    assert {"h₀", "b₁"} <= names and "ŷ₁" not in names  # -b₁ and log σ(b₁) are none


def test_names_that_nobody_gave_are_no_letters_of_the_textbook():
    x = Value(1.0)
    names = Model((x * 2.0).tanh() + x).names.values()
    assert not {name[0] for name in names} & set("xwvahbyE")


def test_numbers_have_six_digits_and_negative_ones_brackets():
    assert (shown(1 / 3), shown(-1234567.0), shown(0.5)) == (
        "0.333333", "-1.23457e+06", "0.5",
    )  # fmt: skip
    assert (bracketed("-2"), bracketed("2"), bracketed("")) == ("(-2)", "2", "")


def test_the_last_sentence_names_six_gradients_at_most():
    def said(n):
        return Model(dot([Value(1.0) for _ in range(n)], [1.0] * n)).steps[-1].sentence

    of_six = "The pass is complete: the gradient of u6 with respect to u0 is 1, to u1 is 1, to u2 "
    assert said(6) == of_six + "is 1, to u3 is 1, to u4 is 1, to u5 is 1."
    assert (
        said(7)
        == of_six.replace("u6", "u7") + "is 1, to u3 is 1, to u4 is 1, to u5 is 1, and to 1 more."
    )


def test_where_no_gradient_leaves_the_root_the_last_sentence_says_so():
    told = "The pass is complete: no gradient leaves u1."
    assert Model(relu(Value(-1.0))).steps[-1].sentence == told


def test_paths_are_counted_along_edges_with_a_gradient():
    x, y = Value(3.0), Value(2.0)
    a = x * y
    root = maximum(a * x + a, y)
    assert Model(root).paths() == [3, 2, 2, 1, 1, 1]


def test_arrows_come_from_operands_in_order_then_from_constants():
    model = Model(product())
    assert [(a.id, a.tail, a.node, a.operand, a.slope) for a in model.arrows] == [
        ("e2-0", "n0", 2, 0, 2.0), ("e2-1", "n1", 2, 1, -3.0),
        ("e3-0", "n2", 3, 2, 1.0), ("k3-1", "c3-1", 3, None, None),
    ]  # fmt: skip
    assert model.constants == {"c3-1": "0.5"}


def test_a_limit_is_met_by_as_many_steps():
    nodes = Model(product()).nodes
    refuse_above(9, nodes)
    with pytest.raises(ValueError, match="4 nodes and its passes 9 steps; a page of more than 8 "):
        refuse_above(8, nodes)


# Boxes, columns and lines.


def test_a_box_is_as_wide_as_the_longest_text_it_will_bear():
    x = Value(0.123456789, name="x")
    long = Value(1.0, name="a rather long name")
    root = x * long
    model = Model(root)
    sizes = picture.box_sizes(model)
    letters = {"n0": 5 + 8, "n1": 18 + 3, "n2": 5 + 8}
    assert sizes == {name: (16 + 7.3 * count, 62.0) for name, count in letters.items()}
    with_constant = picture.box_sizes(Model(Value(1.0, name="x") * 0.123456789))
    assert with_constant == {
        "n0": (16 + 7.3 * 13, 62.0), "n1": (16 + 7.3 * 13, 62.0), "c1-1": (16 + 7.3 * 8, 26.0),
    }  # fmt: skip
    root.name = "a name of many letters"
    assert picture.box_sizes(Model(root))["n2"][0] == 16 + 7.3 * (22 + 3 + 1)
    twice = Value(1.0) * 1.0
    assert picture.box_sizes(Model(twice, seed=0.123456789))["n0"][0] == 16 + 7.3 * 13


def test_columns_are_as_wide_as_their_widest_box_with_gaps_between():
    model = Model(product())
    boxes = {"n0": (40.0, 62.0), "n1": (60.0, 62.0), "n2": (50.0, 62.0), "n3": (30.0, 62.0),
             "c3-1": (20.0, 26.0)}  # fmt: skip
    layout = picture.column_layout(model, boxes)
    columns = {name: x for name, (x, _) in layout.centres.items()}
    # A constant stands just before what it is used for.
    assert columns == {"n0": 30.0, "n1": 30.0, "c3-1": 145.0, "n2": 145.0, "n3": 245.0}
    assert (layout.width, layout.height) == (60.0 + 60.0 + 50.0 + 60.0 + 30.0, 140.0)
    assert layout.centres["n1"][1] - layout.centres["n0"][1] == 62.0 + 14.0
    curve = layout.curves["e2-0"]
    start, end = layout.centres["n0"][1], layout.centres["n2"][1]
    assert curve.points == [
        (50.0, start), (82.0, start), (82.0, end), (114.0, end), (120.0, end),
    ]  # fmt: skip
    across = picture.column_layout(model, boxes, "TB")
    assert across.centres["n0"][1] < across.centres["n2"][1] < across.centres["n3"][1]


def test_what_graphviz_gives_is_turned_upside_down(monkeypatch):
    graph = {
        "bb": "0,0,100,50",
        "objects": [{"name": "n0", "pos": "10,20"}, {"name": "n1", "pos": "90,20"}],
        "edges": [{"id": "e1-0", "pos": "e,80,20 20,20 40,30 60,30 75,20", "lp": "50,35"}],
    }
    monkeypatch.setattr(picture, "render", lambda source, form: json.dumps(graph))
    layout = picture.graphviz_layout(Model(-Value(1.0)), {}, "LR")
    assert layout.centres == {"n0": (10.0, 30.0), "n1": (90.0, 30.0)}
    assert (layout.width, layout.height) == (100.0, 50.0)
    assert layout.curves == {
        "e1-0": picture.Curve(
            [(20.0, 30.0), (40.0, 20.0), (60.0, 20.0), (75.0, 30.0), (80.0, 30.0)], (50.0, 15.0)
        )
    }


def test_graphviz_is_told_sizes_in_inches_and_slopes_of_four_digits():
    model = Model(product() * (1 / 3))
    lines = "".join(picture.dot_source(model, {"n0": (72.0, 36.0)}, "TB")).splitlines()
    assert lines[0].startswith("digraph { rankdir=TB ")
    assert '"n0" [width=1.000 height=0.500]' in lines
    assert '"n3" -> n4 [id="e4-0" label="0.3333 "]' in lines
    assert '"c4-1" -> n4 [id="k4-1" label=" "]' in lines and lines[-1] == "}"


def test_lines_of_each_kind_look_different():
    line = [(0.0, 0.4), (10.0, 0.0), (10.0, 20.0), (14.0, 20.0), (20.0, 20.6)]
    curve = picture.Curve(line, (9.0, 8.0))
    model = Model(maximum(Value(1.0), Value(2.0)) * 3.0)
    found = {a.id[0]: picture.edge_svg(a, curve) for a in model.arrows}
    assert found["e"].startswith('<g class="edge"><path id="e')
    assert found["z"].startswith('<g class="edge zero"><path id="z2-0" d="M0,0C10,0 10,20 14,20"')
    assert found["k"].startswith('<g class="edge fixed"><path id="k')
    assert ['stroke-dasharray="4 3"' in found[kind] for kind in "ezk"] == [False, True, False]
    # What has no slope now may get one, when a leaf moves.
    assert ['class="back"' in found[kind] for kind in "ezk"] == [True, True, False]
    assert found["z"].count('stroke="none"></text>') == 1
    assert all(f'fill="{PAGE_LINE}"' in text and text.endswith("</g>") for text in found.values())


def test_points_are_written_to_the_pixel_or_to_a_tenth():
    assert picture.to_a_pixel((1.26, -3.74)) == "1,-4"
    assert picture.to_a_tenth((1.26, -3.74)) == "1.3,-3.7"
    assert picture.triangle((0.0, 0.0), (0.0, 0.0)) == "M0.0,0.0L0.0,0.0L0.0,0.0Z"


def test_the_box_of_a_value_has_its_texts_in_their_places():
    model = Model(product(), names={})
    layout = picture.Layout({f"n{i}": (100.0, 50.0) for i in range(4)}, {}, 200.0, 100.0)
    text = picture.node_svg(model, 2, (80.4, 62.0), layout)
    assert text.startswith('<g id="n2" class="node inner" transform="translate(60 19)"><title>')
    assert "<title>u2: data -6.0, grad 1.0</title>" in text
    assert f'<rect width="80" height="62" rx="8" fill="{OPERATION_FILL}"' in text
    for start, content in (
        ('class="name" x="8" y="16"', ">u2<"), ('class="op" x="72" y="16"', ">*<"),
        ('class="key" x="8" y="36"', ">data<"), ('class="data" x="72" y="36"', ">-6<"),
        ('class="key" x="8" y="53"', ">grad<"), ('class="grad" x="72" y="53"', ">1<"),
    ):  # fmt: skip
        (line,) = [part for part in text.split("<text ") if part.startswith(start)]
        assert content in line
    kinds = [picture.node_svg(model, i, (80.0, 62.0), layout) for i in (0, 3)]
    assert 'class="node leaf"' in kinds[0] and f'fill="{LEAF_FILL}"' in kinds[0]
    assert 'class="node root"' in kinds[1] and f'fill="{ROOT_FILL}"' in kinds[1]


def test_a_value_without_a_path_to_the_root_has_no_gradient():
    model = Model(maximum(Value(1.0, name="x"), Value(2.0)))
    layout = picture.Layout({"n0": (0.0, 0.0)}, {}, 0.0, 0.0)
    assert picture.node_tooltip(model, 0) == "x: data 1.0, no path leads to the root"
    assert ">–</text>" in picture.node_svg(model, 0, (80.0, 62.0), layout)
    assert picture.operation_symbol(model.nodes[0]) == ""


def test_the_picture_has_a_margin_of_ten_points_on_a_white_ground():
    model = Model(product())
    layout = picture.Layout(
        dict.fromkeys(picture.box_sizes(model), (0.0, 0.0)),
        {a.id: picture.Curve([(0.0, 0.0)] * 5, (0.0, 0.0)) for a in model.arrows}, 100.0, 50.0,
    )  # fmt: skip
    with mock.patch.object(picture, "graphviz_layout", return_value=layout):
        text = picture.svg(model)
    assert 'viewBox="0 0 120 70" width="120" height="70"' in text
    assert f'height="100%" fill="{PAPER}"/><g transform="translate(10 10)">' in text
    places = [text.index(f'id="{name}"') for name in ("e2-0", "k3-1", "c3-1", "n0", "n3")]
    assert places == sorted(places)


# The page.


def test_a_page_says_how_large_it_is_and_is_known_by_its_data():
    page = stepper(product(), check=False)
    assert repr(page) == '<stepper of y: 4 nodes, 9 steps; .save("page.html") writes a page>'
    key = hashlib.sha256(pages.embedded(page.data()).encode()).hexdigest()[:12]
    assert f'data-stepper="{key}"' in page.html
    assert "y = -5.5" in page.html and "4 nodes, 9 steps" in page.html
    assert (page.verdict, page.badge) == ("unknown", "gradients not checked")
    assert "The computation graph of y with values and gradients." in page.html


def test_a_page_has_a_title(tmp_path):
    text = stepper(product()).save(tmp_path / "p.html").read_text(encoding="utf-8")
    assert "<title>Stepping through y</title>" in text and text.startswith("<!doctype html>")


def test_the_data_of_a_page_are_nodes_arrows_steps_and_the_graph():
    data = stepper(product(), check=False).data()
    assert data["root"] == 3
    leaf = data["nodes"][1]
    assert [leaf[key] for key in ("name", "op", "data", "grad", "paths")] == [
        "x",
        None,
        2.0,
        -3.0,
        "1",
    ]
    assert data["nodes"][2]["op"] == "*" and data["nodes"][2]["operands"] == [[0], [1]]
    assert data["nodes"][3]["kind"] == "infix" and data["nodes"][3]["operands"] == [
        [2],
        {"data": 0.5},
    ]
    assert data["arrows"][1] == ["e2-1", 2, 1, -3.0, 1, "w"]
    assert data["arrows"][3] == ["k3-1", 3, None, None, None, ""]
    assert data["steps"][2] == ["value", 2]
    assert data["steps"][4] == ["seed", 3, 1.0] and data["steps"][-1] == ["done"]
    assert data["steps"][6] == ["edge", 0, 1.0, 2.0, 2.0, 0.0, 2.0]
    assert len(data["steps"]) == 9 and data["graph"]["root"] == 3 and data["graph"]["seed"] == 1.0


def test_numbers_of_json_are_numbers_and_others_texts():
    assert pages.coded(0.1) == 0.1
    assert pages.coded(math.inf) == ["inf", "inf"] and pages.coded(3) == ["3", "3"]
    assert pages.embedded({"a": "<&>\u2028ü"}) == '{"a":"\\u003c\\u0026\\u003e\\u2028ü"}'


def test_rows_of_the_table_say_where_what_and_what_comes_out():
    model = Model(product())
    rows = list(pages.table_rows(model))
    assert rows[2] == "<tr><td>3</td><td>u2</td><td>w * x = (-3) * 2</td><td>-6</td></tr>"
    assert rows[4] == "<tr><td>5</td><td>y</td><td>the pass starts here</td><td>1</td></tr>"
    assert rows[6] == "<tr><td>7</td><td>u2 → w</td><td>1 × 2 = 2</td><td>0 + 2 = 2</td></tr>"
    assert (
        rows[7] == "<tr><td>8</td><td>u2 → x</td><td>1 × (-3) = -3</td><td>0 + (-3) = -3</td></tr>"
    )
    assert rows[8].startswith('<tr><td>9</td><td colspan="3">The pass is complete')


def test_a_picture_is_scaled_to_seven_tenths_at_least():
    assert pages.width_of('<svg a="1" width="123.5" height="9">') == 123.5
    page = stepper(product(), check=False)
    width = pages.width_of(picture.svg(page.model))
    assert f"{round(0.7 * width)}px" in page.html


# The badge.


@pytest.mark.parametrize(
    ("oracles", "leaves", "text"),
    [
        (["exact"], 1, "the only leaf is right, by exact fractions"),
        (["exact", "exact"], 2, "all 2 leaves are right, by exact fractions"),
        (
            ["mpmath", "exact"],
            2,
            "all 2 leaves are right, by 60-digit arithmetic and exact fractions",
        ),
        (["differences"], 3, "1 of 3 leaves were checked, all right, by differences"),
        (["complex step"], 1, "the only leaf is right, by the complex step"),
    ],
)
def test_agreement_names_the_judges(oracles, leaves, text):
    found = [finding for oracle in oracles for finding in findings("agrees", oracle=oracle)]
    assert pages.agreement(found, leaves) == text


@pytest.mark.parametrize(
    ("verdicts", "verdict", "badge"),
    [
        (("agrees", "agrees"), "agrees", "all 2 leaves are right, by exact fractions"),
        (("agrees", "kink"), "unknown", "1 of 2 leaves are right, 1 at a kink"),
        (("inconclusive", "kink"), "unknown", "0 of 2 leaves are right, 1 at a kink, 1 undecided"),
        (("inconclusive", "agrees"), "unknown", "1 of 2 leaves are right, 1 undecided"),
    ],
)
def test_the_badge_counts_the_verdicts(verdicts, verdict, badge):
    with mock.patch.object(pages, "check_graph", return_value=findings(*verdicts)):
        assert pages.gradient_check(Model(product())) == (verdict, f"gradient check: {badge}")


def test_a_wrong_gradient_is_told_with_both_numbers():
    model = Model(product())
    wrong = findings("agrees", "differs", oracle="mpmath")
    wrong[1].leaf = model.nodes[1]
    with mock.patch.object(pages, "check_graph", return_value=wrong):
        assert pages.gradient_check(model) == (
            "differs", "gradient check: x has 1.0, but 60-digit arithmetic: 2.0"
        )  # fmt: skip


def test_what_cannot_be_checked_is_told_with_the_reason():
    with mock.patch.object(pages, "check_graph", side_effect=ValueError("why")):
        assert pages.gradient_check(Model(product())) == ("unknown", "gradient check: why")


def test_leaves_that_are_not_finite_are_counted_and_not_checked():
    x, y = Value(math.inf, name="x"), Value(2.0, name="y")
    model = Model(x * 0.5 + y)
    with mock.patch.object(pages, "check_graph", return_value=findings("agrees")) as check:
        told = pages.gradient_check(model)
    assert told == ("unknown", "gradient check: 1 of 2 leaves are right, 1 not finite")
    assert list(check.call_args.args[1]) == [y] and check.call_args.args[2] == 1.0


# The size of a page.


def scripts_and_styles():
    """Return what a page carries, as it is written."""
    graph = GraphScript(softmax([Value(0.5).exp(), Value(0.25)])[0])
    return [*map(pages.resource, pages.SCRIPTS), pages.resource("page.css"), graph.script()]


def test_lines_can_be_stripped_because_no_text_and_no_comment_goes_over_several():
    for text in scripts_and_styles():
        for line in text.splitlines():
            beginning, _, rest = line.strip().partition("/*")
            assert not rest or (beginning == "" and rest.endswith("*/") and rest.count("*/") == 1)
        kept = pages.stripped(text)
        assert "`" not in kept  # a text of several lines would stand between two
        assert not any(line.endswith("\\") for line in kept.splitlines())
        assert not any(line.startswith((" ", "//")) or not line for line in kept.splitlines())
        assert [line for line in kept.splitlines() if line in text] == kept.splitlines()


def test_a_page_of_207_steps_has_less_than_300_kilobytes():
    y = Value(0.7, name="y")
    for i in range(51):
        y = y * Value(1.01 + i / 1000, name=f"w{i}")
    page = stepper(y, check=False)
    assert len(page.model.steps) == 207
    assert len(page.html.encode()) < 300_000
