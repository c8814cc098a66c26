"""Figures 3.4 and 3.5: what is drawn, where, how wide, and in which direction."""

import re

import pytest

from autograd import Value, no_grad
from autograd.drawing import render as engines
from autograd.drawing.palette import NEGATIVE_INK, NEUTRAL_INK, POSITIVE_INK
from nn import (
    MLP,
    Layer,
    Module,
    Neuron,
    TwoLayerNetwork,
    cross_entropy,
    draw_backward,
    draw_network,
    mse_loss,
)
from nn.figures import MAX_UNITS_DRAWN, mimebundle, summary
from testkit.pictures import HOSTILE, both, ids, lines_with, pretend_there_is, svg_of, texts

SVG = "{http://www.w3.org/2000/svg}"


def network(p=3, q=2, **options):
    return TwoLayerNetwork(2, p, q, seed=1, **options)


def line_of(picture, name):
    (line,) = lines_with(picture, f'id="{name}"')
    return line


def width(picture, name):
    return float(re.search(r"penwidth=([\d.]+)", line_of(picture, name))[1])


def set_weights(net):
    """Give the first layer weights of which we know the largest."""
    for j, neuron in enumerate(net.layers[0].neurons):
        neuron.b.data = 0.25 * j
        for i, w in enumerate(neuron.w):
            w.data = [[2.0, -1.0], [0.0, 0.5], [-0.5, 1.5]][j][i]
    return net


def test_every_weight_is_a_line_and_every_unit_a_circle():
    net = network()
    picture = draw_network(net)
    names = ids(picture)
    for k, (size, below) in enumerate(zip(net.sizes[1:], net.sizes), start=1):
        for j in range(size):
            assert f"n{k}-{j}" in names
            assert all(f"w{k}-{j}-{i}" in names for i in range(below))
    assert len([name for name in names if name[0] == "w"]) == 2 * 3 + 3 * 2


def test_color_is_the_sign_and_width_the_size():
    picture = draw_network(set_weights(network()))
    assert POSITIVE_INK in line_of(picture, "w1-0-0") and NEGATIVE_INK in line_of(picture, "w1-0-1")
    assert NEUTRAL_INK in line_of(picture, "w1-1-0")
    widths = [width(picture, f"w1-{j}-{i}") for j, i in ((1, 0), (1, 1), (0, 1), (2, 1), (0, 0))]
    assert widths == sorted(widths)  # of 0, 0.5, 1, 1.5 and 2
    assert width(picture, "w1-1-1") == width(picture, "w1-2-0")
    assert "largest |w| 2" in texts(picture)


def test_biases_stand_in_the_circles():
    assert {"0", "+0.25", "+0.5"} <= set(texts(draw_network(set_weights(network()))))


def places(picture):
    """Return where the number on each line stands: left, right, top and bottom."""
    found = {}
    for group in svg_of(picture).iter(f"{SVG}g"):
        if group.get("class") == "node number":
            box = group.find(f"{SVG}rect")
            left, top, width, height = (
                float(box.get(side)) for side in ("x", "y", "width", "height")
            )
            found[len(found)] = left, left + width, top, top + height
    return found


@pytest.mark.parametrize("sizes", [(2, 3, 2), (3, 3, 1), (1, 12, 1), (2, 4, 2), (4, 2, 4)])
def test_few_weights_have_their_numbers_on_the_lines_and_none_covers_another(sizes):
    picture = draw_network(TwoLayerNetwork(*sizes, seed=1))
    boxes = list(places(picture).values())
    n, p, q = sizes
    assert len(boxes) == n * p + p * q
    for i, (left, right, top, bottom) in enumerate(boxes):
        for other in boxes[:i]:
            assert right <= other[0] or other[1] <= left or bottom <= other[2] or other[3] <= top


def test_many_weights_have_no_numbers():
    assert not places(draw_network(TwoLayerNetwork(4, 8, 3)))


def test_the_formulas_are_those_of_the_textbook():
    shown = "".join(texts(draw_network(network(hidden="tanh"))))
    assert "hⱼ = tanh(wⱼ₀ + Σ wⱼᵢ xᵢ)" in shown and "ŷₖ = sigmoid(cₖ + Σ vₖⱼ hⱼ)" in shown
    assert "ŷₖ = softmax(" in "".join(texts(draw_network(network(output="softmax"))))
    assert "ŷⱼ = wⱼ₀ + Σ wⱼᵢ xᵢ" in "".join(texts(draw_network(Layer(2, 2, nonlin=False))))


def test_a_long_layer_shows_its_first_units_and_its_last():
    net = TwoLayerNetwork(30, 2, MAX_UNITS_DRAWN, seed=0)
    picture = draw_network(net)
    names = ids(picture)
    assert "n0-0" in names and "n0-29" in names and f"n0-{MAX_UNITS_DRAWN}" not in names
    assert [t for t in texts(picture) if "more" in t] == [f"… {30 - MAX_UNITS_DRAWN + 1} more"]
    assert len([name for name in names if name.startswith("w1-")]) == 2 * (MAX_UNITS_DRAWN - 1)
    assert f"n2-{MAX_UNITS_DRAWN - 1}" in names


def test_the_units_that_are_left_out_are_told_between_the_last_but_one_and_the_last():
    root = svg_of(draw_network(TwoLayerNetwork(30, 2, 2, seed=0)))
    inputs = [group for group in root.iter(f"{SVG}g") if group.get("id", "").startswith("n0-")]
    *_, above, last = sorted(float(group.find(f".//{SVG}ellipse").get("cy")) for group in inputs)
    (told,) = [t for t in root.iter(f"{SVG}text") if "more" in "".join(t.itertext())]
    assert above < float(told.get("y")) < last


def test_circles_stand_in_columns_from_left_to_right():
    root = svg_of(draw_network(network()))
    at = {}
    for group in root.iter(f"{SVG}g"):
        circle = group.find(f".//{SVG}ellipse")
        if re.match(r"n\d-\d$", group.get("id", "")) and circle is not None:
            at[group.get("id")] = float(circle.get("cx")), float(circle.get("cy"))
    assert len(at) == 7
    assert len({x for x, _ in at.values()}) == 3 and at["n0-0"][0] < at["n1-0"][0] < at["n2-0"][0]
    assert at["n1-0"][1] < at["n1-1"][1] < at["n1-2"][1]


@pytest.mark.parametrize(
    "module", [MLP(2, [4, 3, 1]), Layer(3, 2), Neuron(3), TwoLayerNetwork(1, 1, 1)], ids=repr
)
def test_every_module_with_neurons_is_drawn(module):
    assert svg_of(draw_network(module)).tag == f"{SVG}svg"
    shown = module._repr_mimebundle_()
    assert "<img " in shown["text/html"] and shown["text/plain"] == summary(module)


def test_a_module_without_layers_says_so_and_shows_itself_as_text():
    class Line(Module):
        def __init__(self):
            self.slope = Value(2.0)

    with pytest.raises(TypeError, match="a Line has no layers of neurons .* draw_dot"):
        draw_network(Line())
    assert Line()._repr_mimebundle_() == {"text/plain": "Line of 1 parameters"}


def test_a_repr_of_a_broken_network_never_raises(monkeypatch):
    broken = network()
    broken.layers[0].neurons[1].b._data = "no number"
    assert mimebundle(broken)["text/plain"]
    broken.layers[0].neurons = []
    assert mimebundle(broken)["text/plain"]
    pretend_there_is(monkeypatch)
    shown = network()._repr_mimebundle_()
    assert shown["text/plain"] == summary(network()) and "<ellipse" in shown["image/svg+xml"]


# Figure 3.5.


def gradients(net, inputs, target, loss=mse_loss):
    """Return the gradients that backward() itself gives."""
    net.zero_grad()
    xs = [Value(x) for x in inputs]
    error = loss(net(xs), target)
    error.backward()
    found = [p.grad for p in net.parameters()], [x.grad for x in xs], error.data
    net.zero_grad()
    return found


@pytest.mark.parametrize("output", ["sigmoid", "softmax", "linear"])
def test_the_gradients_are_those_of_backward(output):
    net, x, y = network(hidden="tanh", output=output), [0.5, -1.5], [1.0, 0.0]
    loss = cross_entropy if output == "softmax" else mse_loss
    slopes, inputs, error = gradients(net, x, y, loss)
    picture = draw_backward(net, x, y, loss)
    told = iter(slopes)
    for k, layer in enumerate(net.layers, start=1):
        for j, neuron in enumerate(layer.neurons):
            for i in range(len(neuron.w)):
                assert f'tooltip="gradient {next(told)!r}"' in line_of(picture, f"w{k}-{j}-{i}")
            next(told)
    assert {f"{g:+.2g}" for g in inputs} <= set(texts(picture))
    assert f"E = {error:.3g}" in texts(picture)


def test_the_arrows_run_back_from_the_error_to_the_inputs_in_numbered_steps():
    picture = draw_backward(network(), [0.5, -1.5], [1.0, 0.0])
    ends = [re.findall(r'(error|"?n\d-\d"?) -> (error|"?n\d-\d"?)', line)[0]
            for line in lines_with(picture, "->")]  # fmt: skip
    layer = lambda name: 9 if name == "error" else int(name.strip('"')[1])  # noqa: E731
    assert len(ends) == 2 + 6 + 6 and all(layer(tail) > layer(head) for tail, head in ends)
    steps = [t for t in texts(picture) if re.match(r"\d\. ", t)]
    assert sorted(steps) == ["1. error", "2. output layer", "3. hidden layer"]
    counts = [t for t in texts(picture) if "independent of each other" in t]
    assert {t.split()[0] for t in counts} == {"8", "9"}  # weights and biases of each layer


def test_where_a_relu_is_off_no_gradient_flows():
    net = set_weights(network())
    for neuron in net.layers[0].neurons:
        neuron.b.data = 0.0
    picture = draw_backward(net, [1.0, 1.0], [1.0, 0.0])  # 1, 0.5 and 1 before the relu
    assert not lines_with(picture, "style=dashed")
    picture = draw_backward(net, [-1.0, -1.0], [1.0, 0.0])
    assert len(lines_with(picture, "style=dashed")) == 6


def test_drawing_leaves_the_network_as_it_was():
    net = network()
    net.parameters()[0].grad = 5.0
    before = [(p.data, p.grad) for p in net.parameters()]
    source = draw_backward(net, [0.5, -1.5], [1.0, 0.0]).source
    with no_grad():
        assert draw_backward(net.eval(), [0.5, -1.5], [1.0, 0.0]).source == source
    assert [(p.data, p.grad) for p in net.parameters()] == before and not net.training


def test_one_output_and_deep_networks_have_a_backward_figure():
    picture = draw_backward(MLP(2, [3, 3, 1], seed=0), [1.0, 2.0], 0.5)
    steps = [t for t in texts(picture) if re.match(r"\d\. ", t)]
    assert sorted(steps) == ["1. error", "2. output layer", "3. hidden layer", "4. hidden layer"]
    assert svg_of(draw_backward(Neuron(2), [1.0, 2.0], 0.5)).tag == f"{SVG}svg"


# Names.


@both
def test_hostile_names_are_shown_as_text(program, monkeypatch):
    pretend_there_is(monkeypatch, program)
    for name in HOSTILE:
        for picture in (
            draw_network(network(), [name, "a"], [name], title=name),
            draw_backward(network(), [1.0, 2.0], [0.0, 1.0], feature_names=[name, "a"],
                          class_names=[name, "b"], title=name),
        ):  # fmt: skip
            root = svg_of(picture)
            tags = {element.tag.rpartition("}")[2] for element in root.iter()}
            assert not tags & {"script", "b"}
            visible = name if name.isprintable() else repr(name)[1:-1]
            shown = " ".join("".join(texts(picture)).replace("\xa0", " ").split())
            assert " ".join(visible[:23].split()) in shown


@both
def test_names_of_features_and_classes_stand_beside_their_units(program, monkeypatch):
    pretend_there_is(monkeypatch, program)
    shown = texts(draw_network(network(), ["length", "width"], ["rose", "tulip"], title="before"))
    assert {"length", "width", "rose", "tulip", "before"} <= set(shown)


def test_without_an_engine_there_is_still_the_dot_text_and_no_png(monkeypatch):
    pretend_there_is(monkeypatch)
    picture = draw_network(network())
    assert picture.source.startswith("digraph") and engines.engine() is None
    with pytest.raises(RuntimeError, match="no program that draws graphs was found"):
        picture.pipe("png")
