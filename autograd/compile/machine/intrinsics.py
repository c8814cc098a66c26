"""What the kernels of the numba engine need below Python: pointers, calls, and a tile of a product.

A kernel is a function of pointers. These few intrinsics move a pointer, call a kernel by its
address, and multiply matrices in registers: a tile of 8 x 16 sums stays in vector registers while
the products run by, which is what a BLAS does too.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 8  # of a vector; 64 bytes of doubles
INT64, INT32, BIT = ir.IntType(64), ir.IntType(32), ir.IntType(1)


@intrinsic
def shift(typing: Any, pointer: Any, count: Any) -> Any:
    """Return the pointer to the element `count` further on."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.gep(args[0], [args[1]])

    return pointer(pointer, types.int64), generate


@intrinsic
def pointer_like(typing: Any, model: Any, address: Any) -> Any:
    """Return an address as a pointer of the model's type."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[1], args[0].type)

    return model(model, types.int64), generate


@intrinsic
def as_code(typing: Any, address: Any) -> Any:
    """Return an address as a pointer to integers."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], INT64.as_pointer())

    return types.CPointer(types.int64)(types.int64), generate


@intrinsic
def address_of(typing: Any, pointer: Any) -> Any:
    """Return a pointer as an integer."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ptrtoint(args[0], INT64)

    return types.int64(pointer), generate


@intrinsic
def call_back(typing: Any, address: Any) -> Any:
    """Call a function without arguments at an address."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        function_type = ir.FunctionType(ir.VoidType(), [])
        builder.call(builder.inttoptr(args[0], function_type.as_pointer()), [])
        return context.get_dummy_value()

    return types.void(address), generate


@intrinsic
def call(
    typing: Any,
    address: Any,
    code: Any,
    tables: Any,
    shared: Any,
    values: Any,
    adjoints: Any,
    gradient: Any,
    scratch: Any,
    lanes: Any,
) -> Any:
    """Call the kernel at an address with the arguments that all kernels take."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        function_type = ir.FunctionType(ir.VoidType(), [x.type for x in args[1:]])
        builder.call(builder.inttoptr(args[0], function_type.as_pointer()), args[1:])
        return context.get_dummy_value()

    arguments = (code, tables, shared, values, adjoints, gradient, scratch, lanes)
    return types.void(address, *arguments), generate


@intrinsic
def call_product(
    typing: Any,
    address: Any,
    out: Any,
    out_row: Any,
    left: Any,
    left_row: Any,
    left_column: Any,
    right: Any,
    right_row: Any,
    rows: Any,
    terms: Any,
    columns: Any,
    fresh: Any,
) -> Any:
    """Call the product of matrices at an address, which is compiled once and not in each kernel."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        numbers = [
            context.cast(builder, x, given, wanted)
            for x, given, wanted in zip(args, signature.args, cast)
        ]
        function_type = ir.FunctionType(ir.VoidType(), [x.type for x in numbers[1:]])
        builder.call(builder.inttoptr(numbers[0], function_type.as_pointer()), numbers[1:])
        return context.get_dummy_value()

    arguments = (
        out,
        out_row,
        left,
        left_row,
        left_column,
        right,
        right_row,
        rows,
        terms,
        columns,
        fresh,
    )
    cast = [types.int64, *(x if isinstance(x, types.CPointer) else types.int64 for x in arguments)]
    return types.void(address, *arguments), generate


class Vectors:
    """The vector operations of one function under construction, for one element type."""

    def __init__(self, builder: Any, element: Any) -> None:
        self.builder, self.element = builder, element
        self.vector_type = ir.VectorType(element, LANES)
        self.size = 8 if isinstance(element, ir.DoubleType) else 4
        self.suffix = f"v{LANES}f{8 * self.size}"
        self.mask: Any = None

    def intrinsic(self, name: str, result: Any, *arguments: Any) -> Any:
        """Return a function of LLVM's by its name."""
        function_type = ir.FunctionType(result, arguments)
        return cgutils.get_or_insert_function(self.builder.module, function_type, name)

    def first(self, count: Any) -> None:
        """Load and store only so many lanes from now on."""
        numbers = ir.VectorType(INT64, LANES)
        iota = ir.Constant(numbers, list(range(LANES)))
        self.mask = self.builder.icmp_signed("<", iota, self.spread(count, numbers))

    def spread(self, x: Any, vector_type: Any = None) -> Any:
        """Return a vector of equal numbers."""
        empty = ir.Constant(vector_type or self.vector_type, ir.Undefined)
        one = self.builder.insert_element(empty, x, INT32(0))
        zeros = ir.Constant(ir.VectorType(INT32, LANES), [0] * LANES)
        return self.builder.shuffle_vector(one, empty, zeros)

    def zero(self) -> Any:
        """Return a vector of zeros."""
        return ir.Constant(self.vector_type, [ir.Constant(self.element, 0.0)] * LANES)

    def load(self, pointer: Any) -> Any:
        """Return the vector at a pointer; zero where the mask is false."""
        pointer = self.builder.bitcast(pointer, self.vector_type.as_pointer())
        if self.mask is None:
            return self.builder.load(pointer, align=self.size)
        name = f"llvm.masked.load.{self.suffix}.p0{self.suffix}"
        load = self.intrinsic(
            name, self.vector_type, pointer.type, INT32, self.mask.type, self.vector_type
        )
        return self.builder.call(load, [pointer, INT32(self.size), self.mask, self.zero()])

    def load_unless(self, fresh: Any, pointers: list[Any]) -> list[Any]:
        """Return the vectors at some pointers, or zeros where the flag `fresh` is not 0."""
        builder, before = self.builder, self.builder.block
        reading, after = builder.append_basic_block("read"), builder.append_basic_block("ready")
        builder.cbranch(builder.icmp_signed("!=", fresh, INT64(0)), after, reading)
        builder.position_at_end(reading)
        found = [self.load(pointer) for pointer in pointers]
        builder.branch(after)
        builder.position_at_end(after)
        results = []
        for x in found:
            phi = builder.phi(self.vector_type)
            phi.add_incoming(self.zero(), before)
            phi.add_incoming(x, reading)
            results.append(phi)
        return results

    def store(self, x: Any, pointer: Any) -> None:
        """Store a vector at a pointer, where the mask is true."""
        pointer = self.builder.bitcast(pointer, self.vector_type.as_pointer())
        if self.mask is None:
            self.builder.store(x, pointer, align=self.size)
            return
        name = f"llvm.masked.store.{self.suffix}.p0{self.suffix}"
        arguments = (self.vector_type, pointer.type, INT32, self.mask.type)
        store = self.intrinsic(name, ir.VoidType(), *arguments)
        self.builder.call(store, [x, pointer, INT32(self.size), self.mask])

    def multiply_add(self, x: Any, y: Any, z: Any) -> Any:
        """Return x * y + z, rounded once."""
        fma = self.intrinsic(f"llvm.fma.{self.suffix}", self.vector_type, *[self.vector_type] * 3)
        return self.builder.call(fma, [x, y, z])

    def sum(self, x: Any) -> Any:
        """Return the sum of the lanes."""
        name = f"llvm.vector.reduce.fadd.{self.suffix}"
        add = self.intrinsic(name, self.element, self.element, self.vector_type)
        start = ir.Constant(self.element, 0.0)
        return self.builder.call(add, [start, x], fastmath=("reassoc",))


def loop(builder: Any, count: Any, step: int, sums: list[Any], body: Any) -> list[Any]:
    """Emit `for k in range(0, count, step): sums = body(k, sums)` and return the sums after it."""
    before = builder.block
    inside, after = builder.append_basic_block("loop"), builder.append_basic_block("after")
    builder.cbranch(builder.icmp_signed(">", count, INT64(0)), inside, after)
    builder.position_at_end(inside)
    k = builder.phi(INT64)
    running = [builder.phi(x.type) for x in sums]
    found = body(k, running)
    following = builder.add(k, INT64(step))
    end = builder.block
    for phi, first, again in zip([k, *running], [INT64(0), *sums], [following, *found]):
        phi.add_incoming(first, before)
        phi.add_incoming(again, end)
    builder.cbranch(builder.icmp_signed("<", following, count), inside, after)
    builder.position_at_end(after)
    results = []
    for first, again in zip(sums, found):
        phi = builder.phi(first.type)
        phi.add_incoming(first, before)
        phi.add_incoming(again, end)
        results.append(phi)
    return results


def tile(rows: int, vectors: int, masked: bool) -> Any:
    """Return an intrinsic that adds a product of matrices to a tile of rows x vectors.

    out[r, j] += sum_k left[r, k] right[k, j], where j runs over consecutive numbers. Strides are
    in numbers: of `out` by row, of `left` by row and column, of `right` by row. A masked tile has
    one vector, of which only the first `width` lanes count. A fresh tile is written, not added to.
    """

    @intrinsic
    def multiply(
        typing: Any,
        out: Any,
        out_row: Any,
        left: Any,
        left_row: Any,
        left_column: Any,
        right: Any,
        right_row: Any,
        terms: Any,
        width: Any,
        fresh: Any,
    ) -> Any:
        signature = types.void(
            out, out_row, left, left_row, left_column, right, right_row, terms, width, fresh
        )

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            out, out_row, left, left_row, left_column, right, right_row, terms, width = args[:-1]
            lanes = Vectors(builder, out.type.pointee)
            if masked:
                lanes.first(width)

            def at(pointer: Any, row: Any, stride: Any, extra: int = 0) -> Any:
                return builder.gep(pointer, [builder.add(builder.mul(row, stride), INT64(extra))])

            places = [
                at(out, INT64(r), out_row, LANES * v) for r in range(rows) for v in range(vectors)
            ]
            starts = [at(left, INT64(r), left_row) for r in range(rows)]

            def body(k: Any, sums: list[Any]) -> list[Any]:
                xs = [lanes.load(at(right, k, right_row, LANES * v)) for v in range(vectors)]
                offset = builder.mul(k, left_column)
                ws = [lanes.spread(builder.load(builder.gep(s, [offset]))) for s in starts]
                factors = [(w, x) for w in ws for x in xs]
                return [lanes.multiply_add(w, x, z) for (w, x), z in zip(factors, sums)]

            sums = lanes.load_unless(args[-1], places)
            for place, x in zip(places, loop(builder, terms, 1, sums, body)):
                lanes.store(x, place)
            return context.get_dummy_value()

        return signature, generate

    return multiply


def inner(rows: int) -> Any:
    """Return an intrinsic that adds inner products of some rows with one vector to `out`.

    out[r] += sum_k left[r, k] right[k], where k runs over consecutive numbers on both sides, a
    multiple of LANES of them.
    """

    @intrinsic
    def multiply(typing: Any, out: Any, left: Any, left_row: Any, right: Any, terms: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            out, left, left_row, right, terms = args
            lanes = Vectors(builder, out.type.pointee)
            starts = [builder.gep(left, [builder.mul(INT64(r), left_row)]) for r in range(rows)]

            def body(k: Any, sums: list[Any]) -> list[Any]:
                x = lanes.load(builder.gep(right, [k]))
                ws = [lanes.load(builder.gep(start, [k])) for start in starts]
                return [lanes.multiply_add(w, x, z) for w, z in zip(ws, sums)]

            sums = loop(builder, terms, LANES, [lanes.zero()] * rows, body)
            for r, x in enumerate(sums):
                place = builder.gep(out, [INT64(r)])
                builder.store(builder.fadd(builder.load(place), lanes.sum(x)), place)
            return context.get_dummy_value()

        return types.void(out, left, left_row, right, terms), generate

    return multiply


@intrinsic
def transpose_square(typing: Any, to: Any, to_row: Any, numbers: Any, row: Any) -> Any:
    """Write the transpose of LANES x LANES numbers; the rows of both are so far apart."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        to, to_row, numbers, row = args
        lanes = Vectors(builder, to.type.pointee)

        def place(pointer: Any, i: int, stride: Any) -> Any:
            return builder.gep(pointer, [builder.mul(INT64(i), stride)])

        rows = [lanes.load(place(numbers, i, row)) for i in range(LANES)]
        distance = LANES // 2
        while distance:  # swap what stands across, in squares of 4, of 2, of 1
            for i in range(LANES):
                if not i & distance:
                    pair = rows[i], rows[i + distance]
                    for k, chosen in enumerate(swapped(distance)):
                        mask = ir.Constant(ir.VectorType(INT32, LANES), chosen)
                        rows[i + k * distance] = builder.shuffle_vector(*pair, mask)
            distance //= 2
        for i, x in enumerate(rows):
            lanes.store(x, place(to, i, to_row))
        return context.get_dummy_value()

    return types.void(to, to_row, numbers, row), generate


def swapped(distance: int) -> tuple[list[int], list[int]]:
    """Return which lanes of two vectors make up the two in which squares have changed places.

    >>> swapped(4)
    ([0, 1, 2, 3, 8, 9, 10, 11], [4, 5, 6, 7, 12, 13, 14, 15])
    """
    lanes = range(LANES)
    upper = [LANES + j - distance if j & distance else j for j in lanes]
    lower = [LANES + j if j & distance else j + distance for j in lanes]
    return upper, lower
