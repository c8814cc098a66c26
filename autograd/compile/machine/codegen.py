"""Kernels of the primitives: source text, written from the rows of the table, and compiled.

The text holds names of the table's rows and numbers, never a name of the user's: a user's own
primitives are called, not compiled (`reference.own_primitives`). It is Python, of the kind that
`translate` reads, and never run as such.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from autograd.compile.machine import elementary, kernels, objects
from autograd.compile.machine.functions import (
    INLINE,
    NAMES,
    NEAR_FUNCTIONS,
    VECTOR,
    VECTORIZED,
    function_of,
)
from autograd.compile.machine.intrinsics import LANES, shift
from autograd.compile.machine.ir import DOUBLE, FLOAT, INTEGER, POINTER, SHORT, constant
from autograd.compile.machine.translate import Module
from autograd.compile.sources import source_of, sources_in
from autograd.compile.tracing.rules import ancestors, rules_of
from autograd.compile.tracing.tape import Tape
from autograd.primitive_type import Primitive, Variadic
from autograd.primitives import neg

ELEMENT_TYPES = {"float64": DOUBLE, "float32": FLOAT}
# So many are worth a vector that is filled up.
MIN_NUMBERS_OF_VECTOR = 3
KERNEL_NAMES = ("COLUMNS", "COUNT", "OUT", "TABLE", "TERMS", "is_absent", "pick", "pick_in_order")
# Lanes of a job: a single one, or blocks.
ONE = "one"
MANY = "many"
SEEN = {name: getattr(kernels, name) for name in KERNEL_NAMES}
SEEN |= {"near": elementary.near, "shift": shift}


def kernel_types(dtype: str) -> list[Any]:
    """Return the types of a kernel's arguments."""
    number = POINTER, ELEMENT_TYPES[dtype]
    return [(POINTER, INTEGER), (POINTER, SHORT), *[number] * 5, INTEGER]


def machine_types(dtype: str) -> list[Any]:
    """Return the types of the machine's arguments."""
    return [(POINTER, INTEGER), (POINTER, SHORT), (POINTER, ELEMENT_TYPES[dtype])]


def product_types(dtype: str) -> list[Any]:
    """Return the types of a product's: out, left and right with strides, and sizes."""
    number = POINTER, ELEMENT_TYPES[dtype]
    return [number, INTEGER, number, INTEGER, INTEGER, number, *[INTEGER] * 5]


ARGUMENT_TYPES: dict[Any, Any] = {kernels.machine: machine_types, kernels.product: product_types}
# What the last arguments of a kernel are, whatever is passed.
KNOWN = {ONE: [constant(1)], MANY: []}
# These are one function inside, and compiled together.
BOTH_WAYS = kernels.matrix_backward, kernels.matrix_backward_first


def fixed(function: Callable[..., Any], dtype: str, mode: str = MANY) -> int:
    """Return the address of a function of `kernels`, compiled.

    Args: mode: ONE for a kernel that is called with a single lane only.
    """
    functions = BOTH_WAYS if function in BOTH_WAYS else (function,)
    addresses = compiled_together(functions, dtype, mode)
    place = functions.index(function)
    return addresses[place]


@cache
def compiled_together(
    functions: tuple[Callable[..., Any], ...], dtype: str, mode: str
) -> list[int]:
    """Return the addresses of functions of `kernels` that share what they call."""
    names = [f"{function.__name__}_{dtype}_{mode}" for function in functions]

    def write() -> str:
        module = Module()
        for name, function in zip(names, functions):
            types_for = ARGUMENT_TYPES.get(function, kernel_types)
            types = types_for(dtype)
            source = source_of(function)
            module.with_function(name, source, types, KNOWN[mode])
        return module.text()

    # All others have their vectors from `consecutive`, where LLVM would find none.
    is_plain = functions != (kernels.edges_backward,)
    passes = objects.PLAIN if is_plain else objects.USUAL
    meaning = f"the kernels {', '.join(names)}"
    return objects.loaded(meaning, write, names, passes)


@cache
def of_primitive(
    op: Primitive,
    arity: int,
    edges: tuple[bool, ...],
    optional: bool,
    dtype: str,
    functions: str = VECTOR,
    mode: str = MANY,
) -> tuple[int, int]:
    """Return the addresses of a primitive's kernels, forward and backward; 0 where no edge leads
    back.

    Raises: TypeError: the function or a rule cannot be translated.
    """
    writer = Writer(functions, mode)
    lines = writer.lines(op, arity, edges, optional)
    text = "\n".join(lines) + "\n"
    # The text says what the kernels do, so rows that do the same share their code.
    meaning = f"{dtype} {functions} {mode}\n{text}"
    said = meaning.encode()
    digest = hashlib.sha256(said).hexdigest()[:20]
    ways = ["forward", "backward"] if any(edges) else ["forward"]
    names = [f"{way}_{digest}" for way in ways]

    def write() -> str:
        known = SEEN | writer.names()
        sources = sources_in(text, known)
        instead = elementary.INSTEAD if functions == VECTOR else {}
        module = Module(instead)
        types = kernel_types(dtype)
        for name, way in zip(names, ways):
            module.with_function(name, sources[way], types, KNOWN[mode])
        return module.text()

    passes = objects.PLAIN if writer.is_plain else objects.USUAL
    forward, *rest = objects.loaded(meaning, write, names, passes)
    backward = rest[0] if rest else 0
    return forward, backward


class Writer:
    """Writes the source text of the kernels of one row of the table.

    Attributes: `library`, whose elementary functions are called; `mode`, ONE for kernels of a
    single lane, MANY for those of blocks. Sine and cosine have kernels with a loop for operands
    that are all near.
    """

    def __init__(self, library: str, mode: str) -> None:
        self.library = library
        self.mode = mode
        self.functions: list[Primitive] = []
        # Unless elementary functions are computed for vectors.
        self.is_plain = mode == ONE

    def lines(
        self, op: Primitive, arity: int, edges: Sequence[bool], optional: bool = False
    ) -> Iterator[str]:
        """Yield the lines of a primitive's kernels."""
        variadic = isinstance(op, Variadic)
        names = ["xs", "count"] if variadic else [f"x{i}" for i in range(arity)]
        parents = [i for i, edge in enumerate(edges) if edge]
        rules = rules_of(op, arity, edges) if parents else Tape()
        has_near_way = op in NEAR_FUNCTIONS and self.library == VECTOR
        ways = ["", "near_"] if has_near_way else [""]
        # The body first, for only it tells which functions there are.
        body: list[str] = []
        for way in ways:
            body += self.body(op, names, rules, parents, optional, way)
        yield ""
        for k, function in enumerate(self.functions):
            yield f"# function{k} is {NAMES[function]}"
        yield from body
        if variadic:
            yield from ROW_LOOPS
        elif self.mode == ONE:
            in_vectors = self.is_vectorized([op])
            yield from forward_members(arity, ways, in_vectors)
        else:
            yield from forward_loops(arity, ways)
        if parents and self.mode == ONE:
            in_vectors = self.is_vectorized(rules.ops)
            yield from backward_members(arity, parents, ways, in_vectors)
        elif parents:
            yield from backward_loops(arity, parents, ways)

    def is_vectorized(self, ops: Sequence[Primitive | None]) -> bool:
        """Tell whether any of some primitives is computed for a vector at once."""
        found = self.library == VECTOR and any(op in VECTORIZED for op in ops)
        self.is_plain = self.is_plain and not found
        return found

    def names(self) -> dict[str, Any]:
        """Return what the text calls the functions, and what they are."""
        found: dict[str, Any] = {}
        for k, op in enumerate(self.functions):
            usual = function_of(op)
            found[f"function{k}"] = usual
            found[f"near_function{k}"] = NEAR_FUNCTIONS.get(op) or usual
        return found

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
        arguments = ", ".join(names)
        known = [*names, "out"]
        count = len(parents)
        yield from ("", "", f"def {way}value({arguments}):")
        yield f"    return {self.spelled(op, names, way)}"
        for k, i in enumerate(parents):
            head = f"def {way}contribution{i}({arguments}, out, upstream):"
            yield from ("", "", head)
            # An adjoint that is not there is passed on as it is, whatever the slope.
            if optional:
                yield "    if is_absent(upstream):"
                yield "        return upstream"
            yield from self.contribution(rules, k, count, known, optional, way)

    def spelled(self, op: Primitive, operands: Sequence[str], way: str) -> str:
        """Return the text of a primitive applied to names; functions go by their number."""
        if op in INLINE:
            return f" {INLINE[op]} ".join(operands)
        if op is neg:
            return f"-{operands[0]}"
        if op not in self.functions:
            self.functions.append(op)
        # By number, for a name of the table would tell apart texts that do the same.
        k = self.functions.index(op)
        arguments = ", ".join(operands)
        return f"{way}function{k}({arguments})"

    def contribution(
        self, rules: Tape, k: int, count: int, names: Sequence[str], optional: bool, way: str
    ) -> Iterator[str]:
        """Yield the body of the function that gives the contribution over the k-th edge."""
        slope = rules.outputs[k]
        is_constant = rules.outputs[count + k]
        text = dict(zip(rules.inputs, names))
        for place, number in rules.constants.items():
            text[place] = repr(number)
        # A trace is in order: operands stand before what is made of them.
        needed = ancestors(rules, [slope, is_constant])
        for place in sorted(needed):
            op = rules.ops[place]
            if op is not None:
                text[place] = f"v{place}"
                operands = [text[x] for x in rules.operands[place]]
                right = self.spelled(op, operands, way)
                yield f"    v{place} = {right}"
        # -0.0 says that there is none, so a product of -0.0 becomes 0.0 where anybody asks.
        product = f"{text[slope]} * upstream"
        mask = text[is_constant]
        if mask != "False":
            yield f"    return -0.0 if {mask} != 0 else {product} + 0.0"
        elif optional:
            yield f"    return {product} + 0.0"
        else:
            yield f"    return {product}"


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


def lane_loop(ways: Sequence[str], line: str, first: str, count: str, indent: str) -> Iterator[str]:
    """Yield a loop over numbers; two where there is a way for operands that are near."""
    # The way for near operands comes first, as an `if`.
    for way in reversed(ways):
        deeper = indent
        if len(ways) > 1:
            condition = f"if near({first}, {count}):" if way else "else:"
            yield f"{indent}{condition}"
            deeper += "    "
        yield f"{deeper}for j in range({count}):"
        yield f"{deeper}    {line.format(way=way)}"


def by_vectors(
    arity: int, ways: Sequence[str], function: str, extra: Sequence[str], store: str
) -> Iterator[str]:
    """Yield the lines for a single lane: members are gathered, then done in whole vectors.

    A few are done one by one, by the same function and so with the same bits.
    """
    filled_up = f"count + (-count) % {LANES} if count >= {MIN_NUMBERS_OF_VECTOR} else count"
    yield f"    whole = {filled_up}"
    for i in range(arity):
        yield f"    pick(shift(scratch, {i} * whole), values, t{i}, count, whole)"
    for i, name in enumerate(extra):
        yield f"    pick_in_order(shift(scratch, {arity + i} * whole), {name}, count, whole)"
    # All operands of a number are read before its result takes the place of the first.
    rows = range(arity + len(extra))
    numbers = ", ".join(f"scratch[{i} * whole + j]" for i in rows)
    line = f"scratch[j] = {{way}}{function}({numbers})"
    yield from lane_loop(ways, line, "scratch", "whole", "    ")
    yield "    for j in range(count):"
    yield f"        {store} scratch[j]"


def forward_members(arity: int, ways: Sequence[str], vectorized: bool) -> Iterator[str]:
    """Yield the forward kernel for a single lane: a loop over members."""
    yield from ("", "", f"def forward({ARGUMENTS}):")
    yield from prologue(arity)
    if vectorized:
        yield from by_vectors(arity, ways, "value", [], "out[j] =")
    else:
        numbers = ", ".join(f"values[t{i}[i]]" for i in range(arity))
        yield "    for i in range(count):"
        yield f"        out[i] = value({numbers})"


def forward_loops(arity: int, ways: Sequence[str]) -> Iterator[str]:
    """Yield the forward kernel for blocks: loops over members and lanes."""
    yield from ("", "", f"def forward({ARGUMENTS}):")
    yield from prologue(arity)
    yield from blocks(arity)
    numbers = ", ".join(f"p{i}[j]" for i in range(arity))
    line = f"o[j] = {{way}}value({numbers})"
    yield from lane_loop(ways, line, "p0", "width", "        ")


def backward_members(
    arity: int, parents: Sequence[int], ways: Sequence[str], vectorized: bool
) -> Iterator[str]:
    """Yield the backward kernel for a single lane: loops over members, edge by edge in vectors."""
    yield from ("", "", f"def backward({ARGUMENTS}):")
    yield from prologue(arity)
    yield "    up = shift(adjoints, code[OUT] * lanes)"
    if vectorized:
        for i in parents:
            store = f"adjoints[t{i}[j]] +="
            yield from by_vectors(arity, ways, f"contribution{i}", ["out", "up"], store)
        return
    yield "    for i in range(count):"
    numbers = ", ".join(f"values[t{i}[i]]" for i in range(arity))
    for i in parents:
        yield f"        adjoints[t{i}[i]] += contribution{i}({numbers}, out[i], up[i])"


def backward_loops(arity: int, parents: Sequence[int], ways: Sequence[str]) -> Iterator[str]:
    """Yield the backward kernel for blocks; each edge has a loop of its own, for vectors."""
    yield from ("", "", f"def backward({ARGUMENTS}):")
    yield from prologue(arity)
    yield "    up = shift(adjoints, code[OUT] * lanes)"
    yield from blocks(arity)
    yield "        u = shift(up, i * width)"
    numbers = ", ".join(f"p{i}[j]" for i in range(arity))
    for i in parents:
        yield f"        a{i} = shift(adjoints, t{i}[i] * lanes)"
        line = f"a{i}[j] += {{way}}contribution{i}({numbers}, o[j], u[j])"
        yield from lane_loop(ways, line, "p0", "width", "        ")


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
