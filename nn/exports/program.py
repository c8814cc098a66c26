"""Programs: a model as the text of one Python file.

The functions are those of `nn.exports.standalone`, and what they call; the activations are the
functions of floats of the table, so that no formula is stated for an export. Names and numbers of
a model are written as literals, and escaped where they stand in the docstring.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Any

from autograd import __version__
from autograd.scalar_math import softmax_shares
from nn.exports import standalone
from nn.exports.literals import WIDTH, for_docstring
from nn.exports.sources import Sources, Written, call_of
from nn.layers import MLP, Layer, activation_function
from nn.model_files import Model, architecture
from nn.tables.table import listed

MARK = "# Written by chainrule export: needs Python 3.8 or later, and nothing else."
END = 'if __name__ == "__main__":\n    sys.exit(main())\n'
# So many columns stand in the example of the docstring.
MOST_EXAMPLES = 3
ABOUT = {
    "COLUMNS": "Of each column: name, place, categories or None, what fills a missing number, and "
    "whether an input tells that a cell was missing.",
    "HAS_HEADER": "Whether the table of the training had names, and whether they tell columns.",
    "WIDTH": "How many columns that table had, and which of them was the target.",
    "MEANS": "Inputs are made (x - mean) / scale.",
    "LAYERS": "Of each layer the neurons, of each neuron the bias and the weights.",
    "HEADING": "What a line of answers has.",
    "TARGET_SCALE": "A quantity is output * scale + mean.",
}


def program_of(model: Model, name: str = "predict.py", result: str = "") -> str:
    """Return the text of a Python file that predicts as a model does, bit for bit.

    Args: name: of the file, for its docstring; result: how good the model is, for it as well.

    Raises: ValueError: a file cannot name the class of the network, or an activation.
    """
    shape = architecture(model.network)
    constants = constants_of(model)
    found = Sources({**constants, **functions_of(model, shape)})
    # All that these use is found from here.
    for root in (standalone.predict, standalone.predict_file, standalone.main):
        found.add(root.__name__, root)
    imports = ["from __future__ import annotations", "", *in_order(found.imports)]
    parts = [
        f'{MARK}\n"""{documentation(model, shape, name, result)}"""',
        "\n".join(imports),
        "\n".join(assignments(found, constants)),
    ]
    functions = [*sorted_functions(found), END]
    return "\n\n".join(parts) + "\n\n\n" + "\n\n\n".join(functions)


def assignments(found: Sources, constants: Iterable[str]) -> list[str]:
    """Return the lines that set constants: those of the project, then the model's by these names.

    The latter stand in the order that is read best, each below a comment.
    """
    texts = found.constants
    own = [name for name in constants if name in texts]
    others = [f"{name} = {text}" for name, text in texts.items() if name not in own]
    return others + [f"{about(name)}{name} = {texts[name]}" for name in own]


def in_order(imports: set[str]) -> list[str]:
    """Return the lines of imports: modules first, then names, in one line for each module.

    >>> in_order({"from typing import Any", "import sys", "from typing import IO"})
    ['import sys', 'from typing import Any, IO']
    """
    names: dict[str, list[str]] = {}
    for line in sorted(imports):
        start, _, name = line.rpartition(" ")
        names.setdefault(start, []).append(name)
    modules = [f"import {name}" for name in names.pop("import", [])]
    return modules + [f"{start} {', '.join(found)}" for start, found in names.items()]


def about(name: str) -> str:
    """Return the comment above a constant, or nothing."""
    if name not in ABOUT:
        return ""
    lines = textwrap.wrap(ABOUT[name], WIDTH - 2)
    return "\n" + "".join(f"# {line}\n" for line in lines)


def sorted_functions(found: Sources) -> list[str]:
    """Return the functions: those of the program in their order, then what they use."""
    functions = found.functions
    own = [name for name in vars(standalone) if name in functions and is_own(name)]
    others = [name for name in functions if name not in own]
    return [functions[name] for name in own + others]


def is_own(name: str) -> bool:
    """Tell whether a function is one of the program itself."""
    return getattr(vars(standalone)[name], "__module__", "") == standalone.__name__


def constants_of(model: Model) -> dict[str, Any]:
    """Return the constants of a model, by the names that they have in the program."""
    schema = model.columns
    names = [column.name for column in schema.columns]
    scaling = model.standardizer
    inputs = model.network.sizes[0]
    target = schema.target
    learned = model.schema and model.schema.target
    heading = (*model.answers, "class")
    if model.task == "quantity":
        heading = ((learned and learned.name) or "output",)
    return {
        "HEADING": heading,
        "COLUMNS": tuple(
            (column.name, column.place, column.categories, column.fill, column.indicator)
            for column in schema.columns
        ),
        "HAS_HEADER": schema.named,
        "BY_NAME": schema.named and len(set(names)) == len(names),
        "WIDTH": schema.width,
        "TARGET_NAME": target.name if target else None,
        "TARGET_PLACE": target.place if target else schema.width,
        "FILLS_MISSING": schema.missing == "mean",
        "MEANS": tuple(scaling.means) if scaling else (0.0,) * inputs,
        "SCALES": tuple(scaling.scales) if scaling else (1.0,) * inputs,
        # Without a scale: x + -0.0 is x, also where x is -0.0.
        "TARGET_SCALE": learned.scale if learned else 1.0,
        "TARGET_MEAN": learned.mean if learned else -0.0,
        "LAYERS": tuple(map(neurons_of, model.network.layers)),
    }


def neurons_of(layer: Layer) -> tuple[Any, ...]:
    """Return the bias and the weights of each neuron of a layer."""
    found = []
    for neuron in layer.neurons:
        weights = tuple(float(w.data) for w in neuron.w)
        found.append((float(neuron.b.data), weights))
    return tuple(found)


def functions_of(model: Model, shape: dict[str, Any]) -> dict[str, Any]:
    """Return the functions that depend on the kind of the model, by their names in the program."""
    quantity = model.task == "quantity"
    return {
        "hidden_activation": activation("hidden_activation", shape["activation"]),
        "output_activation": activation("output_activation", shape["output"]),
        "scores": model.scores_of,
        "answer": standalone.quantity_answer if quantity else standalone.class_answer,
    }


def activation(name: str, chosen: str) -> Written:
    """Return the function that a layer makes of its sums, under a name.

    >>> print(activation("hidden_activation", "tanh").text)
    def hidden_activation(xs: list[float]) -> list[float]:
        \"\"\"Return tanh of the sums of a layer.\"\"\"
        return [math.tanh(x) for x in xs]
    """
    if chosen == "softmax":
        result = "softmax_shares(*xs)"
        uses = {"softmax_shares": softmax_shares}
    else:
        call, uses = call_of(activation_function(chosen), "x")
        result = f"[{call} for x in xs]"
    lines = [
        f"def {name}(xs: list[float]) -> list[float]:",
        f'    """Return {chosen} of the sums of a layer."""',
        f"    return {result}",
    ]
    return Written("\n".join(lines), uses)


def documentation(model: Model, shape: dict[str, Any], name: str, result: str) -> str:
    """Return the docstring: what the program is, how it is used, from which training."""
    names = [column.name for column in model.columns.columns]
    cells = [f"{name!r}: ..." for name in names[:MOST_EXAMPLES]]
    if len(names) > MOST_EXAMPLES:
        cells.append("...")
    facts = [f"{key} {x}" for key, x in model.training.items() if isinstance(x, str | int | float)]
    lines = [
        f"A network that was trained by chainrule {__version__}: says {what_is_said(model)}.",
        "",
        "Of a row, by its columns or in their order; of a table, as text of CSV or printed:",
        "",
        f"    predict({{{', '.join(cells)}}})",
        "    predict([...])",
        "    predict_file('DATA.csv')",
        f"    python {name} DATA.csv",
        "",
    ]
    paragraphs = [
        f"Columns: {listed(names)}.",
        f"Network: {described(model.network, shape)}.",
        f"Training: {', '.join(facts) or 'nothing is known about it'}.",
    ]
    if result:
        paragraphs.append(f"Result: {result}.")
    for text in paragraphs:
        lines += textwrap.wrap(text, WIDTH)
    # What a user has named stands in it: nothing of that may end the docstring.
    return "\n".join(map(for_docstring, lines)) + "\n"


def what_is_said(model: Model) -> str:
    """Return what predictions are, in words."""
    if model.task == "classes":
        return f"one of {listed(model.answers)}"
    target = model.schema and model.schema.target
    return f"the quantity {target.name}" if target else "a quantity"


def described(network: MLP, shape: dict[str, Any]) -> str:
    """Return the layers of a network in words."""
    n, *hidden, q = network.sizes
    between = "".join(f", {p} hidden neurons ({shape['activation']})" for p in hidden)
    return f"{n} inputs{between}, {q} output{'s' * (q > 1)} ({shape['output']})"
