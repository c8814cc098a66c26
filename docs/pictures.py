"""Write the drawn pictures of the README and of docs/: ``python docs/pictures.py [FOLDER]``.

They are svg, and the same bytes in every run on one version of the engine and of matplotlib.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # wherever it is started from

from autograd import Value, draw_dot  # noqa: E402
from nn import (  # noqa: E402
    Model,
    Standardizer,
    TwoLayerNetwork,
    draw_backward,
    draw_network,
    load_iris,
    moons,
    split,
    train,
)
from nn.data import Dataset  # noqa: E402
from nn.plots import decision_boundary, save  # noqa: E402

IMAGES = Path(__file__).parent / "images"


def main(folder: Path = IMAGES) -> None:
    """Write all pictures, and say which."""
    folder.mkdir(parents=True, exist_ok=True)
    write_graph(folder)
    write_iris(folder)
    write_moons(folder)
    for path in sorted(folder.glob("*.svg")):
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def write_graph(folder: Path) -> None:
    """Write the graph of the README's example, after its backward pass."""
    x, w, b = Value(2.0, name="x"), Value(-3.0, name="w"), Value(6.5, name="b")
    y = (w * x + b).tanh()
    y.backward()
    draw_dot(y, names={"y": y}).render(folder / "graph.svg")


def write_iris(folder: Path) -> None:
    """Write Figures 3.4 and 3.5 for the network of the README's section on iris."""
    iris = load_iris()
    model, training = learned(iris, p=8, iterations=300)
    names = {"feature_names": iris.feature_names, "class_names": iris.class_names}
    draw_network(model.network, **names).render(folder / "network.svg")
    assert model.standardizer is not None
    row = next(i for i, label in enumerate(training.labels) if label == 1)
    inputs = model.standardizer.row(training.inputs[row])
    flow = draw_backward(model.network, inputs, training.targets[row], **names)
    flow.render(folder / "backward.svg")


def write_moons(folder: Path) -> None:
    """Write the decision boundary that a network learns for two moons."""
    data = moons()
    model, _ = learned(data, p=12, iterations=600)
    svg, png = save(decision_boundary(model, data, grid=48), folder / "boundary")
    png.unlink()


def learned(data: Dataset, p: int, iterations: int) -> tuple[Model, Dataset]:
    """Return a network trained on most of a data set, and what it was trained on."""
    training, _ = split(data, held_out=0.2, seed=0)
    standard = Standardizer.fit(training.inputs)
    network = TwoLayerNetwork(len(data.feature_names), p, len(data.class_names), seed=0)
    train(
        network, standard.rows(training.inputs), training.targets, step_size=1.0,
        iterations=iterations, progress=False,
    )  # fmt: skip
    return Model(network, standard, data.feature_names, data.class_names), training


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
