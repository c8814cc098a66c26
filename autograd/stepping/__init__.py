"""A backward pass that one can step through, in Jupyter or in a browser.

>>> from autograd import Value
>>> x, w = Value(2.0, name="x"), Value(-3.0, name="w")
>>> stepper(w * x + 1)
<stepper of u3: 4 nodes, 9 steps; .save("page.html") writes a page>
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from autograd.drawing.draw import check_option
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.stepping.page import Stepper

# Of a page, forward and backward together: those of about 300 nodes.
MAX_STEPS = 1000


def stepper(
    root: Value,
    *,
    names: Mapping[str, Any] | None = None,
    network: object = None,
    seed: float = 1.0,
    rankdir: str = "LR",
    check: bool = True,
    limit: int = MAX_STEPS,
) -> Stepper:
    """Return the two passes of a graph as something to step through.

    Forward, a step per value; then backward, a step per edge, in the order and with the numbers of
    `backward_steps`. The page shows one pass that starts from zero, whatever gradients the Values
    hold, and changes none. It needs no network and no server; where scripts do not run, it is a
    picture and a table of all steps.

    Args:
        root: the Value to differentiate.
        names: labels by variable, such as ``locals()``.
        network: a network of layers of neurons, whose nodes get the letters of the textbook.
        seed: the gradient of the root.
        rankdir: "LR" from left to right, or "TB", "RL", "BT".
        check: have the gradients judged by another arithmetic, see `autograd.testing.check_graph`.
        limit: the most steps of a page.
    Returns: a Stepper; Jupyter shows it, and its `save(path)` writes a page.
    Raises:  ValueError: the graph has more steps than the limit; the message says what to do.

    >>> x = Value(3.0, name="x")
    >>> page = stepper(x * x)
    >>> len(page.model.steps), page.badge
    (6, 'gradient check: the only leaf is right, by exact fractions')
    """
    # An import of autograd can do without these.
    from autograd.stepping.model import Model
    from autograd.stepping.page import Stepper

    check_option("rankdir", rankdir, ("LR", "TB", "RL", "BT"))
    return Stepper(Model(root, names, seed, limit, network), rankdir, check)
