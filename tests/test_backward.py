"""The backward pass: what it adds up, in which order, and what it leaves alone when interrupted."""

import gc
import signal
import subprocess
import sys
import threading
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, relu, stop_gradient, topological_order, where
from autograd import sum as total
from autograd.backward import adjoints, history
from autograd.testing.number_types import Dual
from testkit.interrupts import alarms
from testkit.random_graphs import RATIONAL, everyday, graphs, leaves_of, programs, run, tied

rationals = st.fractions(-4, 4, max_denominator=9)
exact_graphs = programs([lambda x: -x, lambda x: x**2, lambda x: x**3], RATIONAL, length=8)


def gradients_of(root):
    return [node.grad for node in topological_order(root)]


def test_one_path_multiplies():
    s = Value(0.7)
    y = s.exp()
    y.sin().backward()
    assert s.grad == y.data * y.sin().parents[0].cos().data


def test_several_paths_add_up():
    s = Value(3.0)
    (s * 2.0 + s * 5.0).backward()
    assert s.grad == 7.0


def test_interior_gradients_are_those_of_the_latest_pass_and_leaves_add_up():
    x = Value(3.0)
    square = x * x
    y = square**2
    for expected in (108.0, 216.0, 324.0):
        y.backward()
        assert (x.grad, square.grad, y.grad) == (expected, 18.0, 1.0)


def test_a_result_whose_gradient_ends_there_is_no_leaf_that_adds_up():
    x = Value(3.0)
    ends = [stop_gradient(x), relu(-x)]
    y = ends[0] * 2.0 + ends[1] * 5.0 + x
    for expected in (1.0, 2.0, 3.0):
        y.backward()
        assert x.grad == expected
        assert [node.grad for node in ends] == [2.0, 5.0]


def test_zero_grad_of_a_leaf_starts_again():
    x = Value(3.0)
    y = x * x
    y.backward()
    x.zero_grad()
    y.backward()
    assert x.grad == 6.0


def test_two_roots_that_share_a_node_add_up():
    x = Value(2.0)
    c = x * x
    (c * c).backward()
    (c * 3).backward()
    assert x.grad == 44.0


def test_the_root_may_be_a_leaf():
    x = Value(2.0)
    x.backward()
    x.backward(2.0)
    assert x.grad == 3.0


def test_a_seed_is_a_factor_of_all_gradients():
    x = Value(3.0)
    (x * x).backward(-0.5)
    assert x.grad == -3.0


@pytest.mark.parametrize("seed", ["1", None, [1.0], 1j])
def test_a_seed_that_is_no_number_is_refused_by_name(seed):
    x = Value(3.0)
    with pytest.raises(TypeError, match="seed"):
        (x * x).backward(seed)
    assert x.grad == 0.0


@given(graphs, st.tuples(everyday, everyday, everyday))
def test_every_node_is_visited_once_after_all_that_depend_on_it(program, numbers):
    root = tied(program, leaves_of(numbers))
    order = [step.node for step in root.backward_steps()]
    place = {node: i for i, node in enumerate(order)}
    assert len(place) == len(order) == len(topological_order(root))
    assert all(place[node] < place[parent] for node in order for parent in node.parents)


@given(graphs, st.tuples(everyday, everyday, everyday))
def test_steps_and_backward_agree_bit_for_bit(program, numbers):
    at_once, stepped = (tied(program, leaves_of(numbers)) for _ in range(2))
    at_once.backward()
    steps = list(stepped.backward_steps())
    assert gradients_of(at_once) == gradients_of(stepped)
    for step in steps:
        assert step.adjoint == step.node.grad
        for edge in step.edges:
            assert edge.contribution == edge.local_derivative * step.adjoint
            assert edge.after == edge.before + edge.contribution


@given(graphs, st.tuples(everyday, everyday, everyday))
def test_a_second_pass_adds_exactly_as_much_again(program, numbers):
    leaves = leaves_of(numbers)
    root = tied(program, leaves)
    root.backward()
    once = [leaf.grad for leaf in leaves]
    root.backward()
    assert [leaf.grad for leaf in leaves] == [2 * g for g in once]


@given(exact_graphs, st.tuples(rationals, rationals))
def test_fractions_are_exact_forward_and_backward(program, numbers):
    leaves = leaves_of(numbers)
    root = tied_exactly(program, leaves)
    root.backward()
    for i, leaf in enumerate(leaves):
        duals = [Dual(x, int(i == j)) for j, x in enumerate(numbers)]
        expected = tied_exactly(program, duals)
        assert type(leaf.grad) is Fraction
        assert (root.data, leaf.grad) == (expected.number, expected.slope)


def tied_exactly(program, inputs):
    root = 0
    for i, result in enumerate(run(program, inputs)):
        root = root + result / (i + 1)
    return root


def test_stopping_half_way_leaves_every_gradient_as_it_was():
    x = Value(3.0)
    y = (x * x).exp()
    y.backward()
    before = gradients_of(y)
    for taken in range(3):
        steps = y.backward_steps()
        for _ in range(taken):
            next(steps)
        steps.close()
        assert gradients_of(y) == before


def test_an_exception_in_the_middle_leaves_every_gradient_as_it_was():
    class Explosive(float):
        def __mul__(self, other):
            raise KeyboardInterrupt

    x = Value(3.0)
    y = x * x
    z = y * 2.0
    z.backward()
    before = gradients_of(z)
    y.local_derivatives = (3.0, Explosive(3.0))
    with pytest.raises(KeyboardInterrupt):
        z.backward()
    assert gradients_of(z) == before


def test_a_chain_of_a_million_nodes_has_a_gradient_and_is_freed_by_reference_counts():
    class Marked(Value):
        __slots__ = ("gone",)

        def __del__(self):
            freed.append(self)

    freed = []
    gc.collect()
    gc.disable()
    try:
        x = Value(1.0)
        node = Marked(1.0) * x
        for _ in range(10**6):
            node = node + x
        node.backward()
        assert x.grad == 10**6 + 1
        assert not freed
        del node
        assert len(freed) == 1
    finally:
        gc.enable()


def test_a_sum_of_a_million_terms_is_one_node():
    xs = [Value(float(i % 7)) for i in range(10**6)]
    root = total(xs)
    root.backward()
    assert root.parents == tuple(xs)
    assert {x.grad for x in xs} == {1.0}


def test_2_to_the_60_paths_take_60_steps():
    x = node = Value(1.0)
    for _ in range(60):
        node = node + node
    node.backward()
    assert x.grad == 2.0**60


def test_a_structural_zero_is_not_reached():
    x = Value(-1.0)
    y = relu(x)
    y.backward()
    assert (y.parents, x.grad, y.grad) == ((), 0.0, 1.0)
    assert history(y) == [x, y]
    assert topological_order(y) == [y]


def test_adjoints_write_nothing():
    x = Value(2.0)
    y = x * x
    adjoint, ends = adjoints(y)
    assert (adjoint[x], ends, x.grad, y.grad) == (4.0, [x], 0.0, 0.0)


def test_threads_that_share_a_leaf_lose_no_sum():
    w = Value(1.5)

    def work():
        for _ in range(300):
            (w * 2.0).backward()

    threads = [threading.Thread(target=work) for _ in range(4)]
    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(switch)
    assert w.grad == 2400.0


def test_the_same_program_gives_the_same_order_under_any_hash_seed():
    program = (
        "from autograd import Value\n"
        "x, y = Value(0.3, 'x'), Value(0.7, 'y')\n"
        "z = ((x * y).sin() + x / y).exp() * (x - y)\n"
        "for step in z.backward_steps(): print(step)\n"
        "print(x.grad.hex(), y.grad.hex())\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "123")
    }
    assert len(outputs) == 1
    assert "upstream" in outputs.pop()


def test_a_step_reads_well_on_its_own():
    x, w = Value(3.0, "x"), Value(2.0, "w")
    first, *_ = (w * x).backward_steps()
    assert str(first) == (
        "* (6): upstream 1\n    -> w (2): 0 + 3 * upstream = 3\n    -> x (3): 0 + 2 * upstream = 2"
    )


def test_the_condition_of_where_has_no_edge():
    condition, x, y = Value(1.0), Value(2.0), Value(3.0)
    chosen = where(condition, x, y)
    assert (chosen.data, chosen.parents) == (2.0, (x,))


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer signals on this system")
def test_a_signal_at_any_moment_leaves_all_gradients_or_none():
    x = node = Value(1.0)
    for _ in range(3000):
        node = node + x
    nodes = topological_order(node)
    cut = 0
    with alarms():
        for attempt in range(60):
            for n in nodes:
                n.grad = -1.0
            try:
                signal.setitimer(signal.ITIMER_REAL, 2e-5 + attempt * 4e-5)
                node.backward()
                signal.setitimer(signal.ITIMER_REAL, 0.0)
            except KeyboardInterrupt:
                cut += 1
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            assert {n.grad for n in nodes} in ({-1.0}, {1.0, 3000.0})
    assert cut > 0


@given(graphs, st.tuples(everyday, everyday, everyday))
def test_history_holds_the_order_and_what_no_gradient_reaches(program, numbers):
    root = tied(program, leaves_of(numbers))
    order, everything = topological_order(root), history(root)
    assert order[-1] is everything[-1] is root
    assert set(order) <= set(everything) and len(set(everything)) == len(everything)
    place = {node: i for i, node in enumerate(everything)}
    for node in everything:
        assert all(place[x] < place[node] for x in node.operands if isinstance(x, Value))
    assert topological_order(root) == order  # and again the same


@given(graphs, st.tuples(everyday, everyday, everyday))
def test_closing_the_steps_anywhere_changes_no_gradient(program, numbers):
    root = tied(program, leaves_of(numbers))
    for taken in range(len(topological_order(root))):
        steps = root.backward_steps()
        for _ in range(taken):
            next(steps)
        steps.close()
        assert set(gradients_of(root)) == {0.0}


def test_a_fraction_root_takes_a_seed_of_its_kind():
    x = Value(Fraction(1, 3))
    (x * x).backward(Fraction(1, 2))
    assert (x.grad, type(x.grad)) == (Fraction(1, 3), Fraction)
    x.zero_grad()
    assert (x.grad, type(x.grad)) == (0, Fraction)
