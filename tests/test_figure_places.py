"""Figures 3.4 and 3.5 as DOT: where everything stands, how wide a line is, and what is written."""

import re

import pytest

from autograd import Value
from autograd.drawing.fonts import units
from autograd.drawing.palette import (
    ERROR_FILL,
    LEAF_FILL,
    NEGATIVE_INK,
    NEUTRAL_INK,
    OPERATION_FILL,
    PAPER,
    POSITIVE_INK,
    ROOT_FILL,
)
from nn import MLP, Layer, Neuron, TwoLayerNetwork, draw_backward, draw_network
from nn.figures import (
    Unit,
    flow_of,
    layer_formula,
    layers_of,
    place_of_numbers,
    position,
    signed,
    stroke,
    summary,
    symbol,
    units_of,
)

COLUMN, ROW = 2.8, 0.78


def numbered():
    """Return a network of 2, 3 and 2 units with the weights 1, -2, 3 ... and biases in quarters."""
    network = TwoLayerNetwork(2, 3, 2, hidden="tanh", output="sigmoid", seed=0)
    count = 0
    for layer in network.layers:
        for j, neuron in enumerate(layer.neurons):
            neuron.b.data = 0.25 * j
            for w in neuron.w:
                count += 1
                w.data = float(count if count % 2 else -count)
    return network


def attributes(picture, name):
    """Return the attributes of a node of a picture by its name, as texts."""
    (line,) = re.findall(rf'^\t"?{re.escape(name)}"? \[(.*)\]$', picture.source, re.MULTILINE)
    found = re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|<.*?>(?= \w+=|$)|\S+)', line)
    return {key: text.strip('"') for key, text in found}


def place(picture, name):
    """Return where a node stands, in columns and rows."""
    x, y = attributes(picture, name)["pos"].rstrip("!").split(",")
    return float(x) / COLUMN, float(y) / ROW


def at(column, row):
    return pytest.approx((column, row), abs=1e-3)


def words(picture, name):
    """Return the text of a node's label."""
    return re.sub(r"<[^>]*>", " ", attributes(picture, name)["label"][1:-1]).split()


def test_units_stand_in_columns_around_the_middle():
    picture = draw_network(numbered())
    assert [place(picture, f"n0-{i}") for i in range(2)] == [at(0, 0.5), at(0, -0.5)]
    assert [place(picture, f"n1-{j}") for j in range(3)] == [at(1, 1), at(1, 0), at(1, -1)]
    assert [place(picture, f"n2-{k}") for k in range(2)] == [at(2, 0.5), at(2, -0.5)]


def test_what_is_written_stands_above_and_below_the_longest_column():
    picture = draw_network(numbered(), title="<so>")
    for k in range(3):
        assert place(picture, f"head{k}") == at(k, 1.5 + 0.35 / ROW)
    assert place(picture, "title") == at(1, 1.5 + 1.05 / ROW)
    assert place(picture, "legend") == at(1, -1.5 - 0.1 / ROW)
    assert attributes(picture, "title")["fontsize"] == "14"
    assert attributes(picture, "head1")["fontsize"] == "11"
    assert attributes(picture, "title")["label"] == "<<b>&lt;so&gt;</b>>"
    assert '"title"' not in draw_network(numbered()).source
    assert "\ttitle " not in draw_network(numbered()).source
    deep = draw_network(MLP(2, [2, 2, 1], seed=0), title="x")
    assert place(deep, "title")[0] == place(deep, "legend")[0] == pytest.approx(1.5, abs=1e-3)


def test_numbers_stand_on_their_lines():
    picture = draw_network(numbered())
    for layer, heads, tails in ((1, 3, 2), (2, 2, 3)):
        along = place_of_numbers(tails, heads)
        for j in range(heads):
            for i in range(tails):
                tail, head = place(picture, f"n{layer - 1}-{i}"), place(picture, f"n{layer}-{j}")
                expected = [(1 - along) * a + along * b for a, b in zip(tail, head)]
                assert place(picture, f"w{layer}-{j}-{i}-number") == at(*expected)
    assert attributes(picture, "w1-1-0-number")["label"] == "+3"
    assert attributes(picture, "w1-1-1-number")["label"] == "-4"


@pytest.mark.parametrize(
    ("tails", "heads", "along"),
    [
        (2, 3, 0.8 / 3), (3, 2, 0.4), (9, 1, 0.4), (1, 9, 0.6), (3, 3, 0.8 / 3), (1, 4, 0.2),
        (1, 5, 0.6), (100, 1, 0.4), (1, 100, 0.6), (2, 5, None), (5, 2, None), (2, 4, 0.2),
        (10, 1, 0.4),
    ],
)  # fmt: skip
def test_numbers_are_near_the_side_from_which_few_lines_leave(tails, heads, along):
    assert place_of_numbers(tails, heads) == along


def test_a_line_without_a_number_has_none_written_on_it():
    backward = draw_backward(TwoLayerNetwork(2, 3, 2, seed=1), [-5.0, -5.0], [0.0, 1.0])
    dashed = re.findall(r'id="(w\d-\d-\d)"[^\n]*style=dashed', backward.source)
    assert 'tooltip="gradient none"' in backward.source and dashed
    assert not [name for name in dashed if f"{name}-number" in backward.source]


def test_units_have_the_textbooks_symbols_and_the_colors_of_their_layer():
    picture = draw_network(numbered())
    assert [words(picture, f"n0-{i}") for i in range(2)] == [["x₁"], ["x₂"]]
    assert [words(picture, f"n1-{j}") for j in range(3)] == [
        ["h₀", "0"], ["h₁", "+0.25"], ["h₂", "+0.5"],
    ]  # fmt: skip
    assert [words(picture, f"n2-{k}") for k in range(2)] == [["ŷ₁", "0"], ["ŷ₂", "+0.25"]]
    fills = [attributes(picture, f"n{layer}-0")["fillcolor"] for layer in range(3)]
    assert fills == [LEAF_FILL, OPERATION_FILL, ROOT_FILL]


def test_headings_say_how_many_inputs_which_formula_and_the_largest_weight():
    picture = draw_network(numbered())
    assert words(picture, "head0") == ["inputs", "n", "=", "2"]
    assert " ".join(words(picture, "head1")) == (
        "hidden layer hⱼ = tanh(wⱼ₀ + Σ wⱼᵢ xᵢ) largest |w| 6"
    )
    assert " ".join(words(picture, "head2")) == (
        "outputs ŷₖ = sigmoid(cₖ + Σ vₖⱼ hⱼ) largest |w| 12"
    )
    assert "weights:" in " ".join(words(picture, "legend"))


@pytest.mark.parametrize(
    ("k", "count", "softmax", "head", "formula"),
    [
        (1, 3, False, "hidden layer", "hⱼ = tanh(wⱼ₀ + Σ wⱼᵢ xᵢ)"),
        (2, 3, True, "hidden layer", "hⱼ = tanh(cⱼ + Σ vⱼᵢ hᵢ)"),
        (3, 3, False, "outputs", "ŷₖ = tanh(cₖ + Σ vₖⱼ hⱼ)"),
        (3, 3, True, "outputs", "ŷₖ = softmax(cₖ + Σ vₖⱼ hⱼ)"),
        (1, 1, False, "outputs", "ŷⱼ = tanh(wⱼ₀ + Σ wⱼᵢ xᵢ)"),
    ],
)
def test_the_formula_of_a_layer_has_its_own_letters(k, count, softmax, head, formula):
    neurons = Layer(2, 2, activation="tanh").neurons
    found_head, found = layer_formula(neurons, k, count, softmax)
    assert found_head == head
    assert " ".join(re.sub(r"<[^>]*>", " ", found).split()) == formula


def test_a_linear_layer_has_a_formula_without_a_function():
    _, found = layer_formula(Layer(2, 2, nonlin=False).neurons, 2, 2, False)
    assert " ".join(re.sub(r"<[^>]*>", " ", found).split()) == "ŷₖ = cₖ + Σ vₖⱼ hⱼ"


@pytest.mark.parametrize(
    ("x", "largest", "color", "width"),
    [
        (2.0, 2.0, POSITIVE_INK, "4.80"),
        (-2.0, 4.0, NEGATIVE_INK, "2.77"),
        (0.0, 4.0, NEUTRAL_INK, "0.75"),
        (0.0, 0.0, NEUTRAL_INK, "0.75"),
        (float("nan"), 4.0, NEUTRAL_INK, "4.80"),
        (float("inf"), 4.0, POSITIVE_INK, "4.80"),
    ],
)
def test_a_line_is_as_wide_as_its_number_is_large(x, largest, color, width):
    bar = {"arrowhead": "tee", "arrowsize": "0.8"} if x < 0 else {}  # told without color too
    assert stroke(x, largest) == {"color": color, "penwidth": width, **bar}


def test_a_line_without_a_number_is_dashed_and_thin():
    assert stroke(None, 4.0) == {"color": NEUTRAL_INK, "style": "dashed", "penwidth": "0.75"}


def test_each_layer_has_a_scale_of_its_own():
    source = draw_network(numbered()).source
    widths = dict(re.findall(r'id="(w\d-\d-\d)" penwidth=([\d.]+)', source))
    assert [float(widths[f"w1-{j}-{i}"]) for j in range(3) for i in range(2)] == [
        pytest.approx(0.75 + 4.05 * k / 6, abs=0.006) for k in range(1, 7)
    ]
    assert [float(widths[f"w2-{j}-{i}"]) for j in range(2) for i in range(3)] == [
        pytest.approx(0.75 + 4.05 * k / 12, abs=0.006) for k in range(7, 13)
    ]
    assert 'tooltip="weight -2.0"' in source


def test_names_stand_beside_their_units_as_wide_as_they_are_long():
    picture = draw_network(numbered(), ["ab", "权重"], ["rose", " "])
    for name, column, shift, text in (
        ("n0-0", 0, -1, "ab"), ("n0-1", 0, -1, "权重"), ("n2-0", 2, 1, "rose"),
    ):  # fmt: skip
        width = 0.1 + 0.16 * units(text)
        found = attributes(picture, f"{name}-name")
        assert found["width"] == f"{width:.3f}"
        assert found["label"] == text + ("\\r" if shift < 0 else "\\l")
        x, y = place(picture, f"{name}-name")
        assert x == pytest.approx(column + shift * (width / 2 + 0.36) / COLUMN, abs=1e-3)
        assert y == pytest.approx(place(picture, name)[1], abs=1e-3)
    assert "n2-1-name" not in picture.source
    some = draw_network(numbered(), ["one"]).source
    assert "n0-0-name" in some and "n0-1-name" not in some


def test_in_a_backward_figure_the_names_of_outputs_stand_above_them():
    picture = draw_backward(numbered(), [1.0, 2.0], [0.0, 1.0], class_names=["a", "b"])
    for k, name in enumerate("ab"):
        x, y = place(picture, f"n2-{k}")
        assert place(picture, f"n2-{k}-name") == at(x, y + 0.5)
        assert words(picture, f"n2-{k}-name") == [name]


def test_the_error_stands_after_the_outputs_and_every_output_has_an_arrow_from_it():
    network = numbered()
    picture = draw_backward(network, [1.0, 2.0], [0.0, 1.0])
    assert place(picture, "error") == at(2.62, 0.0)
    assert attributes(picture, "error")["fillcolor"] == ERROR_FILL
    error = flow_of(network, [1.0, 2.0], [0.0, 1.0], lambda out, y: (out[0] - y[0]) ** 2).error
    assert error == network([1.0, 2.0])[0].data ** 2
    assert re.findall(r'error -> "n2-(\d)"', picture.source) == ["0", "1"]
    assert words(picture, "head2.62")[:2] == ["1.", "error"]
    assert place(picture, "head2.62") == at(2.62, 1.5 + 0.35 / ROW)


def test_steps_of_the_backward_flow_stand_between_the_layers():
    picture = draw_backward(numbered(), [1.0, 2.0], [0.0, 1.0])
    assert place(picture, "head1.5")[0] == pytest.approx(1.5, abs=1e-3)
    assert " ".join(words(picture, "head1.5")).startswith(
        "2. output layer 8 gradients, independent of each other largest "
    )
    assert " ".join(words(picture, "head0.5")).startswith(
        "3. hidden layer 9 gradients, independent of each other largest "
    )
    assert "gradients of weights:" in " ".join(words(picture, "legend"))


def test_the_flow_holds_the_gradients_of_inputs_units_and_parameters():
    neuron = Neuron(2, activation="linear")
    neuron.w[0].data, neuron.w[1].data, neuron.b.data = 3.0, -2.0, 0.5
    x = Value(1.0)
    flow = flow_of(neuron, [x, 4.0], 2.0, lambda out, y: (out[0] - y) * 10.0)
    assert (flow.error, flow.units) == (-65.0, [[30.0, -20.0], [10.0]])
    assert [flow.of[p] for p in neuron.parameters()] == [10.0, 40.0, 10.0]
    assert flow.of[x] == 30.0 and x.grad == 0.0


def test_a_layer_and_a_neuron_are_networks_of_one_layer():
    layer, neuron = Layer(2, 3), Neuron(2)
    assert layers_of(layer) == [layer] and layers_of(neuron) == [neuron]
    network = numbered()
    assert layers_of(network) == list(network.layers)


def test_of_more_than_twelve_units_the_first_ten_and_the_last_are_drawn():
    assert units_of(1, 12) == [Unit(1, i, i) for i in range(12)]
    assert units_of(1, 13) == [*(Unit(1, i, i) for i in range(10)), Unit(1, 12, 11)]
    picture = draw_network(TwoLayerNetwork(13, 2, 2, seed=0))
    assert place(picture, "more0") == at(0, 5.5 - 10)
    assert words(picture, "more0") == ["…", "2", "more"]
    assert attributes(picture, "more0")["fillcolor"] == PAPER


@pytest.mark.parametrize(
    ("unit", "last", "text"),
    [
        (Unit(0, 4, 4), False, "x₅"), (Unit(0, 4, 4), True, "x₅"),
        (Unit(1, 4, 4), False, "h₄"), (Unit(2, 4, 4), True, "ŷ₅"),
    ],
)  # fmt: skip
def test_inputs_and_outputs_are_counted_from_1_and_hidden_units_from_0(unit, last, text):
    assert " ".join(re.sub(r"<[^>]*>", " ", symbol(unit, last)).split()) == text


def test_numbers_in_circles_have_a_sign_unless_they_are_0():
    assert [signed(x) for x in (0.0, 1.25, -0.125, 1e9)] == ["0", "+1.2", "-0.12", "+1e+09"]
    assert position(1.5, -0.25) == "4.200,-0.250!"


def test_a_summary_has_the_ranges_of_weights_and_biases():
    assert summary(numbered()) == (
        "TwoLayerNetwork: 2 inputs, 17 parameters\n"
        "  layer 1: 3 tanh, weights -6 to 5, biases 0 to 0.5\n"
        "  layer 2: 2 sigmoid, weights -12 to 11, biases 0 to 0.25"
    )
