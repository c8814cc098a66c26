"""Loops found in programs: rolled up, expanded again, and what they carry from turn to turn."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, cos, exp, sin, softmax, tanh
from autograd import primitives as p
from autograd.compile.lower.backward_text import backward_lines
from autograd.compile.lower.flow import flow_of, inside
from autograd.compile.lower.listing import Listing, spread_of
from autograd.compile.lower.lowering import FAST, PLAIN, STRICT, lower, unrolled
from autograd.compile.lower.program import Dot, Edges, Loop, Map, Program, all_places
from autograd.compile.lower.rolling import MAX_BODY, MIN_TURNS, evened, expanded, rolled, with_table
from autograd.compile.report import facts_of
from nn import MLP
from testkit import loops
from testkit.kernels import seldom
from testkit.loop_interpreter import Interpreter
from testkit.loops import LoopProgram, close

SEEN = [0.1 * (7 * i % 11) - 0.3 for i in range(40)]
EXAMPLES = {
    "pendulum": (loops.pendulum(1000), (0.5, 0.1, 9.81, 0.25)),
    "newton": (lambda a, x: loops.newton(30, a, x), (2.0, 1.5)),
    "nested newton": (lambda a: loops.nested_newton(50, a), (2.0,)),
    "heat": (loops.heat(20, 20), ([0.1 * i for i in range(20)],)),
    "adam": (loops.adam(50), (1.0, 0.3)),
    "delayed": (lambda x: loops.delayed(60, x), (0.5,)),
    "kalman": (loops.kalman, (SEEN, 0.1, 0.5)),
    "likelihood": (loops.likelihood, (SEEN, 0.1, 0.5)),
    "smoothed": (loops.smoothed, (SEEN, 0.1, 0.5)),
    "thomas": (loops.thomas, ([2.5 + 0.1 * (i % 7) for i in range(40)], SEEN)),
    "two averages": (loops.two_averages, (SEEN, 0.1)),
}
ELMAN, ELMAN_WEIGHTS = loops.elman(50)
LSTM, LSTM_WEIGHTS = loops.lstm(30)
ELMAN_SAMPLE = [0.1 * i for i in range(100)], [0.02 * i for i in range(50)]
LSTM_SAMPLE = ([0.1 * i for i in range(60)],)


def programs(function, example, parameters=(), way=FAST):
    """Return the program of a function with all turns, and with loops; both gradients asked for."""
    compiled = autograd.compile(function, parameters, example, engine="numpy")
    traced = compiled.specializations[0]
    leaves = traced.tape.parameters + traced.tape.inputs
    arguments = traced.tape, traced.edges, leaves, way
    return unrolled(*arguments), lower(*arguments)


def shape(steps):
    """Return the loops among instructions: turns, instructions of a turn, and those inside."""
    return [
        (step.turns, len(step.body), *([shape(step.body)] if shape(step.body) else []))
        for step in steps
        if isinstance(step, Loop)
    ]


def loops_of(function, *example, parameters=()):
    """Return the loops of a function, as `shape` does."""
    return shape(programs(function, example, parameters)[1].instructions)


def table_by_table(step):
    """Return all that an instruction is, with tables as lists and their types."""
    return (
        type(step),
        step.out,
        step.count,
        step.kind(),
        *(
            (name, table.dtype.name, table.tolist())
            for name, table in vars(step).items()
            if isinstance(table, np.ndarray)
        ),
    )


def assert_the_same(program, other):
    """Hold two programs to be equal, instruction by instruction and table by table."""
    assert len(program.instructions) == len(other.instructions)
    for step, twin in zip(program.instructions, other.instructions):
        assert table_by_table(step) == table_by_table(twin)
    fields = vars(program).keys() - {"instructions"}
    for name in fields:
        assert np.array_equal(vars(program)[name], vars(other)[name]), name


def assert_sound(program):
    """Hold what each turn reads to be computed by turns, at one distance, or there beforehand."""
    for loop in program.instructions:
        if isinstance(loop, Loop):
            columns = all_places(loop.body, loop.columns())
            outside = (columns < loop.out).all(axis=0)
            outside |= (columns >= loop.out + loop.count).all(axis=0)  # of edges
            travels = (np.diff(columns, axis=0) == loop.stride).all(axis=0)
            assert (outside | travels).all()
            signs = columns < 0
            assert (signs == signs[0]).all()


def assert_rolled_rightly(program, whole):
    """Hold a program to be another one rolled."""
    assert_the_same(expanded(program), whole)
    assert_sound(program)


# What is found


def test_the_steps_of_a_pendulum_are_a_loop_that_carries_three_numbers():
    whole, program = programs(*EXAMPLES["pendulum"])
    (loop,) = (step for step in program.instructions if isinstance(step, Loop))
    assert loop.turns * len(loop.body) > 0.995 * len(whole.instructions)
    flow = flow_of(loop, program)
    # Angle and speed, and the sine of the angle, which is there before the speed is.
    assert shape(program.instructions) == [(998, 38)] and len(flow.carried) == 3
    assert len(flow.backward) == 12 and loop.stride == 42


def test_an_elman_network_has_a_turn_of_five_instructions_for_each_step_of_its_sequence():
    found = programs(ELMAN, ELMAN_SAMPLE, ELMAN_WEIGHTS)[1]
    assert shape(found.instructions) == [(48, 5)]
    (loop,) = (step for step in found.instructions if isinstance(step, Loop))
    steps = {step for _, step in flow_of(loop, found).strided}
    assert steps == {1, 2}  # a target, and two inputs


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("newton", [(29, 7)]),
        ("heat", [(19, 5)]),
        ("adam", [(48, 14)]),
        ("delayed", None),
    ],
)
def test_a_loop_that_people_write_is_found(name, expected):
    found = loops_of(EXAMPLES[name][0], *EXAMPLES[name][1])
    assert found == expected if expected else len(found) == 1


def test_long_short_term_memory_is_a_loop():
    assert loops_of(LSTM, *LSTM_SAMPLE, parameters=LSTM_WEIGHTS) == [(29, 7)]


def test_a_loop_in_a_loop_is_one():
    found = loops_of(*EXAMPLES["nested newton"][:1], *EXAMPLES["nested newton"][1])
    turns, _, inner = max(found)
    assert turns >= 47 and [part[:2] for part in inner] == [(5, 7)]


def test_a_loop_around_another_is_found_where_it_adds_no_operation_of_its_own():
    def function(x):
        factor = x
        for _ in range(50):
            for _ in range(6):
                x = sin(x) * factor
            factor = x
        return x

    assert loops_of(function, 0.9)[1] == (48, 1, [(6, 2)])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("kalman", [(38, 8)]),
        ("likelihood", [(36, 13)]),
        ("smoothed", [(37, 10), (39, 3)]),
        ("thomas", [(38, 3), (39, 2)]),
        ("two averages", [(37, 7)]),
    ],
)
def test_recurrences_of_different_depth_in_one_for_are_one_loop(name, expected):
    assert loops_of(*EXAMPLES[name][:1], *EXAMPLES[name][1]) == expected


@pytest.mark.parametrize("turns", [6, 12, 300])
def test_a_filter_is_one_loop_of_as_many_turns_as_the_for_has(turns):
    seen = [SEEN[i % 40] for i in range(turns)]
    assert loops_of(loops.kalman, seen, 0.1, 0.5) == [(turns - 2, 8)]
    noise = [Value(0.1), Value(0.5)]
    compiled = autograd.compile(lambda xs: loops.kalman(xs, *noise), noise, (seen,))
    assert f"code  {turns - 2} turns of 8 operations," in str(compiled.explain())


def test_filters_one_after_the_other_are_members_of_one_loop():
    def function(seen, drift, noise):
        each = [[x + 0.1 * i for x in seen] for i in range(4)]
        return sum(loops.kalman(xs, drift + 0.1 * i, noise) for i, xs in enumerate(each))

    program = programs(function, (SEEN, 0.1, 0.5))[1]
    (loop,) = (step for step in program.instructions if isinstance(step, Loop))
    assert loop.turns == 38 and all(step.count >= 4 for step in loop.body)


def test_recurrences_of_different_depth_in_a_loop_in_a_loop_stay_there():
    def function(x):
        total = 0.0
        for _ in range(12):
            y, v = x, 1.0
            for _ in range(6):
                v = v + 0.1
                k = v / (v + 0.5)
                v = v * (1.0 - k)
                y = y + k * (1.0 - y)
            x = sin(y) + 0.1 * v
            total = tanh(total + x)
        return total

    found = loops_of(function, 0.4)
    assert max(found)[0] == 11 and [loop[0] for loop in max(found)[2]] == [5]


@pytest.mark.parametrize("name", ["kalman", "smoothed", "thomas", "two averages"])
@pytest.mark.parametrize("engine", ["numpy", None])
def test_recurrences_of_different_depth_compute_what_eager_code_does(name, engine):
    function, example = EXAMPLES[name]
    compiled = autograd.compile(function, example=example, engine=engine, reduce="sum")
    for size in (1, 9):
        samples = [[np.asarray(x) * (1 + 0.01 * i) for x in example] for i in range(size)]
        values, slopes = zip(*(recorded(function, sample) for sample in samples))
        total, _, found = compiled.value_and_grad(*map(np.stack, zip(*samples)), inputs=True)
        assert close(total, sum(values))
        for of_argument, right in zip(found, zip(*slopes)):
            assert close(of_argument, right)


def recorded(function, sample):
    """Return the value of a function, and its slopes by each argument, by the eager engine."""
    arguments = [loops.lifted(x.tolist()) for x in sample]
    out = function(*arguments)
    out.backward()
    slopes = [[x.grad for x in loops.flat([xs])] for xs in arguments]
    shaped = [np.reshape(own, np.shape(x)) for own, x in zip(slopes, sample)]
    return out.data, shaped


def test_a_number_that_is_read_seven_turns_later_is_carried_so_far():
    program = rolled(straight([(1, 7)] * 30, leaves=7))
    loop = program.instructions[-1]  # the turns before it read the first seven numbers
    assert shape(program.instructions) == [(7, 1), (22, 1)]
    assert flow_of(loop, program).carried == {loop.out: 7}


def test_inputs_and_constants_of_each_turn_move_evenly_or_have_a_table():
    def function(xs, w):
        for t, x in enumerate(xs):
            w = tanh(w + x) * (0.1 / (1 + (5 * t) % 7)) + xs[(t * t) % 31]
        return w

    program = programs(function, ([0.01 * i for i in range(40)], 0.5))[1]
    (loop,) = (step for step in program.instructions if isinstance(step, Loop))
    flow = flow_of(loop, program)
    assert loop.turns >= 35 and len(flow.strided) == 1 and len(flow.chosen) == 2
    assert all(len(places) == loop.turns for places in flow.chosen)


def test_a_loop_whose_turns_now_and_then_do_something_else_has_the_turns_between():
    def function(x):
        for t in range(60):
            x = sin(x) + 0.5
            if t % 20 == 7:
                x = exp(-x)
        return x

    found = loops_of(function, 0.3)
    assert [turns for turns, _ in found] == [8, 19, 19, 12] or sum(t for t, _ in found) >= 50


def test_loops_that_read_constants_in_other_directions_are_turns_of_one():
    forwards = [0.5 + 0.1 * i for i in range(12)]
    backwards = forwards[::-1]

    def function(x):
        for constants in (forwards, backwards, backwards, forwards, backwards):
            for c in constants:
                x = x * c
            x = sin(x)
        return x

    assert loops_of(function, 0.5) == [(11, 1), (4, 2, [(12, 1)])]


def test_a_loop_with_a_table_for_what_moves_evenly_is_the_same_loop():
    steps = programs(*EXAMPLES["pendulum"])[1].instructions
    (loop,) = [step for step in steps if isinstance(step, Loop)]
    moving = np.flatnonzero(loop.steps)[:2].astype(np.int32)
    other = with_table(loop, moving)
    assert not other.steps[moving].any() and other.kind() != loop.kind()
    assert np.array_equal(other.columns(), loop.columns())
    assert evened(other).kind() == loop.kind()


def test_turns_that_carry_nothing_are_no_loop():
    def function(xs):
        return [sin(x) * cos(x) for x in xs]

    for way in (FAST, PLAIN):
        assert shape(programs(function, ([0.1] * 50,), way=way)[1].instructions) == []


@pytest.mark.parametrize(("turns", "expected"), [(4, []), (5, [(4, 2)]), (6, [(5, 2)])])
def test_a_loop_has_four_turns_at_the_least(turns, expected):
    def function(x, y):  # the first turn reads inputs only, and stays in front
        for _ in range(turns):
            x = sin(x) * y
        return x

    assert loops_of(function, 0.5, 0.25) == expected


def test_random_graphs_have_no_loop():
    for seed in range(20):
        draw = random.Random(seed)

        places = [draw.choices(range(40), k=2) for _ in range(300)]
        operations = draw.choices([p.add, p.mul, p.sub, lambda x, _: sin(x)], k=300)

        def function(xs, places=places, operations=operations):
            found = list(xs)
            for operation, (i, j) in zip(operations, places):
                found.append(tanh(operation(found[-1 - i], found[-1 - j])))
            return sum(found)

        assert loops_of(function, [0.1 * i for i in range(40)]) == []


def test_a_network_and_attention_have_no_loop():
    network = MLP(3, [5, 4, 1], activation="tanh", seed=1)
    assert loops_of(lambda xs: network(xs) ** 2, [0.1, 0.2, 0.3],
                    parameters=network.parameters()) == []  # fmt: skip

    def attention(xs):
        rows = [xs[4 * i : 4 * i + 4] for i in range(6)]
        found = []
        for query in rows:
            weights = softmax([autograd.dot(query, key) for key in rows])
            found.append(sum(w * row[0] for w, row in zip(weights, rows)))
        return sum(found)

    assert loops_of(attention, [0.1 * i for i in range(24)]) == []


def test_layers_of_one_shape_are_turns_of_a_loop_over_their_weights():
    network = MLP(4, [4] * 8, activation="tanh", seed=1)
    found = programs(lambda xs: sum(network(xs)), ([0.1] * 4,), network.parameters())[1]
    (loop,) = (step for step in found.instructions if isinstance(step, Loop))
    assert loop.turns >= 6
    assert (-4 * 5 in loop.steps) and loop.irregular.size == 0  # a layer's weights and biases


# Rolled and expanded


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("way", [FAST, STRICT, PLAIN])
def test_an_example_rolled_and_expanded_is_what_it_was(name, way):
    function, example = EXAMPLES[name]
    if name == "pendulum":
        function = loops.pendulum(100)
    whole, program = programs(function, example, way=way)
    assert_rolled_rightly(program, whole)
    assert_the_same(rolled(program), program)


@pytest.mark.parametrize(
    ("function", "example", "weights"),
    [(ELMAN, ELMAN_SAMPLE, ELMAN_WEIGHTS), (LSTM, LSTM_SAMPLE, LSTM_WEIGHTS)],
)
def test_a_recurrent_network_rolled_and_expanded_is_what_it_was(function, example, weights):
    whole, program = programs(function, example, weights)
    assert_rolled_rightly(program, whole)


def random_program(number):
    """Return a random function, its parameters, and an example."""
    source = LoopProgram(number)
    weights = [Value(w) for w in source.weights]
    return lambda xs: source.run(weights, xs), weights, (source.rows[0],)


@pytest.mark.parametrize("number", [*range(10), *seldom(*range(10, 50))])
def test_a_random_loop_rolled_and_expanded_is_what_it_was(number):
    function, weights, example = random_program(number)
    whole, program = programs(function, example, weights)
    assert_rolled_rightly(program, whole)


def test_most_random_loops_are_found_and_some_are_nested():
    found = []
    for number in range(30):
        function, weights, example = random_program(number)
        found.append(loops_of(function, *example, parameters=weights))
    assert sum(map(bool, found)) >= 22
    assert sum(any(len(loop) > 2 for loop in some) for some in found) >= 4


def straight(operands, leaves=1):
    """Return a program of sums of two slots each, given by how far back they are."""
    steps = [
        Map(leaves + i, 1, p.add, np.array([[leaves + i - x], [leaves + i - y]], np.int32),
            (True, True), False)
        for i, (x, y) in enumerate(operands)
    ]  # fmt: skip
    last = np.array([leaves + len(steps) - 1], np.int32)
    return Program(0, 0, [], leaves, leaves + len(steps), np.empty(0, np.int32), steps, last, [])


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=5),
       st.integers(1, 12), st.lists(st.integers(0, 40), max_size=3))  # fmt: skip
def test_operations_of_one_kind_are_a_loop_only_where_they_read_alike(period, turns, changed):
    operands = [(1, 1), (1, 2), *period * turns]
    for place in changed:  # two operands that change places, at which sums of distances look alike
        i = place % len(operands)
        operands[i] = operands[i][::-1]
    program = straight(operands, leaves=3)
    found = rolled(program)
    assert_rolled_rightly(found, program)
    if not changed and turns >= 6:
        assert sum(step.turns for step in found.instructions if isinstance(step, Loop)) >= 4


def sums(pairs, leaves):
    """Return a program of sums of two slots each, given by their numbers."""
    return straight([(leaves + i - x, leaves + i - y) for i, (x, y) in enumerate(pairs)], leaves)


def test_numbers_of_a_first_turn_that_all_others_read_stand_in_front_of_the_loop():
    pairs = [(2, 2), (3, 3), (4, 4)]
    for i in range(60):  # six operations a turn, of which five read places 4 to 8 one by one
        pairs.append((5 + i, 3 + i % 6 if i % 6 else 5 + i))
    whole = sums(pairs, leaves=3)
    program = rolled(whole)
    assert_rolled_rightly(program, whole)
    assert any(len(loop) > 2 for loop in shape(program.instructions))


@pytest.mark.parametrize("turn", [3, 4, 9, 15])
def test_a_turn_that_reads_an_earlier_one_for_good_ends_the_loop(turn):
    pairs = [(2 + i, i % 2) for i in range(20)]
    pairs[turn] = (2 + turn, 4)  # the second sum's result, where others read an input
    whole = sums(pairs, leaves=3)
    program = rolled(whole)
    assert_rolled_rightly(program, whole)
    assert all(loop[0] >= MIN_TURNS for loop in shape(program.instructions))


@pytest.mark.parametrize("slope", [2, 3, 4, 5, 6, 12, 23, 40])
def test_a_slope_that_is_computed_in_a_later_turn_ends_the_loop(slope):
    steps = []
    for i in range(40):
        node, parent, other = (np.array([x], np.int32) for x in (1 + i, i, slope))
        steps.append(Map(1 + i, 1, p.sin, parent[:, None], (True,), False))
        steps.append(Edges(0, 0, node, parent, other, parent))
    last = np.array([40], np.int32)
    whole = Program(0, 0, [], 1, 41, np.empty(0, np.int32), steps, last, [])
    program = rolled(whole)
    assert_rolled_rightly(program, whole)
    assert sum(loop[0] for loop in shape(program.instructions)) >= 14


def test_a_bias_that_is_a_parameter_in_every_second_turn_makes_no_turns_of_one():
    steps = []
    for i in range(40):
        bias = np.array([~2 if i % 2 else 0], np.int32)
        sides = np.array([[1 + i]], np.int32), np.array([[1]], np.int32)
        steps.append(Dot(2 + i, 1, bias, *sides, (True, True, True), False))
    last = np.array([41], np.int32)
    whole = Program(3, 3, [], 2, 42, np.empty(0, np.int32), steps, last, [])
    program = rolled(whole)
    assert_rolled_rightly(program, whole)
    assert [loop[1] for loop in shape(program.instructions)] == [2]


def test_inner_loops_whose_steps_differ_from_turn_to_turn_are_in_an_outer_one():
    def function(xs, y):
        for i in range(16):
            for j in range(5):  # one by one, or not, which does not repeat itself
                y = tanh(y * xs[j * j % 5 if i.bit_count() % 2 else j])
            y = exp(-y)
        return y

    whole, program = programs(function, ([0.1 * i for i in range(13)], 0.5))
    assert_rolled_rightly(program, whole)
    assert any(len(loop) > 2 for loop in shape(program.instructions))


def test_loops_one_after_the_other_need_no_tables_though_their_steps_differ():
    def function(xs, y):
        for step in (1, 2, 3, 4, 5):
            for i in range(6):
                y = tanh(y * xs[i * step])
            for operation in (exp, cos, sin, exp, cos)[:step]:
                y = operation(-y)
        return y

    whole, program = programs(function, ([0.1 * i for i in range(26)], 0.5))
    assert_rolled_rightly(program, whole)
    found = [step for step in program.instructions if isinstance(step, Loop)]
    assert len(found) == 5 and not any(loop.irregular.size for loop in found)


def test_a_long_turn_may_read_what_was_computed_just_before_the_loop():
    draw = random.Random(2)
    operations = [draw.choice([sin, cos, tanh]) for _ in range(20)]

    def function(xs, y):
        before = [exp(0.5 * x) for x in xs]
        for x in before:
            for operation in operations:
                y = operation(y)
            y = y + x
        return y

    whole, program = programs(function, ([0.1 * i for i in range(6)], 0.5))
    assert_rolled_rightly(program, whole)
    (loop,) = shape(program.instructions)
    assert loop[1] == 21


def test_swapped_operands_are_no_turn_of_the_same_loop():
    operands = [(1, 2), (2, 1)] * 20
    assert shape(rolled(straight(operands, leaves=2)).instructions) == [(19, 2)]


def test_a_turn_may_have_thousands_of_instructions_but_not_more():
    draw = random.Random(1)
    for length, found in ((700, 1), (MAX_BODY + 1, 0)):
        period = [(draw.randint(1, 9), draw.randint(1, 9)) for _ in range(length)]
        program = rolled(straight(period * 6, leaves=9))
        long = [step for step in program.instructions if isinstance(step, Loop)]
        assert len([loop for loop in long if loop.stride == length]) == found


def test_how_far_the_turns_of_a_loop_reach_is_known():
    function, example = EXAMPLES["adam"]
    (loop,) = (s for s in programs(function, example)[1].instructions if isinstance(s, Loop))
    highest = loop.columns().max(axis=0)
    even = np.delete(np.arange(loop.steps.size), loop.irregular)
    assert (spread_of(loop)[1][even] == (highest - loop.first())[even]).all()


def test_a_list_and_its_parts_put_together_are_the_same_arrays():
    whole, _ = programs(*EXAMPLES["heat"])
    leaves = whole.inputs + len(whole.broadcast)
    listing = Listing(whole.instructions, leaves, {})
    joined = listing.joined([listing.part(0, 7), listing.part(7, 7), listing.part(7, len(listing))])
    for name in ("kinds", "before", "starts", "places", "reach", "dip"):
        assert np.array_equal(getattr(joined, name), getattr(listing, name))


# What a loop carries


def interpreted(function, example, parameters=()):
    """Return values and gradients by an interpreter that has only what flows, and by the engine."""
    compiled = autograd.compile(function, parameters, example, engine="numpy", reduce="sum")
    traced = compiled.specializations[0]
    program = programs(function, example, parameters)[1]
    row = np.concatenate([np.ravel(x) for x in example])
    compiled.value_and_grad(*([x] for x in example))
    run = Interpreter(program, traced.shared.tolist(), row.tolist())
    outputs = run.run()
    inputs, shared = run.gradient()
    total, gradient, slopes = compiled.value_and_grad(*([x] for x in example), inputs=True)
    slopes = slopes if isinstance(slopes, tuple) else (slopes,)
    found = np.concatenate([np.ravel(x) for x in slopes])
    return program, (outputs[0], inputs, shared[: program.trained]), (total, found, gradient)


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_flows_is_enough_for_both_passes(name):
    function, example = EXAMPLES[name]
    if name == "pendulum":
        function = loops.pendulum(50)
    _, found, right = interpreted(function, example)
    assert all(map(close, found, right))


def test_what_flows_is_enough_for_matrices():
    function, weights = loops.elman(12)
    example = [0.1 * i for i in range(24)], [0.02 * i for i in range(12)]
    _, found, right = interpreted(function, example, weights)
    assert all(map(close, found, right))


def test_what_flows_is_enough_for_primitives_of_many_operands():
    def function(x, y, z):
        for _ in range(8):
            x, y, z = (tanh(v) + 0.5 * w for v, w in zip(softmax([x, y * z, z]), (y, z, x)))
            x = x + p.prod([x, y, z]) + p.norm([y, z])
        return x + y * z

    program, found, right = interpreted(function, (0.5, 0.25, -0.5))
    (loop, *_) = (step for step in program.instructions if isinstance(step, Loop))
    assert any(isinstance(step, Edges) for step in loop.body)
    strided = flow_of(loop, program).strided
    assert any(place >= loop.out + loop.count for place, _ in strided)  # slopes
    assert all(map(close, found, right))


@pytest.mark.parametrize("number", [*range(4), *seldom(*range(4, 20))])
def test_what_flows_is_enough_for_random_loops(number):
    function, weights, example = random_program(number)
    _, found, right = interpreted(function, example, weights)
    assert all(map(close, found, right))


def test_nothing_flows_that_is_not_needed():
    def function(x, y):
        for _ in range(20):
            x = tanh(sin(x) + y)  # tanh needs its operand, sin too, a sum nothing
        return x

    program = programs(function, (0.5, 0.25))[1]
    (loop,) = (step for step in program.instructions if isinstance(step, Loop))
    flow = flow_of(loop, program)
    assert len(flow.carried) == 1 and set(flow.carried.values()) == {1}
    assert flow.invariant == {1} and not flow.strided and not flow.chosen
    assert len(flow.after) <= 1 and len(flow.backward) == 2


def test_a_sum_over_all_turns_needs_a_number_of_each():
    def function(x):
        found = []
        for _ in range(20):
            x = sin(x) + 0.5
            found.append(x)
        return sum(found)

    program = programs(function, (0.5,))[1]
    (loop,) = (step for step in program.instructions if isinstance(step, Loop))
    assert len(flow_of(loop, program).after) == loop.turns


def test_what_is_checked_in_each_turn_is_told_apart_from_what_is_read_behind_the_loop():
    program = programs(*EXAMPLES["adam"])[1]
    (loop,) = (step for step in program.instructions if isinstance(step, Loop))
    flow = flow_of(loop, program)
    assert len(flow.after) == 1  # the result
    assert len(flow.checked) == loop.turns  # a root, whose slope may be infinite, in each turn


def test_an_inner_loop_leaves_what_the_rest_of_the_turn_and_the_next_turns_read():
    program = programs(*EXAMPLES["nested newton"])[1]
    outer = max(
        (step for step in program.instructions if isinstance(step, Loop)),
        key=lambda step: step.count,
    )
    turn = inside(outer, program)
    (inner,) = (step for step in outer.body if isinstance(step, Loop))
    flow = flow_of(inner, turn)
    assert len(flow.carried) == 1 and len(flow.after) == 1


# What is said


def test_a_listing_has_a_for_and_slots_that_move():
    def function(xs, y):
        for t, x in enumerate(xs):
            y = tanh(y * x) + (0.5, 0.25, 0.75)[(t * t) % 3]
        return y

    compiled = autograd.compile(function, example=([0.1] * 20, 0.5))
    lines = compiled.source(backward=False).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("for turn in range("))
    body = [line for line in lines[start + 1 :] if line.startswith("    ")]
    assert len(body) == 3 and all("turn" in line for line in body)
    assert any("s[1 + turn]" in line or "s[2 + turn]" in line for line in body)
    assert any(")[turn]]" in line for line in body)


def test_a_listing_of_a_nested_loop_names_both_turns():
    text = autograd.compile(EXAMPLES["nested newton"][0], example=(2.0,)).source()
    assert "\n    for turn_2 in range(5):\n        s[" in text and "*turn + 7*turn_2]" in text


def test_a_listing_tells_biases_that_are_shared_numbers_from_those_in_slots():
    steps = []
    for i in range(8):
        bias = np.array([~2, 2 * i], np.int32)
        sides = np.array([[0, 1]], np.int32), np.array([[1, 2 * i + 1]], np.int32)
        steps.append(Dot(2 + 2 * i, 2, bias, *sides, (True, True, True), False))
    last = np.array([17], np.int32)
    program = rolled(Program(3, 3, [], 2, 18, np.empty(0, np.int32), steps, last, []))
    assert shape(program.instructions)
    assert any(" = (p[2], s[2 + 2*turn]) + " in line for line in program.lines())
    assert any(" = (p2, s0) + " in line for line in program.lines())


def test_a_listing_has_room_for_gradients_by_constants_that_stand_for_parameters_in_some_turns():
    steps = []
    for i in range(8):
        sides = np.array([[~i]], np.int32), np.array([[i]], np.int32)
        steps.append(Dot(i + 1, 1, np.array([~0], np.int32), *sides, (True, True, True), False))
    last = np.array([8], np.int32)
    none = np.empty(0, np.int32)
    program = rolled(Program(3, 3, [0.5] * 5, 1, 9, none, steps, last, [], [0.5] * 5))
    assert shape(program.instructions)
    lines = list(backward_lines(program, False))
    assert "grad_p0:8 = 0.0" in lines and lines[-1] == "return grad_p0:3"
    assert "    grad_p[1 + turn] += s[1 + turn] * grad_s[2 + turn]" in lines


def test_a_report_says_how_many_turns_of_what_there_are():
    text = str(autograd.compile(EXAMPLES["newton"][0], example=(2.0, 1.5)).explain())
    assert "code  29 turns of 7 operations" in text and "instructions  150: 60 mul" in text
    text = str(autograd.compile(EXAMPLES["nested newton"][0], example=(2.0,)).explain())
    assert "turns of (5 turns of 7 operations and " in text
    text = str(autograd.compile(lambda x: sin(x) * x, example=(1.0,)).explain())
    assert "code  straight-line code, 2 operations" in text


def test_a_report_counts_what_is_done_whether_it_is_in_a_loop_or_not():
    whole, program = programs(ELMAN, ELMAN_SAMPLE, ELMAN_WEIGHTS)
    facts, straight_facts = (dict(facts_of(x, 1, 8)) for x in (program, whole))
    for name in ("fused", "instructions", "arithmetic", "memory"):
        assert facts[name] == straight_facts[name]


def test_a_drawing_has_a_loop_as_one_box():
    text = autograd.compile(EXAMPLES["newton"][0], example=(2.0, 1.5)).draw().source
    assert text.count("turns of") == 1 and "29 turns of 7 operations" in text
    assert MIN_TURNS == 4
