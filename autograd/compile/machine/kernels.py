"""The fixed kernels of the machine, and the machine that calls kernels one after another.

Every kernel has the same arguments: its instruction (`code`, a row of integers), the index tables,
the shared numbers, the values and adjoints of the slots, the gradient by the shared numbers, a
scratch area, and the number of lanes. The numbers of slot s are values[s * lanes : (s+1) * lanes].

These functions are translated and compiled once and kept on disk; a program is data to them.
"""

from __future__ import annotations

import math
from typing import Any

from autograd.compile.lower.program import WANT_EACH, WANT_INPUTS
from autograd.compile.machine.consecutive import (
    add,
    add_multiple,
    add_number,
    add_present_multiple,
    add_present_products,
    add_products,
    copy,
    fill,
    sum_of,
    sum_of_none,
    sum_of_none_moved,
    sum_of_present_products,
    sum_of_products,
)
from autograd.compile.machine.intrinsics import (
    LANES,
    Integers,
    Numbers,
    address_of,
    as_code,
    call,
    inner,
    pointer_like,
    shift,
    tile,
    transpose_square,
)
from autograd.compile.machine.translate import never_inlined

# The fields of an instruction.
FORWARD, BACKWARD, OUT, COUNT, TABLE, TERMS, COLUMNS, EDGES = range(8)
# FIRST: see `run_backward`.
WEIGHTS, WEIGHT_ROW, WEIGHT_COLUMN, INPUTS, BIAS, FIRST = range(8, 14)
# Where the kernel `product` is, who shares the work of a large one, and where that is written down.
PRODUCT = 14
TEAM = 15
TASK = 16
# Where the samples stand as they came, a row for each, and how long it is; 0 if inputs are others.
SAMPLES_SLOT = 17
SAMPLE_SIZE = 18
INSTRUCTION_FIELDS = 19
# Of weights or inputs that do not stand in order: they are gathered by their table.
NOWHERE = -1

# Of EDGES: where adjoints flow, and whether some may be absent.
LEFT = 1
RIGHT = 2
OPTIONAL = 4

PANEL_ROWS = 64
# So many are worth another thread, about 0.3 ms.
MIN_MULTIPLICATIONS_SHARED = 2**23

tile8, tile4, tile2, tile1 = (tile(rows, 2, False) for rows in (8, 4, 2, 1))
edge8, edge4, edge2, edge1 = (tile(rows, 1, True) for rows in (8, 4, 2, 1))
four_inner = inner(4)
one_inner = inner(1)


def is_absent(upstream: float) -> Any:
    """Tell whether there is no adjoint: it is -0.0 then (`lower.optional_adjoints`)."""
    return upstream == 0.0 and math.copysign(1.0, upstream) < 0.0


def product(
    out: Numbers,
    out_row: int,
    left: Numbers,
    left_row: int,
    left_column: int,
    right: Numbers,
    right_row: int,
    rows: int,
    terms: int,
    columns: int,
    fresh: int,
) -> None:
    """Add left (rows x terms) times right (terms x columns) to out, or write it if it is fresh.

    In panels of rows, so that the pages of `out` that are in use are few.
    """
    for first in range(0, rows, PANEL_ROWS):
        out_panel = shift(out, first * out_row)
        left_panel = shift(left, first * left_row)
        height = min(rows - first, PANEL_ROWS)
        column = 0
        while column < columns:
            width = min(columns - column, 2 * LANES)
            if width < 2 * LANES:
                width = min(width, LANES)
            right_panel = shift(right, column)
            row = 0
            while row < height:
                out_tile = shift(out_panel, row * out_row + column)
                left_tile = shift(left_panel, row * left_row)
                row += add_tile(
                    out_tile,
                    out_row,
                    left_tile,
                    left_row,
                    left_column,
                    right_panel,
                    right_row,
                    height - row,
                    terms,
                    width,
                    fresh,
                )
            column += width


def share_product(
    code: Integers,
    out: Numbers,
    out_row: int,
    left: Numbers,
    left_row: int,
    left_column: int,
    right: Numbers,
    right_row: int,
    rows: int,
    terms: int,
    columns: int,
    fresh: int,
) -> None:
    """Do the same, by several threads where that pays: each computes some rows."""
    if code[TEAM] == 0 or rows * terms * columns < MIN_MULTIPLICATIONS_SHARED:
        call(
            code[PRODUCT],
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
        return
    task = as_code(code[TASK])
    # As `threads.ThreadTeam` reads it: the arguments of a product in their order.
    task[0] = address_of(out)
    task[1] = out_row
    task[2] = address_of(left)
    task[3] = left_row
    task[4] = left_column
    task[5] = address_of(right)
    task[6] = right_row
    task[7] = rows
    task[8] = terms
    task[9] = columns
    task[10] = fresh
    call(code[TEAM])


def add_tile(
    out: Numbers,
    out_row: int,
    left: Numbers,
    left_row: int,
    left_column: int,
    right: Numbers,
    right_row: int,
    rows: int,
    terms: int,
    width: int,
    fresh: int,
) -> Any:
    """Add a product to the largest tile that has not more rows, and return how many it has."""
    if width > LANES:
        if rows >= 8:
            tile8(out, out_row, left, left_row, left_column, right, right_row, terms, width, fresh)
        elif rows >= 4:
            tile4(out, out_row, left, left_row, left_column, right, right_row, terms, width, fresh)
        elif rows >= 2:
            tile2(out, out_row, left, left_row, left_column, right, right_row, terms, width, fresh)
        else:
            tile1(out, out_row, left, left_row, left_column, right, right_row, terms, width, fresh)
    elif rows >= 8:
        edge8(out, out_row, left, left_row, left_column, right, right_row, terms, width, fresh)
    elif rows >= 4:
        edge4(out, out_row, left, left_row, left_column, right, right_row, terms, width, fresh)
    elif rows >= 2:
        edge2(out, out_row, left, left_row, left_column, right, right_row, terms, width, fresh)
    else:
        edge1(out, out_row, left, left_row, left_column, right, right_row, terms, width, fresh)
    return 8 if rows >= 8 else 4 if rows >= 4 else 2 if rows >= 2 else 1


def add_inner(
    out: Numbers, left: Numbers, left_row: int, right: Numbers, rows: int, terms: int
) -> None:
    """Add left (rows x terms, consecutive by term) times one column to out."""
    whole = terms - terms % LANES
    row = 0
    while row + 4 <= rows:
        four_inner(shift(out, row), shift(left, row * left_row), left_row, right, whole)
        row += 4
    while row < rows:
        one_inner(shift(out, row), shift(left, row * left_row), left_row, right, whole)
        row += 1
    if whole < terms:
        for r in range(rows):
            total = out[r]
            for k in range(whole, terms):
                total += left[r * left_row + k] * right[k]
            out[r] = total


def gather(to: Numbers, numbers: Numbers, table: Integers, count: int, lanes: int) -> None:
    """Copy the lanes of the slots of a table to consecutive places."""
    if lanes == 1:
        for i in range(count):
            to[i] = numbers[table[i]]
        return
    for i in range(count):
        copy(shift(to, i * lanes), shift(numbers, table[i] * lanes), lanes)


def pick(to: Numbers, numbers: Numbers, table: Integers, count: int, whole: int) -> None:
    """Copy the numbers at the places of a table; the last one again up to a whole vector."""
    for j in range(whole):
        to[j] = numbers[table[min(j, count - 1)]]


def pick_in_order(to: Numbers, numbers: Numbers, count: int, whole: int) -> None:
    """Copy numbers that follow one another; the last one again up to a whole vector."""
    for j in range(whole):
        to[j] = numbers[min(j, count - 1)]


def scatter(to: Numbers, numbers: Numbers, table: Integers, count: int, lanes: int) -> None:
    """Add consecutive numbers to the lanes of the slots of a table."""
    if lanes == 1:
        for i in range(count):
            to[table[i]] += numbers[i]
        return
    for i in range(count):
        add(shift(to, table[i] * lanes), shift(numbers, i * lanes), lanes)


def fill_biases(
    out: Numbers, table: Integers, count: int, shared: Numbers, values: Numbers, lanes: int
) -> None:
    """Set results to their biases: slots, or shared numbers whose place is coded by ~."""
    if lanes == 1:
        for i in range(count):
            bias = table[i]
            out[i] = shared[~bias] if bias < 0 else values[bias]
        return
    for i in range(count):
        bias = table[i]
        here = shift(out, i * lanes)
        if bias < 0:
            fill(here, lanes, shared[~bias])
        else:
            copy(here, shift(values, bias * lanes), lanes)


def add_bias_adjoints(
    upstream: Numbers, table: Integers, count: int, gradient: Numbers, adjoints: Numbers, lanes: int
) -> None:
    """Add the adjoints of results to those of their biases."""
    if lanes == 1:
        for i in range(count):
            bias = table[i]
            if bias < 0:
                gradient[~bias] += upstream[i]
            else:
                adjoints[bias] += upstream[i]
        return
    for i in range(count):
        bias = table[i]
        here = shift(upstream, i * lanes)
        if bias < 0:
            gradient[~bias] += sum_of(here, lanes)
        else:
            add(shift(adjoints, bias * lanes), here, lanes)


@never_inlined
def transpose(to: Numbers, numbers: Numbers, rows: int, columns: int) -> None:
    """Write the transpose of a matrix of consecutive numbers, square by square."""
    whole_rows = rows - rows % LANES
    whole_columns = columns - columns % LANES
    for column in range(0, whole_columns, LANES):
        for row in range(0, whole_rows, LANES):
            there = shift(to, column * rows + row)
            transpose_square(there, rows, shift(numbers, row * columns + column), columns)
    for column in range(columns):
        there = shift(to, column * rows)
        here = shift(numbers, column)
        for row in range(whole_rows if column < whole_columns else 0, rows):
            there[row] = here[row * columns]


def total_forward(
    code: Integers,
    tables: Integers,
    shared: Numbers,
    values: Numbers,
    _: Numbers,
    __: Numbers,
    ___: Numbers,
    lanes: int,
) -> None:
    """Compute sums, from left to right."""
    count = code[COUNT]
    terms = code[TERMS]
    table = shift(tables, code[TABLE])
    for i in range(count):
        out = shift(values, (code[OUT] + i) * lanes)
        if lanes == 1:
            total = values[table[i]]
            for k in range(1, terms):
                total += values[table[k * count + i]]
            out[0] = total
        else:
            copy(out, shift(values, table[i] * lanes), lanes)
            for k in range(1, terms):
                add(out, shift(values, table[k * count + i] * lanes), lanes)


def total_backward(
    code: Integers,
    tables: Integers,
    _: Numbers,
    __: Numbers,
    adjoints: Numbers,
    ___: Numbers,
    ____: Numbers,
    lanes: int,
) -> None:
    """Add the adjoint of each sum to those of its terms."""
    count = code[COUNT]
    terms = code[TERMS]
    table = shift(tables, code[TABLE])
    for i in range(count):
        out = shift(adjoints, (code[OUT] + i) * lanes)
        for k in range(terms):
            term = shift(adjoints, table[k * count + i] * lanes)
            if lanes == 1:
                term[0] += out[0]
            else:
                add(term, out, lanes)


def dot_forward(
    code: Integers,
    tables: Integers,
    shared: Numbers,
    values: Numbers,
    _: Numbers,
    __: Numbers,
    ___: Numbers,
    lanes: int,
) -> None:
    """Compute inner products, from left to right; left sides are slots or shared numbers."""
    count = code[COUNT]
    terms = code[TERMS]
    first = shift(values, code[OUT] * lanes)
    table = shift(tables, code[TABLE])
    fill_biases(first, shift(tables, code[BIAS]), count, shared, values, lanes)
    other = shift(table, terms * count)
    for i in range(count):
        out = shift(first, i * lanes)
        for k in range(terms):
            x = table[k * count + i]
            right = shift(values, other[k * count + i] * lanes)
            if lanes == 1:
                out[0] += (shared[~x] if x < 0 else values[x]) * right[0]
            elif x < 0:
                add_multiple(out, shared[~x], right, lanes)
            else:
                add_products(out, shift(values, x * lanes), right, lanes)


def dot_backward(
    code: Integers,
    tables: Integers,
    shared: Numbers,
    values: Numbers,
    adjoints: Numbers,
    gradient: Numbers,
    _: Numbers,
    lanes: int,
) -> None:
    """Apply the product rule to each pair."""
    count = code[COUNT]
    terms = code[TERMS]
    first = shift(adjoints, code[OUT] * lanes)
    table = shift(tables, code[TABLE])
    add_bias_adjoints(first, shift(tables, code[BIAS]), count, gradient, adjoints, lanes)
    other = shift(table, terms * count)
    for i in range(count):
        upstream = shift(first, i * lanes)
        for k in range(terms):
            x = table[k * count + i]
            y = other[k * count + i] * lanes
            if lanes == 1:
                add_pair_adjoints(code[EDGES], x, y, shared, values, adjoints, gradient, upstream)
            elif x < 0:
                add_shared_pair_adjoints(
                    code[EDGES], ~x, y, shared, values, adjoints, gradient, upstream, lanes
                )
            else:
                if code[EDGES] & LEFT:
                    add_shares(
                        code[EDGES],
                        shift(adjoints, x * lanes),
                        shift(values, y),
                        upstream,
                        lanes,
                    )
                if code[EDGES] & RIGHT:
                    add_shares(
                        code[EDGES],
                        shift(adjoints, y),
                        shift(values, x * lanes),
                        upstream,
                        lanes,
                    )


def add_pair_adjoints(
    edges: int,
    x: int,
    y: int,
    shared: Numbers,
    values: Numbers,
    adjoints: Numbers,
    gradient: Numbers,
    upstream: Numbers,
) -> None:
    """Apply the product rule to a pair in a single lane, if that has an adjoint."""
    if edges & OPTIONAL and is_absent(upstream[0]):
        return
    left = shared[~x] if x < 0 else values[x]
    if edges & LEFT:
        share = values[y] * upstream[0]
        if x < 0:
            gradient[~x] += share
        else:
            adjoints[x] += share
    if edges & RIGHT:
        adjoints[y] += left * upstream[0]


def add_shared_pair_adjoints(
    edges: int,
    place: int,
    y: int,
    shared: Numbers,
    values: Numbers,
    adjoints: Numbers,
    gradient: Numbers,
    upstream: Numbers,
    lanes: int,
) -> None:
    """Apply the product rule to a pair of which one number is shared by all lanes."""
    if edges & LEFT:
        numbers = shift(values, y)
        if edges & OPTIONAL:
            gradient[place] += sum_of_present_products(numbers, upstream, lanes)
        else:
            gradient[place] += sum_of_products(numbers, upstream, lanes)
    if edges & RIGHT:
        target = shift(adjoints, y)
        if edges & OPTIONAL:
            add_present_multiple(target, shared[place], upstream, lanes)
        else:
            add_multiple(target, shared[place], upstream, lanes)


@never_inlined
def add_shares(edges: int, to: Numbers, numbers: Numbers, upstream: Numbers, lanes: int) -> None:
    """Add numbers times the adjoints of a result, in those lanes that have one."""
    if edges & OPTIONAL:
        add_present_products(to, numbers, upstream, lanes)
    else:
        add_products(to, numbers, upstream, lanes)


def edges_backward(
    code: Integers,
    tables: Integers,
    _: Numbers,
    values: Numbers,
    adjoints: Numbers,
    __: Numbers,
    ___: Numbers,
    lanes: int,
) -> None:
    """Add the products of edges whose slopes stand in slots, unless a mask forbids it."""
    count = code[COUNT]
    table = shift(tables, code[TABLE])
    for i in range(count):
        node = shift(adjoints, table[i] * lanes)
        parent = table[count + i] * lanes
        slope = shift(values, table[2 * count + i] * lanes)
        is_constant = shift(values, table[3 * count + i] * lanes)
        for lane in range(lanes):
            if is_constant[lane] == 0.0 and not is_absent(node[lane]):
                adjoints[parent + lane] += slope[lane] * node[lane] + 0.0


def matrix_forward(
    code: Integers,
    tables: Integers,
    shared: Numbers,
    values: Numbers,
    _: Numbers,
    __: Numbers,
    scratch: Numbers,
    lanes: int,
) -> None:
    """Compute a product of shared weights with slots."""
    terms = code[TERMS]
    columns = code[COLUMNS]
    rows = code[COUNT] // columns
    width = columns * lanes
    out = shift(values, code[OUT] * lanes)
    table = shift(tables, code[TABLE])
    fill_biases(out, shift(tables, code[BIAS]), code[COUNT], shared, values, lanes)
    weights = shift(shared, code[WEIGHTS])
    row = code[WEIGHT_ROW]
    column = code[WEIGHT_COLUMN]
    if code[WEIGHTS] == NOWHERE:
        weights = scratch
        row = terms
        column = 1
        gather(scratch, shared, table, rows * terms, 1)
        scratch = shift(scratch, rows * terms)
    inputs = shift(values, code[INPUTS] * lanes)
    if code[INPUTS] == NOWHERE:
        inputs = scratch
        gather(scratch, values, shift(table, rows * terms), terms * columns, lanes)
    if width == 1 and column == 1:
        add_inner(out, weights, row, inputs, rows, terms)
    elif width == 1 and row == 1:
        share_product(code, out, rows, inputs, 0, 1, weights, column, 1, terms, rows, 0)
    else:
        share_product(code, out, width, weights, row, column, inputs, width, rows, terms, width, 0)


@never_inlined
def add_matrix_adjoints(
    code: Integers,
    tables: Integers,
    shared: Numbers,
    values: Numbers,
    adjoints: Numbers,
    gradient: Numbers,
    scratch: Numbers,
    lanes: int,
    fresh: int,
) -> None:
    """Compute the two products that are a product's adjoint."""
    terms = code[TERMS]
    columns = code[COLUMNS]
    rows = code[COUNT] // columns
    out = shift(adjoints, code[OUT] * lanes)
    table = shift(tables, code[TABLE])
    add_bias_adjoints(out, shift(tables, code[BIAS]), code[COUNT], gradient, adjoints, lanes)
    if code[EDGES] & RIGHT:
        add_input_adjoints(code, table, out, shared, adjoints, scratch, rows, terms, columns, lanes)
    if code[EDGES] & LEFT:
        add_weight_gradient(
            code, table, out, values, gradient, scratch, rows, terms, columns, lanes, fresh
        )


def matrix_backward(
    code: Integers,
    tables: Integers,
    shared: Numbers,
    values: Numbers,
    adjoints: Numbers,
    gradient: Numbers,
    scratch: Numbers,
    lanes: int,
) -> None:
    """Add the two products that are a product's adjoint."""
    add_matrix_adjoints(code, tables, shared, values, adjoints, gradient, scratch, lanes, 0)


def matrix_backward_first(
    code: Integers,
    tables: Integers,
    shared: Numbers,
    values: Numbers,
    adjoints: Numbers,
    gradient: Numbers,
    scratch: Numbers,
    lanes: int,
) -> None:
    """Do the same where nothing has been added to the weights' gradient, which is written."""
    add_matrix_adjoints(code, tables, shared, values, adjoints, gradient, scratch, lanes, 1)


def add_input_adjoints(
    code: Integers,
    table: Integers,
    out: Numbers,
    shared: Numbers,
    adjoints: Numbers,
    scratch: Numbers,
    rows: int,
    terms: int,
    columns: int,
    lanes: int,
) -> None:
    """Add the transposed weights times the adjoints of the results to those of the inputs."""
    width = columns * lanes
    weights = shift(shared, code[WEIGHTS])
    row = code[WEIGHT_ROW]
    column = code[WEIGHT_COLUMN]
    if code[WEIGHTS] == NOWHERE:
        weights = scratch
        row = terms
        column = 1
        gather(scratch, shared, table, rows * terms, 1)
        scratch = shift(scratch, rows * terms)
    optional = code[EDGES] & OPTIONAL
    target = shift(adjoints, code[INPUTS] * lanes)
    if code[INPUTS] == NOWHERE or optional:
        target = scratch
        fill(target, terms * width, 0.0)
    if width == 1 and column == 1:
        share_product(code, target, terms, out, 0, 1, weights, row, 1, rows, terms, 0)
    elif width == 1 and row == 1:
        add_inner(target, weights, column, out, terms, rows)
    else:
        share_product(code, target, width, weights, column, row, out, width, terms, rows, width, 0)
    if optional:
        for i in range(width):
            if column_is_absent(out, i, rows, width):
                for j in range(terms):
                    target[j * width + i] = -0.0
    if code[INPUTS] == NOWHERE or optional:
        scatter(adjoints, target, shift(table, rows * terms), terms * columns, lanes)


def column_is_absent(numbers: Numbers, column: int, rows: int, columns: int) -> Any:
    """Tell whether no result in a column has an adjoint."""
    for row in range(rows):
        if not is_absent(numbers[row * columns + column]):
            return False
    return True


def add_weight_gradient(
    code: Integers,
    table: Integers,
    out: Numbers,
    values: Numbers,
    gradient: Numbers,
    scratch: Numbers,
    rows: int,
    terms: int,
    columns: int,
    lanes: int,
    fresh: int,
) -> None:
    """Add the adjoints of the results times the transposed inputs to the weights' gradient."""
    width = columns * lanes
    inputs = shift(values, code[INPUTS] * lanes)
    if code[INPUTS] == NOWHERE:
        inputs = scratch
        gather(scratch, values, shift(table, rows * terms), terms * columns, lanes)
        scratch = shift(scratch, terms * width)
    # From one row of the transposed inputs to the next.
    below = terms
    if width > 1 and code[SAMPLES_SLOT]:
        inputs = shift(values, code[SAMPLES_SLOT] * lanes + code[INPUTS])
        below = code[SAMPLE_SIZE]
    elif width > 1:
        transpose(scratch, inputs, terms, width)
        inputs = scratch
        scratch = shift(scratch, terms * width)
    target = shift(gradient, code[WEIGHTS])
    row = code[WEIGHT_ROW]
    if code[WEIGHTS] != NOWHERE and code[WEIGHT_COLUMN] == 1:
        share_product(code, target, row, out, width, 1, inputs, below, rows, width, terms, fresh)
        return
    target = scratch
    share_product(code, target, terms, out, width, 1, inputs, below, rows, width, terms, 1)
    scatter(gradient, target, table, rows * terms, 1)


# What the machine is told, one integer each: about the program, and about one job.
INSTRUCTIONS, SLOTS, INPUTS_COUNT, OUTPUTS_COUNT, OUTPUTS_TABLE, BROADCAST_COUNT = range(6)
BROADCAST_TABLE, GUARDS_COUNT, GUARDS_TABLE, SHARED_COUNT, BLOCK, SAMPLES, WANTED = range(6, 13)
# And where things are: addresses.
CODE, VALUES, ADJOINTS, SCRATCH, GRADIENT, ROWS, OUTPUTS, SEED, SLOPES, SUM = range(13, 23)
# What has to be set to zero.
CLEAR_COUNT = 23
CLEAR_TABLE = 24
PARAMETERS_COUNT = 25
# Where the step size of a descent stands, and whether all has to stay finite.
STEP = 26
# Numbers from one column of the outputs to the next.
OUTPUTS_STRIDE = 27
# Whether products ask for the samples as rows.
SAMPLES_KEPT = 28
# Slots that have to be finite.
WATCHED_COUNT = 29
WATCHED_TABLE = 30
# Ranges of slots, without inputs, that need an adjoint.
ADJOINTS_COUNT = 31
ADJOINTS_TABLE = 32
JOB_FIELDS = 33

# The gradient of a product of so many is judged by its factors.
LARGE_PRODUCT_NUMBERS = 2**13
# Of two sums of squares: no inner product of their numbers is above its root.
SMALL_PRODUCT = 1e30
# Is added to the answer where a number of the gradient, or the sum, is not finite.
UNSOUND = 2**61
# The answer where a step would leave a parameter that is not finite.
UNFIT = -(2**62)


def clear_gradient(job: Integers, tables: Integers, gradient: Numbers) -> None:
    """Set to zero what is not written by the first block anyway: ranges of the shared numbers."""
    table = shift(tables, job[CLEAR_TABLE])
    for i in range(job[CLEAR_COUNT]):
        start = table[2 * i]
        fill(shift(gradient, start), table[2 * i + 1] - start, 0.0)


def load_rows(job: Integers, values: Numbers, start: int, lanes: int) -> None:
    """Copy samples, each a row, to the slots of the inputs, where each is a column."""
    count = job[INPUTS_COUNT]
    inputs = shift(pointer_like(values, job[ROWS]), start * count)
    if lanes == 1:
        copy(values, inputs, count)
        return
    transpose(values, inputs, lanes, count)
    kept = shift(values, job[SLOTS] * lanes)
    if job[SAMPLES_KEPT] and address_of(kept) != address_of(inputs):
        copy(kept, inputs, count * lanes)


@never_inlined
def infinite_lane(values: Numbers, rows: int, lanes: int) -> Any:
    """Return the first lane in which one of the rows is infinite or NaN, or -1."""
    if sum_of_none(values, rows * lanes) == 0.0:
        return -1
    for lane in range(lanes):
        for row in range(rows):
            if values[row * lanes + lane] * 0.0 != 0.0:
                return lane
    return -1


@never_inlined
def is_finite(numbers: Numbers, count: int) -> Any:
    """Tell whether consecutive numbers are finite."""
    return sum_of_none(numbers, count) == 0.0


@never_inlined
def sum_of_squares(numbers: Numbers, count: int) -> Any:
    """Return the sum of the squares of consecutive numbers."""
    return sum_of_products(numbers, numbers, count)


def watched_lane(job: Integers, tables: Integers, values: Numbers, lanes: int) -> Any:
    """Return the first lane in which a watched number is infinite or NaN, or -1."""
    table = shift(tables, job[WATCHED_TABLE])
    found = -1
    for i in range(job[WATCHED_COUNT]):
        lane = infinite_lane(shift(values, table[i] * lanes), 1, lanes)
        if lane >= 0 and (found < 0 or lane < found):
            found = lane
    return found


def samples_of_gradient(job: Integers) -> Any:
    """Return how many samples add to a gradient: all, but where each has its own."""
    return 1 if job[WANTED] & WANT_EACH else job[SAMPLES]


def is_judged(step: Integers, samples: int) -> Any:
    """Tell whether a product's gradient, which it alone writes, is judged by its factors.

    That is so where they are fewer than the numbers of the gradient.
    """
    if step[FIRST] == step[BACKWARD]:
        return False
    rows = step[COUNT] // step[COLUMNS]
    terms = step[TERMS]
    factors = (rows + terms) * step[COLUMNS] * samples
    return rows * terms > max(factors, LARGE_PRODUCT_NUMBERS)


def factors_are_small(
    step: Integers, tables: Integers, values: Numbers, adjoints: Numbers, lanes: int
) -> Any:
    """Tell whether a product's factors are so small that no number of the gradient is infinite."""
    count = step[TERMS] * step[COLUMNS]
    squares = 0.0
    if step[INPUTS] != NOWHERE:
        squares = sum_of_squares(shift(values, step[INPUTS] * lanes), count * lanes)
    else:
        rows = step[COUNT] // step[COLUMNS]
        table = shift(tables, step[TABLE] + rows * step[TERMS])
        for i in range(count):
            squares += sum_of_squares(shift(values, table[i] * lanes), lanes)
    upstream = sum_of_squares(shift(adjoints, step[OUT] * lanes), step[COUNT] * lanes)
    return squares * upstream < SMALL_PRODUCT


def gradient_is_finite(
    job: Integers, code: Integers, tables: Integers, gradient: Numbers, judged: bool
) -> Any:
    """Tell whether the gradient by the parameters is finite.

    If products were `judged`, by factors that are small, theirs are not looked through.
    """
    if not judged:
        return is_finite(gradient, job[PARAMETERS_COUNT])
    samples = samples_of_gradient(job)
    table = shift(tables, job[CLEAR_TABLE])
    for i in range(job[CLEAR_COUNT]):
        start = table[2 * i]
        stop = min(table[2 * i + 1], job[PARAMETERS_COUNT])
        if not is_finite(shift(gradient, start), stop - start):
            return False
    for i in range(job[INSTRUCTIONS]):
        step = shift(code, i * INSTRUCTION_FIELDS)
        if step[FIRST] != step[BACKWARD] and not is_judged(step, samples):
            weights = shift(gradient, step[WEIGHTS])
            rows = step[COUNT] // step[COLUMNS]
            for row in range(rows):
                if not is_finite(shift(weights, row * step[WEIGHT_ROW]), step[TERMS]):
                    return False
    return True


def load_shared(
    job: Integers, tables: Integers, shared: Numbers, values: Numbers, lanes: int
) -> None:
    """Copy shared numbers to all lanes of the slots where instructions ask for them."""
    table = shift(tables, job[BROADCAST_TABLE])
    slots = shift(values, job[INPUTS_COUNT] * lanes)
    for i in range(job[BROADCAST_COUNT]):
        fill(shift(slots, i * lanes), lanes, shared[table[i]])


def add_shared_gradient(
    job: Integers, tables: Integers, adjoints: Numbers, gradient: Numbers, lanes: int
) -> None:
    """Add the adjoints of those slots to the gradient."""
    table = shift(tables, job[BROADCAST_TABLE])
    slots = shift(adjoints, job[INPUTS_COUNT] * lanes)
    for i in range(job[BROADCAST_COUNT]):
        gradient[table[i]] += sum_of(shift(slots, i * lanes), lanes)


def failing_lane(job: Integers, tables: Integers, values: Numbers, lanes: int) -> Any:
    """Return the first lane in which a guard has not the truth that was traced, or -1."""
    count = job[GUARDS_COUNT]
    table = shift(tables, job[GUARDS_TABLE])
    for lane in range(lanes):
        for i in range(count):
            if (values[table[i] * lanes + lane] != 0.0) != (table[count + i] != 0):
                return lane
    return -1


def store_outputs(
    job: Integers, tables: Integers, values: Numbers, total: Numbers, start: int, lanes: int
) -> Any:
    """Copy the outputs' slots to columns, and add up what they come to under the seed.

    Returns the first lane that is not finite, or -1.
    """
    count = job[OUTPUTS_COUNT]
    table = shift(tables, job[OUTPUTS_TABLE])
    found = -1
    outputs = shift(pointer_like(values, job[OUTPUTS]), start)
    seed = pointer_like(values, job[SEED])
    for i in range(count):
        numbers = shift(values, table[i] * lanes)
        column = shift(outputs, i * job[OUTPUTS_STRIDE])
        copy(column, numbers, lanes)
        if job[WANTED]:
            total[0] = with_multiples(total[0], seed[i], numbers, lanes)
        lane = infinite_lane(numbers, 1, lanes)
        if lane >= 0 and (found < 0 or lane < found):
            found = lane
    return found


def with_multiples(total: float, factor: float, numbers: Numbers, lanes: int) -> Any:
    """Return a total to which multiples of numbers are added, one after another."""
    for lane in range(lanes):
        total += factor * numbers[lane]
    return total


def store_slopes(job: Integers, slopes: Numbers, adjoints: Numbers, start: int, lanes: int) -> Any:
    """Copy the adjoints of the inputs to rows; what has none has a slope of 0.0.

    Returns whether all are finite.
    """
    count = job[INPUTS_COUNT]
    to = shift(slopes, start * count)
    transpose(to, adjoints, count, lanes)
    add_number(to, 0.0, count * lanes)
    return is_finite(to, count * lanes)


def seed_outputs(job: Integers, tables: Integers, adjoints: Numbers, lanes: int) -> None:
    """Set the adjoints of the outputs to the seed; no other slot has an adjoint yet."""
    if job[WANTED] & WANT_INPUTS:
        fill(adjoints, job[INPUTS_COUNT] * lanes, -0.0)
    ranges = shift(tables, job[ADJOINTS_TABLE])
    for i in range(job[ADJOINTS_COUNT]):
        start = ranges[2 * i] * lanes
        fill(shift(adjoints, start), ranges[2 * i + 1] * lanes - start, -0.0)
    table = shift(tables, job[OUTPUTS_TABLE])
    seed = pointer_like(adjoints, job[SEED])
    for i in range(job[OUTPUTS_COUNT]):
        add_number(shift(adjoints, table[i] * lanes), seed[i], lanes)


def descend(job: Integers, shared: Numbers, gradient: Numbers, blank: int) -> Any:
    """Move the parameters down the gradient if that is asked for, and return the machine's answer.

    They stay where they are if they have to be finite and would not be, or a number was not; and if
    the gradient is not finite, for then somebody has to look why.
    """
    step = pointer_like(shared, job[STEP])
    count = job[PARAMETERS_COUNT]
    step_size = step[0]
    finite = step[1] != 0.0
    if step_size == 0.0 or (finite and blank) or blank >= UNSOUND:
        return blank
    # A parameter would not stay finite.
    if finite and sum_of_none_moved(shared, -step_size, gradient, count) != 0.0:
        return UNFIT
    add_multiple(shared, -step_size, gradient, count)
    return blank


def run_forward(
    job: Integers,
    code: Integers,
    tables: Integers,
    shared: Numbers,
    values: Numbers,
    adjoints: Numbers,
    gradient: Numbers,
    scratch: Numbers,
    lanes: int,
) -> None:
    """Call the forward kernels of a block."""
    for i in range(job[INSTRUCTIONS]):
        step = shift(code, i * INSTRUCTION_FIELDS)
        kernel = step[FORWARD]
        if kernel:
            call(kernel, step, tables, shared, values, adjoints, gradient, scratch, lanes)


def run_backward(
    job: Integers,
    code: Integers,
    tables: Integers,
    shared: Numbers,
    values: Numbers,
    adjoints: Numbers,
    gradient: Numbers,
    scratch: Numbers,
    start: int,
    lanes: int,
    judged: int,
) -> Any:
    """Call the backward kernels of a block, the last first, and judge products on the way.

    FIRST is the backward kernel of the first block, which may write to the gradient where others
    add. Returns 1 if products were judged by factors that are small, -1 if any are not, or nobody
    asks, and else what was found before.
    """
    each = (job[WANTED] & WANT_EACH) != 0
    samples = samples_of_gradient(job)
    is_first = start == 0 or each
    if each:
        clear_gradient(job, tables, gradient)
    seed_outputs(job, tables, adjoints, lanes)
    for i in range(job[INSTRUCTIONS] - 1, -1, -1):
        step = shift(code, i * INSTRUCTION_FIELDS)
        kernel = step[FIRST] if is_first else step[BACKWARD]
        if judged >= 0 and is_judged(step, samples):
            small = factors_are_small(step, tables, values, adjoints, lanes)
            judged = 1 if small else -1
        if kernel:
            call(kernel, step, tables, shared, values, adjoints, gradient, scratch, lanes)
    add_shared_gradient(job, tables, adjoints, gradient, lanes)
    return judged


def noted(blank: int, start: int, lane: int) -> Any:
    """Return the answer so far, or which sample a lane is that is the first not to be finite."""
    if lane >= 0 and not blank:
        blank = start + lane + 1
    return blank


def machine(job: Integers, tables: Integers, shared: Numbers) -> Any:
    """Run a program on the samples of a job, a block of lanes at a time.

    Inputs and slopes (the gradient by them) have a row for each sample, and outputs a column.
    The gradient by the shared numbers is written, or one for each sample. Returns -1 - s where a
    guard fails at sample s, s + 1 where the first input or output that is not finite is that of
    sample s, UNFIT where the parameters cannot take a step that is asked for, and 0 if all is well.
    UNSOUND is added where the gradient is not finite, or what the outputs add up to; whoever asks
    for a step hears UNFIT.
    """
    code = as_code(job[CODE])
    values = pointer_like(shared, job[VALUES])
    adjoints = pointer_like(shared, job[ADJOINTS])
    scratch = pointer_like(shared, job[SCRATCH])
    gradient = pointer_like(shared, job[GRADIENT])
    total = pointer_like(shared, job[SUM])
    wanted = job[WANTED]
    each = (wanted & WANT_EACH) != 0
    blank = 0
    start = 0
    total[0] = 0.0
    unsound = False
    # A step that has to leave finite numbers looks at them itself: see `descend`.
    step_asked = pointer_like(shared, job[STEP])
    looks = wanted != 0 and (step_asked[0] == 0.0 or step_asked[1] == 0.0)
    judged = 0 if looks else -1
    if wanted and not each:
        clear_gradient(job, tables, gradient)
    while start < job[SAMPLES]:
        lanes = min(job[BLOCK], job[SAMPLES] - start)
        load_rows(job, values, start, lanes)
        lane = infinite_lane(values, job[INPUTS_COUNT], lanes)
        blank = noted(blank, start, lane)
        load_shared(job, tables, shared, values, lanes)
        run_forward(job, code, tables, shared, values, adjoints, gradient, scratch, lanes)
        lane = failing_lane(job, tables, values, lanes)
        if lane >= 0:
            return -1 - start - lane
        lane = store_outputs(job, tables, values, total, start, lanes)
        blank = noted(blank, start, lane)
        lane = watched_lane(job, tables, values, lanes)
        blank = noted(blank, start, lane)
        if wanted:
            judged = run_backward(
                job, code, tables, shared, values, adjoints, gradient, scratch, start, lanes, judged
            )
            if wanted & WANT_INPUTS:
                slopes = pointer_like(shared, job[SLOPES])
                if not store_slopes(job, slopes, adjoints, start, lanes):
                    unsound = True
            if looks and (each or start + lanes == job[SAMPLES]):
                if not gradient_is_finite(job, code, tables, gradient, judged > 0):
                    unsound = True
                judged = 0
            if each:
                gradient = shift(gradient, job[SHARED_COUNT])
        start += lanes
    if unsound or total[0] * 0.0 != 0.0:
        blank += UNSOUND
    return descend(job, shared, gradient, blank)
