"""Random numbers that a function draws while it is traced: they would be the same for ever.

>>> import random
>>> def noisy(x):
...     return x + random.gauss(0.0, 1.0)
>>> reach = Reach(noisy)
>>> before = states(reach)
>>> drawn(reach, before)
>>> noise = noisy(1.0)
>>> label_of(drawn(reach, before), reach)
'random'
"""

from __future__ import annotations

import importlib
import os
import random
import sys
import threading
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from autograd.compile.tracing.reach import Reach, name_of
from autograd.compile.tracing.tracers import refuse
from autograd.modes import tracing

# A generator, and what its next number depends on.
State = tuple[Any, Any]


def global_generators(reach: Reach) -> dict[str, Any]:
    """Return the generator of `random`, and that of NumPy where it is loaded, or may be."""
    if "numpy" in sys.modules and any("random" in x.co_names for x in reach.codes.values()):
        # NumPy loads it when it is first used.
        importlib.import_module("numpy.random")
    modules = {name: sys.modules.get(name) for name in ("random", "numpy.random")}
    return {name: x.random.__self__ for name, x in modules.items() if x is not None}


def state_of(generator: Any) -> Any:
    """Return what the next random number depends on."""
    if isinstance(generator, random.Random):
        return generator.getstate()
    if hasattr(generator, "bit_generator"):
        generator = generator.bit_generator
    if hasattr(generator, "random_raw"):
        return plain(generator.state)
    return plain(generator.get_state(legacy=False))


def plain(x: Any) -> Any:
    """Return a state of NumPy's with bytes in place of arrays, which cannot be compared."""
    if isinstance(x, dict):
        return {name: plain(part) for name, part in x.items()}
    return x.tobytes() if hasattr(x, "tobytes") else x


def states(reach: Reach) -> list[State]:
    """Return the generators that a function may draw from, each with its state."""
    found = [*global_generators(reach).values(), *reach.generators.values()]
    return [(x, state_of(x)) for x in {id(x): x for x in found}.values()]


def drawn(reach: Reach, before: list[State]) -> Any:
    """Return a generator whose state is no longer what it was; None where there is none."""
    return next((x for x, state in before if state_of(x) != state), None)


# Generators that a function makes itself: with a seed they draw the same in every call, and so does
# the compiled code; without one they ask the system, which is refused.


def refuse_system() -> None:
    """Refuse to draw from the system."""
    refuse(
        "a function that is being traced asks the system for random numbers: they would be the same"
        " in every sample and in every call; draw them outside, and pass them in as an input",
        RuntimeError,
    )


def seeded(usual: Any, *args: Any, **options: Any) -> Any:
    """Make or seed a generator; in a trace only with a seed."""
    given = [*args, *options.values()]
    if tracing() and all(x is None or isinstance(x, random.Random) for x in given):
        refuse_system()
    return usual(*args, **options)


def unseeded(usual: Any, *args: Any, **options: Any) -> Any:
    """Draw from the system; not in a trace."""
    if tracing():
        refuse_system()
    return usual(*args, **options)


def in_traces() -> list[tuple[Any, str, Any]]:
    """Return what asks the system for random numbers: where that is, and what it is in a trace."""
    places: list[tuple[Any, str, Any]] = [
        (random.Random, "seed", seeded),
        (random.SystemRandom, "random", unseeded),
        (random.SystemRandom, "getrandbits", unseeded),
        (os, "urandom", unseeded),
    ]
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random:
        places.append((numpy_random, "default_rng", seeded))
    return [
        (owner, name, (partialmethod_of if isinstance(owner, type) else partial)(ours, usual))
        for owner, name, ours in places
        for usual in [vars(owner)[name]]
    ]


def partialmethod_of(ours: Any, usual: Any) -> Any:
    """Return a method that hands a bound method to a function."""

    @wraps(usual)
    def method(self: Any, *args: Any, **options: Any) -> Any:
        return ours(partial(usual, self), *args, **options)

    return method


def label_of(generator: Any, reach: Reach) -> str:
    """Return what a message calls a generator."""
    known = {id(x): name for name, x in global_generators(reach).items()}
    return known.get(id(generator)) or reach.names[id(generator)]


def complaint(function: Callable[..., Any], generator: Any, reach: Reach) -> str:
    """Return what a message says of a function that draws from a generator."""
    own = [x for x, found in reach.met.items() if getattr(found, "__self__", None) is generator]
    names = {reach.names[x].rpartition(".")[2] for x in (*own, id(generator)) if x in reach.names}
    line = next(reach.lines_with(names), None)
    where = f" ({line})" if line else ""
    others = ", or another thread did," if threading.active_count() > 1 else ""
    return (
        f"{name_of(function)} drew random numbers from"
        f" {label_of(generator, reach)}{where}{others} while it was traced: they would be the same"
        " in every sample and in every call; draw them outside, and pass them in as an input"
    )
