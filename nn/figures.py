"""Pictures of networks: Figure 3.4 of the textbook, the weights, and Figure 3.5, the backward flow.

>>> from nn import TwoLayerNetwork
>>> network = TwoLayerNetwork(n=2, p=3, q=1, seed=0)
>>> picture = draw_network(network)
>>> picture.source.count("->")
9
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from autograd import Value
from autograd.backward import adjoints
from autograd.drawing.finish import picture_of
from autograd.drawing.fonts import units
from autograd.drawing.labels import clipped, escape_html, escape_string, number_text
from autograd.drawing.letters import lowered
from autograd.drawing.palette import (
    ERROR_FILL,
    FONT,
    FONT_SIZE,
    INK,
    LEAF_FILL,
    LEGEND_INK,
    NEGATIVE_INK,
    NEUTRAL_INK,
    OPERATION_FILL,
    PAPER,
    POSITIVE_INK,
    ROOT_FILL,
)
from autograd.drawing.show import Drawing, bundle
from autograd.drawing.sketch import Sketch
from autograd.modes import mode
from autograd.texts import said
from nn.losses import Loss, Target, mse_loss

# Units of a layer; of a longer one the first and the last.
MAX_UNITS_DRAWN = 12
# From one layer to the next.
COLUMN_INCHES = 2.8
# From one unit of a layer to the next.
ROW_INCHES = 0.78
# Lines of a layer that have their numbers on them.
MAX_LINES_NUMBERED = 9
# Room for a character of a name that is as wide as high.
CHARACTER_INCHES = 0.16
# Room that a number on a line takes, at least.
NUMBER_INCHES = 0.38
# Room for a character of it that is as wide as high.
SMALL_CHARACTER_INCHES = 0.115
# By how much the line of the largest number of a layer is wider.
EXTRA_LINE_POINTS = 4.05
MIN_LINE_POINTS = 0.75
LOWERED = str.maketrans("0123456789ijk", "₀₁₂₃₄₅₆₇₈₉ᵢⱼₖ")
# Inputs, hidden layers, outputs.
UNIT_FILLS = (LEAF_FILL, OPERATION_FILL, ROOT_FILL)
GRAPH = {"layout": "neato", "splines": "line", "outputorder": "edgesfirst", "pad": "0.2",
         "bgcolor": PAPER, "fontname": FONT, "fontcolor": INK}  # fmt: skip
NODE = {"fontname": FONT, "fontsize": FONT_SIZE, "shape": "circle", "fixedsize": "true",
        "width": "0.62", "style": "filled", "color": INK}  # fmt: skip
EDGE = {"fontname": FONT, "color": INK, "arrowsize": "0.4"}


class Unit(NamedTuple):
    """A circle of the picture: a unit of a layer by its number, and the row in which it stands."""

    layer: int
    number: int
    row: float

    @property
    def name(self) -> str:
        """The id of the circle."""
        return f"n{self.layer}-{self.number}"


class Flow(NamedTuple):
    """The gradients of the error of one sample, see `flow_of`."""

    error: float
    # Those of the inputs, and then of each layer's outputs.
    units: list[list[Any]]
    of: Mapping[Value, Any]


def draw_network(
    network: object,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    *,
    title: str = "",
    format: str = "svg",
) -> Drawing:
    """Return Figure 3.4: the network with its weights.

    A circle per input and neuron, with its bias; a line per weight, blue with an arrow where it is
    positive and red with a bar where it is negative, the wider the larger, on one scale for each
    layer. Of a long layer the first units and the last one are drawn.

    Args:    network: an MLP, TwoLayerNetwork, Layer or Neuron, or anything with their `layers`;
             feature_names, class_names: of the inputs and outputs; title: stands above.
    Returns: a drawing, as `draw_dot` gives it; input i has the id ``n0-{i}``, unit j
             of layer k ``n{k}-{j}``, a weight ``w{k}-{j}-{i}``.
    Source:  Deep Learning and MindSpore Practice, section 3.2, Figure 3.4.

    >>> from nn import MLP
    >>> draw_network(MLP(784, [30, 10])).source.count(" more")
    2
    """
    figure = Figure(network, title)
    for unit in figure.units():
        figure.circle(unit, figure.bias(unit))
    for k, neurons in enumerate(figure.layers, start=1):
        rows = [[w.data for w in neuron.w] for neuron in neurons]
        largest = figure.arrows(k, rows, "weight of line")
        head, formula = layer_formula(neurons, k, len(figure.layers), figure.softmax)
        told = said("largest weight", number=number_text(largest, ".3g"))
        figure.heading(k, head, formula, told)
    figure.heading(0, said("inputs"), f"n = {figure.sizes[0]}")
    figure.names(feature_names, class_names)
    figure.legend("weights", "biases in circles")
    return picture_of(figure.sketch, format, summary(network))


def draw_backward(
    network: object,
    inputs: Sequence[Any],
    target: Target,
    loss: Loss = mse_loss,
    *,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    title: str = "",
    format: str = "svg",
) -> Drawing:
    """Return Figure 3.5: the same network with the backward flow of one sample's error.

    The arrows run back from the error to the inputs, each as wide as the gradient of its weight is
    large; a circle holds the gradient of the error with respect to that unit's output. The layers
    are numbered in the order in which the pass reaches them. The gradients of one layer do not
    depend on each other. Dashed: no gradient flows, such as through a relu that is off.

    The network's own gradients are not changed.

    Args:    network, feature_names, class_names, title: see `draw_network`; inputs, target: one
             sample; loss: ``(outputs, target) -> Value``.
    Returns: a drawing, with the ids of `draw_network`.
    Source:  Deep Learning and MindSpore Practice, section 3.2, Figure 3.5.

    >>> from nn import TwoLayerNetwork
    >>> network = TwoLayerNetwork(n=2, p=3, q=1, seed=0)
    >>> "E = 0.1" in draw_backward(network, [1.0, -1.0], [1.0]).source
    True
    """
    flow = flow_of(network, inputs, target, loss)
    figure = Figure(network, title)
    last = len(figure.layers)
    for unit in figure.units():
        gradient = flow.units[unit.layer][unit.number]
        figure.circle(unit, None if gradient is None else signed(gradient))
    for k, neurons in enumerate(figure.layers, start=1):
        rows = [[flow.of.get(w) for w in neuron.w] for neuron in neurons]
        largest = figure.arrows(k, rows, "gradient of line", back=True)
        count = sum(len(neuron.w) + 1 for neuron in neurons)
        what = said("output layer" if k == last else "hidden layer")
        figure.heading(
            k - 0.5,
            said("numbered", number=str(last - k + 2), what=what),
            said("independent", count=str(count)),
            said("largest", number=number_text(largest, ".3g")),
        )
    figure.error(flow.error)
    figure.names(feature_names, class_names, back=True)
    figure.legend("gradients of weights", "gradients in circles")
    return picture_of(figure.sketch, format, flow_text(flow, summary(network)))


def flow_of(network: object, inputs: Sequence[Any], target: Target, loss: Loss) -> Flow:
    """Return the error of a sample and its gradients: of what each unit gives, of each parameter.

    The layers are called one by one, in order to have the values in between.
    """
    # Recorded under no_grad() as well, and not seen by whoever observes the training.
    with mode(record=True, observer=None):
        signals = [[x if isinstance(x, Value) else Value(x) for x in inputs]]
        for layer in layers_of(network):
            found = layer(signals[-1])
            signals.append(list(found) if isinstance(found, (list, tuple)) else [found])
        error = loss(signals[-1], target)
        gradients, _ = adjoints(error)
    of_units = [[gradients.get(x) for x in signal] for signal in signals]
    return Flow(error.data, of_units, gradients)


def flow_text(flow: Flow, text: str) -> str:
    """Return the backward flow as lines of text, below those of the network."""
    lines = [text, f"  E = {number_text(flow.error, '.3g')}"]
    for k, units_of_layer in reversed([*enumerate(flow.units)]):
        last = k == len(flow.units) - 1
        told = ", ".join(
            f"∂E/∂{symbol(Unit(k, i, i), last)} = {'–' if x is None else signed(x)}"
            for i, x in enumerate(units_of_layer[:MAX_UNITS_DRAWN])
        )
        lines.append(f"  {told}{', …' if len(units_of_layer) > MAX_UNITS_DRAWN else ''}")
    return "\n".join(lines)


def layers_of(network: object) -> list[Any]:
    """Return the layers of a network; a layer or a neuron is a network of one."""
    if hasattr(network, "layers"):
        return list(network.layers)
    if hasattr(network, "neurons") or hasattr(network, "w"):
        return [network]
    raise TypeError(
        f"a {type(network).__name__} has no layers of neurons that could be drawn; "
        "draw_dot(result, network=...) draws any computation"
    )


def neurons_of(layer: object) -> list[Any]:
    """Return the neurons of a layer; a neuron is a layer of one."""
    return list(getattr(layer, "neurons", [layer]))


class Figure:
    """A network on its way to DOT: circles in columns, at places that are fixed here."""

    def __init__(self, network: object, title: str) -> None:
        self.layers = [neurons_of(layer) for layer in layers_of(network)]
        self.softmax = bool(getattr(layers_of(network)[-1], "softmax", False))
        self.sizes = [len(self.layers[0][0].w), *map(len, self.layers)]
        # Only units that are drawn have a place; the others are counted below them.
        self.columns = [units_of(k, size) for k, size in enumerate(self.sizes)]
        self.top = max(column[-1].row + 1 for column in self.columns) / 2 * ROW_INCHES
        self.sketch = Sketch("network", GRAPH, NODE, EDGE)
        self.sketch.in_order = True
        if title:
            middle = (len(self.sizes) - 1) / 2
            self.text("title", middle, self.top + 1.05, f"<b>{escape_html(title, 80)}</b>", size=14)

    def units(self) -> Iterator[Unit]:
        """Yield the units that are drawn, and say how many are not."""
        for k, column in enumerate(self.columns):
            yield from column
            if missing := self.sizes[k] - len(column):
                place = column[-1]._replace(row=column[-1].row - 1)
                more = said("more units", count=str(missing))
                self.text(f"more{k}", k, self.y(place), more, fill=PAPER)

    def y(self, unit: Unit) -> float:
        """Return the height of a unit, all columns being centred."""
        return ((self.columns[unit.layer][-1].row) / 2 - unit.row) * ROW_INCHES

    def circle(self, unit: Unit, number: str | None) -> None:
        """Draw a unit with its symbol and a number."""
        last = unit.layer == len(self.layers)
        head = symbol(unit, last)
        below = f'<br/><font point-size="8">{number}</font>' if number else ""
        fill = UNIT_FILLS[0 if unit.layer == 0 else 2 if last else 1]
        place = position(unit.layer, self.y(unit))
        self.sketch.node(
            unit.name, label=f"<{head}{below}>", id=unit.name, pos=place, fillcolor=fill
        )

    def bias(self, unit: Unit) -> str | None:
        """Return the bias of a neuron as text; an input has none."""
        if unit.layer == 0:
            return None
        return signed(self.layers[unit.layer - 1][unit.number].b.data)

    def arrows(self, k: int, rows: Sequence[Sequence[Any]], what: str, back: bool = False) -> Any:
        """Draw the lines of layer k, one for each weight between units that are drawn.

        Their widths are on a scale of their own, that of the largest number of the layer, which is
        returned.
        """
        # NaN has no size, and a line without a gradient has none.
        sizes = [abs(x) for row in rows for x in row if x is not None and x == x]
        largest = max(sizes, default=0)
        along = place_of_numbers(len(self.columns[k - 1]), len(self.columns[k]))
        for head in self.columns[k]:
            for tail in self.columns[k - 1]:
                x = rows[head.number][tail.number]
                ends = (head.name, tail.name) if back else (tail.name, head.name)
                self.sketch.edge(
                    *ends, id=f"w{k}-{head.number}-{tail.number}", **stroke(x, largest),
                    tooltip=said("none of line") if x is None else said(what, number=repr(x)),
                )  # fmt: skip
                if along and x is not None:
                    self.number(tail, head, along, x)
        return largest

    def number(self, tail: Unit, head: Unit, along: float, x: float) -> None:
        """Write the number of a line on it, at a part of the way from left to right."""
        y = (1 - along) * self.y(tail) + along * self.y(head)
        text = signed(x)
        width = max(NUMBER_INCHES, 0.04 + SMALL_CHARACTER_INCHES * units(text))
        self.sketch.node(
            f"w{head.layer}-{head.number}-{tail.number}-number", label=text, fontsize="8",
            pos=position(tail.layer + along, y), shape="box", style="filled", color=PAPER,
            fillcolor=PAPER, width=f"{width:.3f}", height="0.13", margin="0", fontcolor=INK,
            **{"class": "number"},
        )  # fmt: skip

    def heading(self, column: float, head: str, *lines: str) -> None:
        """Write what a column is, above it; the lines are HTML."""
        small = "".join(f'<br/><font point-size="9">{line}</font>' for line in lines)
        self.text(f"head{column}", column, self.top + 0.35, f"<b>{escape_html(head)}</b>{small}")

    def names(
        self, features: Sequence[str] | None, classes: Sequence[str] | None, back: bool = False
    ) -> None:
        """Write the names of inputs at the left, those of outputs at the right.

        Where arrows come from the right, the names of the outputs stand above them.
        """
        for unit, name in beside(self.columns[0], features):
            self.side_text(unit, name, "right")
        for unit, name in beside(self.columns[-1], classes):
            if back:
                label = f'<font point-size="9">{escape_html(name)}</font>'
                self.text(f"{unit.name}-name", unit.layer, self.y(unit) + ROW_INCHES / 2, label)
            else:
                self.side_text(unit, name, "left")

    def side_text(self, unit: Unit, text: str, align: str) -> None:
        """Write a text beside a circle, aligned with it."""
        # The box is as wide as the text, so it is moved by half of that.
        shift = -1 if align == "right" else 1
        width = 0.1 + CHARACTER_INCHES * units(text)
        x = unit.layer + shift * (width / 2 + 0.36) / COLUMN_INCHES
        self.sketch.node(
            f"{unit.name}-name", label=escape_string(text) + ("\\r" if shift < 0 else "\\l"),
            pos=position(x, self.y(unit)), shape="plaintext", style="", margin="0",
            width=f"{width:.3f}", height="0.25", fontcolor=INK,
        )  # fmt: skip

    def error(self, error: float) -> None:
        """Draw the error after the outputs, and the arrows from it."""
        column = len(self.layers) + 0.62
        text = f'E<br/><font point-size="8">{number_text(error, ".3g")}</font>'
        self.sketch.node(
            "error", label=f"<{text}>", id="error", pos=position(column, 0.0), fillcolor=ERROR_FILL
        )
        for unit in self.columns[-1]:
            self.sketch.edge("error", unit.name, id=f"error-{unit.number}", color=INK)
        told = said("numbered", number="1", what=said("error"))
        self.heading(column, told, f"E = {number_text(error, '.3g')}")

    def legend(self, what: str, more: str) -> None:
        """Write what the colors and widths mean, under the picture."""
        words = said(
            "legend",
            what=said(what),
            positive=f'<font color="{POSITIVE_INK}">{said("positive")}</font>',
            negative=f'<font color="{NEGATIVE_INK}">{said("negative")}</font>',
            more=said(more),
        )
        text = f'<font point-size="9" color="{LEGEND_INK}">{words}</font>'
        middle = (len(self.sizes) - 1) / 2
        self.text("legend", middle, -self.top - 0.1, text)

    def text(
        self, name: str, column: float, y: float, label: str, size: int = 11, fill: str = ""
    ) -> None:
        """Write something at a place; the label is HTML."""
        self.sketch.node(
            name, label=f"<{label}>", pos=position(column, y), shape="plaintext",
            style="filled" if fill else "", fillcolor=fill or None, fixedsize="false",
            fontsize=str(size), fontcolor=INK,
        )  # fmt: skip


def place_of_numbers(tails: int, heads: int) -> float | None:
    """Return how far along the lines of a layer their numbers do not cover each other, or None.

    Lines that leave one unit are apart by that part of a row, and those of the next unit begin
    where a whole row is used up; so it is near the side from which few lines leave each unit.
    """
    if tails * heads > MAX_LINES_NUMBERED and min(tails, heads) > 1:
        return None
    if heads <= 4:
        return min(0.4, 0.8 / heads)
    return 1 - min(0.4, 0.8 / tails)


def units_of(layer: int, size: int) -> list[Unit]:
    """Return the units of a layer that are drawn: all, or the first ones and the last."""
    if size <= MAX_UNITS_DRAWN:
        return [Unit(layer, i, i) for i in range(size)]
    first = [Unit(layer, i, i) for i in range(MAX_UNITS_DRAWN - 2)]
    return [*first, Unit(layer, size - 1, MAX_UNITS_DRAWN - 1)]


def beside(column: Sequence[Unit], names: Sequence[str] | None) -> Iterator[tuple[Unit, str]]:
    """Yield the units that have a name that can be seen, with it."""
    for unit in column:
        if names and unit.number < len(names) and str(names[unit.number]).strip(" "):
            yield unit, clipped(str(names[unit.number]), 24)


def position(column: float, y: float) -> str:
    """Return a fixed place in inches, for the `pos` of a node."""
    return f"{column * COLUMN_INCHES:.3f},{y:.3f}!"


def symbol(unit: Unit, last: bool) -> str:
    """Return the textbook's symbol of a unit: x from 1, h from 0, y from 1.

    >>> symbol(Unit(0, 0, 0), False), symbol(Unit(2, 11, 11), True)
    ('x₁', 'ŷ₁₂')
    """
    if unit.layer == 0:
        return lowered("x", unit.number + 1)
    return lowered("ŷ", unit.number + 1) if last else lowered("h", unit.number)


def subscript(letter: str, index: str) -> str:
    """Return a letter with indices below it.

    These are letters of Unicode, for not every program lowers `<sub>`; and no font of their own,
    for a program that measures them wrongly leaves gaps between fonts.

    >>> subscript("w", "ji")
    'wⱼᵢ'
    """
    return letter + index.translate(LOWERED)


def layer_formula(neurons: Sequence[Any], k: int, count: int, softmax: bool) -> tuple[str, str]:
    """Return the heading of a layer: what it is, and what its units compute, as HTML."""
    last = k == count
    name = "softmax" if last and softmax else escape_html(getattr(neurons[0], "title", ""))
    w, below = ("w", "x") if k == 1 else ("v", "h")
    j, i = ("j", "i") if not last or count == 1 else ("k", "j")
    unit = subscript("ŷ" if last else "h", j)
    # The book writes v_k0 for the weight of h_0 and for the bias, which is c_k here.
    bias = subscript("c", j) if k > 1 else subscript(w, j + "0")
    total = f"{bias} + Σ {subscript(w, j + i)} {subscript(below, i)}"
    right = total if name == "linear" else f"{name}({total})"
    return said("outputs" if last else "hidden layer"), f"{unit} = {right}"


def stroke(x: float | None, largest: float) -> dict[str, str]:
    """Return how a line looks for a number: width, color and end; dashed where there is none."""
    if x is None:
        return {"color": NEUTRAL_INK, "style": "dashed", "penwidth": f"{MIN_LINE_POINTS}"}
    # What is not finite is as wide as the widest.
    size = abs(x) / (largest or 1.0) if x == x and abs(x) <= largest else 1.0
    color = POSITIVE_INK if x > 0 else NEGATIVE_INK if x < 0 else NEUTRAL_INK
    # A bar tells what is negative without its color.
    bar = {"arrowhead": "tee", "arrowsize": "0.8"} if x < 0 else {}
    return {"color": color, "penwidth": f"{MIN_LINE_POINTS + EXTRA_LINE_POINTS * size:.2f}", **bar}


def signed(x: float) -> str:
    """Return a number that fits into a circle, with its sign."""
    return f"{float(x):+.2g}" if x else "0"


def summary(network: object) -> str:
    """Return a network as lines of text: its layers and the ranges of their weights.

    >>> from nn import MLP
    >>> print(summary(MLP(2, [3, 1], init="he", seed=0)))
    MLP: 2 inputs, 13 parameters
      layer 1: 3 relu, weights -1.4 to 0.94, biases 0 to 0
      layer 2: 1 linear, weights -1.1 to 0.15, biases 0 to 0
    """
    layers = [neurons_of(layer) for layer in layers_of(network)]
    count = sum(len(neuron.w) + 1 for neurons in layers for neuron in neurons)
    lines = [f"{type(network).__name__}: {len(layers[0][0].w)} inputs, {count} parameters"]
    for k, neurons in enumerate(layers, start=1):
        weights = [w.data for neuron in neurons for w in neuron.w]
        biases = [neuron.b.data for neuron in neurons]
        lines.append(
            f"  layer {k}: {len(neurons)} {neurons[0].title}, weights {min(weights):.2g} to "
            f"{max(weights):.2g}, biases {min(biases):.2g} to {max(biases):.2g}"
        )
    return "\n".join(lines)


def mimebundle(network: object) -> dict[str, str]:
    """Return what Jupyter shows of a module: Figure 3.4, or text. Never raises."""
    try:
        return bundle(draw_network(network))
    except Exception:
        # No layers, or a broken one: there is a text for all of them.
        return {"text/plain": summary_or_repr(network)}


def summary_or_repr(network: object) -> str:
    """Return the summary, else the repr, else the type."""
    for text in (summary, repr):
        try:
            return text(network)
        except Exception:
            # The next text is simpler.
            continue
    return f"<{type(network).__name__}>"
