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
Function = Callable[..., Any]


def global_generators(reach: Reach) -> dict[str, Any]:
    """Return the generator of `random`, and that of NumPy where it is loaded, or may be."""
    codes = reach.codes.values()
    is_named = any("random" in code.co_names for code in codes)
    if is_named and "numpy" in sys.modules:
        # NumPy loads it when it is first used.
        importlib.import_module("numpy.random")
    found = {}
    for name in ("random", "numpy.random"):
        module = sys.modules.get(name)
        if module is not None:
            # A function of the module is a method of its generator.
            found[name] = module.random.__self__
    return found


def state_of(generator: Any) -> Any:
    """Return what the next random number depends on."""
    if isinstance(generator, random.Random):
        return generator.getstate()
    if hasattr(generator, "bit_generator"):
        generator = generator.bit_generator
    if hasattr(generator, "random_raw"):
        return plain(generator.state)
    return plain(generator.get_state(legacy=False))


def plain(x: object) -> Any:
    """Return a state of NumPy's with bytes in place of arrays, which cannot be compared."""
    if isinstance(x, dict):
        return {name: plain(part) for name, part in x.items()}
    return x.tobytes() if hasattr(x, "tobytes") else x


def states(reach: Reach) -> list[State]:
    """Return the generators that a function may draw from, each with its state."""
    everywhere = global_generators(reach).values()
    found = [*everywhere, *reach.generators.values()]
    # A function may reach a global one by a name of its own.
    once = {id(x): x for x in found}
    return [(x, state_of(x)) for x in once.values()]


def drawn(reach: Reach, before: list[State]) -> Any:
    """Return a generator whose state is no longer what it was; None where there is none."""
    for generator, state in before:
        if state_of(generator) != state:
            return generator
    return None


# Generators that a function makes itself: with a seed they draw the same in every call, and so does
# the compiled code; without one they ask the system, which is refused.


def refuse_system() -> None:
    """Refuse to draw from the system."""
    refuse(
        "a function that is being traced asks the system for random numbers: they would be the same"
        " in every sample and in every call; draw them outside, and pass them in as an input",
        RuntimeError,
    )


def seeded(usual: Function, *args: object, **options: object) -> Any:
    """Make or seed a generator; in a trace only with a seed."""
    given = [*args, *options.values()]
    has_seed = any(x is not None and not isinstance(x, random.Random) for x in given)
    if tracing() and not has_seed:
        refuse_system()
    return usual(*args, **options)


def unseeded(usual: Function, *args: object, **options: object) -> Any:
    """Draw from the system; not in a trace."""
    if tracing():
        refuse_system()
    return usual(*args, **options)


def in_traces() -> list[tuple[Any, str, Any]]:
    """Return what asks the system for random numbers: where that is, and what it is in a trace."""
    places: list[tuple[Any, str, Function]] = [
        (random.Random, "seed", seeded),
        (random.SystemRandom, "random", unseeded),
        (random.SystemRandom, "getrandbits", unseeded),
        (os, "urandom", unseeded),
    ]
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random:
        places.append((numpy_random, "default_rng", seeded))
    changes: list[tuple[Any, str, Function]] = []
    for owner, name, ours in places:
        usual = vars(owner)[name]
        way = partialmethod_of if isinstance(owner, type) else partial
        change = way(ours, usual)
        changes.append((owner, name, change))
    return changes


def partialmethod_of(ours: Function, usual: Function) -> Function:
    """Return a method that hands a bound method to a function."""

    @wraps(usual)
    def method(self: object, *args: object, **options: object) -> Any:
        bound = partial(usual, self)
        return ours(bound, *args, **options)

    return method


def label_of(generator: object, reach: Reach) -> str:
    """Return what a message calls a generator."""
    everywhere = global_generators(reach)
    known = {id(x): name for name, x in everywhere.items()}
    return known.get(id(generator)) or reach.names[id(generator)]


def complaint(function: Callable[..., Any], generator: object, reach: Reach) -> str:
    """Return what a message says of a function that draws from a generator."""
    keys = [id(generator)]
    # Its methods, which the function may have under names of their own.
    for key, found in reach.met.items():
        if getattr(found, "__self__", None) is generator:
            keys.append(key)
    texts = [reach.names[key] for key in keys if key in reach.names]
    names = [text.rpartition(".")[2] for text in texts]
    line = next(reach.lines_with(names), None)
    where = f" ({line})" if line else ""
    others = ", or another thread did," if threading.active_count() > 1 else ""
    return (
        f"{name_of(function)} drew random numbers from"
        f" {label_of(generator, reach)}{where}{others} while it was traced: they would be the same"
        " in every sample and in every call; draw them outside, and pass them in as an input"
    )
