"""Compiled functions where something is in the way: other processes, a bad disk, bad arguments.

What cannot work is an error that names the argument and the way out; the rest gives the numbers of
the eager engine.
"""

import copy
import math
import os
import pickle
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import autograd
from autograd import Value, dot
from autograd.compile import GuardError

both_engines = pytest.mark.parametrize("engine", ["numpy", "llvm"])
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
ROOT = Path(autograd.__file__).parents[1]


def run(program, *arguments, **environment):
    """Return what a program printed, and what it wrote to stderr; it has to end well."""
    kept = {name: x for name, x in os.environ.items() if not name.startswith("PYTHONWARN")}
    found = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**kept, "PYTHONPATH": str(ROOT), **environment},
    )
    assert found.returncode == 0, found.stderr
    return found.stdout, found.stderr


# Copies and pickles

WEIGHTS = [Value(0.5), Value(-1.0)]
XS = np.array([[1.0, 2.0], [3.0, -4.0]])


def loss_of_module(xs, y):
    return (dot(WEIGHTS, xs).tanh() - y) ** 2


class Model:
    """An object that computes, and holds its own compiled function."""

    def __init__(self, engine):
        self.w = Value(2.0, name="w")
        self.fast = autograd.compile(
            self.loss, [self.w], (1.0,), engine=engine, retrace=True, reduce="sum"
        )

    def loss(self, x):
        return self.w * x if x > 0 else self.w * self.w * x


def in_pickle(x):
    return pickle.loads(pickle.dumps(x))


def in_cloudpickle(x):
    cloudpickle = pytest.importorskip("cloudpickle")
    return pickle.loads(cloudpickle.dumps(x))


COPIES = [copy.copy, copy.deepcopy, in_pickle, in_cloudpickle]


@both_engines
@pytest.mark.parametrize("copied", COPIES)
def test_a_trained_function_is_copied_with_its_parameters_and_settings(engine, copied):
    first = autograd.compile(
        loss_of_module, WEIGHTS, ([0.0, 0.0], 0.0), engine=engine, reduce="sum", threads=1
    )
    first.descend(XS, [0.0, 1.0], step_size=0.125)
    expected = first.value_and_grad(XS, [0.0, 1.0], inputs=True)
    second = copied(first)
    found = second.value_and_grad(XS, [0.0, 1.0], inputs=True)
    assert found[0] == expected[0] and found[1].tolist() == expected[1].tolist()
    assert second.parameters.tolist() == first.parameters.tolist()
    assert (second.engine, second.reduce, second.threads) == (engine, "sum", 1)
    assert repr(second) == repr(first)


@both_engines
@pytest.mark.parametrize("copied", COPIES[1:])
def test_a_copy_has_parameters_of_its_own(engine, copied):
    first = autograd.compile(loss_of_module, WEIGHTS, ([0.0, 0.0], 0.0), engine=engine)
    before = first.parameters.tolist()
    second = copied(first)
    second.descend(XS, [0.0, 1.0], step_size=0.5)
    assert first.parameters.tolist() == before != second.parameters.tolist()


@both_engines
@pytest.mark.parametrize("copied", COPIES[1:])
def test_a_copy_whose_function_came_along_uses_its_parameters_on_new_branches(engine, copied):
    model = copied(Model(engine))
    assert model.fast.values[0] is model.w
    model.fast.parameters[:] = 3.0
    assert model.fast.value([1.0, -1.0]).tolist() == [3.0, -9.0]


def test_a_closure_and_the_parameters_of_a_cloudpickled_copy_are_the_same_values():
    w = Value(2.0)

    def function(x):
        return w * x if x > 0 else w * w * x

    copied = in_cloudpickle(autograd.compile(function, [w], (1.0,), retrace=True, engine="numpy"))
    assert copied.function.__closure__[0].cell_contents is copied.values[0] is not w
    copied.parameters[:] = 3.0
    assert copied.value([1.0, -1.0]).tolist() == [3.0, -9.0]


def branching_of_module(x):
    return WEIGHTS[0] * x if x > 0 else WEIGHTS[1] * x


def test_a_copy_whose_function_uses_other_values_does_not_answer_for_new_branches():
    first = autograd.compile(
        branching_of_module, WEIGHTS, (1.0,), retrace=True, engine="numpy", finite=False
    )
    for copied in (copy.deepcopy, in_pickle):
        second = copied(first)
        second.parameters = [7.0, 8.0]
        assert second.value([1.0]).tolist() == [7.0]
        with pytest.raises(RuntimeError, match="is a copy whose function uses other Values"):
            second.value([1.0, -1.0])
    first.value([1.0, -1.0])
    second = copy.deepcopy(first)  # both branches are traced now
    second.parameters = [7.0, 8.0]
    assert second.value([1.0, -1.0]).tolist() == [7.0, -8.0]


def test_a_function_that_pickle_cannot_find_is_an_error_that_says_what_can():
    compiled = autograd.compile(lambda x: x * 2, example=(1.0,), engine="numpy")
    with pytest.raises(pickle.PicklingError, match="Can't pickle .*lambda.* or use cloudpickle"):
        pickle.dumps(compiled)
    assert copy.deepcopy(compiled).value([1.0]).tolist() == [2.0]


POOL = """
import multiprocessing, sys, warnings
from concurrent.futures import ProcessPoolExecutor
import numpy as np
import autograd
from autograd import Value, dot
warnings.simplefilter("ignore")
WEIGHTS = [Value(0.5), Value(-1.0)]
def loss(xs):
    return dot(WEIGHTS, xs).tanh()
if __name__ == "__main__":
    batch = np.array([[1.0, 2.0], [3.0, -4.0]])
    for engine, way in (("llvm", "fork"), ("numpy", "spawn")):
        compiled = autograd.compile(loss, WEIGHTS, ([0.0, 0.0],), engine=engine)
        compiled.descend(batch, step_size=0.5)
        here = [compiled.value(batch).tolist(), compiled.value(batch * 2).tolist()]
        context = multiprocessing.get_context(way)
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            there = [x.tolist() for x in pool.map(compiled.value, [batch, batch * 2])]
        print(way, here == there)
"""


@needs_fork
def test_a_trained_function_goes_to_a_process_pool(tmp_path):
    path = tmp_path / "pool.py"
    path.write_text(POOL)
    done = subprocess.run(
        [sys.executable, path],  # `spawn` needs a program that is a file
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout == "fork True\nspawn True\n", done.stderr


# Forks

FORKS = """
import gc, os, signal, sys, threading, time, warnings
import numpy as np
import autograd
from autograd import Value, dot
warnings.simplefilter("ignore")
ws = [Value(0.125 * i) for i in range(30)]
def make(engine):
    return autograd.compile(lambda xs: dot(ws, xs).tanh(), ws, ([0.0] * 30,), engine=engine)
engine, what = sys.argv[1:]
compiled = make(engine)
batch = np.random.default_rng(0).normal(size=(3000, 30))
expected = compiled.value(batch)
stop = threading.Event()
def work():
    while not stop.is_set():
        if what == "trace":
            make("numpy")
        else:
            compiled.value_and_grad(batch)
thread = threading.Thread(target=work, daemon=True)
thread.start()
found = []
for i in range(5):
    time.sleep(0.01)
    child = os.fork()
    if not child:
        signal.alarm(10)
        right = np.array_equal(compiled.value(batch), expected) and gc.isenabled()
        right &= np.array_equal(make(engine).value(batch), expected) and type(ws[0]) is Value
        os._exit(not right)
    found.append(os.waitpid(child, 0)[1])
signal.alarm(10)
stop.set()
thread.join()
print(found)
"""


@needs_fork
@both_engines
@pytest.mark.parametrize("what", ["compute", "trace"])
def test_a_child_computes_though_another_thread_did_when_it_was_forked(engine, what):
    assert run(FORKS, engine, what)[0] == "[0, 0, 0, 0, 0]\n"


INSIDE = """
import os, signal, threading
import autograd
from autograd import Value
w = Value(2.0)
# For the name itself there is a stand-in while a function of the module is traced.
kinds = {"of": type}
inside, go_on = threading.Event(), threading.Event()
def function(x):
    inside.set()
    go_on.wait(20.0)
    return w * x
def work():
    autograd.compile(function, [w], (1.0,), engine="numpy")
thread = threading.Thread(target=work)
thread.start()
inside.wait(20.0)
here = kinds["of"](w) is Value
child = os.fork()
if not child:
    signal.alarm(20)
    os._exit(not (kinds["of"](w) is Value and kinds["of"](w * w) is Value))
print(here, os.waitpid(child, 0)[1])
go_on.set()
thread.join()
"""


@needs_fork
def test_a_child_of_a_process_that_traces_has_parameters_of_their_own_class():
    assert run(INSIDE)[0] == "False 0\n"


PARENT = """
import os, signal, threading
import autograd
found = []
functions = [lambda x: x.sin() * x, lambda x: x.tanh() * x]
def work():
    compiled = autograd.compile(functions.pop(), example=(1.0,), engine="llvm")
    found.append(compiled.value([0.0]).tolist())
work()
child = os.fork()
if not child:
    os._exit(0)
os.waitpid(child, 0)
signal.alarm(30)
thread = threading.Thread(target=work)
thread.start()
thread.join()
print(found)
"""


@needs_fork
def test_another_thread_compiles_after_a_fork():
    assert run(PARENT)[0] == "[[0.0], [0.0]]\n"


# The cache folder

COLD = """
import numpy as np, sys
import autograd
if len(sys.argv) > 1:
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
compiled = autograd.compile(lambda x: abs(x.floor()), example=(1.5,), engine="llvm")
print(compiled.value(np.array([-1.5, 2.5])).tolist())
"""
ANSWER = "[2.0, 2.0]\n"


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """Return a cache folder that two processes filled at once."""
    folder = tmp_path_factory.mktemp("kept") / "new"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CHAINRULE_CACHE": str(folder)}
    both = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", COLD], stdout=subprocess.PIPE, env=environment
        )
        for _ in range(2)
    ]
    assert [process.communicate()[0].decode() for process in both] == [ANSWER, ANSWER]
    return folder


def files_of(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_two_processes_fill_a_folder_that_is_only_the_users(filled):
    assert all(path.stat().st_size for path in files_of(filled))
    folders = [filled, *(path for path in filled.rglob("*") if path.is_dir())]
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o700}


@pytest.mark.parametrize("first", [0, 3])
def test_damaged_files_are_written_again(filled, tmp_path, first):
    # There are five damages and no fewer than three files.
    folder = tmp_path / "damaged"
    shutil.copytree(filled, folder)
    contents = {path.relative_to(folder): path.read_bytes() for path in files_of(folder)}
    damages = [
        lambda path: path.write_bytes(path.read_bytes()[:1000]),
        lambda path: path.write_bytes(path.read_bytes()[:-1] + b"?"),
        lambda path: path.write_bytes(b"garbage" * 5000),
        lambda path: path.write_bytes(b""),
        lambda path: (path.unlink(), path.mkdir(), (path / "file").write_text("x")),
    ]
    assert len(contents) >= 3
    for i, path in enumerate(files_of(folder)):
        damages[(first + i) % len(damages)](path)
    assert run(COLD, CHAINRULE_CACHE=str(folder), PYTHONWARNINGS="error")[0] == ANSWER
    for path, content in contents.items():
        assert (folder / path).read_bytes() == content


def test_sound_code_of_another_source_is_compiled_again(filled, tmp_path):
    # Each file is whole and has the right checksum: it says that it is something else.
    folder = tmp_path / "exchanged"
    shutil.copytree(filled, folder)
    paths = files_of(folder)
    contents = [path.read_bytes() for path in paths]
    assert len(set(contents)) == len(paths) > 1
    for path, content in zip(paths, contents[1:] + contents[:1]):
        path.write_bytes(content)
    assert run(COLD, CHAINRULE_CACHE=str(folder), PYTHONWARNINGS="error")[0] == ANSWER
    assert [path.read_bytes() for path in paths] == contents


def test_a_full_disk_is_one_warning_and_the_right_numbers(filled, tmp_path):
    folder = tmp_path / "full"
    shutil.copytree(filled, folder)
    gone = [path for path in files_of(folder) if path.stat().st_size < 100_000]
    for path in gone:
        path.unlink()
    printed, told = run(COLD, 500, CHAINRULE_CACHE=str(folder))
    assert printed == ANSWER
    assert told.count("RuntimeWarning") == 1 and str(folder) in told and "CHAINRULE_CACHE" in told
    assert not [path for path in files_of(folder) if path.stat().st_size < 100_000]


def test_where_no_folder_can_be_made_it_computes_without(tmp_path):
    nowhere = tmp_path / "file"
    nowhere.write_text("no folder")
    printed, told = run(COLD, HOME=str(nowhere), CHAINRULE_CACHE="")
    assert printed == ANSWER
    assert told.count("RuntimeWarning") == 1 and "Not a directory" in told
    assert "CHAINRULE_CACHE" in told


needs_owners = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no owners on this system")


@needs_owners
@pytest.mark.parametrize(
    "name, why",
    [
        ("mine", None),
        ("open", "others may write to .*open"),
        ("group", "others may write to .*group"),
        ("below", "others may write to .*inside"),
        ("link", "others may write to .*open"),
        ("linked parent", "others may write to .*open"),
        ("theirs", "theirs belongs to another user"),
        ("a file", "exists|Not a directory"),
        ("file above", "Not a directory"),
    ],
)
def test_a_folder_that_others_could_fill_is_not_used(tmp_path, name, why, monkeypatch):
    from autograd.compile.machine import kept

    place = tmp_path / name
    for folder, mode in (("mine", 0o755), ("open", 0o777), ("group", 0o770), ("theirs", 0o755)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder).chmod(mode)
    inside = tmp_path / "below" / "inside"
    inside.mkdir(parents=True)
    inside.chmod(0o777)
    (tmp_path / "link").symlink_to("open")
    (tmp_path / "linked parent").symlink_to(tmp_path / "open")
    (tmp_path / "a file").write_text("")
    (tmp_path / "file above").write_text("")
    if name == "below":
        place = inside / "kept"
    elif name in ("linked parent", "file above"):
        place = place / "kept"
    elif name == "theirs":
        if os.geteuid():
            pytest.skip("only root can give a folder away")
        os.chown(place, 12345, 12345)
    monkeypatch.setenv("CHAINRULE_CACHE", str(place))
    monkeypatch.setattr(kept, "told", [])
    if why is None:
        assert kept.folder().parent == place
        return
    with pytest.warns(RuntimeWarning, match=why):
        assert kept.folder() is None


# What a function returns


@both_engines
def test_functions_may_return_arrays_and_nested_structures(engine):
    def function(x):
        return [x, (np.array([[x, x * 2], [3.0, x * x]]), [x + 1]), np.array(x * 4), []]

    compiled = autograd.compile(function, example=(1.0,), engine=engine)
    first, (array, (last,)), scalar, empty = compiled.value([1.0, 2.0, 3.0])
    assert first.tolist() == [1.0, 2.0, 3.0] and last.tolist() == [2.0, 3.0, 4.0]
    assert array.tolist() == [[[x, 2 * x], [3.0, x * x]] for x in (1.0, 2.0, 3.0)]
    assert scalar.tolist() == [4.0, 8.0, 12.0] and empty == []
    alone = autograd.compile(lambda x: np.array([x, 2 * x]), example=(1.0,), engine=engine)
    assert alone.value([1.0, 2.0]).tolist() == [[1.0, 2.0], [2.0, 4.0]]
    assert alone.value_and_grad([1.0], inputs=True, seed=[1.0, 1.0])[2].tolist() == [3.0]
    assert autograd.compile(lambda x: 2, example=(1.0,), engine=engine).value([5.0]) == [2.0]


@pytest.mark.parametrize(
    "result, text",
    [
        (lambda x: (x * i for i in range(3)), r"returned a generator.* list\(\.\.\.\)"),
        (lambda x: map(abs, [x]), "returned a map"),
        (lambda x: {"a": "text"}, r"returned a str at \['a'\]"),
        (lambda x: [x, {"a": None}], r"returned a NoneType at \[1\]\['a'\]"),
        (lambda x: [x, [None]], r"returned a NoneType at \[1\]\[0\]"),
        (lambda x: "text", "returned a str"),
        (lambda x: (x, b"text"), r"returned a bytes at \[1\]"),
        (lambda x: 1j, "returned a complex"),
        (lambda x: {x}, "returned a set"),
        (lambda x: [[], ()], "returned no number at all"),
        (lambda x: abs, "returned a builtin_function"),
        (lambda x: np.array([x, "a"], object), r"returned a str at \[1\]"),
    ],
)
def test_what_is_no_structure_of_numbers_is_named(result, text):
    with pytest.raises(TypeError, match=text):
        autograd.compile(result, example=(1.0,), engine="numpy")


# Arguments


@pytest.mark.parametrize(
    "kind", [list, tuple, iter, np.array, lambda ws: dict(enumerate(ws)).values()]
)
def test_parameters_are_any_sequence_or_iterator_of_values(kind):
    ws = [Value(2.0), Value(3.0) * 1.0]
    compiled = autograd.compile(lambda x: ws[0] * x + ws[1], kind(ws), (1.0,), engine="numpy")
    assert compiled.value_and_grad([5.0])[1].tolist() == [5.0, 1.0]


class WithParameters:
    def parameters(self):
        return []


@pytest.mark.parametrize(
    "parameters, error, text",
    [
        ([Value(1.0), 2.0], TypeError, r"parameters\[1\] is float 2.0 .* pass Value\(2.0\)"),
        ([[Value(1.0), 2.0]], TypeError, r"parameters\[0\]\[1\] is float 2.0 .* pass Value"),
        (np.array([[Value(1.0), 2.0]]), TypeError, r"parameters\[0\]\[1\] is float 2.0"),
        ({"w": [Value(1.0), "a"]}, TypeError, r"parameters\['w'\]\[1\] is str 'a'"),
        ({Value(1.0)}, TypeError, "parameters is a set, which has no order"),
        (WithParameters(), TypeError, r"parameters is a WithParameters.* \.parameters\(\)"),
        (Value(1.0), TypeError, r"parameters is a Value, .*\[parameters\]"),
        ("ab", TypeError, "parameters is a str"),
        (None, TypeError, "parameters is a NoneType"),
        (3, TypeError, "parameters is a int"),
        ([None], TypeError, r"parameters\[0\] is NoneType"),
        ([*[Value(1.0)] * 2], ValueError, "the same Value twice, at 0 and 1"),
    ],
)
def test_parameters_that_are_no_values_are_named(parameters, error, text):
    with pytest.raises(error, match=text):
        autograd.compile(lambda x: x, parameters, (1.0,), engine="numpy")


@pytest.mark.parametrize(
    "example, text",
    [
        ((1.0, 2.0), "example has 2 arguments.* too many .* one example for each"),
        ((), "example has 0 arguments.* missing"),
        ("text", "argument 0 of the example: str 'text'"),
        (None, "argument 0 of the example: NoneType"),
        (([1.0, [None]],), r"argument 0 of the example\[1\]\[0\]: NoneType"),
        (({"a": "text"},), r"argument 0 of the example\['a'\]: str"),
        ((1j,), "argument 0 of the example: complex"),
        ((iter([1.0]),), "argument 0 of the example: list_iterator"),
    ],
)
def test_an_example_that_does_not_fit_is_named(example, text):
    with pytest.raises(TypeError, match=text):
        autograd.compile(lambda x: x, example=example, engine="numpy")


@both_engines
def test_examples_may_be_arrays_values_empty_and_ragged(engine):
    def function(x, xs, ragged):
        return x + sum(xs, 0.0) + ragged[0][0] * ragged[1]

    compiled = autograd.compile(
        function, example=(Value(1.0), [], [np.array([1.0, 2.0]), True]), engine=engine
    )
    batch = np.arange(2.0), np.zeros((2, 0)), [[[3.0, 0.0], [4.0, 0.0]], [5.0, 6.0]]
    assert compiled.value(*batch).tolist() == [15.0, 25.0]
    with pytest.raises(TypeError, match=r"the batch has no argument 2\[1\]"):
        compiled.value(*batch[:2], [[[3.0, 0.0], [4.0, 0.0]]])


@pytest.mark.parametrize(
    "settings, error, text",
    [
        ({"threads": "2"}, TypeError, "threads is '2'; pass a whole number"),
        ({"threads": 1.5}, TypeError, "threads is 1.5"),
        ({"threads": -1}, ValueError, "threads is -1; pass 1 or more"),
        ({"engine": ["llvm"]}, ValueError, "engine .* choose from None, numpy, llvm"),
        ({"dtype": None}, ValueError, "dtype None .* choose from float64, float32"),
        ({"dtype": np.int32}, ValueError, "dtype 'int32'"),
        ({"dtype": ["a"]}, ValueError, "dtype"),
    ],
)
def test_a_setting_of_another_kind_is_named(settings, error, text):
    with pytest.raises(error, match=text):
        autograd.compile(lambda x: x, example=(1.0,), **settings)


def test_what_is_no_function_is_named_and_types_of_numpy_are_known():
    with pytest.raises(TypeError, match="function is int 3; pass a function"):
        autograd.compile(3, example=(1.0,))
    for dtype in (np.float32, np.dtype("float32"), "f4"):
        compiled = autograd.compile(lambda x: x, example=(1.0,), engine="numpy", dtype=dtype)
        assert compiled.dtype == np.float32
    assert autograd.compile(abs, example=(1.0,), engine="numpy").value([-1.0]).tolist() == [1.0]


@both_engines
@pytest.mark.parametrize(
    "batch",
    [
        np.array([1.0, 2.0], object),
        np.array([1, 2], np.float32),
        np.array([1, 2], np.float16),
        np.array([1, 2], np.longdouble),
        np.array([1, 2], np.uint8),
        np.array([1.0, 9.0, 2.0])[::2],
        np.array([2.0, 1.0])[::-1],
        np.ma.array([1.0, 2.0]),
        [Fraction(1), np.float64(2.0)],
        (True, 2),
        range(1, 3),
    ],
    ids=lambda batch: f"{type(batch).__name__} {getattr(batch, 'dtype', '')}",
)
def test_a_batch_of_numbers_of_any_type_is_taken(engine, batch):
    compiled = autograd.compile(lambda x: 3 * x, example=(1.0,), engine=engine)
    assert compiled.value(batch).tolist() == [3.0, 6.0]


@both_engines
def test_bools_and_ints_of_any_size_are_numbers(engine):
    compiled = autograd.compile(lambda x: 3 * x, example=(1.0,), engine=engine)
    assert compiled.value(np.array([True, False])).tolist() == [3.0, 0.0]
    assert compiled.value([2**70, 1]).tolist() == [3.0 * 2**70, 3.0]


@pytest.mark.parametrize(
    "batch, error, text",
    [
        (np.array(["1", "2"], object), TypeError, "argument 0: str '1'"),
        (np.array([1j, 2.0]), TypeError, "argument 0 holds complex128 and not real numbers"),
        (np.array(["2020"], "M8[Y]"), TypeError, "argument 0 holds datetime64"),
        (np.zeros(2, [("a", float)]), TypeError, "argument 0 holds"),
        (np.ma.array([1.0, 2.0], mask=[False, True]), ValueError, r"masked .*filled\(0.0\)"),
        (np.zeros(0), ValueError, "the batch is empty"),
        (np.zeros((2, 1)), ValueError, r"argument 0 has shape \(2, 1\)"),
        (np.array(1.0), ValueError, "argument 0 has no axis of samples"),
        (None, ValueError, "argument 0 has no axis of samples"),
        ([Value(1.0)], TypeError, "argument 0: Value"),
        ([10**400], OverflowError, "argument 0: .* too large for a float"),
        ({0: 1.0}, TypeError, "argument 0: dict"),
        ([None], TypeError, "argument 0: NoneType"),
    ],
    ids=repr,
)
def test_a_batch_that_holds_something_else_is_named(batch, error, text):
    compiled = autograd.compile(lambda x: x, example=(1.0,), engine="numpy")
    with pytest.raises(error, match=text):
        compiled.value(batch)


@both_engines
def test_numbers_beyond_float32_are_infinite_data(engine):
    compiled = autograd.compile(lambda x: x, example=(1.0,), engine=engine, dtype="float32")
    with pytest.raises(FloatingPointError, match="data of sample 1 is not finite"):
        compiled.value(np.array([1.0, 1e300]))


@pytest.mark.parametrize(
    "seed, text",
    [
        ("ab", r"seed\[0\]: str"),
        ([None, 1.0], r"seed\[0\]: NoneType"),
        ([1.0, 1j], r"seed\[1\]: complex"),
        ([1.0, Value(1.0)], r"seed\[1\]: Value"),
        ({"a": 1.0}, r"seed\[0\]: dict"),
    ],
    ids=repr,
)
def test_a_seed_that_is_no_number_is_named(seed, text):
    compiled = autograd.compile(lambda x: [x, x], example=(1.0,), engine="numpy")
    with pytest.raises(TypeError, match=text):
        compiled.value_and_grad([1.0], seed=seed)


def test_a_seed_has_the_keys_of_the_results():
    compiled = autograd.compile(lambda x: {"a": x, "b": x * x}, example=(1.0,), engine="numpy")
    text = r"seed is a dict with the keys \['a'\], where a dict with the keys \['a', 'b'\] belongs"
    with pytest.raises(ValueError, match=text):
        compiled.value_and_grad([1.0], seed={"a": 1.0})


@both_engines
def test_a_step_size_is_a_number(engine):
    w = Value(1.0)
    compiled = autograd.compile(lambda x: w * x, [w], (1.0,), engine=engine)
    for step_size in (None, "0.1", [0.1], np.array([0.1]), 1j, Value(0.1)):
        with pytest.raises(TypeError, match="step_size: "):
            compiled.descend([1.0], step_size=step_size)
    compiled.descend([1.0], step_size=np.float32(0.5))
    compiled.descend([1.0], step_size=Fraction(1, 4))
    assert compiled.parameters.tolist() == [0.25]


@both_engines
def test_constants_beyond_all_floats_are_infinite(engine):
    compiled = autograd.compile(
        lambda x: [x * 10**400, -(10**400) + x], example=(1.0,), engine=engine, finite=False
    )
    assert np.array(compiled.value([1.0])).tolist() == [[math.inf], [-math.inf]]
    with pytest.raises(GuardError, match="sample 1"):
        autograd.compile(
            lambda x: x if x < 10**400 else -x, example=(1.0,), engine=engine, finite=False
        ).value([1.0, math.inf])


# ---- copies of functions that follow other Values


class Scaled:
    """A function with a parameter and another Value."""

    def __init__(self):
        self.w, self.k = Value(1.0), Value(3.0)

    def __call__(self, x):
        return self.w * x * self.k if x > 0 else self.w * x * self.k * self.k


@both_engines
@pytest.mark.parametrize("copied", [copy.deepcopy, in_pickle, in_cloudpickle])
def test_a_copy_follows_the_values_that_came_along(engine, copied):
    model = Scaled()
    original = autograd.compile(model, [model.w], (1.0,), engine=engine, retrace=True)
    twin, other = copied((original, model))
    other.k.data = 30.0
    model.k.data = 7.0
    assert twin.value([1.0, -1.0]).tolist() == [30.0, -900.0]
    assert original.value([1.0, -1.0]).tolist() == [7.0, -49.0]


SCALE = Value(2.0)


def scaled(x):
    return x * SCALE if x > 0 else x * SCALE * 10


@both_engines
def test_a_pickle_never_mixes_two_sets_of_values(engine):
    SCALE.data = 2.0
    original = autograd.compile(scaled, example=(1.0,), engine=engine, retrace=True)
    first, second = in_pickle(original), in_pickle(original)
    assert first.value([1.0, -1.0]).tolist() == [2.0, -20.0]
    SCALE.data = 5.0
    assert first.value([1.0, -1.0]).tolist() == [5.0, -50.0]
    assert second.value([1.0]) == [2.0]
    with pytest.raises(RuntimeError, match="uses other Values or numbers than it"):
        second.value([1.0, -1.0])
    SCALE.data = 2.0


def by_label(x, k):
    return x * SCALE if k == 0 else x * x


@both_engines
@pytest.mark.parametrize("copied", COPIES)
def test_a_function_of_labels_is_copied(engine, copied):
    original = autograd.compile(by_label, example=(1.0, 1), static=1, engine=engine)
    expected = original.value([3.0, 3.0], [0, 1]).tolist()
    assert copied(original).value([3.0, 3.0, 3.0], [0, 1, 2]).tolist() == [*expected, 9.0]
