"""The iteration of Algorithm 3.1 as an iterator: one can look at every step of a training.

>>> from nn import TwoLayerNetwork, xor
>>> data, network = xor(40), TwoLayerNetwork(2, 6, 2, hidden="tanh")
>>> for step in Trainer(network, data.inputs, data.targets, batch_size=8, iterations=3):
...     print(step.t, len(step.samples), round(step.loss, 3), len(step.gradients))
1 8 0.257 32
2 8 0.273 32
3 8 0.239 32
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from autograd.atomic import set_attributes
from autograd.messages import shown
from autograd.modes import MODE
from autograd.value import write_data
from nn.history import Best, Evaluation, History
from nn.layers import MLP
from nn.losses import LOSSES, Loss, mse_loss
from nn.module import Module, Network
from nn.optim import OPTIMIZERS, SGD, Change, Optimizer, in_range
from nn.passes import Passes
from nn.reach import check_reach
from nn.runs import Checkpoint, load_checkpoint
from nn.sampling import Sample, Sampler, checked_samples, dropout_factors, set_aside
from nn.schedules import named_schedule
from nn.settings import BATCH_SIZE, SHARDS, STEP_SIZE, TrainingSettings, usual_iterations
from nn.tables.objects import rows_of

if TYPE_CHECKING:
    from nn.workers import Source

# Settings that a training which goes on keeps, unless others are given.
KEPT = ("compiled", "schedule", "warm_up", "dropout")


class Step:
    """One iteration, as it was: it stays right when the training goes on.

    Lists of numbers are in the order of the optimiser's parameters, and made when asked for.

    Attributes: `t`, which iteration, from 1; `batch`, the indexes of the samples drawn; `loss`,
    their mean loss before the update.
    """

    __slots__ = ("t", "batch", "loss", "trainer", "change")

    def __init__(
        self, t: int, batch: list[int], loss: float, trainer: Trainer, change: Change
    ) -> None:
        self.t = t
        self.batch = batch
        self.loss = loss
        self.trainer = trainer
        self.change = change

    @property
    def samples(self) -> list[Sample]:
        """The mini-batch: pairs of inputs and target."""
        return [self.trainer.samples[i] for i in self.batch]

    @property
    def gradients(self) -> list[float]:
        """The mean gradient over the mini-batch."""
        return list(map(float, self.change.gradients))

    @property
    def weights_before(self) -> list[float]:
        """The weights of which loss and gradients are."""
        return list(map(float, self.change.before))

    @property
    def weights(self) -> list[float]:
        """The weights after the update."""
        return list(map(float, self.change.after))

    @property
    def update(self) -> list[float]:
        """By how much the weights changed."""
        return [new - old for old, new in zip(self.weights_before, self.weights)]

    def __repr__(self) -> str:
        return f"Step {self.t}: loss {self.loss:.6g} of {len(self.batch)} samples"


class Trainer:
    """Algorithm 3.1, lines (2) to (7): `for step in Trainer(...)` runs an iteration at a time.

    For training alone `train` is simpler. Within the loop one may look at the network, change its
    parameters, and leave: going through the same trainer again goes on.

    At the end of a loop that validates, the network gets the weights that were best; who leaves it
    earlier keeps the last ones, and may call `take_best()`.

    Args: those of `train` of the same names.
    Attributes: `samples`, `settings` and `optimizer`, as they are used; `history`, what happened so
    far, from which `train` and another trainer go on (`resume`).
    Raises: as `train`.

    >>> from nn import TwoLayerNetwork, xor
    >>> data, network = xor(40), TwoLayerNetwork(2, 6, 2)
    >>> trainer = Trainer(network, data.inputs, data.targets, step_size=1.0, iterations=100)
    >>> for step in trainer:
    ...     if step.loss < 0.2:
    ...         break
    >>> trainer.history.iteration == step.t, step.weights == [p.data for p in network.parameters()]
    (True, True)
    """

    def __init__(
        self,
        network: Network,
        inputs: Sequence[Any],
        targets: Sequence[Any],
        *,
        loss: Loss = mse_loss,
        step_size: float | None = None,
        batch_size: int | None = None,
        iterations: int | None = None,
        optimizer: Optimizer | Callable[..., Optimizer] | None = None,
        seed: int = 0,
        sampling: str = "iteration",
        held_out: tuple[Sequence[Any], Sequence[Any]] | None = None,
        evaluate_every: int | None = None,
        resume: History | str | os.PathLike[str] | None = None,
        compiled: bool | None = None,
        schedule: str | None = None,
        warm_up: int | None = None,
        validation: float = 0.0,
        patience: int | None = None,
        dropout: float | None = None,
        executor: Source | None = None,
        shards: int | None = None,
    ) -> None:
        checkpoint, begun = begun_in(resume, network)
        loss = named("loss", loss, LOSSES)
        optimizer = named("optimizer", optimizer, OPTIMIZERS)
        # With dropout it is an MLP.
        self.network: Any = network
        samples = samples_of((inputs, targets))
        check_reach(network, samples, loss)
        share = in_range("validation", validation, high=1.0)
        self.samples, apart = set_aside(samples, share, seed)
        self.settings = settings_for(
            len(self.samples), begun, optimizer, executor, batch_size=batch_size, seed=seed,
            iterations=iterations, step_size=step_size, sampling=sampling, shards=shards,
            evaluate_every=evaluate_every, validation=validation, patience=patience,
            compiled=compiled, schedule=schedule, warm_up=warm_up, dropout=dropout,
        )  # fmt: skip
        check_dropout(network, self.settings.dropout)
        check_recording()
        self.begin(optimizer, begun, step_size)
        with training_mode(network):
            passes = passes_of(self.settings.compiled)(
                network, self.samples, samples_of(held_out or ((), ())), loss, self.optimizer,
                apart, self.settings.dropout,
            )  # fmt: skip
        self.passes = sharded(passes, self.settings.shards, executor)
        # Last: what is refused leaves the network as it was.
        if checkpoint:
            checkpoint.restore(network)

    def begin(
        self,
        optimizer: Optimizer | Callable[..., Optimizer] | None,
        begun: History | None,
        step_size: float | None,
    ) -> None:
        """Make optimiser, sampler and history, or go on with those of a history."""
        self.optimizer = made(optimizer, self.network, self.settings)
        self.sampler = Sampler(self.settings)
        self.so_far = History()
        if begun is not None:
            self.so_far = self.continued(begun, step_size, isinstance(optimizer, Optimizer))
        self.so_far.settings = self.settings
        self.begun = self.so_far.iteration
        # An optimiser may have been used before.
        self.steps_before = self.optimizer.steps - self.begun
        self.error = 0.0

    def iteration(self) -> Step:
        """Run an iteration of Algorithm 3.1, its lines (3) to (7).

        Raises: FloatingPointError: the training diverged; the network is as before the iteration.
        """
        t = self.so_far.iteration + 1
        if isinstance(self.network, Module) and not self.network.training:
            # Somebody looked at it in between, by eval().
            self.network.train()
        # (3) b of the m samples, without replacement
        batch = self.sampler.draw()
        try:
            # (4) forward, (5) the error and its gradient, (6) backward, for all of the mini-batch
            self.error = self.passes.accumulate(batch, self.factors(t, batch))
            # (7) w <- w - alpha * mean gradient
            change = self.passes.update()
        except ArithmeticError as error:
            raise FloatingPointError(
                f"the training diverged in iteration {t}: {error}; try a step size smaller than "
                f"{self.optimizer.step_size:g}, or standardize the inputs"
            ) from error
        self.so_far.settle(t, self.error)
        return Step(t, batch, self.error, self, change)

    def factors(self, t: int, batch: list[int]) -> array[float] | None:
        """Return the factors of dropout for the mini-batch, or None without dropout."""
        share = self.settings.dropout
        if not share:
            return None
        count = len(batch) * self.network.hidden_units
        return dropout_factors(share, self.settings.seed, t, count)

    def steps(self) -> Iterator[Step]:
        """Yield the iterations that are left; the caller has entered the trainer."""
        # Again, where a Ctrl-C came before it.
        self.evaluate_if_due()
        # (2) for t = 1 ... T
        while not self.finished:
            step = self.iteration()
            self.evaluate_if_due()
            yield step

    @property
    def finished(self) -> bool:
        """Whether T iterations are done, or the validation loss has not fallen for too long."""
        history = self.so_far
        patience = self.settings.patience
        if patience and history.best:
            # Patience counts evaluations since the best one, not iterations.
            since = [found for found in history.validations if found[0] > history.best.iteration]
            if len(since) >= patience:
                return True
        return history.iteration >= self.settings.iterations

    def __iter__(self) -> Iterator[Step]:
        with self:
            yield from self.steps()
        self.take_best()

    def __enter__(self) -> Trainer:
        self.entered = ExitStack()
        self.entered.enter_context(training_mode(self.network))
        self.entered.enter_context(self.passes)
        return self

    def __exit__(self, *error: Any) -> None:
        self.so_far.hints |= self.passes.hints
        self.entered.__exit__(*error)

    @property
    def history(self) -> History:
        """What happened so far, with the states that continue it: taken when asked for."""
        self.settle()
        self.so_far.sampler = self.sampler.state()
        self.so_far.optimizer = self.optimizer.state_dict()
        self.so_far.states_at = self.so_far.iteration
        return self.so_far

    def settle(self) -> None:
        """Count whole iterations, wherever a Ctrl-C or an error cut one off."""
        updates = self.optimizer.steps - self.steps_before
        # It came right after the update.
        if updates > self.so_far.iteration:
            self.so_far.settle(updates, self.error)
        self.sampler.rewind(self.so_far.iteration - self.begun)

    def evaluate_if_due(self) -> None:
        """Evaluate after every so many iterations and after the last, unless that was done."""
        t = self.so_far.iteration
        if t and (t % self.settings.evaluation_interval == 0 or t == self.settings.iterations):
            if self.passes.held_out and is_new(t, self.so_far.evaluations):
                self.so_far.evaluations.append(
                    Evaluation(t, *self.passes.evaluate(self.passes.held_out))
                )
            if self.passes.validation and is_new(t, self.so_far.validations):
                self.validate(t)

    def validate(self, t: int) -> None:
        """Evaluate on the samples set aside, and keep the weights that were best there."""
        history = self.so_far
        found = Evaluation(t, *self.passes.evaluate(self.passes.validation))
        best = history.best
        if best is None or found.loss < best.loss:
            weights = [float(p.data) for p in self.optimizer.parameters]
            best = Best(t, found.loss, weights)
        # Both at once: a Ctrl-C in between must not count an evaluation whose weights are lost.
        set_attributes(
            (history, history), ("best", "validations"), (best, [*history.validations, found])
        )

    def take_best(self) -> None:
        """Give the network the weights that were best on the validation samples, at the end."""
        history = self.so_far
        if history.best and self.finished and not history.interrupted:
            history.has_best = True
            write_data(self.optimizer.parameters, history.best.weights)

    def call(self, callback: Callable[[History], Any]) -> Any:
        """Call a user's function, who may look at the network and change it."""
        with self.passes.shown():
            return callback(self.history)

    def continued(self, resume: History, step_size: float | None, given: bool) -> History:
        """Return a copy of a history that goes on, with sampler and optimiser set.

        Raises: ValueError: the weights of its last iteration are gone.
        """
        if resume.has_best:
            raise ValueError(
                "resume: the training had come to its end, and the network was given its best "
                "weights; only its checkpoint has the last ones"
            )
        resume.check_level()
        self.sampler.restore(resume.sampler)
        continue_optimizer(self.optimizer, resume.optimizer, step_size, given)
        if not given:
            self.settings = replace(self.settings, step_size=self.optimizer.step_size)
        return replace(
            resume,
            losses=list(resume.losses),
            evaluations=list(resume.evaluations),
            interrupted=False,
            stopped_by="",
            validations=list(resume.validations),
            hints=dict(resume.hints),
        )


def is_new(t: int, evaluations: list[Evaluation]) -> bool:
    """Tell whether there is no evaluation of an iteration yet."""
    return not evaluations or evaluations[-1].iteration != t


def passes_of(compiled: bool) -> type[Passes]:
    """Return the passes that record, or the ones on arrays, which are imported when asked for."""
    if not compiled:
        return Passes
    # Here, for it needs NumPy.
    from nn.compiled_passes import CompiledPasses

    return CompiledPasses


def sharded(passes: Passes, shards: int | None, executor: Source | None) -> Passes:
    """Return passes over shards of the mini-batch, or the same for one shard in this process."""
    if executor is None and (shards or 1) == 1:
        return passes
    # Here, for few need it.
    from nn.sharded_passes import ShardedPasses

    return ShardedPasses(passes, shards or 1, executor)


def settled_shards(shards: int | None, executor: object, resume: History | None) -> int:
    """Return how many shards there are: as asked for, else those of a history, else the usual.

    Raises: ValueError: a history had another number, so its training would go on in other bits.
    """
    usual = 1 if executor is None else SHARDS
    if resume is None:
        return usual if shards is None else shards
    # A sum over other shards is rounded otherwise, and would end in other bits.
    before = (resume.settings.shards if resume.settings else None) or 1
    asked = usual if shards is None and executor is not None else shards
    if asked is not None and asked != before:
        raise ValueError(f"resume: shards was {before}, and is now {asked!r}; pass shards={before}")
    return before


def settled_step_size(optimizer: object, step_size: float | None) -> float | None:
    """Return alpha, or None for that of an optimiser which was made with its own.

    Raises: ValueError when there would be two.
    """
    if not isinstance(optimizer, Optimizer):
        return STEP_SIZE if step_size is None else step_size
    if step_size is not None:
        raise ValueError("the optimizer has a step size already: give one of the two")
    return None


def made(
    optimizer: Optimizer | Callable[..., Optimizer] | None,
    network: Network,
    settings: TrainingSettings,
) -> Optimizer:
    """Return the optimiser of the network's parameters, with the schedule of the settings."""
    if isinstance(optimizer, Optimizer):
        found = optimizer
    else:
        make: Callable[..., Optimizer] = optimizer or SGD
        found = make(network.parameters(), settings.step_size)
    schedule = named_schedule(settings.schedule, settings.iterations, settings.warm_up)
    if schedule is not None:
        found.schedule = schedule
    return found


def continue_optimizer(
    optimizer: Optimizer, state: dict[str, Any], step_size: float | None, given: bool
) -> None:
    """Give an optimiser the state of a history, and the step size that was asked for.

    Raises: ValueError: it was `given` with a setting that the state would overwrite by another.
    """
    if state.get("optimizer") == type(optimizer).__name__:
        for name in (*optimizer.settings, *optimizer.common):
            now = getattr(optimizer, name)
            unused = optimizer.unused(name) if name in optimizer.common else now
            before = state.get(name, unused)
            # Not given: that of the state is used.
            if name in optimizer.common and not now:
                continue
            if now != before and (given or name != "step_size"):
                raise ValueError(
                    f"resume: {name} of the optimizer was {before!r}, and is now {now!r}; "
                    "make it with what it was, and change the attribute afterwards"
                )
    optimizer.load_state_dict(state)
    if step_size is not None:
        optimizer.step_size = step_size


def check_kinds(network: object, resume: object) -> None:
    """Raise a TypeError where the network or the history is of quite another kind."""
    if not (callable(network) and hasattr(network, "parameters")):
        raise TypeError(
            f"{shown(network)} is no network: it must be callable and have parameters()"
        )
    if not (resume is None or isinstance(resume, History)):
        raise TypeError(f"resume: a History is expected, not {type(resume).__name__}")


def settings_for(
    m: int, begun: History | None, optimizer: object, executor: object, **asked: Any
) -> TrainingSettings:
    """Return the settings of a training on m samples: as asked for, else kept, else the usual."""
    if asked["batch_size"] is None:
        asked["batch_size"] = min(BATCH_SIZE, m)
    if asked["iterations"] is None:
        asked["iterations"] = usual_iterations(m, asked["batch_size"])
    asked["step_size"] = settled_step_size(optimizer, asked["step_size"])
    asked["shards"] = settled_shards(asked["shards"], executor, begun)
    for name in KEPT:
        asked[name] = kept(name, asked[name], begun)
    return TrainingSettings(samples=m, **asked)


def begun_in(
    resume: History | str | os.PathLike[str] | None, network: Network
) -> tuple[Checkpoint | None, History | None]:
    """Return the checkpoint at a path, and the history that goes on; None for what there is not.

    Raises: TypeError, ValueError: it is no history, or not of this network.
    """
    checkpoint = None
    if isinstance(resume, (str, os.PathLike)):
        checkpoint = load_checkpoint(resume)
        begun: History | None = checkpoint.history
    else:
        begun = resume
    check_kinds(network, begun)
    if checkpoint:
        checkpoint.check(network)
    return checkpoint, begun


def samples_of(columns: tuple[Any, Any]) -> list[Sample]:
    """Return samples of inputs and targets, which may be frames or columns by name."""
    inputs, targets = columns
    return checked_samples(rows_of(inputs), rows_of(targets))


def check_dropout(network: object, share: float) -> None:
    """Raise a ValueError where there are no hidden units to leave out."""
    if not share:
        return
    if not isinstance(network, MLP):
        raise ValueError(f"dropout is for an MLP, and {type(network).__name__} is none")
    if not network.hidden_units:
        raise ValueError("dropout leaves out hidden units, and the network has none")


def named(what: str, given: Any, table: dict[str, Any]) -> Any:
    """Return what is given, by its name in a table where that is a text.

    Raises: ValueError: there is none of that name.
    """
    if not isinstance(given, str):
        return given
    if given not in table:
        raise ValueError(f"{what} {given!r} is not known; choose from {', '.join(table)}")
    return table[given]


def kept(name: str, given: Any, resume: History | None) -> Any:
    """Return a setting: the one given, else that of the history that goes on, else the usual one.

    Raises: ValueError: a history that goes on had another dropout.
    """
    before = getattr(resume.settings, name) if resume and resume.settings else None
    if given is None:
        return getattr(TrainingSettings, name) if before is None else before
    if name == "dropout" and before is not None and given != before:
        raise ValueError(f"resume: dropout was {before!r}, and is now {given!r}")
    return given


def check_recording() -> None:
    """Raise a ValueError where no graph is recorded."""
    if not MODE.get().record:
        raise ValueError("nothing can be trained under no_grad(): it records no graph")


@contextmanager
def training_mode(network: Any) -> Iterator[None]:
    """Put a Module in training mode, and back into the mode it was in."""
    before = getattr(network, "training", True)
    if isinstance(network, Module):
        network.train()
    try:
        yield
    finally:
        if not before:
            network.eval()
