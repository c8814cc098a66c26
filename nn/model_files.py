"""Files: a trained network as JSON, and how a file is written.

A file is written beside its place, flushed to the disk and renamed, so that there is the old one or
the new one and never half of one. JSON holds every float exactly, and can do nothing but be read.
What is saved has been read back before: no file is written that `load_model` would refuse.

>>> import tempfile
>>> from nn import TwoLayerNetwork
>>> with tempfile.TemporaryDirectory() as folder:
...     save_model(f"{folder}/model.json", TwoLayerNetwork(2, 3, 2, seed=5))
...     load_model(f"{folder}/model.json").network.state_dict()["layers.1.neurons.0.b"]
0.0
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, TypeGuard

from autograd.atomic import write_file
from nn import answers
from nn.batches import outputs_of_rows
from nn.columns.schema import Schema, plain_schema
from nn.data import Standardizer
from nn.data_files import read_file
from nn.layers import MLP, Activation, TwoLayerNetwork, activation_function, activation_name
from nn.module import Module
from nn.tables.objects import table_of_object

FORMAT = "chainrule network"
# How a checkpoint begins.
CHECKPOINT = b'{"format": "chainrule checkpoint"'
# The version of a network on numbers.
VERSION = 1
# One that an older reader would take for a network on numbers.
VERSION_WITH_COLUMNS = 2
MAX_PARAMETERS = 100_000_000
# Digits of an int; larger ones are no floats.
MAX_DIGITS = 309


@dataclass
class Model:
    """A network with what is needed to use it on rows as they were measured.

    Attributes: `training`, facts about how it was trained: data, loss, step size and the like;
    `schema`, what the columns of the table were, or None where rows were numbers already.
    """

    network: MLP
    standardizer: Standardizer | None = None
    feature_names: list[str] | None = None
    class_names: list[str] | None = None
    training: dict[str, Any] = field(default_factory=dict)
    schema: Schema | None = None

    def outputs(self, row: Sequence[float]) -> list[float]:
        """Return the network's outputs for a row of inputs before they are standardized."""
        standard = self.standardizer.row(row) if self.standardizer else row
        layers = self.network.layers
        if self.network.training or any(layer.training for layer in layers):
            # This walks through all of it: not for every row.
            self.network.eval()
        found = self.network(standard)
        return list(found) if isinstance(found, list) else [found]

    def all_outputs(self, rows: Sequence[Sequence[float]]) -> list[list[float]]:
        """Return `outputs` of each row: the same numbers, sooner."""
        standard = self.standardizer.rows(rows) if self.standardizer else rows
        return outputs_of_rows(self.network, standard)

    @property
    def columns(self) -> Schema:
        """What the columns of a table are; numbers in their order, where nothing else is known."""
        return self.schema or plain_schema(
            self.feature_names, self.network.sizes[0], self.class_names
        )

    @property
    def task(self) -> str:
        """What the outputs are: "classes", or a "quantity".

        A model that was saved without saying so, with one linear output and no names of classes,
        is of a quantity.
        """
        if self.schema and self.schema.target:
            return self.schema.target.task
        one = self.network.sizes[-1] == 1 and self.network.output == "linear"
        return "quantity" if one and not self.class_names and not self.has_signs else "classes"

    @property
    def has_signs(self) -> bool:
        """Whether a single output stands for two classes by its sign: they were -1 and 1."""
        one = self.network.sizes[-1] == 1
        return one and (self.training.get("loss") == "hinge" or self.network.output == "tanh")

    def scores(self, row: Sequence[float]) -> list[float]:
        """Return a number for each class, of which the largest decides.

        Of one sigmoid they are the probabilities of both classes, of one output of -1 and 1 its
        negative and itself, of logits their softmax.
        """
        return self.scores_of(self.outputs(row))

    @property
    def scores_of(self) -> Callable[[list[float]], list[float]]:
        """The function that makes scores of outputs."""
        if self.network.sizes[-1] == 1:
            return answers.of_signs if self.has_signs else answers.of_one_probability
        if self.training.get("loss") == "cross_entropy" and self.network.output == "linear":
            return answers.of_logits
        return answers.of_classes

    def best(self, row: Sequence[float]) -> int:
        """Return the index of the class of a row."""
        return largest(self.scores(row))

    def quantity(self, row: Sequence[float]) -> float:
        """Return the quantity that is expected for a row, in the unit of the training's target."""
        return self.quantity_of(self.outputs(row))

    def quantity_of(self, outputs: list[float]) -> float:
        """Return the quantity that outputs stand for, see `quantity`."""
        target = self.schema and self.schema.target
        return outputs[0] * target.scale + target.mean if target else outputs[0]

    def found(self, rows: Sequence[Sequence[float]]) -> list[Any]:
        """Return the index of the class, or the quantity, of each of many rows of inputs."""
        outputs = self.all_outputs(rows)
        if self.task == "quantity":
            return list(map(self.quantity_of, outputs))
        return [largest(self.scores_of(z)) for z in outputs]

    @property
    def answers(self) -> list[str]:
        """The names of the classes; their numbers where they have none."""
        count = max(2, self.network.sizes[-1])
        return self.class_names or [str(k) for k in range(count)]

    def predict(self, data: object) -> list[Any]:
        """Return the class, or the quantity, of each row of a table.

        Args: data: a DataFrame, a dict of columns, dicts in a list: columns are taken by name, in
            any order; an array, a list of rows: they are taken in the order of the training.

        Raises: ValueError, with the names on both sides, where a column is not there; with row and
            column where a cell is not of its kind.

        >>> from nn import load_iris
        >>> model = Model(TwoLayerNetwork(4, 8, 3, seed=0), class_names=load_iris().class_names)
        >>> len(model.predict(load_iris().inputs))
        150
        """
        found = self.found(self.columns.encode(table_of_object(data)))
        return found if self.task == "quantity" else [self.answers[k] for k in found]


def largest(scores: Sequence[float]) -> int:
    """Return the index of the largest number."""
    return max(range(len(scores)), key=scores.__getitem__)


def architecture(network: Any) -> dict[str, Any]:
    """Return what has to be known to build a network of the same shape."""
    if type(network) not in (MLP, TwoLayerNetwork):
        raise ValueError(
            f"a {type(network).__name__} cannot be saved as a model; save its state_dict()"
        )
    # A file can name what is shipped; a function of a user's own it cannot hold.
    names = [activation_name(network.activation), activation_name(network.output)]
    for name, given in zip(names, (network.activation, network.output)):
        if name != "softmax" and activation_of(name) is not activation_of(given):
            raise ValueError(f"the activation {name} is your own: a file cannot hold it by name")
    kind = type(network).__name__
    return {"type": kind, "sizes": network.sizes, "activation": names[0], "output": names[1]}


def activation_of(name: Activation) -> Any:
    """Return the function of an activation, or None where the name is unknown."""
    try:
        return activation_function(name)
    except ValueError:
        return None


def save_model(
    path: str | Path,
    network: Module,
    *,
    standardizer: Standardizer | None = None,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    training: dict[str, Any] | None = None,
    schema: Schema | None = None,
) -> None:
    """Save a network as JSON, every number exactly.

    Raises: ValueError when a number is not finite, the parts do not fit together, or the network
        is of a class or has an activation that a file cannot name; TypeError when `training` holds
        what JSON cannot; OSError when the file cannot be written. The old file is whole then.
    """
    content = {
        "format": FORMAT,
        "version": VERSION_WITH_COLUMNS if schema else VERSION,
        "architecture": architecture(network),
        "state": network.state_dict(),
        "standardizer": standardizer and vars(standardizer),
        "feature_names": feature_names and list(feature_names),
        "class_names": list(class_names) if class_names else None,
        "training": training or {},
    }
    if schema:
        content["columns"] = schema.as_dict()
    try:
        data = (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
        # What cannot be read again is not written.
        model_of(parsed(data))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not saved: {error}") from None
    except TypeError as error:
        raise TypeError(f"{path}: not saved: {error}") from None
    write_file(path, data)


def load_model(path: str | Path) -> Model:
    """Return the model that `save_model` wrote.

    Raises: ValueError, with the file and what is wrong with it; OSError when it cannot be read.
    """
    if Path(path).is_dir():
        raise ValueError(f"{path}: a folder; the model is {Path(path) / 'model.json'}")
    content = read_file(path)
    if content.startswith(CHECKPOINT):
        raise ValueError(f"{path}: a checkpoint, which chainrule resume goes on with, and no model")
    try:
        return model_of(parsed(content))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def parsed(content: bytes) -> Any:
    """Return the object in the bytes of a JSON file.

    Raises: ValueError, whatever is wrong with it.
    """
    try:
        return json.loads(
            content.decode("utf-8-sig"),
            object_pairs_hook=unique,
            parse_constant=refuse_constant,
            parse_float=finite,
            parse_int=whole,
        )
    except UnicodeDecodeError:
        raise ValueError("not a model: a binary file") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not a model, or cut off: {error}") from None
    except RecursionError:
        raise ValueError("not a model: nested too deep") from None


def refuse_constant(name: str) -> NoReturn:
    """Refuse the NaN and Infinity that Python's JSON reader would accept."""
    raise ValueError(f"{name} is not a finite number")


def finite(text: str) -> float:
    """Return a number with a fraction or exponent, which must not be too large for a float."""
    x = float(text)
    return x if math.isfinite(x) else refuse_constant(f"{text:.40}")


def whole(text: str) -> int:
    """Return an int, which must not be too large for a float either."""
    return int(text) if len(text) <= MAX_DIGITS else refuse_constant(f"{text:.40}…")


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the pairs of an object as a dict; a reader that takes the last of two is fooled."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r:.40} stands twice in one object")
    return found


def model_of(content: object) -> Model:
    """Return the model in a parsed file, every part checked."""
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f"not a {FORMAT}")
    if content.get("version") not in (VERSION, VERSION_WITH_COLUMNS):
        raise ValueError(
            f"version {content.get('version')!r:.20}, but this reads version {VERSION} "
            f"and {VERSION_WITH_COLUMNS}"
        )
    state = part(content, "state", dict)
    training = part(content, "training", dict)
    network = network_of(part(content, "architecture", dict), state)
    network.load_state_dict(state)
    # The state fits the shape by now, so whatever else there is is judged by the shape.
    class_names = names_of(content, "class_names", network.sizes[-1])
    return Model(
        network,
        standardizer_of(content.get("standardizer"), network.sizes[0]),
        names_of(content, "feature_names", network.sizes[0]),
        class_names,
        training,
        schema_of(content, network, class_names),
    )


def schema_of(
    content: dict[str, Any], network: MLP, class_names: list[str] | None
) -> Schema | None:
    """Return the schema in a file, which must fit the network and the classes."""
    if content["version"] == VERSION:
        return None
    schema = Schema.from_dict(part(content, "columns", dict))
    inputs = len(schema.input_names)
    outputs = network.sizes[-1]
    if inputs != network.sizes[0]:
        raise ValueError(f"the columns become {inputs} inputs, the network has {network.sizes[0]}")
    # What is said twice in the file must be the same.
    target = schema.target
    if target and (class_names or None) != (target.classes and list(target.classes)):
        raise ValueError("the classes of the target are not the class_names")
    if target and target.task == "quantity" and outputs != 1:
        raise ValueError(f"a quantity is one output, but the network has {outputs}")
    return schema


def part(content: dict[str, Any], name: str, kind: type) -> Any:
    """Return an entry of a file that must be there and of the given type."""
    if not isinstance(content.get(name), kind):
        raise ValueError(f"the entry {name!r} is missing or no {kind.__name__}")
    return content[name]


def network_of(shape: dict[str, Any], state: dict[str, Any]) -> MLP:
    """Return a network of the shape in a file, if its size is that of the state in the file."""
    sizes = part(shape, "sizes", list)
    if len(sizes) < 2 or not all(type(n) is int and 0 < n < MAX_PARAMETERS for n in sizes):
        raise ValueError(f"architecture: the sizes {sizes!r:.60} are no list of counts")
    expected = sum((nin + 1) * nout for nin, nout in zip(sizes, sizes[1:]))
    found = sum(len(entry) if isinstance(entry, list) else 1 for entry in state.values())
    # Before anything is built: a forged size must not fill the memory.
    if expected != found:
        raise ValueError(
            f"architecture {sizes!r:.60} has {expected} parameters, but the state has {found}"
        )
    hidden = part(shape, "activation", str)
    output = part(shape, "output", str)
    kind = shape.get("type")
    if kind == "MLP":
        return MLP(sizes[0], sizes[1:], activation=hidden, output=output, seed=0)
    if kind == "TwoLayerNetwork" and len(sizes) == 3:
        n, p, q = sizes
        return TwoLayerNetwork(n, p, q, hidden=hidden, output=output)
    raise ValueError(f"architecture: a {kind!r:.40} of {len(sizes)} sizes is not known")


def standardizer_of(entry: object, n: int) -> Standardizer | None:
    """Return the standardizer in a file, for n features."""
    if entry is None:
        return None
    if not isinstance(entry, dict):
        raise ValueError("the entry 'standardizer' is no dict")
    means = part(entry, "means", list)
    scales = part(entry, "scales", list)
    if len(means) != n:
        raise ValueError(f"the standardizer has {len(means)} features, the network {n} inputs")
    return Standardizer(means, scales)


def is_text(x: object) -> TypeGuard[str]:
    """Tell whether x is a text that can be written: half a surrogate pair cannot."""
    return isinstance(x, str) and not any("\ud800" <= character <= "\udfff" for character in x)


def names_of(content: dict[str, Any], entry: str, n: int) -> list[str] | None:
    """Return the n names in a file, or None where it has none."""
    names = content.get(entry)
    if names is None:
        return None
    if not isinstance(names, list) or not all(map(is_text, names)):
        raise ValueError(f"the entry {entry!r} is no list of names")
    if len(names) != n and not (entry == "class_names" and n == 1 and len(names) == 2):
        raise ValueError(f"{len(names)} {entry}, but the network has {n}")
    return names
