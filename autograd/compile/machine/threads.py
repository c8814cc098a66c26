"""Threads that share the work of a large matrix product, when the machine calls for them.

The machine writes down what is to be multiplied and calls back; each thread computes some rows,
outside Python's lock. Which rows makes no difference to any sum, so no bit depends on how many
threads there are. They live no longer than the product, so a process that forks has none to lose.
"""

from __future__ import annotations

import ctypes
from threading import Thread

import numpy as np

from autograd.compile.machine import codegen, kernels

# Of a task: see `share_product`.
TASK_FIELDS = 11


class ThreadTeam:
    """So many threads, to be called by address; what goes wrong is appended to `failures`."""

    def __init__(self, threads: int, dtype: str, failures: list[BaseException]) -> None:
        self.threads = threads
        self.failures = failures
        self.task = np.zeros(TASK_FIELDS, np.int64)
        self.itemsize = np.dtype(dtype).itemsize
        address = codegen.fixed(kernels.product, dtype)
        fields = [ctypes.c_int64] * TASK_FIELDS
        product = ctypes.CFUNCTYPE(None, *fields)
        task = ctypes.CFUNCTYPE(None)
        self.product = product(address)
        self.function = task(self.multiply)
        pointer = ctypes.cast(self.function, ctypes.c_void_p)
        self.address = pointer.value or 0
        self.place: int = self.task.ctypes.data

    def part(self, number: int) -> None:
        """Compute one thread's rows of the product."""
        out, out_row, left, left_row, *between, rows, terms, columns, fresh = self.task.tolist()
        first = rows * number // self.threads
        stop = rows * (number + 1) // self.threads
        # Addresses count bytes, strides count numbers.
        out += first * out_row * self.itemsize
        left += first * left_row * self.itemsize
        own_rows = stop - first
        self.product(out, out_row, left, left_row, *between, own_rows, terms, columns, fresh)

    def multiply(self) -> None:
        """Compute the product, and return when all rows are there, whatever happens."""
        numbers = range(1, self.threads)
        others = [Thread(target=self.part, args=(number,)) for number in numbers]
        # C cannot pass an exception on.
        try:
            for thread in others:
                thread.start()
            self.part(0)
        except BaseException as error:
            self.failures.append(error)
        while others:
            self.wait(others)

    def wait(self, others: list[Thread]) -> None:
        """Wait for threads, and take those off the list that are done; Ctrl-C has to wait too."""
        try:
            while others:
                if others[-1].ident is not None:
                    others[-1].join()
                others.pop()
        except BaseException as error:
            self.failures.append(error)
