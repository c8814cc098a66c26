"""A training that one can step through, in Jupyter or in a browser.

>>> from nn import Trainer, TwoLayerNetwork, xor
>>> data, network = xor(40), TwoLayerNetwork(2, 3, 2, hidden="tanh")
>>> trainer = Trainer(network, data.inputs, data.targets, batch_size=8, step_size=1.0)
>>> training_stepper(trainer, iterations=20)
<training stepper of TwoLayerNetwork 2-3-2: iterations 1 to 20; .save("page.html") writes a page>
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nn.trainer import Trainer

if TYPE_CHECKING:
    from nn.stepping.page import TrainingStepper

# Of a page of 2.7 MB.
MAX_NUMBERS = 250_000


def training_stepper(
    trainer: Trainer, *, iterations: int | None = None, limit: float = MAX_NUMBERS
) -> TrainingStepper:
    """Run iterations of a trainer, and return Algorithm 3.1 as something to step through.

    On the left stand its lines (1) to (7), beside them what the current one did: the mini-batch
    drawn, the values of each of its samples, the error, the gradients by layer in reverse, and the
    update of every parameter, old and new, in the letters of the textbook. The numbers are those
    that the trainer computed: its network is trained by this, with the bits of `train`, and the
    trainer goes on where the page ends. The page needs no network and no server.

    A compiled training, and workers of an executor, keep no values of single samples; the page
    says so, and shows the rest. To see them, make the trainer with ``compiled=False``, whose
    numbers are the same to rounding.

    Args:
        trainer: made as for a loop; iterations may have been run before.
        iterations: how many to run and show, or as many as are left; 100 unless given.
        limit: the most numbers of a page; each takes 11 bytes.
    Returns: a TrainingStepper; Jupyter shows it, and its `save(path)` writes a page.
    Raises:  TypeError: it is no Trainer. ValueError: no iteration is left, or the page would have
             more numbers than the limit, with what to do; nothing has been trained then.
             FloatingPointError: the training diverged; `iterations` up to there can be shown.
    Source:  Deep Learning and MindSpore Practice, Algorithm 3.1.

    >>> from nn import TwoLayerNetwork, xor
    >>> data = xor(8)
    >>> trainer = Trainer(TwoLayerNetwork(2, 3, 2), data.inputs, data.targets, iterations=5)
    >>> page = training_stepper(trainer)
    >>> [iteration.loss for iteration in page.model.iterations] == trainer.history.losses
    True
    """
    # An import of nn can do without it.
    from nn.stepping.page import training_stepper_of

    if not isinstance(trainer, Trainer):
        raise TypeError(
            f"training_stepper shows a Trainer, not {type(trainer).__name__}: make one as "
            "nn.Trainer(network, inputs, targets)"
        )
    return training_stepper_of(trainer, iterations, limit)
