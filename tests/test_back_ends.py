"""Whatever runs a program gives what the eager engine gives: both engines, JavaScript, `source()`."""

import numpy as np
import pytest

import autograd
from autograd import Value
from autograd.compile.lower.program import WANT_INPUTS
from testkit import back_ends
from testkit.back_ends import BACK_ENDS, by_eager_engine, complaints, is_here
from testkit.kernels import seldom
from testkit.listings import executed
from testkit.loops import close

LOOPS = (100, 106, 107)  # with loops in loops, which the machine compiles in a second each
PROGRAMS = [
    *(("loops", number) for number in LOOPS),
    *(("graph", number) for number in range(4)),
    ("network", 0),
    *seldom(*(("loops", number) for number in range(100, 125) if number not in LOOPS)),
    *seldom(*(("graph", number) for number in range(4, 40))),
]


@pytest.mark.parametrize(("kind", "number"), PROGRAMS)
@pytest.mark.parametrize("back_end", BACK_ENDS)
def test_every_back_end_gives_what_the_eager_engine_gives(back_end, kind, number):
    if not is_here(back_end):
        pytest.skip(f"what runs {back_end} is not here")
    program = getattr(back_ends, kind)(number)
    assert complaints(BACK_ENDS[back_end](program), by_eager_engine(program)) == []


@pytest.mark.parametrize("number", LOOPS)
def test_the_programs_have_loops_in_loops(number):
    program = back_ends.loops(number)
    compiled = autograd.compile(program.function, program.parameters, (program.rows[0],))
    assert "for turn_2 in range(" in compiled.source()


def test_a_long_line_of_a_listing_is_whole_where_that_is_asked_for():
    def function(xs, w):
        for t, x in enumerate(xs):
            w = autograd.tanh(w + x) * xs[(t * t) % 31] + (0.5 / (1 + (5 * t) % 7))
        return [w, *xs]

    compiled = autograd.compile(function, example=([0.01 * i for i in range(40)], 0.5))
    short, whole = compiled.source(), compiled.source(whole=True)
    assert short.count(" more)") >= 3 and " more)" not in whole
    assert len(short.splitlines()) == len(whole.splitlines())


def alone(engine, row):
    """Return the slots of a sample as an engine computes them, and its gradients, bit for bit."""
    values = engine.forward(np.array([row]))
    gradient = np.zeros(len(engine.shared))
    adjoints = engine.backward(values, np.ones(len(engine.program.outputs)), gradient)
    return values[:, 0], gradient[: engine.program.trained], adjoints[: engine.program.inputs, 0]


@pytest.mark.parametrize(("kind", "number"), PROGRAMS)
def test_a_listing_adds_up_in_the_order_of_the_reference(kind, number):
    program = getattr(back_ends, kind)(number)
    compiled = autograd.compile(
        program.function, program.parameters, (program.rows[0],), engine="numpy"
    )
    listing = executed(compiled)
    engine = compiled.specializations[0].engine(WANT_INPUTS)
    for row in program.rows:
        values, by_parameters, by_inputs = alone(engine, row)
        found = listing(row, values)
        assert found.by_parameters == by_parameters.tolist()
        assert found.by_inputs == by_inputs.tolist()


def test_a_listing_says_which_adjoints_are_absent():
    def function(x, y):
        return autograd.where(x > 0, autograd.log(x), 0.0) + autograd.relu(y) * x

    compiled = autograd.compile(function, example=(1.0, 2.0), engine="numpy", finite=False)
    assert "where(absent(grad_s" in compiled.source()
    listing = executed(compiled)
    for row in ([0.0, 2.0], [3.0, -1.0], [-1.0, 0.0]):
        _, _, slopes = compiled.value_and_grad(*([x] for x in row), inputs=True)
        # An adjoint that is absent, -0.0, is a gradient of 0.0.
        assert str(listing(row).by_inputs) == str([slope.item() for slope in slopes])


def test_a_listing_asks_for_absent_adjoints_in_matrices_too():
    ws = [[Value(0.1 * (i - k)) for k in range(8)] for i in range(4)]

    def function(xs):
        roots = [autograd.where(x > 0, autograd.sqrt(x), 0.0) for x in xs]
        sums = [sum(w * r for w, r in zip(row, roots)) for row in ws]
        return autograd.where(xs[0] > 1, sum(h * h for h in sums), 0.0)

    parameters = [w for row in ws for w in row]
    example = ([2.0, 1.0, 0.5, 3.0, 0.0, 1.0, 2.0, 1.5],)
    compiled = autograd.compile(function, parameters, example, engine="numpy", finite=False)
    assert "all_absent(" in compiled.source(inputs=True)
    for first in (2.0, 0.5):
        row = [first, *example[0][1:]]
        _, gradient, slopes = compiled.value_and_grad([row], inputs=True)
        found = executed(compiled)(row)
        assert close(found.by_parameters, gradient) and close(found.by_inputs, slopes[0])


def test_a_listing_weighs_several_results_by_a_seed():
    w = Value(0.5)
    compiled = autograd.compile(lambda x: [w * x, x * x, w * x], [w], (1.0,), engine="numpy")
    assert compiled.source().count("] += seed") == 1
    seed = (2.0, 3.0, 5.0)
    _, gradient, slopes = compiled.value_and_grad([4.0], inputs=True, seed=seed)
    found = executed(compiled, seed=np.array(seed))([4.0])
    assert found.by_parameters == gradient.tolist() and found.by_inputs == slopes.tolist()


def test_a_listing_has_the_numbers_of_constants_and_only_those_it_uses():
    other = Value(7.0)
    text = autograd.compile(lambda x: (x + 2) * Value(0.25) * other, example=(1.0,)).source()
    assert "= 2, 0.25" in text or "= 0.25, 2" in text
    assert " = the numbers of the Values that are followed" in text
    assert "parameters" not in text and " = 1.0" not in text and ", 1.0" not in text


def test_a_listing_can_leave_out_the_backward_pass_or_lead_it_to_the_inputs():
    w = Value(0.5)
    compiled = autograd.compile(lambda x: autograd.exp(w * x), [w], (1.0,))
    assert compiled.source().startswith(compiled.source(backward=False) + "\n\n# backward\n")
    assert compiled.source().endswith("return grad_p0")
    assert compiled.source(inputs=True).endswith("return grad_p0, grad_s0")
    assert "backward" not in autograd.compile(lambda x: x, example=(1.0,)).source(inputs=False)


def test_a_listing_calls_a_rule_that_cannot_be_read():
    @autograd.primitive(lambda x, out: 3.0 if x > 0 else 1.0)
    def bent(x):
        return 3.0 * x if x > 0 else x

    text = autograd.compile(lambda x: bent(x * x), example=(1.0,), engine="numpy").source()
    assert "grad_s1 += bent.partials[0](s1, s2) * grad_s2" in text


def test_a_listing_adds_what_is_added_twice_to_one_place_twice():
    compiled = autograd.compile(
        lambda x: autograd.dot([x, x], [x, x]), example=(1.0,), engine="numpy"
    )
    assert executed(compiled)([3.0]).by_inputs == [12.0]
