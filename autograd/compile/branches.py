"""A batch whose samples branch differently: each is run by the trace that fits it.

A trace holds for the samples whose guards have the truths that it met. The engine that computes
decides that, not another one: two engines may round a sum differently, and then a sample would
belong to both sides of a branch, or to neither. Its programs are asked for the rows of their
guards, which have the bits that a run on the same samples has.

A run on fewer samples, or another trace's program, may still add up in another order: a product of
matrices does, of one sample or as part of a larger one. So each run looks at its guards again, and
samples that fail leave it. A sample that fits no trace in this way lies on the border of a branch,
to the last bit. It is run by itself, by programs in which the bits of a row depend on nothing but
its expression: there a branch is taken or not, for all traces alike, and a trace that is missing is
told which way to take.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from autograd.compile.batches import Array
from autograd.compile.jobs import Engine, Job
from autograd.compile.lower.lowering import FAST, PLAIN

if TYPE_CHECKING:
    from autograd.compile.compiled import CombinedJob, Compiled, Specialization

# Traces that one batch may need, and that are kept beside the first.
MAX_SPECIALIZATIONS = 64


class GuardError(ValueError):
    """A sample for which the function takes another branch than the one that was traced."""


def missed_guards(engine: Engine, rows: Array, wanted: int) -> Array:
    """Tell for samples x guards of an engine's program which have not the truth that was traced."""
    guards = engine.program.guards
    if not guards:
        return np.zeros((len(rows), 0), bool)
    truths = np.array([guard.truth for guard in guards], bool)
    numbers = engine.probe(rows, [guard.row for guard in guards], wanted)
    missed: Array = (numbers != 0) != truths
    return missed


class BranchedBatch:
    """One call for a batch.

    Args:
        compiled: whose specializations are used; more are traced where they are needed.
        whole: the `CombinedJob` that takes the results; its rows are the samples.
        wanted, weights: of the outputs, as all jobs of the batch have them.
    """

    def __init__(self, compiled: Compiled, whole: CombinedJob, wanted: int, weights: Array) -> None:
        self.compiled = compiled
        self.whole = whole
        self.wanted = wanted
        self.weights = weights
        self.rows: Array = whole.rows
        # Those that samples of this batch went by.
        self.used: list[Specialization] = []

    def run(self) -> None:
        """Run all samples.

        Raises: GuardError: so many traces as one batch may need do not cover it.
        """
        rest = np.arange(len(self.rows))
        # Traces that there are come first: to trace again costs most.
        for specialization in list(self.compiled.specializations):
            if rest.size:
                rest = self.run_by(specialization, rest)
        # Whether a sample was found at the border of a branch.
        ties = False
        while rest.size:
            first = rest[:1]
            if ties and self.run_plainly(first) is None:
                rest = rest[1:]
                continue
            # The trace at one sample may fit many others.
            specialization = self.traced_at(first[0])
            rest = self.run_by(specialization, rest)
            if specialization not in self.used:
                self.compiled.specializations.remove(specialization)
            # Even the trace at the sample does not fit it.
            if rest.size and rest[0] == first[0]:
                ties = True
                self.run_at_the_border(first)
                rest = rest[1:]

    def run_by(self, specialization: Specialization, samples: Array) -> Array:
        """Run those samples that a specialization fits, and return the others."""
        engine = self.engine(specialization, FAST)
        chosen = samples[self.fitting(engine, samples)]
        while chosen.size:
            job, answer = self.job(engine, chosen)
            if answer >= 0:
                self.take(specialization, job, answer, chosen)
                return samples[~np.isin(samples, chosen)]
            # On fewer samples a sum may round differently, and a guard fail that held before.
            stays = self.fitting(engine, chosen)
            stays[-answer - 1] = False
            chosen = chosen[stays]
        return samples

    def engine(self, specialization: Specialization, way: str) -> Engine:
        """Return an engine of a specialization, which has the current parameters."""
        specialization.catch_up_with(self.compiled.specializations[0])
        return specialization.engine(self.wanted, way)

    def fitting(self, engine: Engine, samples: Array) -> Array:
        """Tell for each sample whether its guards hold in a run on just these."""
        missed = missed_guards(engine, self.rows[samples], self.wanted)
        fits: Array = np.logical_not(np.any(missed, axis=1))
        return fits

    def job(self, engine: Engine, samples: Array) -> tuple[Job, int]:
        """Return the job of some samples, which has been run, and its answer."""
        job = engine.job(len(samples), self.wanted)
        job.rows[:] = self.rows[samples]
        job.seed[:] = self.weights
        return job, job.run()

    def take(
        self, specialization: Specialization, job: Job, answer: int, samples: Array, way: str = FAST
    ) -> None:
        """Take over the results of a job on some samples."""
        checked = self.compiled.checked(specialization, job, answer, samples, way)
        self.whole.take(samples, checked)
        if specialization not in self.used:
            self.used.append(specialization)
        self.compiled.calls += 1
        specialization.last_used = self.compiled.calls

    def traced_at(self, sample: int, truths: Sequence[bool] = ()) -> Specialization:
        """Return the function as a sample takes it, traced now and kept for later calls.

        Args: truths: of the first branches, where the engine has decided them already.
        """
        if len(self.used) >= MAX_SPECIALIZATIONS:
            raise GuardError(
                f"{MAX_SPECIALIZATIONS} traces do not cover this batch: its samples branch in more"
                " ways; write the function with where, maximum or clip instead of comparisons"
            )
        kept = self.compiled.specializations
        # The first one has the parameters, and what this batch uses is not dropped.
        idle = [x for x in kept[1:] if x not in self.used]
        if len(kept) > MAX_SPECIALIZATIONS and idle:
            kept.remove(min(idle, key=lambda x: x.last_used))
        specialization = self.compiled.traced_at(self.rows[sample], truths)
        kept.append(specialization)
        return specialization

    def run_at_the_border(self, sample: Array) -> None:
        """Run a sample, an array of one, for which every trace rounds a branch the other way.

        Raises: GuardError: no trace fits, however it is computed.
        """
        for _ in range(MAX_SPECIALIZATIONS):
            truths = self.run_plainly(sample)
            if truths is None:
                return
            self.traced_at(sample[0], truths)
        raise GuardError(
            f"sample {sample[0]} lies on the border of a branch, and rounding decides which way it"
            " takes; write where, maximum or clip instead of the comparison"
        )

    def run_plainly(self, sample: Array) -> list[bool] | None:
        """Run a sample by itself, by a trace that fits it where every row is computed by itself.

        Returns: None; or if there is no such trace the first branches that the sample takes, as
            many as any trace knows.
        """
        truths: list[bool] = []
        for specialization in self.compiled.specializations:
            engine = self.engine(specialization, PLAIN)
            guards = engine.program.guards
            missed = missed_guards(engine, self.rows[sample], self.wanted)[0]
            if not missed.any():
                job, answer = self.job(engine, sample)
                self.take(specialization, job, answer, sample, PLAIN)
                return None
            # Up to its first guard that fails, a trace knows which way the sample goes.
            agreed = int(missed.argmax())
            if agreed >= len(truths):
                truths = [guard.truth for guard in guards[:agreed]] + [not guards[agreed].truth]
        return truths
