"""The compiler: scalar Python in, array speed out.

`autograd.compile(function, parameters=..., example=...)` runs a function once on Values, keeps the
tape, recovers the inner products and matrices hidden in it, and runs them on whole batches:

>>> import autograd
>>> from autograd import Value
>>> w = [Value(0.5), Value(-1.0)]
>>> def loss(xs, y):
...     return (sum(wi * xi for wi, xi in zip(w, xs)) - y) ** 2
>>> fast = autograd.compile(loss, parameters=w, example=([0.0, 0.0], 0.0))
>>> fast.value_and_grad([[1.0, 2.0], [3.0, 4.0]], [0.0, 1.0])
(7.25, array([-12., -17.]))

Read in this order: `tracing` (from a function to a tape; how the table's rules are read), `lower`
(from the tape to a program of few instructions), `reference` (the engine that needs NumPy alone),
`machine` (the engine of compiled kernels), `batches` and `report`, `compiled` (the API), and
`labels` (the same for arguments that are plain numbers).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from autograd.compile.branches import GuardError
    from autograd.compile.compiled import Compiled
    from autograd.compile.labels import CompiledByLabel

__all__ = ["Compiled", "CompiledByLabel", "GuardError"]

Places = tuple[int, ...]


class CallableModule(ModuleType):
    """This package, which is also the function: `autograd.compile(...)` makes a `Compiled`.

    NumPy is imported when something that needs it is asked for: `javascript` does not.
    """

    @overload
    def __call__(
        self, function: Callable[..., Any], *args: Any, static: tuple[()] = (), **settings: Any
    ) -> Compiled: ...

    @overload
    def __call__(
        self, function: Callable[..., Any], *args: Any, static: int | Places, **settings: Any
    ) -> CompiledByLabel: ...

    def __call__(
        self, function: Callable[..., Any], *args: Any, static: Any = (), **settings: Any
    ) -> Compiled | CompiledByLabel:
        """Return the compiled function, see `Compiled`; with `static`, see `CompiledByLabel`."""
        if static == ():
            return self.Compiled(function, *args, **settings)  # type: ignore[no-any-return]
        return self.CompiledByLabel(  # type: ignore[no-any-return]
            function, *args, static=static, **settings
        )

    def __getattr__(self, name: str) -> Any:
        """Return a name of the API.

        Raises: ImportError, with the line to install NumPy, where it is missing.
        """
        if name not in __all__:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        try:
            import numpy  # noqa: F401
        except ImportError as error:
            raise ImportError(
                'autograd.compile needs NumPy: pip install "chainrule[compile]"'
            ) from error
        from autograd.compile.branches import GuardError
        from autograd.compile.compiled import Compiled
        from autograd.compile.labels import CompiledByLabel

        found = {"Compiled": Compiled, "CompiledByLabel": CompiledByLabel, "GuardError": GuardError}
        return found[name]


sys.modules[__name__].__class__ = CallableModule
