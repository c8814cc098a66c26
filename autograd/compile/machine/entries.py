"""Calls of small programs without a detour: a function of C's that Python calls like its own.

`ctypes` takes longer to call a function than a small program takes to run. An `entry` is machine
code with the conventions of CPython's own builtin functions: it looks whether each argument is the
array that is expected, copies it to where the program reads it, runs the machine, and returns new
objects. Whatever is not as usual it leaves to Python. It holds Python's lock all the while, so only
programs that are over soon have one.

An entry is data for one kernel, as a program is for the machine: a table of integers, which holds
addresses of functions of CPython and NumPy and of a job's arrays.
"""

from __future__ import annotations

import ctypes
import importlib
import sys
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compile.lower.program import WANT_INPUTS
from autograd.compile.machine import objects
from autograd.compile.machine.intrinsics import (
    Integers,
    address_of,
    as_code,
    as_doubles,
    as_floats,
    as_shorts,
    called,
    shift,
)
from autograd.compile.machine.ir import INTEGER, POINTER
from autograd.compile.machine.translate import Module
from autograd.compile.sources import source_of

if TYPE_CHECKING:
    from autograd.compile.batches import Part as Columns
    from autograd.compile.machine.workspace import Job

Array = np.ndarray[Any, Any]

# The words of an array as CPython and NumPy lay it out, which NumPy promises to keep; of a float
# the second is the number. The low halves of two count: the number of axes, and the flags.
TYPE = 1
DATA = 2
AXES = 3
SHAPE = 4
DESCRIPTION = 7
FLAGS = 8
LOW_HALF = 0xFFFFFFFF
# Of the flags: consecutive in memory, and aligned.
PLAIN = 0x101

# The fields of an entry.
MACHINE, JOB, TABLES, SHARED, TOTAL, STEP, ITEM_SIZE = range(7)
ARRAY_TYPE, NUMBER_TYPE, TYPE_NUMBER = range(7, 10)
NEW_ARRAY, NEW_FLOAT, NEW_BOOL, NEW_TUPLE, SET_ITEM, LET_GO = range(10, 16)
ARGUMENTS, RESULTS, HAS_TOTAL = range(16, 19)
ENTRY_FIELDS = 19
# The fields of a part, which is an argument or a result: where its first number stands, how far
# rows are apart there, its rows, the numbers of a row, its axes and where their lengths are listed.
PLACE, STRIDE, ROWS, COLUMNS, PART_AXES, LENGTHS = range(6)
PART_FIELDS = 6
# What an entry that has no results tells, as False and True.
REFUSED = 0
RAN = 1

# A function of C's that is called with an array of arguments and their number.
TAKES_ARRAY = 0x80
# In NumPy's table of functions.
NEW_ARRAY_PLACE = 93
# Operations of a program that may hold Python's lock.
MOST_WORK = 2**17


def entry(context: Integers, arguments: Integers, count: int) -> Any:
    """Run a job on arrays; arguments and result are those of a builtin function of CPython's.

    Returns a float, if there are no other results, or a tuple; False where an argument is not as
    expected, and True where the machine has an answer that Python has to look at.
    """
    fields = as_code(context[DATA])
    arrays = fields[ARGUMENTS]
    steps = fields[STEP] != 0
    if count != arrays + steps:
        return called(fields[NEW_BOOL], REFUSED)
    for i in range(arrays):
        array = as_code(arguments[i])
        part = shift(fields, ENTRY_FIELDS + i * PART_FIELDS)
        if not is_as_expected(fields, part, array):
            return called(fields[NEW_BOOL], REFUSED)
        copy(fields, part[PLACE], part[STRIDE], array[DATA], part[COLUMNS], part)
    if steps:
        set_step(fields, as_doubles(arguments[arrays])[DATA])
    if called(fields[MACHINE], fields[JOB], fields[TABLES], fields[SHARED]) != 0:
        return called(fields[NEW_BOOL], RAN)
    return results_of(fields)


def set_step(fields: Integers, step_size: float) -> None:
    """Have the machine move the parameters; a step of no size is none to it."""
    if fields[ITEM_SIZE] == 8:
        as_doubles(fields[STEP])[0] = step_size
    else:
        as_floats(fields[STEP])[0] = step_size


def is_as_expected(fields: Integers, part: Integers, array: Integers) -> Any:
    """Tell whether an argument is a plain array of the right shape and type."""
    if array[TYPE] != fields[ARRAY_TYPE]:
        return False
    axes = part[PART_AXES]
    if array[AXES] & LOW_HALF != axes or array[DESCRIPTION] != fields[NUMBER_TYPE]:
        return False
    lengths = shift(fields, part[LENGTHS])
    shape = as_code(array[SHAPE])
    for axis in range(axes):
        if shape[axis] != lengths[axis]:
            return False
    return array[FLAGS] & PLAIN == PLAIN


def copy(
    fields: Integers, to: int, to_stride: int, start: int, stride: int, part: Integers
) -> None:
    """Copy the rows of a part from one place to another."""
    rows = part[ROWS]
    columns = part[COLUMNS]
    if fields[ITEM_SIZE] == 8:
        copy_rows(as_code(to), to_stride, as_code(start), stride, rows, columns)
    else:
        copy_rows(as_shorts(to), to_stride, as_shorts(start), stride, rows, columns)


def copy_rows(
    to: Integers, to_stride: int, start: Integers, stride: int, rows: int, columns: int
) -> None:
    """Copy rows of numbers, bit by bit."""
    for row in range(rows):
        for column in range(columns):
            to[row * to_stride + column] = start[row * stride + column]


def results_of(fields: Integers) -> Any:
    """Return the objects that the caller gets; 0 where there is no memory left for them."""
    if fields[RESULTS] == 0:
        return total_of(fields)
    before = fields[HAS_TOTAL]
    found = called(fields[NEW_TUPLE], before + fields[RESULTS])
    if found == 0:
        return 0
    if before != 0:
        total = total_of(fields)
        if total == 0:
            called(fields[LET_GO], found)
            return 0
        called(fields[SET_ITEM], found, 0, total)
    for i in range(fields[RESULTS]):
        part = shift(fields, ENTRY_FIELDS + (fields[ARGUMENTS] + i) * PART_FIELDS)
        lengths = address_of(shift(fields, part[LENGTHS]))
        kind = fields[ARRAY_TYPE]
        number = fields[TYPE_NUMBER]
        array = called(fields[NEW_ARRAY], kind, part[PART_AXES], lengths, number, 0, 0, 0, 0, 0)
        if array == 0:
            called(fields[LET_GO], found)
            return 0
        copy(fields, as_code(array)[DATA], part[COLUMNS], part[PLACE], part[STRIDE], part)
        called(fields[SET_ITEM], found, before + i, array)
    return found


def total_of(fields: Integers) -> Any:
    """Return a new float."""
    if fields[ITEM_SIZE] == 8:
        return called(fields[NEW_FLOAT], as_doubles(fields[TOTAL])[0])
    return called(fields[NEW_FLOAT], as_floats(fields[TOTAL])[0] + 0.0)


class MethodDefinition(ctypes.Structure):
    """CPython's description of a builtin function."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


@cache
def definition() -> MethodDefinition:
    """Return the description of `entry`, compiled."""

    def write() -> str:
        source = source_of(entry)
        integers = POINTER, INTEGER
        types: list[str | tuple[str, str]] = [integers, integers, INTEGER]
        module = Module().with_function("entry", source, types)
        return module.text()

    (address,) = objects.loaded("the kernel entry", write, ["entry"])
    return MethodDefinition(b"entry", address, TAKES_ARRAY, None)


@cache
def functions() -> list[int]:
    """Return the addresses of what an entry calls, in the order of its fields."""
    names = "PyFloat_FromDouble", "PyBool_FromLong", "PyTuple_New", "PyTuple_SetItem", "Py_DecRef"
    api = ctypes.pythonapi
    own = [getattr(api, name) for name in names]
    pointers = [ctypes.cast(function, ctypes.c_void_p) for function in own]
    # NumPy's functions stand in a table, which a capsule holds.
    pointer_in = api.PyCapsule_GetPointer
    pointer_in.restype = ctypes.c_void_p
    pointer_in.argtypes = [ctypes.py_object, ctypes.c_char_p]
    capsule = numpy_core()._ARRAY_API
    table = pointer_in(capsule, None)
    place = table + NEW_ARRAY_PLACE * 8
    new_array = ctypes.c_void_p.from_address(place)
    in_order = [new_array, *pointers]
    return [pointer.value or 0 for pointer in in_order]


def numpy_core() -> Any:
    """Return the module of NumPy's that has its table of functions for C."""
    try:
        return importlib.import_module("numpy._core._multiarray_umath")
    except ModuleNotFoundError:
        # It was called so before NumPy 2.
        return importlib.import_module("numpy.core._multiarray_umath")


@cache
def is_possible() -> bool:
    """Tell whether arrays lie in memory as an entry reads them.

    They do in CPython on usual machines, where Python's lock is not left out.
    """
    if sys.implementation.name != "cpython" or object.__basicsize__ != DATA * 8:
        return False
    # An array that is known is looked at as an entry does, and one that is not plain.
    shape = 2, 3
    array = np.zeros(shape)
    turned = array.T
    words = words_at(id(array), FLAGS + 1)
    turned_words = words_at(id(turned), FLAGS + 1)
    axes = words[AXES] & LOW_HALF
    lengths = words_at(words[SHAPE], axes) if axes == len(shape) else []
    found = [words[TYPE], words[DATA], words[DESCRIPTION], *lengths]
    known = [id(np.ndarray), array.ctypes.data, id(array.dtype), *shape]
    is_plain = words[FLAGS] & PLAIN == PLAIN
    is_turned = turned_words[FLAGS] & PLAIN != PLAIN
    return found == known and is_plain and is_turned


def words_at(address: int, count: int) -> list[int]:
    """Return the integers of 64 bits that stand at an address."""
    words = (ctypes.c_int64 * count).from_address(address)
    return list(words)


class Part:
    """An argument or a result of an entry.

    Args:
        numbers: where it is read or written, rows x numbers, each row consecutive.
        shape: of the array that is passed or returned, with as many numbers in the same order.
    """

    def __init__(self, numbers: Array, shape: Sequence[int]) -> None:
        self.numbers = numbers
        self.shape = tuple(shape)

    def fields(self, lengths: int) -> list[int]:
        """Return the part as integers, its shape being listed from a place on."""
        numbers = self.numbers
        rows, columns = numbers.shape
        row_bytes, _ = numbers.strides
        stride = row_bytes // numbers.itemsize
        place = numbers.ctypes.data
        return [place, stride, rows, columns, len(self.shape), lengths]


class Entry:
    """A function of the arrays of a batch, `call`, that runs a job of its own.

    Args:
        parts: of the batch, an array for each argument.
        steps: whether it moves the parameters down the gradient; the size of the step, which has to
            be a float, is one more argument then, and the total is the result.
        copies: whether it returns gradients, or outputs if none are wanted, beside the total.
    """

    def __init__(self, job: Job, parts: Sequence[Columns], steps: bool, copies: bool) -> None:
        self.job = job
        samples = len(job.rows)
        arguments = [part_of(job.rows, part, samples) for part in parts]
        results = self.results(parts) if copies and not steps else []
        # A step from or to what is not finite is left to Python.
        job.step[1] = 1.0
        self.context = context_of(job, steps, arguments, results)
        make = ctypes.pythonapi.PyCFunction_NewEx
        make.restype = ctypes.py_object
        make.argtypes = [ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p]
        address = ctypes.addressof(definition())
        self.call: Any = make(address, self.context, None)

    def results(self, parts: Sequence[Columns]) -> list[Part]:
        """Return what is copied to arrays: outputs, or gradient and slopes."""
        job = self.job
        if not job.wanted:
            columns = job.outputs.T
            shape = columns.shape
            # A single output has no axis of its own.
            is_single = len(columns) == 1
            part = Part(columns, shape[1:] if is_single else shape)
            return [part]
        _, parameters = job.gradients.shape
        found = [Part(job.gradients, [parameters])]
        if job.wanted & WANT_INPUTS:
            samples = len(job.rows)
            found += [part_of(job.slopes, part, samples) for part in parts]
        return found


def part_of(rows: Array, part: Columns, samples: int) -> Part:
    """Return the part of an argument in the rows of a job, or in those of its slopes."""
    numbers = rows[:, part.start : part.stop]
    return Part(numbers, (samples, *part.shape))


def context_of(job: Job, steps: bool, arguments: Sequence[Part], results: Sequence[Part]) -> Array:
    """Return the fields of an entry, those of its parts, and their shapes."""
    dtype = job.total.dtype
    total = job.total.ctypes.data
    step = job.step.ctypes.data if steps else 0
    fields = [job.engine.machine, *job.addresses, total, step, dtype.itemsize]
    fields += [id(np.ndarray), id(dtype), dtype.num]
    fields += functions()
    has_total = int(bool(job.wanted))
    fields += [len(arguments), len(results), has_total]
    # Shapes have any length, so they stand behind all parts, which tell where.
    parts = [*arguments, *results]
    lengths: list[int] = []
    first_length = ENTRY_FIELDS + len(parts) * PART_FIELDS
    for part in parts:
        place = first_length + len(lengths)
        fields += part.fields(place)
        lengths += part.shape
    return np.array([*fields, *lengths], np.int64)
