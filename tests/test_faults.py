"""Faults: interrupts, changed data, threads, forks, huge graphs; what happens is decided, and held."""

import contextlib
import copy
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from fractions import Fraction
from pathlib import Path

import pytest

import nn
from autograd import (
    Value,
    exp,
    grad,
    gradients,
    hvp,
    ieee,
    jacobian,
    jvp,
    log,
    maximum,
    no_grad,
    primitive,
    prod,
    relu,
    stop_gradient,
    topological_order,
    vjp,
    where,
)
from autograd import sum as total
from autograd.backward import commit_lock, history
from autograd.modes import MODE, modes_in_use
from testkit import costs, hash_seeds
from testkit.interrupts import (
    Injector,
    Work,
    a_mode,
    a_pass,
    a_save,
    alarms,
    an_update,
    injected,
    interrupts_here,
    is_cut,
)

unclosed = pytest.mark.filterwarnings(  # of a file whose writing was cut off
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
signals = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer signals here")


@contextlib.contextmanager
def without_collector():
    gc.collect()
    gc.disable()
    try:
        yield
        assert gc.collect() == 0
    finally:
        gc.enable()


@contextlib.contextmanager
def often_switching():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def run_all(*works):
    """Run functions in a thread each, and raise what one of them raised."""
    errors = []

    def guarded(work):
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in errors:
        raise error


# An exception or Ctrl-C in the middle.


def test_an_interrupt_at_every_instruction_of_a_pass_leaves_all_gradients_or_none():
    moments, half = injected(a_pass(2))
    assert moments > 50 and half == 0


def test_an_interrupt_at_every_instruction_of_an_update_leaves_all_weights_or_none():
    moments, half = injected(an_update(2))
    assert moments > 50 and half == 0


def test_an_interrupt_at_every_instruction_of_loading_or_zeroing_leaves_all_or_nothing():
    network = nn.Neuron(2, seed=1)
    optimizer = nn.Adam(network.parameters(), 0.5)
    states = [network.state_dict(), {"w": [7.0, 8.0], "b": 9.0}]
    memories = [optimizer.state_dict(), optimizer.state_dict()]
    memories[1].update(steps=3, slots={"means": [1.0] * 3, "squares": [2.0] * 3}, step_size=0.1)

    def prepare():
        network.load_state_dict(states[0])
        optimizer.load_state_dict(memories[0])
        for p in network.parameters():
            p.grad = 1.0

    def is_half():
        gradients = {p.grad for p in network.parameters()}
        return (
            network.state_dict() not in states
            or optimizer.state_dict() not in memories
            or gradients not in ({0.0}, {1.0})
        )

    for act in (
        lambda: network.load_state_dict(states[1]),
        lambda: optimizer.load_state_dict(memories[1]),
        network.zero_grad,
        optimizer.zero_grad,
    ):
        moments, half = injected(Work("loading", prepare, act, is_half))
        assert moments > 5 and half == 0


@unclosed
def test_an_interrupt_at_every_instruction_of_a_save_leaves_one_whole_file(tmp_path):
    moments, half = injected(a_save(tmp_path, 1))
    assert moments > 30 and half == 0


@unclosed
@signals
def test_interrupts_at_random_moments_leave_nothing_half_done():
    assert interrupts_here(120, seed=3) == (120, 0)


@signals
def test_an_interrupt_while_a_mode_begins_or_ends_leaves_no_mode_behind():
    work, cut = a_mode(), 0
    with alarms():
        whole = costs.typical_time(work.act)
        for i in range(300):
            cut += is_cut(work.act, whole * i / 300)
            assert not work.is_half()
    assert cut > 30


def test_a_mode_that_is_closed_late_holds_until_then():
    inner = no_grad()
    with ieee():
        inner.__enter__()
    assert (MODE.get().record, MODE.get().ieee) == (False, False)
    inner.__exit__(None, None, None)
    assert (MODE.get().record, MODE.get().ieee) == (True, False) and not modes_in_use
    assert (Value(2.0) * 3.0).parents


def test_a_pass_that_was_cut_off_does_not_lock_out_the_next():
    x = Value(3.0)
    y = x * x
    with commit_lock:  # as if it had been cut off while it wrote
        assert commit_lock.acquire(timeout=2.0)
        commit_lock.release()
        y.backward()
    assert x.grad == 6.0


def test_a_gradient_or_number_that_was_spoiled_by_hand_stops_the_pass_before_it_writes():
    x, w = Value(3.0, "x"), Value(2.0, "w")
    y = x * w
    w.grad = None
    with pytest.raises(TypeError, match=r"the gradient of Value\(.*name='w'\) is no number"):
        y.backward()
    assert (x.grad, w.grad, y.grad) == (0.0, None, 0.0)
    w.zero_grad()
    y.backward()
    assert (x.grad, w.grad) == (2.0, 3.0)
    with pytest.raises(TypeError, match=r"Value .* is not a real number; pass its \.data"):
        w.data = w - 0.1 * w.grad  # a Value instead of a number: a common slip
    assert w.data == 2.0


@pytest.mark.parametrize("sampling", ["iteration", "epochs"])
def test_training_cut_at_any_line_goes_on_bit_for_bit(sampling):
    data = nn.xor(5, seed=2)

    def run(network, resume=None, callback=None):
        return nn.train(network, data.inputs, data.targets, iterations=3, batch_size=2, seed=5,
                        optimizer=nn.Adam, step_size=0.1, sampling=sampling, progress=False,
                        held_out=(data.inputs, data.targets), evaluate_every=2, resume=resume,
                        callback=callback)  # fmt: skip

    def made():
        return nn.TwoLayerNetwork(2, 2, 2, seed=3)

    def numbers(network):
        return [p.data for p in network.parameters()]

    whole, states = made(), [numbers(made())]
    expected = run(whole, callback=lambda _: states.append(numbers(whole)))
    inside = ("train", "accumulate", "settle", "draw", "step", "evaluate_if_due", "evaluate")
    resumed, moment, cut = 0, 0, True
    while cut:
        moment, network, cut, before = moment + 1, made(), False, sys.gettrace()
        injector = Injector(moment, inside, events=("line",))
        try:
            sys.settrace(injector)
            begun = run(network)
        except KeyboardInterrupt:  # before the first iteration, after the last, or in a line whose
            cut = True  # exceptions Python 3.12 and 3.13 lose, if they are raised by a tracer
            assert numbers(network) in states
            continue
        finally:
            sys.settrace(before)
        if begun.interrupted:
            cut = True
            resumed += 1
            ended = run(network, nn.History.from_dict(json.loads(json.dumps(begun.as_dict()))))
            assert numbers(network) == numbers(whole)
            assert (ended.losses, ended.evaluations) == (expected.losses, expected.evaluations)
    assert resumed > 50


# Data changed between forward and backward; a graph used again.


def test_backward_gives_the_gradient_at_the_recorded_point():
    x, y = Value(2.0), Value(3.0)
    z = x * y + exp(x)
    slope = 3.0 + z.parents[1].data
    x.data, y.data = 10.0, -1.0
    z.backward()
    assert (x.grad, y.grad) == (slope, 2.0)


def test_gradients_as_values_refuse_a_graph_whose_data_were_changed():
    x = Value(2.0, "x")
    y = x * exp(x)
    x.data = 2.1
    with pytest.raises(RuntimeError, match=r"an operand of .* was changed after it was recorded"):
        gradients(y, [x])
    x.data = 2.0
    assert gradients(y, [x])[0].data == (y.grad, y.backward(), x.grad)[2]


def test_a_kink_crossed_by_a_change_of_data_is_noticed_too():
    for function in (relu, abs, lambda x: where(x, x * 2.0, 1.0), lambda x: maximum(x, 0.0)):
        x = Value(1.0)
        y = function(x) * x
        assert gradients(y, [x])[0].data == y.local_derivatives[1] * 2.0
        x.data = 0.0 if y.parents[0].op.symbol == "where" else -1.0
        with pytest.raises(RuntimeError, match="changed after it was recorded"):
            gradients(y, [x])


def test_slopes_that_do_not_depend_on_the_data_may_be_used_after_a_change():
    x, y = Value(2.0), Value(3.0)
    z = total([x, y * 2.0, -x]) + y
    x.data = y.data = float("nan")
    assert [g.data for g in gradients(z, [x, y])] == [0.0, 3.0]


def test_a_graph_may_be_used_again_and_grown_between_passes():
    x, w = Value(3.0), Value(2.0)
    shared = x * w
    first = shared * shared
    first.backward()
    assert (x.grad, w.grad) == (24.0, 36.0)
    second = first + shared
    second.backward()
    assert (x.grad, w.grad) == (24.0 + 26.0, 36.0 + 39.0)
    assert (shared.grad, first.grad) == (13.0, 1.0)
    shared.backward()
    assert (x.grad, w.grad, first.grad) == (52.0, 78.0, 1.0)


def test_steps_that_are_taken_while_other_passes_run_add_to_them():
    x = Value(3.0)
    y = x * x
    steps = y.backward_steps()
    next(steps)
    y.backward()
    x.grad = x.grad + 100.0
    assert [step.adjoint for step in steps] == [6.0]
    assert x.grad == 6.0 + 100.0 + 6.0


def test_a_graph_recorded_in_a_mode_is_used_outside_of_it_and_the_reverse():
    x = Value(0.0)
    with ieee():
        y = log(x) * 2.0
    with no_grad():
        y.backward()
    assert x.grad == float("inf")
    inside = Value(2.0)
    with no_grad():
        frozen = inside * inside
    (frozen * inside).backward()
    assert (inside.grad, frozen.grad, frozen.op) == (4.0, 2.0, None)


# Threads and forks.


def test_two_threads_that_build_and_pass_at_once_on_shared_leaves_lose_nothing():
    shared = [Value(1.0 + i / 8) for i in range(4)]

    def work():
        for _ in range(60):
            root = total([w * w for w in shared]) + prod(shared)
            before = root.local_derivatives
            root.backward()
            assert root.grad == 1.0 and root.local_derivatives == before

    with often_switching():
        run_all(*[work] * 4)
    alone = [Value(w.data) for w in shared]
    for _ in range(240):
        (total([w * w for w in alone]) + prod(alone)).backward()
    assert [w.grad for w in shared] == [w.grad for w in alone]


def test_modes_of_many_threads_stay_with_their_thread():
    x = Value(0.5)

    def recording():
        for _ in range(300):
            node = x * x + x.exp()
            assert node.parents and node.parents[0].parents == (x, x)
            with pytest.raises(ValueError, match="log"):
                log(x - 0.5)

    def silent():
        for _ in range(300):
            with no_grad():
                assert (x * x).op is None and (x + 1.0).parents == x.exp().parents == ()
            assert (x * x).parents == (x, x)

    def lenient():
        for _ in range(300):
            with ieee():
                assert log(x - 0.5).data == -float("inf")
                assert grad(lambda y: y.exp())(1.0) == exp(1.0)

    with often_switching():
        run_all(recording, silent, lenient, silent, lenient)
    assert not modes_in_use


def test_a_mode_that_ends_in_another_thread_ends():
    block, done = no_grad(), []
    block.__enter__()

    def leave():
        try:
            block.__exit__(None, None, None)
        finally:
            done.append((Value(2.0) * 3.0).parents != ())

    run_all(leave)
    assert done == [True] and (Value(2.0) * 3.0).parents and not modes_in_use


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_fork_while_another_thread_writes_gradients_does_not_lock_the_child():
    program = (
        "import os, signal, threading, warnings\n"
        "warnings.simplefilter('ignore')\n"
        "from autograd import Value, backward as _\n"
        "from autograd.backward import commit_lock\n"
        "held, done = threading.Event(), threading.Event()\n"
        "def write():\n"
        "    with commit_lock:\n"
        "        held.set(); done.wait()\n"
        "threading.Thread(target=write).start(); held.wait()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    signal.alarm(5)\n"
        "    x = Value(3.0); (x * x).backward(); os._exit(x.grad != 6.0)\n"
        "status = os.waitpid(child, 0)[1]; done.set(); print(status)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout == "0\n"


# Huge graphs.

MILLION = 10**6


def chain(n, x):
    node = x
    for _ in range(n):
        node = node + x
    return node


def test_a_graph_a_million_deep_is_built_passed_and_freed_on_a_small_stack():
    def work():
        x = Value(1.0)
        root = chain(MILLION, x)
        root.backward()
        assert (x.grad, len(topological_order(root))) == (MILLION + 1.0, MILLION + 1)
        del root  # a recursion in C would end the process here
        assert sys.getrefcount(x) < 10

    with without_collector():
        size = threading.stack_size(2**20)
        try:
            run_all(work)
        finally:
            threading.stack_size(size)


def test_a_graph_a_million_wide_is_built_passed_and_freed():
    with without_collector():
        x = Value(1.0)
        blocks = sys.getallocatedblocks()
        root = total([x * 2.0 for _ in range(MILLION)])
        assert sys.getallocatedblocks() - blocks > MILLION
        root.backward()
        assert x.grad == 2.0 * MILLION
        del root
        assert sys.getallocatedblocks() - blocks < MILLION / 100  # some wait to be used again


@pytest.mark.parametrize("n_ary", [total, maximum, prod], ids=["sum", "maximum", "prod"])
def test_gradients_of_a_wide_node_take_linear_time(n_ary):
    xs = [Value(1.0) for _ in range(20_000)]  # quadratic work would take minutes
    slopes = gradients(n_ary(xs), xs)
    assert {g.data for g in slopes} == ({1 / 20_000} if n_ary is maximum else {1.0})


def test_everything_else_works_on_a_graph_50_000_deep():
    n = 50_000
    with without_collector():
        x = Value(1.0)
        root = chain(n, x)
        (slope,) = gradients(root, [x])
        assert slope.data == n + 1.0
        assert len(history(root)) == n + 1
        twin = copy.deepcopy(root)
        assert len(topological_order(twin)) == n + 1 and twin is not root
        assert sum(1 for _ in root.backward_steps()) == n + 1
        assert jvp(lambda x: chain(n, x), (1.0,), (2.0,)) == (n + 1.0, 2.0 * (n + 1))
        assert vjp(lambda x: chain(n, x), 1.0)[1](3.0) == (3.0 * (n + 1),)
        assert jacobian(lambda x: [chain(n, x)])(1.0) == [n + 1.0]
        del root, slope, twin


def test_a_second_derivative_10_000_deep():
    def power_chain(x):
        node = x
        for _ in range(10_000):
            node = node * x
        return node

    assert grad(grad(power_chain))(1.0) == 10_001.0 * 10_000.0


def diamonds(n, x, join=lambda a: a + a):
    node = x
    for _ in range(n):
        node = join(node)
    return node


def test_diamonds_with_2_to_the_60_paths_take_linear_time_everywhere():
    x = Value(1.0)
    root = diamonds(60, x)
    assert len(topological_order(root)) == len(history(root)) == 61
    assert len(list(root.backward_steps())) == 61
    assert gradients(root, [x])[0].data == 2.0**60
    assert len(topological_order(copy.deepcopy(root))) == 61
    assert jvp(lambda x: diamonds(60, x), (1.0,), (1.0,)) == (2.0**60, 2.0**60)
    assert grad(lambda x: diamonds(60, x))(1.0) == 2.0**60
    assert hvp(lambda x: diamonds(60, x) * x, (1.0,), (1.0,)) == (2.0**61,)
    exact = Value(Fraction(1, 3))
    diamonds(60, exact).backward()
    assert exact.grad == 2**60


def test_diamonds_through_products_and_n_ary_nodes_are_linear_too():
    for join in (lambda a: prod([a, a]), lambda a: total([a, a]), lambda a: maximum(a, a) + a):
        x = Value(1.0)
        diamonds(60, x, join).backward()
        assert x.grad == 2.0**60


# Memory, the same bits, cost: small versions of `python -m benchmarks faults`.


def test_rounds_without_a_collector_keep_the_memory_flat():
    growth, found = costs.memory(300)
    assert found == 0 and growth < 2**20


def everything_once():
    x, xs = Value(2.0), [1.5, 2.5]
    with contextlib.suppress(ValueError):
        log(x - 2.0 - x)
    next((x * x).exp().backward_steps())
    with contextlib.suppress(KeyboardInterrupt), no_grad(), ieee():
        raise KeyboardInterrupt
    jacobian(lambda p: [p[0] * p[1], maximum(*p)])(xs)
    hvp(lambda p: p[0] ** 2 * p[1], (xs,), ([1.0, 0.0],))
    vjp(lambda p: p[0] * p[1], xs)[1](1.0)
    copy.deepcopy(stop_gradient(x) * x).backward()

    @primitive(lambda x, out: 3 * x * x)
    def cube(x):
        return x**3

    data = nn.xor(6)
    nn.train(nn.TwoLayerNetwork(2, 2, 2), data.inputs, data.targets, iterations=2, progress=False)


def test_no_call_leaves_a_reference_cycle():
    everything_once()
    with without_collector():
        everything_once()


def test_the_same_program_gives_the_same_bits_under_other_hash_seeds():
    assert hash_seeds.same_bits(3) == 1


def test_a_program_whose_bits_depend_on_the_hash_seed_would_be_found(monkeypatch):
    monkeypatch.setattr(hash_seeds, "printed_by", lambda _, PYTHONHASHSEED: PYTHONHASHSEED)
    assert hash_seeds.same_bits(4) == 4


def test_a_node_costs_bytes_and_time():
    size, nanoseconds = costs.cost(2000)
    assert 50 < size < 500 and nanoseconds > 0


def test_the_campaign_finds_what_is_half_done(tmp_path):
    class Careless(nn.Adam):
        def step(self):
            for p in self.parameters:
                p.data = p.data - 1.0

    with tempfile.TemporaryDirectory() as folder:
        for work in (an_update(3), a_save(Path(folder), 1)):
            assert not work.is_half() or work.what == "optimiser update"
    x = Value(1.0)
    graph = x * 2.0 + x
    untidy = a_pass(3)
    untidy.prepare()
    untidy.act.__self__.grad = 7.0
    assert untidy.is_half() and graph.data == 3.0
