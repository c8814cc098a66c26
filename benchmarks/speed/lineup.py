"""Who takes part in the contest: a row for each, which is a process of its own."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.speed.ours import BOUND, EAGER, OURS


class Rival(NamedTuple):
    """Somebody who computes workloads.

    Attributes: `title`, in tables; `name`, for `--without`; `module`, and in it `makers`, the table
    of what it computes; `packages`, whose versions are printed; `threaded`, whether it can use
    more threads than one; `summed`, whether it returns the sum of many values, and not each.
    """

    title: str
    name: str
    module: str
    makers: str = "MAKERS"
    packages: tuple[str, ...] = ()
    threaded: bool = False
    summed: bool = False


def by(name: str) -> str:
    """Return the module of a rival."""
    return f"benchmarks.speed.rivals.by_{name}"


OURSELVES = Rival(OURS, "ours", by("chainrule"), "CALLED", ("numpy", "llvmlite"), True, True)
RIVALS = (
    OURSELVES,
    OURSELVES._replace(title=BOUND, name="bound", makers="BOUND"),
    Rival("C, loops", "c", by("c"), packages=("gcc",)),
    Rival("C, vectors and tiles", "c-vectors", by("c_vectors"), packages=("gcc",), threaded=True),
    Rival("NumPy", "numpy", by("numpy"), packages=("numpy", "scipy"), threaded=True),
    Rival("NumPy, out=", "numpy-out", by("numpy_out"), packages=("numpy", "scipy"), threaded=True),
    Rival("Numba by hand", "numba", by("numba"), packages=("numba", "llvmlite"), threaded=True),
    Rival("JAX", "jax", by("jax"), "CALLED", ("jax", "jaxlib"), True),
    Rival("JAX in lax.scan", "jax-scan", by("jax"), "SCANNED", ("jax", "jaxlib"), True),
    Rival("PyTorch", "torch", by("torch"), "MAKERS", ("torch",), True),
    Rival("torch.compile", "torch-compile", by("torch"), "COMPILED", ("torch",), True),
    Rival("CasADi, machine", "casadi", by("casadi"), "MAKERS", ("casadi",), True),
    Rival("CasADi, C", "casadi-c", by("casadi"), "COMPILED", ("casadi", "gcc"), True),
    Rival("ddx", "ddx", by("ddx"), "CALLED", ("ddx-ad",)),
    Rival("ddx, bound", "ddx-bound", by("ddx"), "BOUND", ("ddx-ad",)),
    Rival(EAGER, "eager", by("chainrule"), "EAGER", ("numpy",)),
)
# Our second engine takes part where it is asked for.
BY_NUMPY = OURSELVES._replace(
    title="chainrule, numpy engine", name="numpy-engine", makers="BY_NUMPY"
)
NAMES = {rival.name: rival for rival in (*RIVALS, BY_NUMPY)}


def lineup(only: list[str], without: list[str], with_numpy: bool) -> list[Rival]:
    """Return those who take part; we always do, as all numbers are compared with ours."""
    rivals = [*RIVALS, *([BY_NUMPY] if with_numpy else [])]
    chosen = [rival for rival in rivals if not only or rival.name in only or rival is OURSELVES]
    return [rival for rival in chosen if rival.name not in without or rival is OURSELVES]
