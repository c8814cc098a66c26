"""Faults put in on purpose: bad input, interrupts, memory, hash seeds; and what a node costs."""

from __future__ import annotations

import contextlib
import gc
import operator
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import autograd as ag
import nn
from autograd import Primitive, Value
from autograd.backward import commit_lock
from autograd.modes import MODE, USUAL, modes_in_use
from autograd.primitive_type import Variadic
from autograd.primitives import TABLE
from benchmarks.peers import ROOT

# Bad input.


class Unspeakable:
    """An object whose repr fails."""

    def __repr__(self) -> str:
        raise RuntimeError("no text")


class Case(NamedTuple):
    """A call that must fail, and what the message has to hold."""

    what: str
    call: Callable[[], Any]
    names: tuple[str, ...]


SCALARS: dict[str, Any] = {
    "str": "a", "a number as str": "2.5", "bytes": b"a", "NoneType": None, "complex": 1j,
    "Decimal": Decimal("0.1"), "Decimal NaN": Decimal("nan"), "object": object(), "type": float,
    "function": len, "ellipsis": ..., "dict": {}, "set": {1.0}, "PosixPath": PurePosixPath("a"),
    "generator": (x for x in ()), "Unspeakable": Unspeakable(),
    "NotImplementedType": NotImplemented,
}  # fmt: skip
CONTAINERS: dict[str, Any] = {
    "list": [1.0], "empty list": [], "tuple": (1.0,), "range": range(2),
    "frozenset": frozenset((1.0,)), "bytearray": bytearray(b"a"), "memoryview": memoryview(b"a"),
    "a Value in a list": [Value(1.0)], "a huge int in a list": [10**5000],
}  # fmt: skip
BAD = SCALARS | CONTAINERS
HUGE = {"400 digits": 10**400, "5000 digits": -(10**5000), "a huge fraction": Fraction(10**5000, 3)}
BINARY = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "**": operator.pow, "%": operator.mod, "//": operator.floordiv,
}  # fmt: skip
COMPARISONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
UNSUPPORTED: dict[str, Callable[[Any], Any]] = {
    "@": lambda x: x @ x, "<<": lambda x: x << 1, ">>": lambda x: 1 >> x, "&": lambda x: x & 1,
    "|": lambda x: 1 | x, "^": lambda x: x ^ x, "~": lambda x: ~x, "divmod": lambda x: divmod(x, 2),
    "subscript": lambda x: x[0], "item assign": lambda x: operator.setitem(x, 0, 1.0),
    "call": lambda x: x(), "len": len, "iter": iter, "float": float, "int": int,
    "complex": complex, "integer": operator.index, "pow": lambda x: pow(x, 2, 3),
}  # fmt: skip


def kind(x: Any) -> str:
    return type(x).__name__


def is_clear(case: Case) -> bool:
    """Tell whether a call fails with an ordinary exception whose message has the names."""
    try:
        case.call()
    except (TypeError, ValueError, ArithmeticError) as error:
        return all(name in str(error) for name in case.names)
    except Exception:
        return False
    return False


def of_operators() -> Iterator[Case]:
    """Yield every operator with a bad operand on either side, and with too large a number."""
    for symbol, operate in BINARY.items():
        for what, bad in BAD.items():
            yield Case(f"x {symbol} {what}", bound(operate, Value(2.0), bad), (symbol, kind(bad)))
            if symbol != "%" or not isinstance(bad, (str, bytes, bytearray)):  # there: formatting
                case = bound(operate, bad, Value(2.0))
                yield Case(f"{what} {symbol} x", case, (symbol, kind(bad)))
        for what, huge in HUGE.items():
            sides = [(Value(2.5, "x"), huge), (huge, Value(2.5, "x"))]
            if symbol == "**":  # there a Fraction on the left answers itself
                sides = sides[:1]
            for operands in sides:
                yield Case(f"{symbol} {what}", bound(operate, *operands), (symbol, "x=2.5"))
    for symbol, compare in COMPARISONS.items():
        for what, bad in BAD.items():
            for operands in ((Value(2.0), bad), (bad, Value(2.0))):
                yield Case(
                    f"{symbol} {what}", bound(compare, *operands), (symbol[0], kind(bad))[1:]
                )
    for what, operate in UNSUPPORTED.items():
        yield Case(what, bound(operate, Value(2.0)), ("Value",))


def bound(call: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    return lambda: call(*arguments)


def of_rows() -> Iterator[Case]:
    """Yield every primitive with a bad operand in every place, and with too few or too many."""
    for name, row in TABLE.items():
        n = 3 if isinstance(row, Variadic) else len(row.partials)
        for i in range(n if n > 1 else 0):
            for what, bad in BAD.items():
                operands = [bad if k == i else Value(1.0) for k in range(n)]
                given = (operands,) if isinstance(row, Variadic) else operands
                yield Case(f"{name} {i} {what}", bound(row, *given), (row.symbol, kind(bad)))
        if not isinstance(row, Variadic):
            for given in {*range(6)} - {*range(n - len(row.defaults), n + 1)}:
                call = bound(row, *[Value(1.0) for _ in range(given)])
                yield Case(f"{name} of {given} operands", call, (row.symbol, "takes", str(given)))


def of_methods() -> Iterator[Case]:
    """Yield every method of Value that is a primitive, with bad and with superfluous operands."""
    for name in dir(Value):
        row = getattr(Value, name)
        if isinstance(row, Primitive):
            n, method = len(row.partials), getattr(Value(1.0), name)
            yield Case(f".{name} too many", bound(method, *[1.0] * n), (row.symbol, "takes"))
            for i in range(n - 1):
                for what, bad in BAD.items():
                    others = [bad if k == i else 1.0 for k in range(n - 1)]
                    yield Case(f".{name} {what}", bound(method, *others), (row.symbol, kind(bad)))
    for what, bad in BAD.items():
        for name in ("maximum", "minimum"):
            call = bound(getattr(Value(1.0), name), bad)
            yield Case(f".{name} {what}", call, (name, kind(bad)))
        yield Case(f"backward {what}", bound(Value(1.0).backward, bad), ("seed", kind(bad)))
        steps = bound(lambda seed: list(Value(1.0).backward_steps(seed)), bad)
        yield Case(f"backward_steps {what}", steps, ("seed", kind(bad)))


def of_constructors() -> Iterator[Case]:
    """Yield bad data, names, roots and leaves."""
    for what, bad in BAD.items():
        yield Case(f"Value({what})", bound(Value, bad), (kind(bad), "not a real number; pass"))
        if not (bad is None or isinstance(bad, str)):
            yield Case(f"name {what}", bound(Value, 1.0, bad), ("name of a Value", kind(bad)))
        for call in (ag.backward, ag.topological_order):
            yield Case(f"{call.__name__}({what})", bound(call, bad), (kind(bad), "pass a Value"))
        if what != "generator":
            call = bound(ag.gradients, bad, [Value(1.0)])
            yield Case(f"gradients({what})", call, (kind(bad), "pass a Value"))
    for what, huge in HUGE.items():
        if isinstance(huge, int):
            yield Case(f"Value({what})", bound(Value, huge), ("too large for a float",))


def of_functions() -> Iterator[Case]:
    """Yield bad arguments, results, tangents and cotangents of the derivatives of functions."""
    x = Value(2.0)
    for what, bad in SCALARS.items():
        name = kind(bad)
        calls: dict[str, Callable[[], Any]] = {
            "argument": bound(ag.grad(lambda x: x * x), bad),
            "result": bound(ag.grad(lambda x, bad=bad: bad), 1.0),
            "row": bound(ag.jacobian(lambda x, bad=bad: [x, bad]), 1.0),
            "tangent": bound(ag.jvp, lambda x: x * x, (1.0,), (bad,)),
            "vector": bound(ag.hvp, lambda x: x * x, (1.0,), (bad,)),
            "cotangent": bound(ag.vjp(lambda x: x * x, 1.0)[1], bad),
            "seed": bound(ag.gradients, x * x, [x], bad),
            "a leaf": bound(ag.gradients, x * x, [bad]),
        }
        yield from (
            Case(f"{key} {what}", call, (name,)) for key, call in calls.items() if key != "a leaf"
        )
        if not isinstance(bad, Unspeakable):
            yield Case(f"a leaf {what}", calls["a leaf"], ("leaves", "Values"))
        if not hasattr(bad, "__iter__"):
            for of_many in (
                ag.sum,
                ag.mean,
                ag.prod,
                ag.norm,
                ag.logsumexp,
                ag.softmax,
                ag.maximum,
            ):
                symbol = getattr(of_many, "symbol", "") or of_many.__name__
                yield Case(f"{symbol}({what})", bound(of_many, bad), (symbol, name))
            for operands in (([x], bad), (bad, [x])):
                yield Case(f"dot {what}", bound(ag.dot, *operands), ("dot", name))


def of_networks() -> Iterator[Case]:
    """Yield bad sizes, names, settings, weights, samples and targets of `nn`."""
    w, data, network = Value(1.0), nn.xor(8), nn.TwoLayerNetwork(2, 2, 2)

    def trained(**options: Any) -> Any:
        samples = {"inputs": data.inputs, "targets": data.targets, **options}
        return nn.train(nn.TwoLayerNetwork(2, 2, 2), progress=False, **samples)

    calls: dict[str, Callable[[Any], Any]] = {
        "nin": nn.Neuron,
        "nout": lambda bad: nn.Layer(2, bad),
        "nout of": lambda bad: nn.MLP(2, [bad, 1]),
        "nin of": lambda bad: nn.TwoLayerNetwork(bad, 2, 2),
        "init": lambda bad: nn.Neuron(2, init=bad),
        "step_size": lambda bad: nn.SGD([w], bad),
        "momentum": lambda bad: nn.SGD([w], 0.1, momentum=bad),
        "beta1": lambda bad: nn.Adam([w], 0.1, beta1=bad),
        "batch_size": lambda bad: trained(batch_size=[bad]),
        "iterations": lambda bad: trained(iterations=bad),
        "sampling": lambda bad: trained(sampling=bad),
        "resume": lambda bad: trained(resume=[bad]),
        "inputs, row 0": lambda bad: trained(inputs=[[1.0, bad]] * 8),
        "targets, row 3": lambda bad: trained(targets=[[1.0, 0.0]] * 3 + [[bad, 0.0]] * 5),
        "layers.0.neurons.0.b": lambda bad: network.load_state_dict(
            {**network.state_dict(), "layers.0.neurons.0.b": bad}
        ),
        "means": lambda bad: nn.Standardizer([bad], [1.0]),
        "a parameter": lambda bad: nn.SGD([bad], 0.1),
        "dot": lambda bad: nn.Neuron(2)([1.0, bad]),
        "not a real number": lambda bad: nn.Neuron(2).eval()([1.0, bad]),
        "-": lambda bad: nn.mse_loss([w], [bad]),
        "cannot be saved": lambda bad: nn.save_model("never.json", bad),
    }
    for name, call in calls.items():
        for what, bad in SCALARS.items():
            yield Case(f"{name} {what}", bound(call, bad), (name.removesuffix(" of"),))
    for what, bad in SCALARS.items():
        if not callable(bad):
            call = bound(lambda bad: nn.Neuron(2, activation=bad), bad)
            yield Case(f"activation {what}", call, ("activation", "is not known"))


GROUPS = (of_operators, of_rows, of_methods, of_constructors, of_functions, of_networks)


def bad_inputs() -> tuple[int, int]:
    """Return how many bad inputs were tried, and how many gave a clear error."""
    clear = [is_clear(case) for group in GROUPS for case in group()]
    return len(clear), sum(clear)


# Interrupts.


class Work(NamedTuple):
    """Something to interrupt: what comes before it, how to do it, how to tell that it is half."""

    what: str
    prepare: Callable[[], Any]
    act: Callable[[], Any]
    is_half: Callable[[], bool]
    inside: tuple[str, ...] = ()  # the functions to inject faults into; all of ours by default


def a_pass(nodes: int) -> Work:
    """Return a backward pass; before it, all gradients are -1."""
    x = root = Value(1.0)
    for _ in range(nodes):
        root = root + x
    graph = ag.topological_order(root)

    def prepare() -> None:
        for node in graph:
            node.grad = -1.0

    def is_half() -> bool:
        untouched, done = {-1.0}, {1.0, float(nodes)}
        return {node.grad for node in graph} not in (untouched, done)

    return Work("backward pass", prepare, root.backward, is_half)


def an_update(parameters: int) -> Work:
    """Return a step of Adam: weights, both memories and the count change together."""
    weights = [Value(float(i)) for i in range(parameters)]
    optimizer = nn.Adam(weights, 0.5)

    def facts() -> tuple[Any, ...]:
        return [w.data for w in weights], optimizer.slots, optimizer.steps

    allowed: list[Any] = []

    def prepare() -> None:
        for w in weights:
            w.grad = w.data + 1.0
        numbers = [w.data for w in weights], [w.grad for w in weights]
        allowed[:] = facts(), (*optimizer.updated(*numbers), optimizer.steps + 1)

    return Work("optimiser update", prepare, optimizer.step, lambda: facts() not in allowed)


def a_save(folder: Path, hidden: int) -> Work:
    """Return the saving of a model over another one."""
    path = folder / "model.json"
    networks = [nn.TwoLayerNetwork(4, hidden, 3, seed=seed) for seed in (1, 2)]
    contents = []
    for network in networks:
        nn.save_model(path, network)
        contents.append(path.read_bytes())

    def act() -> None:
        nn.save_model(path, networks[0])

    def is_half() -> bool:
        return path.read_bytes() not in contents or os.listdir(folder) != [path.name]

    return Work("save", networks.reverse, act, is_half, ("write_file", "replace_file"))


def a_mode() -> Work:
    """Return many blocks of `no_grad` and `ieee`: when it is over, operators record as usual."""

    def act() -> None:
        for _ in range(20):
            with ag.no_grad(), ag.ieee():
                pass

    def is_half() -> bool:
        half = vars(MODE.get()) != vars(USUAL) or bool(modes_in_use)
        MODE.set(USUAL)
        modes_in_use.clear()
        return half

    return Work("no_grad", lambda: None, act, is_half)


def interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def is_cut(act: Callable[[], Any], seconds: float) -> bool:
    """Do something with an interrupt after so many seconds, and tell whether it was cut off."""
    try:
        signal.setitimer(signal.ITIMER_REAL, max(1e-6, seconds))
        act()
        signal.setitimer(signal.ITIMER_REAL, 0.0)
    except KeyboardInterrupt:
        return True
    return False


@contextlib.contextmanager
def untraced() -> Iterator[None]:
    """Switch off a tracer, such as that of coverage: cut off, it would leave its lock closed."""
    before = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(before)


@contextlib.contextmanager
def alarms() -> Iterator[None]:
    """Let SIGALRM raise KeyboardInterrupt within the block."""
    with untraced():
        handler = signal.signal(signal.SIGALRM, interrupt)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, handler)


def times(act: Callable[[], Any], clock: Callable[[], float] = time.perf_counter) -> list[float]:
    """Return the seconds of doing something, seven times."""
    found = []
    for _ in range(7):
        start = clock()
        act()
        found.append(clock() - start)
    return found


def typical_time(act: Callable[[], Any]) -> float:
    return statistics.median(times(act))


def interrupts_here(n: int, seed: int = 0) -> tuple[int, int]:
    """As `interrupts`, in this process; only the main thread can do it."""
    source, half = random.Random(seed), 0
    with tempfile.TemporaryDirectory() as folder, alarms():
        works = (a_pass(1500), an_update(150), a_save(Path(folder), 8), a_mode())
        for i, work in enumerate(works):
            whole, left = typical_time(work.act), n // 4 + (i < n % 4)
            while left:
                work.prepare()
                left -= is_cut(work.act, source.uniform(0.0, whole))
                half += work.is_half()
    return n, half


def interrupts(n: int = 1000, seed: int = 0) -> tuple[int, int]:
    """Interrupt passes, updates, saves and modes n times at random; return n and the half done."""
    cut, half = elsewhere(f"print(*faults.interrupts_here({n}, {seed}))").split()
    return int(cut), int(half)


def elsewhere(statement: str, **environment: str) -> str:
    """Return what a statement prints in a fresh process."""
    program = f"from benchmarks import faults; {statement}"
    settings = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=settings, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"a process failed: {done.stderr}")
    return done.stdout


OURS = (str(ROOT / "autograd"), str(ROOT / "nn"))


class Injector:
    """Raises KeyboardInterrupt at the k-th instruction of our own code."""

    def __init__(
        self, k: int, inside: tuple[str, ...], events: tuple[str, ...] = ("opcode", "line")
    ) -> None:
        self.left, self.inside, self.events = k, inside, events

    def __call__(self, frame: Any, event: str, _: Any) -> Any:
        code = frame.f_code
        if not code.co_filename.startswith(OURS) or (
            self.inside and code.co_name not in self.inside
        ):
            return None
        frame.f_trace_opcodes = "opcode" in self.events
        if event in self.events:
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
        return self


def injected(work: Work) -> tuple[int, int]:
    """Interrupt a work at each of its instructions; return their number and the half done."""
    moments = half = 0
    before = sys.gettrace()
    cut = True
    while cut:
        cut = False
        work.prepare()
        try:
            sys.settrace(Injector(moments + 1, work.inside))
            work.act()
        except KeyboardInterrupt:
            cut = True
        finally:
            sys.settrace(before)
        with contextlib.suppress(RuntimeError):  # no signal is seen where a block is just left
            commit_lock.release()
        moments += cut
        half += work.is_half()
    return moments, half


# Memory, the same bits, and the cost of a node.


def resident() -> int:
    """Return the bytes of memory that this process holds; where Linux is not, has held at most."""
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def memory_here(rounds: int) -> tuple[int, int]:
    """As `memory`, in this process."""
    network = nn.MLP(3, [8, 8, 1], activation="tanh", seed=0)

    def turn() -> None:
        loss = (network([0.5, -1.0, 2.0]) - 1.0) ** 2 + sum(w * w for w in network.parameters())
        network.zero_grad()
        loss.backward()

    gc.collect()
    gc.disable()
    try:
        for _ in range(max(20, rounds // 20)):
            turn()
        before = resident()
        for _ in range(rounds):
            turn()
        return resident() - before, gc.collect()
    finally:
        gc.enable()


def memory(rounds: int = 10_000) -> tuple[int, int]:
    """Return by how many bytes a process grows in so many rounds without garbage collector.

    A round is forward, backward and release of a graph of about 300 nodes; the second number is
    what the collector finds at the end.
    """
    growth, found = elsewhere(f"print(*faults.memory_here({rounds}))").split()
    return int(growth), int(found)


def everything(folder: Path) -> Iterator[str]:
    """Yield all that a small program makes: gradients, steps, a network, its picture, its file."""
    data, network = nn.moons(24, seed=3), nn.TwoLayerNetwork(2, 4, 2, seed=1)
    history = nn.train(network, data.inputs, data.targets, iterations=12, progress=False,
                       optimizer=nn.Adam, sampling="epochs",
                       held_out=(data.inputs, data.targets))  # fmt: skip
    yield repr(history.as_dict())
    loss = nn.mse_loss(network(data.inputs[0]), data.targets[0])
    yield from map(str, loss.backward_steps())
    yield " ".join(w.grad.hex() for w in network.parameters())
    yield repr(ag.hessian(lambda xs: ag.softmax(xs)[0] * ag.norm(xs))([0.3, 0.7, -0.2]))
    yield nn.draw_network(network, data.feature_names, data.class_names).source
    nn.save_model(folder / "model.json", network, class_names=data.class_names)
    yield (folder / "model.json").read_text(encoding="utf-8")


def print_everything() -> None:
    with tempfile.TemporaryDirectory() as folder:
        print(*everything(Path(folder)), sep="\n")


def same_bits(processes: int = 100) -> int:
    """Return how many different outputs a program has in processes of different hash seeds."""

    def output(seed: int) -> str:
        return elsewhere("faults.print_everything()", PYTHONHASHSEED=str(seed))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return len(set(pool.map(output, range(processes))))


def some_graph(nodes: int) -> Value:
    """Return the root of a graph of products and sums of two Values each."""
    x, w = Value(1.0), Value(0.999)
    root = x
    for _ in range(nodes // 2):
        root = root * w + x
    return root


def cost(nodes: int = 100_000) -> tuple[float, float]:
    """Return bytes and nanoseconds of a binary node, forward and backward.

    The best of 7 by the clock of the processor, without the garbage collector, as `timeit` advises:
    what else the machine does shall not count.
    """
    tracemalloc.start()
    root = some_graph(nodes)
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del root
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        seconds = min(times(lambda: some_graph(nodes).backward(), time.process_time))
    finally:
        if was_enabled:
            gc.enable()
    return size / nodes, seconds / nodes * 1e9


def main(argv: list[str]) -> int:
    """Run all campaigns and print what they found."""
    tried, clear = bad_inputs()
    print(f"bad inputs: {tried} tried, {clear} clear errors")
    print("interrupts: {} at random moments, {} half done".format(*interrupts()))
    with tempfile.TemporaryDirectory() as folder:
        for work in (a_pass(5), an_update(3), a_save(Path(folder), 2)):
            print("{}: {} instructions, {} half done".format(work.what, *injected(work)))
    print("memory after 10,000 rounds without collector: {:+} bytes, {} found".format(*memory()))
    print(f"different outputs in 100 processes: {same_bits()}")
    print("a node: {:.0f} bytes, {:.0f} ns forward and backward".format(*cost()))
    return 0
