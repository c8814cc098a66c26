"""Pictures of learning: sizes, levels, colors, scales and samples, as matplotlib has them."""

import math
import re

import pytest
from matplotlib.colors import to_hex

from autograd import texts as catalogue
from autograd.drawing.palette import (
    ANSWER_SCALE,
    BORDER,
    CLASS_COLORS,
    EQUAL_ANSWERS,
    NEUTRAL_INK,
    PAPER,
    PREFERENCE_SCALE,
)
from nn import MLP, Model, Neuron, Standardizer, TwoLayerNetwork, load_iris, train, xor
from nn.data import Dataset
from nn.plots import (
    FigureSample,
    colormap,
    confusion,
    decision_boundary,
    figure_of,
    hidden,
    hidden_units,
    loss_curve,
    outputs_of,
    plane,
    preference,
    running_mean,
    save,
    text_curve,
    visible,
    write_learning,
    write_networks,
    write_pictures,
)
from nn.reports import ClassReport

DATA = xor(12, seed=1)
CORNERS = Dataset(
    [[0.0, 0.0], [4.0, 0.0], [0.0, 2.0], [4.0, 2.0]], [0, 1, 2, 2], ["x", "y"], ["a", "b", "c"], "c"
)
IRIS = load_iris()


def model(dataset=DATA, hidden=3, loss="mse", **options):
    sizes = len(dataset.feature_names), hidden, len(dataset.class_names)
    return Model(TwoLayerNetwork(*sizes, seed=2, **options), training={"loss": loss})


def colors_of(collection):
    return [to_hex(color) for color in collection.get_facecolor()]


# The loss.


def history_of(iterations, held_out=None):
    found = model()
    return train(
        found.network, DATA.inputs, DATA.targets, iterations=iterations, progress=False,
        held_out=held_out,
    )  # fmt: skip


def test_the_loss_curve_counts_iterations_from_1_with_a_mean_of_a_fortieth_of_them():
    history = history_of(85)
    figure = loss_curve(history)
    (axes,) = figure.axes
    batches, mean = axes.lines
    assert list(batches.get_xdata()) == list(mean.get_xdata()) == list(range(1, 86))
    assert list(mean.get_ydata()) == running_mean(history.losses, 2)
    assert (to_hex(batches.get_color()), batches.get_alpha()) == (NEUTRAL_INK, None)
    assert tuple(figure.get_size_inches()) == (6.0, 3.6)
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["mini-batch, running mean"]
    assert (axes.get_ylabel(), axes.get_ylim()[0]) == ("loss", 0.0)


def test_held_out_losses_are_dots_of_the_second_color_in_their_places():
    history = history_of(5, (DATA.inputs, DATA.targets))
    axes = loss_curve(history).axes[0]
    held_out = axes.lines[2]
    assert list(held_out.get_ydata()) == [found.loss for found in history.evaluations]
    assert (held_out.get_marker(), to_hex(held_out.get_color())) == ("o", CLASS_COLORS[1])
    assert axes.get_legend().get_texts()[1].get_text() == "held out"


def test_a_loss_below_0_is_not_cut_off():
    history = history_of(3)
    history.losses[1] = -2.5
    assert loss_curve(history).axes[0].get_ylim()[0] == -2.5


def test_a_running_mean_is_over_the_numbers_before():
    assert running_mean([1.0, 3.0, 5.0, 11.0], 3) == [1.0, 2.0, 3.0, 19 / 3]
    assert running_mean([], 3) == []


# The plane.


def test_the_plane_goes_a_little_beyond_the_data_in_even_steps():
    xs, ys = plane(CORNERS, 5)
    assert xs == pytest.approx([-0.32 + 1.16 * i for i in range(5)], rel=1e-12)
    assert ys == pytest.approx([-0.16 + 0.58 * i for i in range(5)], rel=1e-12)
    flat = Dataset([[3.0, 1.0], [3.0, 2.0]], [0, 1], ["x", "y"], ["a", "b"], "flat")
    assert plane(flat, 3)[0] == [2.0, 3.0, 4.0]


def test_with_two_classes_the_shades_are_symmetric_and_named_at_their_ends():
    figure = decision_boundary(model(), DATA, grid=8)
    axes, bar = figure.axes
    assert tuple(figure.get_size_inches()) == (4.6, 4.2)
    shades = axes.collections[0]
    most = max(abs(level) for level in shades.levels)
    assert list(shades.levels) == pytest.approx([most * (k / 4 - 1) for k in range(9)], rel=1e-12)
    xs, ys = plane(DATA, 8)
    found = model()
    answers = [outputs_of(found, (x, y)) for x in xs for y in ys]
    assert most == max(abs(a.data - b.data) for a, b in answers)
    assert [t.get_text() for t in bar.get_yticklabels()] == [
        DATA.class_names[1], "undecided", DATA.class_names[0],
    ]  # fmt: skip
    assert shades.get_cmap()(0.0) == colormap(PREFERENCE_SCALE)(0.0)


def test_a_line_is_drawn_only_where_the_network_is_undecided():
    def lines(figure):
        found = [c for c in figure.axes[0].collections if tuple(c.get_linewidths()) == (1.4,)]
        return [to_hex(color) for c in found for color in c.get_edgecolor()]

    mixed = model(output="linear")
    for neuron, sign in zip(mixed.network.layers[1].neurons, (1.0, -1.0)):
        for w in neuron.w:
            w.data = 0.0
        neuron.b.data = 0.25 * sign
    assert lines(decision_boundary(mixed, DATA, grid=8)) == []
    split = Model(MLP(2, [1, 1], activation="linear"), training={"loss": "hinge"})
    for parameter, number in zip(split.network.parameters(), (1.0, 0.0, 0.0, 1.0, 0.0)):
        parameter.data = number
    assert set(lines(decision_boundary(split, DATA, grid=8))) == {BORDER}


def test_with_three_classes_each_has_its_own_color_and_level():
    figure = decision_boundary(model(CORNERS), CORNERS, grid=6)
    (axes,) = figure.axes
    areas = axes.collections[0]
    assert list(areas.levels) == [-0.5, 0.5, 1.5, 2.5] and areas.get_alpha() == 0.25
    assert colors_of(areas) == [to_hex(c) for c in CLASS_COLORS[:3]]


def test_the_area_of_a_class_is_where_its_output_is_the_largest():
    found = model(CORNERS, output="linear")
    layer = found.network.layers[1]
    for neuron, bias in zip(layer.neurons, (0.25, 0.75, 0.5)):
        neuron.b.data = bias
        for w in neuron.w:
            w.data = 0.0
    areas = decision_boundary(found, CORNERS, grid=4).axes[0].collections[0]
    assert [len(path.vertices) > 0 for path in areas.get_paths()] == [False, True, False]


def test_samples_are_dots_in_the_color_of_their_class_with_a_thin_rim():
    axes = decision_boundary(model(CORNERS), CORNERS, grid=6).axes[0]
    dots = axes.collections[1:]
    assert [len(c.get_offsets()) for c in dots] == [1, 1, 2]
    assert [colors_of(c)[0] for c in dots] == [to_hex(c) for c in CLASS_COLORS[:3]]
    assert [tuple(point) for point in dots[2].get_offsets()] == [(0.0, 2.0), (4.0, 2.0)]
    for c in dots:
        assert (c.get_sizes()[0], c.get_linewidths()[0]) == (14.0, 0.4)
        assert to_hex(c.get_edgecolor()[0]) == to_hex(PAPER)


def test_the_legend_names_the_classes_that_are_there():
    some = Dataset(CORNERS.inputs, [0, 2, 2, 2], ["x", "y"], ["a", "b", "c"], "some")
    legend = decision_boundary(model(some), some, grid=4).axes[0].get_legend()
    assert [t.get_text() for t in legend.get_texts()] == ["a", "c"]


def test_the_preference_of_one_output_is_its_distance_below_the_middle():
    assert preference([0.75, 0.5], model()) == 0.25
    assert preference([0.75], model()) == -0.25
    assert preference([0.75], model(loss="hinge")) == -0.75


def test_long_names_are_cut_and_hostile_ones_escaped():
    assert visible("x" * 30) == "x" * 23 + "…" and visible("x" * 24) == "x" * 24
    assert visible("a\nb") == "a\\nb"


# Hidden units.


@pytest.mark.parametrize(
    ("units", "maps", "size"),
    [(1, 1, (2.0, 2.1)), (3, 3, (6.0, 2.1)), (5, 5, (8.0, 4.0)), (17, 16, (8.0, 7.8))],
)
def test_maps_stand_four_in_a_row(units, maps, size):
    figure = hidden_units(model(hidden=units), DATA, grid=4)
    assert len(figure.axes) == maps
    assert tuple(figure.get_size_inches()) == pytest.approx(size)
    rows, columns = figure.axes[0].get_subplotspec().get_gridspec().get_geometry()
    assert (rows, columns) == (-(-maps // 4), min(4, maps))


def test_a_map_shows_its_units_range_and_the_samples_small():
    network = MLP(2, [2, 1], activation="linear")
    for parameter, number in zip(network.parameters(), (1.0, 0.0, 0.5, 0.0, 0.0, 3.0, 1.0, 1.0)):
        parameter.data = number
    figure = hidden_units(Model(network), CORNERS, grid=3)
    first, second = figure.axes
    assert first.get_title() == "h₀: 0.18 to 4.8" and second.get_title() == "h₁: 3 to 3"
    assert to_hex(second.get_facecolor()) == to_hex(EQUAL_ANSWERS)
    assert to_hex(first.get_facecolor()) != to_hex(EQUAL_ANSWERS)
    assert first.collections[0].get_cmap()(1.0) == colormap(ANSWER_SCALE)(1.0)
    dots = first.collections[-3:]
    assert [c.get_sizes()[0] for c in dots] == [3.0] * 3
    assert [c.get_linewidths()[0] for c in dots] == [0.0] * 3
    assert list(first.get_xticks()) == list(first.get_yticks()) == []


def test_the_columns_of_units_are_the_samples_sorted_by_class_with_lines_between():
    inputs = [[float(i), 1.0, 2.0] for i in range(5)]
    data = Dataset(inputs, [1, 0, 1, 0, 1], ["x", "y", "z"], ["first", "second"], "d")
    found = model(data, hidden=4)
    figure = hidden_units(found, data)
    axes = figure.axes[0]
    (mesh,) = [c for c in axes.collections if hasattr(c, "get_coordinates")]
    assert mesh.get_array().tolist() == [
        [h.data for h in hidden(found, inputs[i])] for i in (1, 3, 0, 2, 4)
    ]
    assert tuple(figure.get_size_inches()) == pytest.approx((2.4 + 0.32 * 4, 4.6))
    assert list(axes.get_yticks()) == [1.0, 3.5] and list(axes.get_xticks()) == [0.5, 1.5, 2.5, 3.5]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["first", "second"]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["h₀", "h₁", "h₂", "h₃"]
    (lines,) = [c for c in axes.collections if c is not mesh]
    assert [path.vertices.tolist() for path in lines.get_paths()] == [[[0.0, 2.0], [4.0, 2.0]]]
    assert axes.get_ylim()[0] > axes.get_ylim()[1] and axes.get_xlabel() == "hidden neuron"
    assert figure.axes[1].get_ylabel() == "output of the neuron"


def test_of_very_many_samples_four_hundred_at_most_are_shown():
    inputs = [[float(i), 0.0, 1.0] for i in range(801)]
    data = Dataset(inputs, [int(i > 400) for i in range(801)], ["x", "y", "z"], ["a", "b"], "d")
    axes = hidden_units(model(data, hidden=1), data).axes[0]
    (mesh,) = [c for c in axes.collections if hasattr(c, "get_coordinates")]
    assert mesh.get_array().shape == (267, 1)


def test_the_widest_picture_of_units_has_eight_inches():
    assert hidden_units(model(IRIS, hidden=18), IRIS).get_size_inches()[0] == 8.0


def test_the_hidden_outputs_are_those_of_the_last_hidden_layer_on_standardized_inputs():
    network = MLP(2, [2, 3, 1], activation="linear", seed=0)
    scaled = Model(network, Standardizer.fit(CORNERS.inputs))
    row = scaled.standardizer.row([1.0, 2.0])
    expected = [x.data for x in network.layers[1](network.layers[0](row))]
    assert [x.data for x in hidden(scaled, [1.0, 2.0])] == expected
    assert [x.data for x in outputs_of(scaled, [1.0, 2.0])] == [network(row).data]
    single = Model(MLP(2, [1, 1], activation="linear", seed=0))
    assert [x.data for x in hidden(single, [1.0, 2.0])] == [
        single.network.layers[0]([1.0, 2.0]).data
    ]


# Files.


def test_a_figure_is_saved_beside_its_stem_in_both_forms(tmp_path):
    with figure_of(2.0, 1.0) as figure:
        figure.add_subplot()
    assert save(figure, tmp_path / "a.b") == [tmp_path / "a.b.svg", tmp_path / "a.b.png"]
    png = (tmp_path / "a.b.png").read_bytes()
    assert [int.from_bytes(png[k : k + 4], "big") for k in (16, 20)] == [240, 120]
    assert b"Software" not in png
    assert "<dc:date>" not in (tmp_path / "a.b.svg").read_text(encoding="utf-8")


def test_all_pictures_of_a_training_are_written_and_told(tmp_path):
    found = Model(model().network, None, DATA.feature_names, DATA.class_names, {"loss": "mse"})
    before = TwoLayerNetwork(2, 3, 2, seed=5)
    sample = FigureSample(DATA.inputs[0], DATA.targets[0], lambda out, y: (out[0] - y[0]) ** 2)
    told = list(write_pictures(tmp_path, found, history_of(3), DATA, before, sample))
    assert [what for _, what in told] == [
        "the loss curve", "the decision boundary", "what the hidden units answer",
        "the network as DOT text", "the network before the training",
        "the backward flow of one sample before the training", "the network after the training",
        "the backward flow of one sample after the training",
    ]  # fmt: skip
    names = [[path.name for path in paths] for paths, _ in told]
    both = [
        [f"{stem}.svg", f"{stem}.png"]
        for stem in (
            "loss",
            "boundary",
            "hidden",
            "network-before",
            "backward-before",
            "network",
            "backward",
        )
    ]
    assert names == [*both[:3], ["network.dot"], *both[3:]]
    assert {path.name for path in tmp_path.iterdir()} == {name for row in names for name in row}
    source = (tmp_path / "network.dot").read_text(encoding="utf-8")
    assert "before the training" not in source and DATA.class_names[0] in source
    svg = {
        name: (tmp_path / name).read_text(encoding="utf-8")
        for name in ("network-before.svg", "network.svg", "backward-before.svg")
    }
    assert "before the training" in svg["network-before.svg"]
    assert "after the training" in svg["network.svg"]
    assert "E = " in svg["backward-before.svg"]


def test_without_a_loss_there_is_no_curve_and_without_an_engine_no_png_of_a_network(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("nn.plots.engine", lambda: None)
    found = model()
    sample = FigureSample(DATA.inputs[0], DATA.targets[0], lambda out, y: (out[0] - y[0]) ** 2)
    history = history_of(1)
    history.losses.clear()
    told = list(write_pictures(tmp_path, found, history, DATA, found.network, sample))
    assert {path.suffix for paths, _ in told for path in paths} == {".dot", ".svg"}
    assert [what for _, what in told][:2] == [
        "the network as DOT text", "the network before the training",
    ]  # fmt: skip
    assert list(write_networks(tmp_path, found, found.network, sample)) == told


def test_without_matplotlib_the_curve_is_text_and_the_rest_is_left_out(tmp_path, monkeypatch):
    def missing(history):
        raise ImportError("no matplotlib")

    monkeypatch.setattr("nn.plots.loss_curve", missing)
    history = history_of(2)
    told = list(write_learning(tmp_path, model(), history, DATA))
    assert told == [([tmp_path / "loss.txt"], "the loss curve as text")]
    assert (tmp_path / "loss.txt").read_text() == text_curve(history.losses)


def test_of_more_than_two_features_there_is_no_boundary(tmp_path):
    told = [what for _, what in write_learning(tmp_path, model(IRIS), history_of(1), IRIS)]
    assert told == ["the loss curve", "what the hidden units answer"]


def test_a_curve_in_characters_has_a_column_for_each_mean():
    assert text_curve([8.0, 4.0, 4.0, 0.0, 2.0, 2.0], width=3, height=4) == (
        "6 |*\n  |\n  | **\n0 |\n  +---\n   iterations 1 to 6\n"
    )
    assert text_curve([2.5, 1.25], width=72, height=2) == (
        "2.5 |**\n  0 |\n    +--\n     iterations 1 to 2\n"
    )


def test_a_network_without_layers_to_show_says_so():
    with pytest.raises(ValueError, match="no hidden layer"):
        hidden_units(Model(Neuron(4)), IRIS)
    assert math.isfinite(outputs_of(Model(Neuron(2)), [1.0, 2.0])[0].data)


def test_what_a_reader_sees_of_a_plot_is_in_the_catalogue(monkeypatch):
    """With another language, no word of a plot is English: names and numbers are left."""
    from matplotlib.text import Text

    monkeypatch.setattr(catalogue, "texts", lambda: dict.fromkeys(catalogue.TEXTS, "«»"))
    report = ClassReport([[3, 1], [0, 2]], ["A", "B"])
    flat = Dataset(DATA.inputs, DATA.labels, ["X", "Y"], ["A", "B"], "D")
    rows = Dataset([[*row, 0.0] for row in DATA.inputs], DATA.labels, list("XYZ"), ["A", "B"], "D")
    for figure in (
        loss_curve(history_of(5)), confusion(report), decision_boundary(model(flat), flat, grid=5),
        hidden_units(model(flat), flat, grid=5), hidden_units(model(rows), rows),
    ):  # fmt: skip
        for text in figure.findobj(Text):
            assert not re.search("[a-z]{3,}", text.get_text()), text.get_text()
    assert text_curve([1.0]).splitlines()[-1].strip() == "«»"
