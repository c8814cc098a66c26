"""Modes hold where their block or function runs, and nowhere else, whatever is suspended or closed."""

import asyncio
import contextlib
import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, grad, gradients, ieee, no_grad
from autograd.modes import MODE, USUAL, detours, modes_in_use

X = Value(2.0)
MODES = {"no_grad": no_grad, "ieee": ieee}


def state():
    """Return which of the modes hold here, as operations show."""
    try:
        infinite = Value(0.0).log().data < 0
    except ValueError:
        infinite = False
    return {"no_grad": (X * X).op is None, "ieee": infinite}


def plain():
    return state() == {"no_grad": False, "ieee": False} and MODE.get() is USUAL


@pytest.fixture(autouse=True)
def nothing_is_left():
    yield
    assert plain() and not modes_in_use and not detours


def block(name):
    with MODES[name]():
        while True:
            yield state()


@pytest.mark.parametrize("name", MODES)
def test_a_suspended_block_leaves_its_caller_alone(name):
    running = block(name)
    for _ in range(3):
        assert next(running)[name] and plain()
    running.close()


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(["start no_grad", "start ieee", "go", "end"])),
        max_size=20,
    )
)
def test_blocks_in_generators_never_meet(steps):
    running = {}
    for i, what in steps:
        if what.startswith("start"):
            if i in running:
                running.pop(i)[0].close()
            name = what.partition(" ")[2]
            running[i] = block(name), name
        elif i in running and what == "go":
            generator, name = running[i]
            assert next(generator) == {key: key == name for key in MODES}
        elif i in running:
            running.pop(i)[0].close()
        assert plain()
    for generator, _ in running.values():
        generator.close()


def test_a_generator_is_in_the_modes_of_whoever_runs_it_too():
    running = block("no_grad")
    next(running)
    with ieee():
        assert next(running) == {"no_grad": True, "ieee": True}
        assert state() == {"no_grad": False, "ieee": True}
        running.close()
        assert state() == {"no_grad": False, "ieee": True}


def test_a_generator_that_is_forgotten_ends_its_block():
    running = block("no_grad")
    next(running)
    del running


def test_a_context_manager_made_of_a_generator_holds_where_it_is_used():
    @contextlib.contextmanager
    def quiet():
        with no_grad():
            yield

    with quiet():
        assert state()["no_grad"]

    def inside():
        with quiet():
            yield state()["no_grad"]
            yield state()["no_grad"]

    running = inside()
    assert next(running) and plain() and next(running) and plain()
    running.close()
    with contextlib.ExitStack() as stack:
        stack.enter_context(no_grad())
        assert state()["no_grad"]


@given(st.permutations(["no_grad", "ieee", "no_grad", "ieee"]), st.permutations(range(4)))
def test_blocks_that_are_closed_in_any_order_end_themselves_alone(names, order):
    blocks = [MODES[name]() for name in names]
    for each in blocks:
        each.__enter__()
    left = set(range(4))
    for i in order:
        blocks[i].__exit__(None, None, None)
        left.discard(i)
        assert state() == {name: any(names[k] == name for k in left) for name in MODES}


@pytest.mark.parametrize("name", MODES)
@pytest.mark.parametrize("call", [False, True])
def test_functions_generators_and_coroutines_are_decorated(name, call):
    mode = MODES[name]
    decorate = mode() if call else mode

    @decorate
    def function(x):
        """What it says."""
        return state()[name]

    @decorate
    def generator():
        received = yield state()[name]
        assert received == "sent"
        try:
            yield state()[name]
        except KeyError:
            yield state()[name]
        return "done"

    @decorate
    async def coroutine():
        before = state()[name]
        await asyncio.sleep(0)
        return before and state()[name]

    @decorate
    async def asynchronous():
        yield state()[name]
        await asyncio.sleep(0)
        yield state()[name]

    assert function(1.0) and function.__doc__ == "What it says." and plain()
    running = generator()
    assert next(running) and plain() and running.send("sent") and plain()
    assert running.throw(KeyError()) and plain()
    with pytest.raises(StopIteration, match="done"):
        next(running)

    async def main():
        task = asyncio.create_task(coroutine())
        await asyncio.sleep(0)
        assert plain()
        assert await task and plain()
        async for held in asynchronous():
            assert held and plain()

    asyncio.run(main())
    assert inspect.isgeneratorfunction(generator) and inspect.iscoroutinefunction(coroutine)


def test_closing_a_decorated_generator_closes_it_in_the_mode():
    seen = []

    @no_grad
    def generator():
        try:
            yield 1
        finally:
            seen.append(state()["no_grad"])

    running = generator()
    next(running)
    running.close()
    assert seen == [True]


@pytest.mark.parametrize("what", [2.0, classmethod(abs), Value])
def test_only_functions_are_decorated(what):
    kind = type(what).__name__
    with pytest.raises(TypeError, match=f"decorates a function, not {kind}; it goes below"):
        no_grad()(what)


@given(st.permutations([0, 0, 0, 1, 1, 1, 2, 2, 2]), st.integers(0, 9))
def test_generators_may_share_a_block_which_each_ends_for_itself(order, steps):
    shared = no_grad()

    def inside():
        with shared:
            yield state()["no_grad"]
            yield state()["no_grad"]
        yield state()["no_grad"]

    running = [inside() for _ in range(3)]
    seen = [[], [], []]
    for i in order[:steps]:
        seen[i].append(next(running[i]))
        assert plain()
    for generator, found in zip(running, seen):
        generator.close()
        assert found == [True, True, False][: len(found)]


@pytest.mark.parametrize("make", [lambda: X * X, lambda: X.exp(), lambda: sum([X, X])])
def test_backward_of_what_was_not_recorded_says_so(make):
    with no_grad():
        root = make()
    steps = root.backward_steps()
    for call in (root.backward, lambda: next(steps), lambda: gradients(root, [X])):
        with pytest.raises(RuntimeError, match=r"nothing is recorded.*within no_grad\(\)"):
            call()
    assert root.grad == 0.0 == X.grad
    (root * X).backward()
    X.zero_grad()
    Value(1.0).backward()

    def stopped(x):
        with no_grad():
            return x * x

    assert grad(stopped)(2.0) == 0.0
