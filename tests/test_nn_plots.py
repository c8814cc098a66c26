"""Pictures of learning: what they show, their bytes, and what happens without matplotlib."""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from autograd.drawing.fonts import MissingLetters
from nn import (
    Model,
    Neuron,
    Standardizer,
    TwoLayerNetwork,
    circles,
    load_iris,
    pictures,
    plots,
    train,
    xor,
)
from nn.data import Dataset
from nn.plots import (
    MAX_UNITS,
    decision_boundary,
    hidden_units,
    loss_curve,
    preference,
    running_mean,
    save,
    text_curve,
)

DATA = xor(40, seed=1)


def model(dataset=DATA, hidden=3, **options):
    network = TwoLayerNetwork(
        len(dataset.feature_names), hidden, len(dataset.class_names), seed=2, **options
    )
    return Model(network, Standardizer.fit(dataset.inputs), training={"loss": "mse"})


def trained():
    found = model()
    history = train(
        found.network, DATA.inputs, DATA.targets, iterations=60, progress=False,
        held_out=(DATA.inputs, DATA.targets),
    )  # fmt: skip
    return found, history


def three_classes():
    inputs = [[float(x), float(y)] for x in range(5) for y in range(5)]
    labels = [min(int(x + y) // 3, 2) for x, y in inputs]
    return Dataset(inputs, labels, ["x", "y"], ["a", "b", "c"], "three")


def test_the_loss_curve_holds_every_iteration_and_every_evaluation():
    _, history = trained()
    axes = loss_curve(history).axes[0]
    batches, mean, held_out = axes.lines
    assert list(batches.get_ydata()) == history.losses and len(mean.get_ydata()) == 60
    assert list(held_out.get_xdata()) == [found.iteration for found in history.evaluations]
    assert axes.get_xlabel() == "iteration" and axes.get_ylim()[0] <= 0


def test_the_running_mean_of_one_is_the_number_itself():
    assert running_mean([1.0, 5.0], 1) == [1.0, 5.0]
    assert running_mean([1.0, 5.0, 6.0], 10) == [1.0, 3.0, 4.0]


def test_the_boundary_runs_where_the_outputs_are_equal():
    """A feature that has another range than the other tells x from y."""
    data = Dataset([[x, 9.0 * y + 20.0] for x, y in DATA.inputs], DATA.labels,
                   DATA.feature_names, DATA.class_names, "stretched")  # fmt: skip
    found = Model(trained()[0].network, Standardizer.fit(data.inputs), training={"loss": "mse"})
    figure = decision_boundary(found, data, grid=41)
    paths = [
        path
        for collection in figure.axes[0].collections
        if tuple(collection.get_linewidths()) == (1.4,)
        for path in collection.get_paths()
    ]
    places = [point for path in paths for point in path.vertices]
    assert len(places) > 5
    for place in places:
        first, second = found.outputs(list(place))
        assert abs(first - second) < 0.05


@pytest.mark.parametrize("dataset", [DATA, circles(30), three_classes()], ids=lambda d: d.name)
def test_a_boundary_shows_every_sample_in_the_color_of_its_class(dataset):
    axes = decision_boundary(model(dataset), dataset, grid=12).axes[0]
    points = [c for c in axes.collections if len(c.get_offsets()) > 1]
    assert sum(len(c.get_offsets()) for c in points) == len(dataset)
    shown = [text.get_text() for text in axes.get_legend().get_texts()]
    assert shown == dataset.class_names
    assert axes.get_xlabel() == dataset.feature_names[0]


@pytest.mark.filterwarnings("ignore::autograd.drawing.fonts.MissingLetters")
def test_hostile_names_are_written_as_text(tmp_path):
    names = ["$x^$", "_hidden", "<script>", "日本語", "two\nlines", "nul\x00", "\\frac{", "a & b"]
    half = len(names) // 2
    for first, second in zip(names[:half], names[half:]):
        data = Dataset(DATA.inputs, DATA.labels, [first, second], [second, first], "odd")
        for make in (decision_boundary, hidden_units):
            svg, _ = save(make(model(data), data, grid=6), tmp_path / "odd")
            text = "".join(ElementTree.parse(svg).getroot().itertext())
            if make is decision_boundary:
                assert "_hidden" in text or "_hidden" not in (first, second)
                assert "$x^$" in text or "$x^$" not in (first, second)
    iris = load_iris()
    odd = Dataset(iris.inputs, iris.labels, iris.feature_names, ["$a$", "_b", "\x07"], "odd")
    assert "$a$" in "".join(
        ElementTree.parse(save(hidden_units(model(odd), odd), tmp_path / "h")[0])
        .getroot()
        .itertext()
    )


def test_one_output_is_undecided_halfway():
    one = Model(TwoLayerNetwork(2, 2, 1), training={"loss": "mse"})
    hinge = Model(TwoLayerNetwork(2, 2, 1), training={"loss": "hinge"})
    assert preference([0.5], one) == 0.0 < preference([0.2], one)
    assert preference([0.0], hinge) == 0.0 < preference([-1.0], hinge)
    assert preference([0.8, 0.1], one) > 0
    assert decision_boundary(one, DATA, grid=8).axes


def test_a_network_that_never_decides_has_a_picture_too():
    found = model()
    for parameter in found.network.parameters():
        parameter.data = 0.0
    assert decision_boundary(found, DATA, grid=8).axes
    assert hidden_units(found, DATA, grid=8).axes


def test_a_boundary_needs_two_features():
    iris = load_iris()
    with pytest.raises(ValueError, match="2 features, not 4"):
        decision_boundary(model(iris), iris)


def test_hidden_units_of_a_plane_are_a_map_each():
    figure = hidden_units(model(hidden=5), DATA, grid=10)
    assert len(figure.axes) == 5 and figure.axes[3].get_title().startswith("h₃: ")
    assert len(hidden_units(model(hidden=40), DATA, grid=5).axes) == 16


def test_hidden_units_of_more_features_are_a_column_each_with_the_classes_in_order():
    iris = load_iris()
    found = model(iris, hidden=6)
    axes = hidden_units(found, iris).axes[0]
    (mesh,) = [c for c in axes.collections if hasattr(c, "get_coordinates")]
    assert mesh.get_array().shape == (150, 6)
    assert [t.get_text() for t in axes.get_yticklabels()] == iris.class_names
    first = found.network.layers[0].eval()(found.standardizer.row(iris.inputs[0]))
    assert mesh.get_array()[0].tolist() == first
    sizes = [
        hidden_units(model(iris, hidden=units), iris).axes[0].get_xticklabels()[0].get_size()
        for units in (MAX_UNITS, MAX_UNITS + 1)
    ]
    assert sizes == [8, 5]


def test_pictures_leave_the_network_as_it_was():
    found = model()
    before = found.network.state_dict()
    decision_boundary(found, DATA, grid=5)
    hidden_units(found, DATA, grid=5)
    assert found.network.state_dict() == before and found.network.training


def test_a_network_without_hidden_units_says_so():
    with pytest.raises(ValueError, match="no hidden layer"):
        hidden_units(Model(Neuron(2)), DATA)


def test_save_writes_svg_and_png_and_returns_the_paths(tmp_path):
    _, history = trained()
    svg, png = save(loss_curve(history), tmp_path / "loss")
    assert (svg.name, png.name) == ("loss.svg", "loss.png")
    assert ElementTree.parse(svg).getroot().tag.endswith("svg")
    assert png.read_bytes()[:4] == b"\x89PNG" and len(list(tmp_path.iterdir())) == 2


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    _, history = trained()
    with pytest.raises(ImportError, match=r'pip install "chainrule\[train\]"'):
        loss_curve(history)


def test_a_flat_curve_of_zeros_is_text():
    assert text_curve([0.0, 0.0], width=2, height=2).startswith("1 |\n0 |**\n")


def test_nn_does_not_load_what_only_pictures_need():
    code = "import sys, nn; print(*{n.partition('.')[0] for n in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert not {"matplotlib", "graphviz", "numpy"} & set(loaded.split())


def test_the_old_name_of_the_module_has_the_same_functions():
    assert {"decision_boundary", "hidden_units", "loss_curve", "save"} <= set(pictures.__all__)
    for name in pictures.__all__:
        assert getattr(pictures, name) is getattr(plots, name)


def test_names_in_chinese_are_drawn_by_a_font_that_has_them_or_the_lack_is_told(
    monkeypatch, tmp_path
):
    from matplotlib.font_manager import FontEntry, fontManager
    from matplotlib.text import Text

    fonts = [font for font in fontManager.ttflist if font.name not in plots.WIDE_FONTS]
    monkeypatch.setattr(fontManager, "ttflist", fonts)
    assert "no font here has the letters of 白花" in plots.about_fonts(["alba", "白花"])
    assert plots.about_fonts(["alba"]) == ""
    with plots.figure_of(2, 2) as figure:
        figure.text(0, 0, "白花")
    with pytest.warns(MissingLetters, match="letters of 白花: .* install .* or write svg") as told:
        plots.save(figure, tmp_path / "flower")
    assert len(told) == 1
    wide = FontEntry(name="Noto Sans CJK SC")
    monkeypatch.setattr(fontManager, "ttflist", [*fonts, wide])
    assert plots.about_fonts(["白花"]) == ""
    with plots.figure_of(2, 2) as figure:
        figure.text(0, 0, "白花")
        figure.text(0, 0, "alba")
    families = {text.get_text(): text.get_fontfamily() for text in figure.findobj(Text)}
    assert families["白花"] == ["DejaVu Sans", "Noto Sans CJK SC"]
    assert "Noto Sans CJK SC" not in families["alba"]
