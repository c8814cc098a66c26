"""Machine code that is generated quickly: the same text in LLVM's language, and less thought."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import llvmlite.binding as llvm

from autograd.compile.machine import kept, objects


@contextmanager
def quick_code(quick: bool = True) -> Iterator[None]:
    """Have object code kept nowhere, and generated in a third of the time, within the block.

    LLVM has a second code generator, for unoptimised programs. What its passes do before is left
    as it is: kernels of loops are still vectorised.
    """
    objects.engine()  # has to be there before, with a generator of its own
    with mock.patch.object(kept, "folder", lambda: None):
        if quick:
            target = llvm.Target.from_default_triple()
            features = llvm.get_host_cpu_features().flatten()
            machine = target.create_target_machine(llvm.get_host_cpu_name(), features, 0)
            with mock.patch.object(objects, "target_machine", lambda: machine):
                yield
        else:
            yield
