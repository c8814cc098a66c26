"""Pictures of learning: the loss curve, the decision boundary, what the hidden units answer to.

They are matplotlib figures, made without a window and without pyplot's global state; matplotlib
comes with ``pip install "chainrule[train]"``.

>>> from nn import Model, TwoLayerNetwork, xor
>>> figure = decision_boundary(Model(TwoLayerNetwork(2, 4, 2)), xor(40))
>>> figure.axes[0].get_xlabel()
'x'
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd import no_grad
from autograd.atomic import write_file
from autograd.drawing.fonts import TRIED_LETTER, has_wide_letters, warn_of_missing_letters
from autograd.drawing.labels import clipped, printable
from autograd.drawing.letters import lowered
from autograd.drawing.palette import (
    ANSWER_SCALE,
    BORDER,
    CLASS_COLORS,
    CONFUSION_SCALE,
    EQUAL_ANSWERS,
    NEUTRAL_INK,
    NUMBER_INK,
    PAPER,
    PREFERENCE_SCALE,
)
from autograd.drawing.render import engine
from autograd.texts import said
from nn.data import Dataset
from nn.figures import draw_backward, draw_network, layers_of
from nn.history import History
from nn.losses import Loss
from nn.model_files import Model
from nn.module import Module
from nn.reports import ClassReport, places

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Along each side of a decision boundary; the work grows with its square.
GRID_POINTS = 64
# The share of the data's width that is left around a picture of a plane.
MARGIN = 0.08
# Hidden units, and samples, in a picture of them.
MAX_UNITS = 16
MAX_SAMPLES = 400
# Shades of a decision boundary.
LEVELS = 8
# Classes of a confusion matrix that is drawn.
MAX_CLASSES = 80
# Classes of a confusion matrix whose empty cells say 0.
FEW_CLASSES = 12
# A cell of it, where there are many classes and where there are few.
CELL_INCHES = (0.22, 0.5)
# A letter of a name beside it.
LETTER_INCHES = 0.075
# A share of a row; on cells with more the count is white.
DARK_SHARE = 0.55
# What each form is told to leave out: nothing may differ between runs.
FORMS = {"svg": {"Date": None}, "png": {"Software": None}}
# Fonts of Linux, Windows and macOS.
WIDE_FONTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei", "Droid Sans Fallback", "Microsoft YaHei", "SimHei", "Yu Gothic",
    "Malgun Gothic", "PingFang SC", "Hiragino Sans GB", "Heiti SC", "Arial Unicode MS",
)  # fmt: skip
# Part of the name of a font that has a box for every letter.
PLACEHOLDERS = "Last Resort"
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "chainrule",
    "svg.fonttype": "none",
    "font.size": 9,
    # A name such as $x^$ is a name.
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


@contextmanager
def figure_of(width: float, height: float) -> Iterator[Any]:
    """Give an empty figure, to be drawn on in the style of these pictures.

    Raises: ImportError: matplotlib is missing; the message names the extra that brings it.
    """
    try:
        import matplotlib
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            f'{error}: pictures of learning need matplotlib: pip install "chainrule[train]"'
        ) from error
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure
        with_wide_letters(figure)


def with_wide_letters(figure: Figure) -> None:
    """Let texts with Chinese, Japanese or Korean letters use a font that has them."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        if has_wide_letters(text.get_text()):
            # Each letter is drawn by the first font that has it.
            text.set_fontfamily(["DejaVu Sans", *wide_fonts()])


def wide_fonts() -> list[str]:
    """Return the fonts of this machine that have such letters, those of WIDE_FONTS first.

    Where none of these is, the other fonts are asked whether they have a Chinese letter.
    """
    from matplotlib.font_manager import fontManager

    known = {font.name: font.fname for font in fontManager.ttflist if PLACEHOLDERS not in font.name}
    usual = [name for name in WIDE_FONTS if name in known]
    return usual or [*islice(fonts_with(TRIED_LETTER, tuple(sorted(known.items()))), 1)]


@cache
def fonts_with(letter: str, fonts: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Return the names of those fonts, of pairs of a name and a file, that have a letter."""
    return tuple(name for name, path in fonts if has_letter(path, letter))


def has_letter(path: str, letter: str) -> bool:
    """Tell whether the font in a file has a letter; a file that cannot be read has none."""
    from matplotlib.ft2font import FT2Font

    try:
        return bool(FT2Font(path).get_char_index(ord(letter)))
    except (OSError, RuntimeError):
        return False


def about_fonts(names: Sequence[str]) -> str:
    """Return a line for names that no font of this machine can draw, or nothing."""
    wide = [name for name in names if has_wide_letters(name)]
    try:
        if not wide or wide_fonts():
            return ""
    except ImportError:
        # Then there are no pictures.
        return ""
    return said("no font for", name=wide[0])


def save(figure: Figure, stem: str | Path) -> list[Path]:
    """Write a figure as svg and as png, the same bytes in every run, and return the paths.

    Warns: MissingLetters: the png has letters that no font of this machine has.
    """
    import matplotlib
    from matplotlib.text import Text

    paths = []
    with_wide_letters(figure)
    shown = " ".join(text.get_text() for text in figure.findobj(Text))
    warn_of_missing_letters(shown, has_wide_letters(shown) and bool(wide_fonts()))
    for form, facts in FORMS.items():
        content = io.BytesIO()
        with matplotlib.rc_context(STYLE), warnings.catch_warnings():
            # It was said once.
            warnings.filterwarnings("ignore", "Glyph .* missing")
            figure.savefig(content, format=form, metadata=facts, dpi=120)
        paths.append(Path(f"{stem}.{form}"))
        write_file(paths[-1], content.getvalue())
    return paths


def loss_curve(history: History) -> Any:
    """Return the loss of every iteration's mini-batch, and the loss on the held-out samples.

    Where there are many iterations a running mean shows through the noise.
    """
    with figure_of(6, 3.6) as figure:
        axes = figure.add_subplot(xlabel=said("iteration"), ylabel=said("loss"))
        steps = range(1, history.iteration + 1)
        axes.plot(steps, history.losses, color=NEUTRAL_INK, linewidth=0.6)
        mean = running_mean(history.losses, max(1, history.iteration // 40))
        axes.plot(steps, mean, color=CLASS_COLORS[0], label=said("running mean"))
        if history.evaluations:
            at = [found.iteration for found in history.evaluations]
            losses = [found.loss for found in history.evaluations]
            axes.plot(at, losses, "o-", color=CLASS_COLORS[1], markersize=3, label=said("held out"))
        axes.set_ylim(bottom=min(0.0, *history.losses))
        axes.legend(frameon=False)
    return figure


def running_mean(xs: Sequence[float], width: int) -> list[float]:
    """Return for each number the mean of it and those before it, at most so many.

    >>> running_mean([1.0, 3.0, 5.0], 2)
    [1.0, 2.0, 4.0]
    """
    found = []
    for end in range(1, len(xs) + 1):
        last = xs[max(0, end - width) : end]
        found.append(math.fsum(last) / len(last))
    return found


def decision_boundary(model: Model, dataset: Dataset, *, grid: int = GRID_POINTS) -> Any:
    """Return a 2-D problem with the class that the network gives to every place of the plane.

    With two classes the color says how sure the network is, and the line is where it is not: its
    outputs are equal there, or its only one is halfway. With more, each class has a color.

    Raises: ValueError: the data has not two features.
    Cost:   O(grid squared) forward passes on floats.
    """
    if len(dataset.feature_names) != 2:
        raise ValueError(
            f"a decision boundary is drawn for 2 features, not {len(dataset.feature_names)}"
        )
    xs, ys = plane(dataset, grid)
    with no_grad():
        answers = [[outputs_of(model, (x, y)) for x in xs] for y in ys]
    with figure_of(4.6, 4.2) as figure:
        xlabel, ylabel = map(visible, dataset.feature_names)
        axes = figure.add_subplot(xlabel=xlabel, ylabel=ylabel)
        if len(answers[0][0]) > 2:
            # Of more classes the color says which is the largest, not by how much.
            best = [[max(range(len(z)), key=z.__getitem__) for z in row] for row in answers]
            levels = [k - 0.5 for k in range(len(answers[0][0]) + 1)]
            colors = [CLASS_COLORS[k % len(CLASS_COLORS)] for k in range(len(answers[0][0]))]
            axes.contourf(xs, ys, best, levels=levels, colors=colors, alpha=0.25)
        else:
            sure = [[preference(z, model) for z in row] for row in answers]
            draw_preference(figure, axes, xs, ys, sure, dataset.class_names)
        scatter(axes, dataset)
        draw_legend(axes, dataset)
    return figure


def draw_preference(
    figure: Figure,
    axes: Axes,
    xs: list[float],
    ys: list[float],
    sure: list[list[float]],
    names: Sequence[str],
) -> None:
    """Shade a plane by how much the network prefers one of two classes, with a line at 0."""
    # The scale is even on both sides, so that its middle is the undecided.
    most = max(abs(z) for row in sure for z in row) or 1.0
    levels = [most * (2 * k / LEVELS - 1) for k in range(LEVELS + 1)]
    shades = axes.contourf(xs, ys, sure, levels=levels, cmap=colormap(PREFERENCE_SCALE))
    if min(map(min, sure)) < 0 < max(map(max, sure)):
        axes.contour(xs, ys, sure, levels=[0.0], colors=BORDER, linewidths=1.4)
    bar = figure.colorbar(shades, ax=axes, shrink=0.75, ticks=[-most, 0.0, most])
    bar.set_ticklabels([visible(names[1]), said("undecided"), visible(names[0])])


def colormap(colors: Sequence[str]) -> Any:
    """Return a scale of colors, evenly spaced."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("scale", list(colors))


def preference(outputs: Sequence[float], model: Model) -> float:
    """Return how much the first of two classes is preferred to the second: 0 is undecided."""
    if len(outputs) == 2:
        return outputs[0] - outputs[1]
    middle = 0.0 if model.training.get("loss") == "hinge" else 0.5
    return middle - outputs[0]


def hidden_units(model: Model, dataset: Dataset, *, grid: int = GRID_POINTS // 2) -> Any:
    """Return what the neurons of the last hidden layer answer: a picture for each, or one for all.

    With two features, a map of each neuron's output over the plane. With more, a column of colors
    for each neuron and a row for each sample, the samples in the order of their classes: what a
    neuron has learned to tell apart is where its column changes color.

    Raises: ValueError: the network has no hidden layer.
    """
    if len(layers_of(model.network)) < 2:
        raise ValueError("the network has no hidden layer whose units could be shown")
    if len(dataset.feature_names) == 2:
        return unit_maps(model, dataset, grid)
    return unit_columns(model, dataset)


def unit_maps(model: Model, dataset: Dataset, grid: int) -> Any:
    """Return a map over the plane for each hidden neuron."""
    xs, ys = plane(dataset, grid)
    with no_grad():
        answers = [[hidden(model, (x, y)) for x in xs] for y in ys]
    count = min(MAX_UNITS, len(answers[0][0]))
    columns = min(4, count)
    rows = -(-count // columns)
    with figure_of(2.0 * columns, 1.9 * rows + 0.2) as figure:
        for j in range(count):
            axes = figure.add_subplot(rows, columns, j + 1, xticks=[], yticks=[])
            values = [[z[j] for z in row] for row in answers]
            low = min(map(min, values))
            high = max(map(max, values))
            # There are no lines to draw between values that are all equal.
            if low < high:
                axes.contourf(xs, ys, values, levels=LEVELS, cmap=colormap(ANSWER_SCALE))
            else:
                axes.set_facecolor(EQUAL_ANSWERS)
            told = said("unit range", unit=lowered("h", j), low=f"{low:.2g}", high=f"{high:.2g}")
            axes.set_title(told, fontsize=8)
            scatter(axes, dataset, size=3)
    return figure


def unit_columns(model: Model, dataset: Dataset) -> Any:
    """Return the hidden neurons' outputs for each sample, sorted by class."""
    order = sorted(range(len(dataset)), key=lambda i: dataset.labels[i])
    # Every so manieth sample, so that each class keeps its share.
    order = order[:: -(-len(order) // MAX_SAMPLES)]
    with no_grad():
        answers = [hidden(model, dataset.inputs[i]) for i in order]
    labels = [dataset.labels[i] for i in order]
    starts = [i for i, label in enumerate(labels) if i == 0 or label != labels[i - 1]]
    count = len(answers[0])
    with figure_of(min(8.0, 2.4 + 0.32 * count), 4.6) as figure:
        axes = figure.add_subplot(xlabel=said("hidden neuron"), ylabel=said("samples by class"))
        mesh = axes.pcolormesh(answers, cmap=colormap(ANSWER_SCALE), rasterized=True)
        axes.invert_yaxis()
        units = range(count)
        axes.set_xticks([j + 0.5 for j in units], [lowered("h", j) for j in units])
        axes.tick_params(axis="x", labelsize=8 if count <= MAX_UNITS else 5)
        # The name of a class stands at the middle of its samples.
        ends = [*starts[1:], len(labels)]
        middles = [(a + b) / 2 for a, b in zip(starts, ends)]
        axes.set_yticks(middles, [visible(dataset.class_names[labels[a]]) for a in starts])
        axes.hlines(starts[1:], 0, count, colors=BORDER, linewidths=1.0)
        figure.colorbar(mesh, ax=axes, label=said("output of the neuron"))
    return figure


def confusion(report: ClassReport) -> Any:
    """Return the confusion matrix: a row for each true class, a column for each that was found.

    Cells have their count, and are the darker the larger its share of the row, so that a rare class
    is seen as well as a large one; what is right is framed. The recalls stand at the right.

    Raises: ValueError: there are more than 80 classes, whose counts nobody could read.

    >>> figure = confusion(ClassReport([[3, 1], [0, 2]], ["fine", "faulty"]))
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['3', '1', '0', '2']
    """
    count = len(report.names)
    if count > MAX_CLASSES:
        raise ValueError(
            f"a confusion matrix is drawn for up to {MAX_CLASSES} classes, not {count}"
        )
    # Cells shrink with their number, letters with the cells and with the longest count.
    small, large = CELL_INCHES
    side = count * max(small, min(large, 5.0 / count))
    names = list(map(visible, report.names))
    room = LETTER_INCHES * max(map(places, names))
    below = 0.2 if fit(names) else room
    with figure_of(max(3.0, side + room + 1.1), side + below + 1.1) as figure:
        axes = figure.add_subplot(xlabel=said("found"), ylabel=said("true"))
        # Of each row by itself: a rare class is seen as well as a large one.
        shares = [[x / (sum(row) or 1) for x in row] for row in report.counts]
        axes.imshow(shares, cmap=colormap(CONFUSION_SCALE), vmin=0.0, vmax=1.0)
        digits = max(len(str(x)) for row in report.counts for x in row)
        size = min(10.0, 26.0 * side / count, 100.0 * side / count / digits)
        write_counts(axes, report, shares, size)
        axes.set_xticks(range(count), names, rotation=0 if fit(names) else 90)
        axes.set_yticks(range(count), names)
        right = axes.secondary_yaxis("right")
        recalls = ["" if x is None else f"{100 * x:.0f} %" for x in report.recall]
        right.set_yticks(range(count), recalls)
        right.set_ylabel(said("recall"))
        for part in (axes, right):
            part.tick_params(length=0, labelsize=9 if count <= FEW_CLASSES else 7)
            for spine in part.spines.values():
                spine.set_visible(False)
        axes.set_title(
            said("accuracy", share=f"{100 * report.accuracy:.1f}")
            + "\n"
            + said("largest class", share=f"{100 * report.largest_share:.1f}"),
            fontsize=9,
        )
    return figure


def write_counts(axes: Axes, report: ClassReport, shares: list[list[float]], size: float) -> None:
    """Write the counts into the cells of a confusion matrix, and frame what is right."""
    from matplotlib.patches import Rectangle

    count = len(report.names)
    for k, row in enumerate(report.counts):
        axes.add_patch(Rectangle((k - 0.5, k - 0.5), 1, 1, fill=False, edgecolor=BORDER))
        for j, x in enumerate(row):
            if x or count <= FEW_CLASSES:
                ink = PAPER if shares[k][j] > DARK_SHARE else NUMBER_INK
                axes.text(j, k, str(x), ha="center", va="center", color=ink, fontsize=size)


def fit(names: Sequence[str]) -> bool:
    """Tell whether names fit side by side below the columns of a confusion matrix."""
    return len(names) <= FEW_CLASSES and max(map(places, names)) <= 6


def write_confusion(folder: Path, report: ClassReport) -> Iterator[tuple[list[Path], str]]:
    """Write the picture of the confusion matrix, and yield the paths with what it shows.

    Raises: ImportError: matplotlib is missing; the message names the extra that brings it.
    """
    yield save(confusion(report), folder / "confusion"), "the confusion matrix"


def plane(dataset: Dataset, grid: int) -> tuple[list[float], list[float]]:
    """Return the coordinates of a grid over the data, and a little beyond it."""
    sides = []
    for column in zip(*dataset.inputs):
        low = min(column)
        high = max(column)
        room = MARGIN * (high - low) or 1.0
        step = (high - low + 2 * room) / (grid - 1)
        sides.append([low - room + step * i for i in range(grid)])
    return sides[0], sides[1]


def scatter(axes: Any, dataset: Dataset, size: float = 14) -> None:
    """Draw the samples, a color for each class."""
    for k in range(len(dataset.class_names)):
        points = [x for x, label in zip(dataset.inputs, dataset.labels) if label == k]
        if points:
            axes.scatter(
                *zip(*points), s=size, color=CLASS_COLORS[k % len(CLASS_COLORS)], edgecolors=PAPER,
                linewidths=0.4 if size > 5 else 0.0, label=said("class", number=str(k)),
            )  # fmt: skip


def draw_legend(axes: Axes, dataset: Dataset) -> None:
    """Say which color is which class, above the picture.

    The names are put in afterwards: matplotlib leaves out a label that begins with "_".
    """
    legend = axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(0.0, 1.1), ncols=4)
    present = [name for k, name in enumerate(dataset.class_names) if k in set(dataset.labels)]
    for text, name in zip(legend.get_texts(), present):
        text.set_text(visible(name))


def visible(name: str) -> str:
    """Return a name as it can be written into a picture."""
    return clipped(printable(name), 24)


def outputs_of(model: Model, row: Sequence[float]) -> list[float]:
    """Return the outputs for a row of features; on floats, within `no_grad`."""
    found = model.network(model.standardizer.row(row) if model.standardizer else row)
    return found if isinstance(found, list) else [found]


def hidden(model: Model, row: Sequence[float]) -> list[float]:
    """Return the outputs of the last hidden layer for a row of features."""
    signal = model.standardizer.row(row) if model.standardizer else row
    for layer in layers_of(model.network)[:-1]:
        found = layer(signal)
        signal = found if isinstance(found, list) else [found]
    return list(signal)


class FigureSample(NamedTuple):
    """The sample of Figure 3.5: standardized inputs, the target, and the loss."""

    inputs: Sequence[float]
    target: Any
    loss: Loss


def write_pictures(
    folder: Path,
    model: Model,
    history: History,
    dataset: Dataset,
    before: Module,
    sample: FigureSample,
    report: ClassReport | None = None,
) -> Iterator[tuple[list[Path], str]]:
    """Write all pictures of a training, and yield the paths of each with what it shows.

    The figures of the network need a program for graphs to become png, the others matplotlib;
    without that, text is written in their place.

    Args: before: the network as it was before the training; sample: of the backward figures;
        report: of the confusion matrix.
    """
    if history.losses:
        yield from write_learning(folder, model, history, dataset, report)
    yield from write_networks(folder, model, before, sample)


def write_learning(
    folder: Path,
    model: Model,
    history: History,
    dataset: Dataset,
    report: ClassReport | None = None,
) -> Iterator[tuple[list[Path], str]]:
    """Write what matplotlib draws: the loss, the confusion matrix, boundary and hidden units."""
    try:
        yield save(loss_curve(history), folder / "loss"), "the loss curve"
    except ImportError:
        write_file(folder / "loss.txt", text_curve(history.losses))
        yield [folder / "loss.txt"], "the loss curve as text"
        return
    if dataset.task == "quantity":
        # There are no classes to show.
        return
    if report and len(report.names) <= MAX_CLASSES:
        yield from write_confusion(folder, report)
    if len(dataset.feature_names) == 2:
        yield save(decision_boundary(model, dataset), folder / "boundary"), "the decision boundary"
    yield save(hidden_units(model, dataset), folder / "hidden"), "what the hidden units answer"


def drawn_names(model: Model) -> dict[str, Any]:
    """Return the names of inputs and outputs that stand in the figures of a network."""
    target = model.schema and model.schema.target
    outputs = model.class_names or ([target.name] if target else None)
    if outputs and len(outputs) == 2 and model.network.sizes[-1] == 1:
        # A single output speaks for both classes.
        outputs = outputs[1:]
    return {"feature_names": model.feature_names, "class_names": outputs}


def write_networks(
    folder: Path, model: Model, before: Module, sample: FigureSample
) -> Iterator[tuple[list[Path], str]]:
    """Write Figures 3.4 and 3.5, before and after the training, and the DOT text of the first."""
    names = drawn_names(model)
    source = draw_network(model.network, **names).source
    write_file(folder / "network.dot", source)
    yield [folder / "network.dot"], "the network as DOT text"
    for network, suffix, when in (
        (before, "-before", said("before the training")),
        (model.network, "", said("after the training")),
    ):
        weights = draw_network(network, **names, title=when)
        flow = draw_backward(network, *sample, **names, title=when)
        for stem, picture, what in (
            ("network", weights, "the network"),
            ("backward", flow, "the backward flow of one sample"),
        ):
            forms = FORMS if engine() else ("svg",)
            paths = [folder / f"{stem}{suffix}.{form}" for form in forms]
            for path in paths:
                picture.render(path)
            yield paths, f"{what} {when}"


def text_curve(losses: Sequence[float], width: int = 72, height: int = 16) -> str:
    """Return a curve in characters: the mean of each slice of the iterations is one column.

    >>> print(text_curve([3.0, 2.0, 1.0, 1.0], width=4, height=3), end="")
    3 |**
      |  **
    0 |
      +----
       iterations 1 to 4
    """
    width = min(width, len(losses))
    # Slices of whole iterations that differ by one in length at most.
    edges = [i * len(losses) // width for i in range(width + 1)]
    slices = [losses[start:stop] for start, stop in zip(edges, edges[1:])]
    means = [sum(part) / len(part) for part in slices]
    top = max(means) or 1.0
    levels = [min(height - 1, int(mean / top * height)) for mean in means]
    marks = [f"{top:.3g}", *[""] * (height - 2), "0"]
    pad = max(map(len, marks))
    rows = [
        f"{mark:>{pad}} |" + "".join("*" if y == height - 1 - k else " " for y in levels).rstrip()
        for k, mark in enumerate(marks)
    ]
    foot = [
        " " * pad + " +" + "-" * width,
        " " * pad + "  " + said("iterations", count=str(len(losses))),
    ]
    return "\n".join([*rows, *foot]) + "\n"
