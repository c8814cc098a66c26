"""A playground: the two-layer network learns in a page, and every weight tells its gradient.

The page needs no network and no server. What it computes is what `nn.train` computes: the same
data, first weights, mini-batches and losses.

>>> playground(data="circles", hidden=4)
<playground: circles, 2-4-1; .save("page.html") writes a page>
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nn.playground.page import Playground


def playground(
    data: Any = "moons",
    *,
    noise: float = 0.1,
    count: int = 200,
    held_out: float = 0.2,
    hidden: int = 8,
    activation: str = "relu",
    loss: str = "mse",
    alpha: float = 1.0,
    batch: int | None = None,
    seed: int = 0,
    hide: Sequence[str] = (),
) -> Playground:
    """Return a page in which a network with one hidden layer learns to tell two classes apart.

    It shows the decision boundary, what each hidden unit answers, the weights and the losses, live.
    A press on a weight opens its gradient as a sum over paths, and one sample's loss opens as a
    stepper. All settings can be changed there, and stand in the page's address: a link to the page
    with another fragment, such as ``page.html#data=xor&hidden=2&hide=seed,batch``, is a lesson.

    Args:
        data: "moons", "circles", "xor", "spirals", or a Dataset of two inputs and two classes.
        noise: standard deviation of what is added to the points of a generated data set.
        count: how many points are generated.
        held_out: the share of each class that the network does not learn from.
        hidden: p, how many hidden units, 1 to 16; activation: theirs, a name of `nn.ACTIVATIONS`.
        loss: "mse", "binary_cross_entropy", "cross_entropy" or "hinge".
        alpha: the step size.
        batch: b, the samples of a mini-batch; 10 unless given, or all where there are fewer.
        seed: of the data, the first weights and the mini-batches.
        hide: settings by these names, and parts of the page, that are not shown: "boundary",
            "curves", "network", "units", "weights", "play", "step", "many", "reset", "speed".
    Returns: a Playground; Jupyter shows it, and its `save(path)` writes a page.
    Raises:  ValueError: a setting that there is not, or that is out of its bounds.

    >>> page = playground("xor", hidden=2, activation="tanh", hide=["seed"])
    >>> page.settings["hidden"], page.settings["hide"]
    (2, ['seed'])
    """
    # An import of nn can do without it.
    from nn.playground.page import Playground

    return Playground(
        data,
        {
            "noise": noise,
            "count": count,
            "held_out": held_out,
            "hidden": hidden,
            "activation": activation,
            "loss": loss,
            "alpha": alpha,
            "batch": batch,
            "seed": seed,
        },
        hide,
    )
