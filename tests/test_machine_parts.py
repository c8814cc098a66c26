"""Parts of the machine by themselves: what makes it fast, and what few programs meet."""

import numpy as np
import pytest

import autograd
from autograd import Value, dot

pytest.importorskip("llvmlite")
from autograd.compile.machine import kernels, llvm_engine  # noqa: E402
from autograd.compile.machine.llvm_engine import CACHE_BYTES, MIN_LANES, consecutive  # noqa: E402


def layer(inputs, units):
    """Return the engine of a layer without biases, as it is run for gradients."""
    weights = [[Value(0.01 * (i - j)) for j in range(inputs)] for i in range(units)]
    compiled = autograd.compile(
        lambda xs: sum(dot(row, xs).tanh() for row in weights),
        [w for row in weights for w in row],
        ([0.5] * inputs,),
        engine="llvm",
    )
    compiled.value_and_grad(np.ones((3, inputs)))
    (engine,) = compiled.specializations[0].engines.values()
    return engine


def test_a_block_has_as_many_lanes_as_fast_memory_holds_but_whole_vectors():
    engine = layer(400, 20)
    each = 2 * 8 * engine.program.slots  # bytes of values and adjoints
    lanes = engine.block(4096)
    assert MIN_LANES < lanes < 512 and lanes % MIN_LANES == 0
    assert CACHE_BYTES / 2 < lanes * each <= CACHE_BYTES
    assert engine.block(3) == 3
    assert layer(3, 4).block(4096) == 512


def test_a_product_whose_numbers_stand_in_order_reads_no_tables():
    (step,) = [code for code in layer(5, 4).code if code[kernels.FORWARD] == fixed("matrix")]
    assert step[kernels.WEIGHTS : kernels.WEIGHT_COLUMN + 1].tolist() == [0, 5, 1]
    assert step[kernels.INPUTS] == 0
    assert consecutive(np.array([7])) and consecutive(np.array([3, 4, 5]))
    assert not consecutive(np.array([3, 5, 4])) and not consecutive(np.array([3, 5, 5]))


def fixed(name):
    """Return the address of the forward kernel of an instruction."""
    return llvm_engine.codegen.fixed(getattr(kernels, f"{name}_forward"), "float64")
