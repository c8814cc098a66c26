"""Kernels of the primitives: source text, written from the rows of the table, and compiled.

The text holds names of the table's rows and numbers, never a name of the user's: a user's own
primitives are called, not compiled (`reference.own_primitives`).
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from types import ModuleType
from typing import Any

from numba import types
from numba.core.ccallback import CFunc
from numba.core.compiler_lock import global_compiler_lock
from numba.core.sigutils import normalize_signature

from autograd.compile.machine import kept, kernels
from autograd.compile.machine.functions import (
    INLINE,
    LIBM,
    NAMES,
    NEAR_FUNCTIONS,
    VECTOR,
    VECTORIZED,
)
from autograd.compile.machine.intrinsics import LANES
from autograd.compile.tracing.rules import ancestors, rules_of
from autograd.compile.tracing.tape import Tape
from autograd.primitive_type import Primitive, Variadic
from autograd.primitives import neg

ELEMENT_TYPES = {"float64": types.float64, "float32": types.float32}
NUMBA_OPTIONS: dict[str, Any] = {"error_model": "numpy"}
PATIENCE_SECONDS = 10.0  # of a fork while another thread compiles
MIN_NUMBERS_OF_VECTOR = 3  # so many are worth a vector that is filled up
INLINE_DECORATOR = "@njit(error_model='numpy', forceinline=True)"
IMPORTS = '''"""Kernels of a primitive, written by autograd.compile from its row of the table."""

from math import inf, nan

from numba import njit

from autograd.compile.machine.elementary import near
from autograd.compile.machine.functions import named, near_named
from autograd.compile.machine.kernels import COLUMNS, COUNT, OUT, TABLE, TERMS
from autograd.compile.machine.kernels import is_absent, pick, pick_in_order
from autograd.compile.machine.intrinsics import shift
'''


def kernel_signature(dtype: str) -> Any:
    """Return the type of a kernel."""
    number = types.CPointer(ELEMENT_TYPES[dtype])
    code, tables = types.CPointer(types.int64), types.CPointer(types.int32)
    return types.void(code, tables, *[number] * 5, types.int64)


def machine_signature(dtype: str) -> Any:
    """Return the type of the machine."""
    number, integers = types.CPointer(ELEMENT_TYPES[dtype]), types.CPointer(types.int64)
    return types.int64(integers, types.CPointer(types.int32), number)


def product_signature(dtype: str) -> Any:
    """Return the type of a product of matrices: out, left and right with strides, and sizes."""
    number, size = types.CPointer(ELEMENT_TYPES[dtype]), types.int64
    return types.void(number, size, number, size, size, number, *[size] * 5)


SIGNATURES = {kernels.machine: machine_signature, kernels.product: product_signature}


def machine_code(function: Callable[..., Any], signature: Any, name: str) -> Any:
    """Return a function compiled for C, from the cache folder if it was compiled before."""
    found: Any = CFunc(function, normalize_signature(signature), {}, NUMBA_OPTIONS)
    where = kept.folder()
    if where:
        found._cache = kept.KeptCode(where / name)
    found.compile()
    return found


@cache
def fixed(function: Callable[..., Any], dtype: str) -> Any:
    """Return a function of `kernels`, compiled."""
    signature = SIGNATURES.get(function, kernel_signature)
    return machine_code(function, signature(dtype), function.__name__)


@cache
def of_primitive(
    op: Primitive,
    arity: int,
    edges: tuple[bool, ...],
    optional: bool,
    dtype: str,
    functions: str = VECTOR,
) -> tuple[Any, Any]:
    """Return the forward and the backward kernel of a primitive; None where no edge leads back.

    Raises: TypeError, or an error of Numba's: the function or a rule cannot be compiled.
    """
    text = IMPORTS + "\n".join(Writer(functions).lines(op, arity, edges, optional)) + "\n"
    name, names = module_name(text), loaded(text)
    forward, backward = (
        machine_code(names[way], kernel_signature(dtype), f"{name}.{way}") if there else None
        for way, there in (("forward", True), ("backward", any(edges)))
    )
    return forward, backward


class Writer:
    """Writes the source text of the kernels of one row of the table.

    Attributes: `library`, whose elementary functions are called. Sine and cosine have kernels with
    a loop for operands that are all near.
    """

    def __init__(self, library: str) -> None:
        self.library = library
        self.functions: list[Primitive] = []

    def lines(
        self, op: Primitive, arity: int, edges: Sequence[bool], optional: bool = False
    ) -> Iterator[str]:
        """Yield the lines of a primitive's kernels."""
        variadic = isinstance(op, Variadic)
        names = ["xs", "count"] if variadic else [f"x{i}" for i in range(arity)]
        parents = [i for i, edge in enumerate(edges) if edge]
        rules = rules_of(op, arity, edges) if parents else Tape()
        ways = ["", "near_"] if op in NEAR_FUNCTIONS and self.library == VECTOR else [""]
        body: list[str] = []
        for way in ways:
            body += self.body(op, names, rules, parents, optional, way)
        yield ""
        for k, function in enumerate(self.functions):
            yield from self.definitions(k, function, ways)
        yield from body
        vectorized = op in VECTORIZED and self.library == VECTOR
        yield from ROW_LOOPS if variadic else forward_loops(arity, ways, vectorized)
        if parents:
            vectorized = self.library == VECTOR and any(used in VECTORIZED for used in rules.ops)
            yield from backward_loops(arity, parents, ways, vectorized)

    def definitions(self, k: int, function: Primitive, ways: Sequence[str]) -> Iterator[str]:
        """Yield the lines that name the k-th function."""
        library = f", {LIBM!r}" if self.library == LIBM else ""
        for way in ways:
            yield f"{way}function{k} = {way}named({NAMES[function]!r}{library})"

    def body(
        self,
        op: Primitive,
        names: Sequence[str],
        rules: Tape,
        parents: Sequence[int],
        optional: bool,
        way: str,
    ) -> Iterator[str]:
        """Yield the functions of one number: the value, and the contribution over each edge."""
        yield from ("", "", INLINE_DECORATOR, f"def {way}value({', '.join(names)}):")
        yield f"    return {self.spelled(op, names, way)}"
        for k, i in enumerate(parents):
            head = f"def {way}contribution{i}({', '.join(names)}, out, upstream):"
            yield from ("", "", INLINE_DECORATOR, head)
            if optional:
                yield from ("    if is_absent(upstream):", "        return upstream")
            yield from self.contribution(rules, k, len(parents), [*names, "out"], optional, way)

    def spelled(self, op: Primitive, operands: Sequence[str], way: str) -> str:
        """Return the text of a primitive applied to names; functions go by their number."""
        if op in INLINE:
            return f" {INLINE[op]} ".join(operands)
        if op is neg:
            return f"-{operands[0]}"
        if op not in self.functions:
            self.functions.append(op)
        return f"{way}function{self.functions.index(op)}({', '.join(operands)})"

    def contribution(
        self, rules: Tape, k: int, count: int, names: Sequence[str], optional: bool, way: str
    ) -> Iterator[str]:
        """Yield the body of the function that gives the contribution over the k-th edge."""
        slope, is_constant = rules.outputs[k], rules.outputs[count + k]
        text = dict(zip(rules.inputs, names))
        text |= {place: repr(number) for place, number in rules.constants.items()}
        for place in sorted(ancestors(rules, [slope, is_constant])):
            op = rules.ops[place]
            if op is not None:
                text[place] = f"v{place}"
                right = self.spelled(op, [text[x] for x in rules.operands[place]], way)
                yield f"    v{place} = {right}"
        product = f"{text[slope]} * upstream"
        if text[is_constant] != "False":
            yield f"    return -0.0 if {text[is_constant]} != 0 else {product} + 0.0"
        else:
            yield f"    return {product} + 0.0" if optional else f"    return {product}"


ARGUMENTS = "code, tables, shared, values, adjoints, gradient, scratch, lanes"


def prologue(arity: int) -> Iterator[str]:
    """Yield the lines that find an instruction's operands."""
    yield "    count, first = code[COUNT], shift(tables, code[TABLE])"
    for i in range(arity):
        yield f"    t{i} = shift(first, {i} * count)"
    yield "    out = shift(values, code[OUT] * lanes)"


def blocks(arity: int) -> Iterator[str]:
    """Yield the head of the loop over members; where all is consecutive it runs only once."""
    yield "    width = lanes"
    yield "    if code[COLUMNS]:"
    yield "        width, count = lanes * count, 1"
    yield "    for i in range(count):"
    yield "        o = shift(out, i * width)"
    for i in range(arity):
        yield f"        p{i} = shift(values, t{i}[i] * lanes)"


def lane_loop(ways: Sequence[str], line: str, first: str, count: Any) -> Iterator[str]:
    """Yield a loop over numbers; two where there is a way for operands that are near."""
    for way in reversed(ways):
        deeper = "    " if len(ways) > 1 else ""
        if deeper:
            yield f"        if near({first}, {count}):" if way else "        else:"
        yield f"        {deeper}for j in range({count}):"
        yield f"            {deeper}{line.format(way=way)}"


def by_vectors(
    arity: int, ways: Sequence[str], function: str, extra: Sequence[str], store: str
) -> Iterator[str]:
    """Yield the lines for a single lane: members are gathered, then done in whole vectors.

    A few are done one by one, by the same function and so with the same bits.
    """
    filled_up = f"count + (-count) % {LANES} if count >= {MIN_NUMBERS_OF_VECTOR} else count"
    yield f"        whole = {filled_up}"
    for i in range(arity):
        yield f"        pick(shift(scratch, {i} * whole), values, t{i}, count, whole)"
    for i, name in enumerate(extra):
        yield f"        pick_in_order(shift(scratch, {arity + i} * whole), {name}, count, whole)"
    numbers = ", ".join(f"scratch[{i} * whole + j]" for i in range(arity + len(extra)))
    yield from lane_loop(ways, f"scratch[j] = {{way}}{function}({numbers})", "scratch", "whole")
    yield "        for j in range(count):"
    yield f"            {store} scratch[j]"


def forward_loops(arity: int, ways: Sequence[str], vectorized: bool) -> Iterator[str]:
    """Yield the forward kernel: loops over members and lanes."""
    yield from ("", "", f"def forward({ARGUMENTS}):")
    yield from prologue(arity)
    yield "    if lanes == 1:"
    if vectorized:
        yield from by_vectors(arity, ways, "value", [], "out[j] =")
    else:
        yield "        for i in range(count):"
        yield f"            out[i] = value({', '.join(f'values[t{i}[i]]' for i in range(arity))})"
    yield "        return"
    yield from blocks(arity)
    numbers = ", ".join(f"p{i}[j]" for i in range(arity))
    yield from lane_loop(ways, f"o[j] = {{way}}value({numbers})", "p0", "width")


def backward_loops(
    arity: int, parents: Sequence[int], ways: Sequence[str], vectorized: bool
) -> Iterator[str]:
    """Yield the backward kernel; each edge has a loop of its own, so that vectors can be used."""
    yield from ("", "", f"def backward({ARGUMENTS}):")
    yield from prologue(arity)
    yield "    up = shift(adjoints, code[OUT] * lanes)"
    yield "    if lanes == 1:"
    if vectorized:
        for i in parents:
            store = f"adjoints[t{i}[j]] +="
            yield from by_vectors(arity, ways, f"contribution{i}", ["out", "up"], store)
    else:
        yield "        for i in range(count):"
        numbers = ", ".join(f"values[t{i}[i]]" for i in range(arity))
        for i in parents:
            yield f"            adjoints[t{i}[i]] += contribution{i}({numbers}, out[i], up[i])"
    yield "        return"
    yield from blocks(arity)
    yield "        u = shift(up, i * width)"
    numbers = ", ".join(f"p{i}[j]" for i in range(arity))
    for i in parents:
        yield f"        a{i} = shift(adjoints, t{i}[i] * lanes)"
        line = f"a{i}[j] += {{way}}contribution{i}({numbers}, o[j], u[j])"
        yield from lane_loop(ways, line, "p0", "width")


ROW_LOOPS = f"""

def forward({ARGUMENTS}):
    count, terms, table = code[COUNT], code[TERMS], shift(tables, code[TABLE])
    out = shift(values, code[OUT] * lanes)
    for i in range(count):
        for j in range(lanes):
            for k in range(terms):
                scratch[k] = values[table[k * count + i] * lanes + j]
            out[i * lanes + j] = value(scratch, terms)
""".splitlines()


def loaded(text: str) -> dict[str, Any]:
    """Return the names that a text defines; a module of it is registered, since Numba asks for it.

    The text is run from memory. A copy is kept beside the machine code, to be read.
    """
    name = module_name(text)
    where = kept.folder()
    path = where / f"{name}.py" if where else None
    if path:
        kept.keep_text(path, text)
    module = sys.modules[name] = ModuleType(name)
    exec(compile(text, str(path or f"<{name}>"), "exec"), vars(module))
    return vars(module)


def hold_compiler() -> None:
    """Have a fork wait until no other thread compiles: what LLVM holds then, it holds for good."""
    held.append(global_compiler_lock._lock.acquire(timeout=PATIENCE_SECONDS))


def let_compiler_go() -> None:
    """Let others compile again."""
    if held.pop():
        global_compiler_lock._lock.release()


def let_child_compile() -> None:
    """Let a child compile, even where its parent was still at it."""
    if not held.pop():
        global_compiler_lock._lock = threading.RLock()
    else:
        global_compiler_lock._lock.release()


held: list[bool] = []  # whether a fork that is under way holds the compiler's lock
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=hold_compiler,
        after_in_parent=let_compiler_go,
        after_in_child=let_child_compile,
    )


def module_name(text: str) -> str:
    """Return the name of the module that a text becomes."""
    return f"chainrule_{hashlib.sha256(text.encode()).hexdigest()[:20]}"
