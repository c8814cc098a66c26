"""Training by executors: the bits are those of this process, whoever computes, and whoever is lost."""

import multiprocessing
import os
import pickle
import signal
import sys
import threading
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from contextvars import Context

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, ieee, log
from nn import MLP, Adam, History, Trainer, TwoLayerNetwork, cross_entropy, mse_loss, train, xor
from nn import shards as shards_module
from nn.class_weights import weighted
from nn.shards import KEPT, Shard, Task, added_in_order, answer, cut, dumps, kept, shards_of
from nn.workers import Workers, uninterrupted

DATA = xor(24, seed=2)
OPTIONS = {"step_size": 0.5, "batch_size": 10, "iterations": 6, "progress": False}
BOTH = pytest.mark.parametrize("compiled", [False, True], ids=["recorded", "compiled"])


class Immediate(Executor):
    """Runs a task when it is handed over, as a process would: on copies. `lost` says what fails.

    Attributes: `handed_over`, the tasks; `lost`, by their numbers, the errors of some of them.
    """

    def __init__(self, lost=None):
        self.handed_over = []
        self.lost = lost or {}
        self.closed = False

    def submit(self, function, task):
        number = len(self.handed_over)
        self.handed_over.append(task)
        future = Future()
        if number in self.lost:
            future.set_exception(self.lost[number])
        else:
            found = Context().run(function, elsewhere(task))  # no mode of this thread holds there
            future.set_result(pickle.loads(pickle.dumps(found)))
        return future

    def shutdown(self, wait=True, *, cancel_futures=False):
        self.closed = True


def elsewhere(task):
    """Return a task as it arrives in a worker, which must not share anything with this process."""
    return pickle.loads(pickle.dumps(task))


@pytest.fixture(autouse=True)
def nothing_kept():
    kept.clear()


def trained(network=None, data=DATA, **options):
    network = network or TwoLayerNetwork(2, 4, 2, hidden="tanh", seed=3)
    history = train(network, data.inputs, data.targets, **{**OPTIONS, **options})
    return [p.data for p in network.parameters()], history


def same(found, expected):
    assert found[0] == expected[0]
    for name in ("losses", "evaluations", "validations", "best", "sampler", "optimizer"):
        assert getattr(found[1], name) == getattr(expected[1], name)


# Sharding.


@given(st.lists(st.integers(0, 99), min_size=1, max_size=40), st.integers(1, 12))
def test_every_sample_is_in_one_shard_once_and_in_order(batch, count):
    parts = cut(batch, count)
    assert [i for part in parts for i in part] == batch
    assert len(parts) == min(count, len(batch))
    sizes = set(map(len, parts))
    assert 0 not in sizes and max(sizes) - min(sizes) <= 1


@given(st.integers(1, 20), st.integers(1, 8), st.integers(1, 3))
def test_factors_of_dropout_go_with_their_samples(b, count, units):
    batch = list(range(b))
    factors = shards_module.array("d", [float(i) for i in batch for _ in range(units)])
    for shard in shards_of(batch, factors, count):
        assert shard.share == 1 / b
        assert shard.factors.tolist() == [float(i) for i in shard.batch for _ in range(units)]


def test_gradients_are_added_in_the_order_of_the_shards():
    assert added_in_order([[1e16], [1.0], [-1e16], [1.0]]) == [1.0]
    assert added_in_order([[1e16], [-1e16], [1.0], [1.0]]) == [2.0]
    assert added_in_order([[-0.0, 3.0]]) == [-0.0, 3.0]


@BOTH
def test_the_gradient_is_the_ordered_sum_of_those_of_the_shards(compiled):
    network = TwoLayerNetwork(2, 4, 2, hidden="tanh", seed=3)
    weights = [p.data for p in network.parameters()]
    options = {"batch_size": 7, "iterations": 1, "step_size": 0.1, "compiled": compiled}
    trainer = Trainer(network, DATA.inputs, DATA.targets, shards=3, **options)
    (step,) = trainer
    other = TwoLayerNetwork(2, 4, 2, hidden="tanh", seed=3)
    assert [p.data for p in other.parameters()] == weights
    gradients = []
    for part in cut(step.batch, 3):
        for p in other.parameters():
            p.grad = 0.0
        for i in part:
            mse_loss(other(DATA.inputs[i]), DATA.targets[i]).backward(1 / 7)
        gradients.append([p.grad for p in other.parameters()])
    if compiled:
        assert step.gradients == pytest.approx(added_in_order(gradients), rel=1e-12)
    else:
        assert step.gradients == added_in_order(gradients)


@BOTH
def test_one_shard_has_the_bits_of_a_training_without(compiled):
    expected = trained(compiled=compiled)
    same(trained(compiled=compiled, shards=1), expected)
    same(trained(compiled=compiled, shards=1, executor=Immediate()), expected)
    weights, history = trained(compiled=compiled, shards=4)
    assert weights != expected[0] and weights == pytest.approx(expected[0], rel=1e-9)
    assert history.losses == pytest.approx(expected[1].losses, rel=1e-9)


# Executors.


KINDS = {
    "dropout": {"dropout": 0.3},
    "validation": {"validation": 0.25, "evaluate_every": 2},
    "held out": {"held_out": (DATA.inputs, DATA.targets)},
    "epochs": {"sampling": "epochs", "iterations": 7},
    "schedule": {"schedule": "cosine", "warm_up": 2, "optimizer": Adam},
    "class weights": {"loss": weighted(mse_loss, [0.5, 2.0])},
    "a closure": {"loss": lambda outputs, target: 2.0 * mse_loss(outputs, target)},
    "fewer samples than shards": {"batch_size": 3},
}


@BOTH
@pytest.mark.parametrize("kind", KINDS)
def test_an_executor_changes_no_bit(kind, compiled):
    options = KINDS[kind]
    network = MLP(2, [4, 3, 2], seed=3)
    expected = trained(network, compiled=compiled, shards=4, **options)
    network = MLP(2, [4, 3, 2], seed=3)
    executor = Immediate()
    same(trained(network, compiled=compiled, executor=executor, **options), expected)
    assert executor.handed_over and not executor.closed


@BOTH
def test_threads_give_the_same_bits(compiled):
    expected = trained(compiled=compiled, shards=8, iterations=40)
    with ThreadPoolExecutor(3) as pool:
        same(trained(compiled=compiled, shards=8, iterations=40, executor=pool), expected)


def test_processes_give_the_same_bits_and_killed_ones_are_made_up_for():
    def make():
        pools.append(ProcessPoolExecutor(2, multiprocessing.get_context("spawn")))
        return pools[-1]

    def kill(history):
        # All of them: one that is left could do the rest.
        for process in list(pools[0]._processes) if history.iteration == 3 else ():
            os.kill(process, signal.SIGKILL)

    pools = []
    found = trained(executor=make, callback=kill)
    same(found, trained(shards=4))
    assert len(pools) == 2
    assert "BrokenProcessPool" in found[1].hints["worker lost"]
    assert not pools[1]._processes  # shut down in the end


def test_what_is_not_an_executor_is_refused():
    with pytest.raises(TypeError, match="executor: 2 is none: a concurrent.futures.Executor is"):
        trained(executor=2)
    with pytest.raises(TypeError, match="executor: the function returned 2, which is none"):
        trained(executor=lambda: 2)


def test_a_class_of_executors_is_a_function_that_makes_one():
    same(trained(executor=ThreadPoolExecutor), trained(shards=4))


# What crosses.


def test_what_workers_compute_with_is_sent_at_first_and_then_parameters_and_indexes():
    executor = Immediate()
    trained(executor=executor)
    tasks = executor.handed_over
    payloads = [i for i, task in enumerate(tasks) if task.payload]
    assert payloads == [0, 1, 2, 3]  # the first iteration
    assert len(tasks) == 6 * 4
    assert len({task.key for task in tasks}) == 1
    assert len(pickle.dumps(tasks[-1])) < 1000
    assert len({task.number for task in tasks}) == len(tasks)


def test_a_worker_forgets_the_training_that_it_used_least_recently():
    executor = Immediate()
    for seed in range(KEPT + 2):
        trained(TwoLayerNetwork(2, 4, 2, seed=seed), executor=executor)
        assert executor.handed_over[-1].key == list(kept)[-1]
    assert len(kept) == KEPT


def test_a_worker_does_not_forget_the_training_that_it_used_last():
    def ask(key, payload=None):
        return answer(Task(key, [1.0], Shard([0], None, 1.0), False, os.getpid(), 0, payload))

    payload = dumps(Doubling())
    for key in range(KEPT):
        assert ask(key, payload).losses == [0]
    assert ask(0).losses == [0]
    assert ask(KEPT, payload).losses == [0]
    assert ask(1).missing and not ask(0).missing


def test_a_worker_that_forgot_asks_again():
    executor = Immediate()

    def forget(history):
        kept.clear()

    same(trained(executor=executor, callback=forget), trained(shards=4))
    carried = [i for i, task in enumerate(executor.handed_over) if task.payload]
    first, second, third = [0, 1, 2, 3], [9], [13, 14, 15, 16]
    assert carried == [*first, *second, *third, 22, 31, 40]


@BOTH
def test_weights_that_are_set_in_the_loop_reach_the_workers(compiled):
    found = []
    for own in ({"shards": 4}, {"executor": Immediate()}):
        network = TwoLayerNetwork(2, 4, 2, hidden="tanh", seed=3)
        options = {"batch_size": 8, "iterations": 4, "compiled": compiled, **own}
        losses = []
        for step in Trainer(network, DATA.inputs, DATA.targets, **options):
            network.parameters()[0].data = step.t * 4.0
            losses.append(step.loss)
        found.append([losses, [p.data for p in network.parameters()]])
    assert found[0] == found[1]


@BOTH
def test_a_callback_sees_gradients_and_memory_and_changes_them(compiled):
    def callback(history):
        seen.append([p.grad for p in network.parameters()])
        for p in network.parameters():
            p.data = p.data / 2.0
        optimizer.slots["means"][0] = 1.0

    found = []
    for own in ({"shards": 4}, {"executor": Immediate()}):
        seen = []
        network = TwoLayerNetwork(2, 4, 2, hidden="tanh", seed=3)
        optimizer = Adam(network.parameters(), step_size=0.1)
        options = {"optimizer": optimizer, "step_size": None, "callback": callback, **own}
        weights, history = trained(network, compiled=compiled, **options)
        gradients = [p.grad for p in network.parameters()]
        found.append([seen, weights, history.losses, gradients, optimizer.slots])
        assert any(gradients) and all(map(any, seen))
        assert type(optimizer.slots["means"]) is list
    assert found[0] == found[1]


def test_a_network_that_is_changed_between_two_loops_is_sent_again():
    found = []
    for own in ({"shards": 4}, {"executor": Immediate()}):
        network = MLP(2, [4, 2], activation="tanh", seed=3)
        trainer = Trainer(network, DATA.inputs, DATA.targets, iterations=4, **own)
        next(iter(trainer))
        network.layers[0].neurons[0].activation = network.layers[-1].neurons[0].activation
        losses = [step.loss for step in trainer]
        found.append(losses)
    assert found[0] == found[1] and len(losses) == 3


@BOTH
def test_memory_that_is_changed_between_two_loops_is_used(compiled):
    found = []
    for own in ({}, {"shards": 4}):
        network = TwoLayerNetwork(2, 4, 2, hidden="tanh", seed=3)
        optimizer = Adam(network.parameters(), step_size=0.1)
        options = {"optimizer": optimizer, "iterations": 4, "compiled": compiled, **own}
        trainer = Trainer(network, DATA.inputs, DATA.targets, **options)
        next(iter(trainer))
        optimizer.slots = {name: [1.0] * len(slot) for name, slot in optimizer.slots.items()}
        found.append([step.loss for step in trainer])
    assert found[1] == pytest.approx(found[0], rel=1e-9)


def test_what_was_lost_is_said_while_it_trains(capsys):
    executor = Immediate({9: BrokenExecutor("a worker died")})
    trained(executor=executor, progress=True)
    assert (
        capsys.readouterr().err.count("the workers are gone (BrokenExecutor: a worker died)") == 1
    )


def test_what_cannot_be_sent_is_an_error_that_says_so(monkeypatch):
    lock = threading.Lock()

    def loss(outputs, target):
        with lock:
            return mse_loss(outputs, target)

    with pytest.raises(TypeError, match="executor: network, loss and samples are sent to workers"):
        trained(loss=loss, executor=Immediate())
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    with pytest.raises(TypeError, match=r'pip install "chainrule\[processes\]"'):
        dumps(loss)


def test_the_mode_of_the_training_holds_in_the_worker():
    def loss(outputs, target):
        return log(Value(0.0)) * 0.0 + mse_loss(outputs, target)

    with pytest.raises(ValueError, match="log"):
        trained(loss=loss, executor=Immediate())
    with ieee(), pytest.raises(FloatingPointError, match="the loss of a sample is nan"):
        trained(loss=loss, executor=Immediate())


# Errors.


class OwnError(Exception):
    def __init__(self, sample, reason):
        super().__init__(f"{sample}: {reason}")


def failing(outputs, target):
    if target == DATA.targets[0]:
        raise ZeroDivisionError("no such target")
    return mse_loss(outputs, target)


def test_an_error_of_the_loss_is_the_same_error():
    messages = []
    for options in ({"shards": 4}, {"executor": Immediate()}):
        with pytest.raises(FloatingPointError) as caught:
            trained(loss=failing, **options)
        messages.append(str(caught.value))
        assert type(caught.value.__cause__) is ZeroDivisionError
    assert messages[0] == messages[1]
    assert "in a worker:" in caught.value.__cause__.__notes__[0]


def test_an_error_that_no_pickle_brings_back_is_told_by_its_text():
    def loss(outputs, target):
        raise OwnError(3, "is odd")

    with pytest.raises(RuntimeError, match="OwnError: 3: is odd"):
        trained(loss=loss, executor=Immediate())


@BOTH
def test_a_training_that_diverges_does_so_in_the_same_words(compiled):
    messages = []
    for options in ({"shards": 4}, {"executor": Immediate()}):
        network = MLP(2, [4, 2], activation="relu", output="linear", seed=3)
        with pytest.raises(FloatingPointError) as caught:
            trained(network, step_size=1e200, compiled=compiled, **options)
        messages.append(str(caught.value))
        assert caught.value.history.iteration < 6
    assert messages[0] == messages[1]


# Losses.


def test_shards_that_a_broken_executor_lost_are_computed_here_and_it_is_not_used_again():
    executor = Immediate({9: BrokenExecutor("a worker died")})
    found = trained(executor=executor)
    same(found, trained(shards=4))
    assert len(executor.handed_over) == 12  # of the iteration in which it broke
    assert found[1].hints == {
        "workers gone": "the workers are gone (BrokenExecutor: a worker died), and the training "
        "goes on in this process; pass executor=lambda: ... to have it made anew"
    }


def test_a_loop_over_a_trainer_has_the_hint_in_its_history():
    network = TwoLayerNetwork(2, 4, 2, hidden="tanh", seed=3)
    executor = Immediate({5: BrokenExecutor("a worker died")})
    trainer = Trainer(network, DATA.inputs, DATA.targets, iterations=3, executor=executor)
    assert len(list(trainer)) == 3
    assert "workers gone" in trainer.history.hints


def test_a_broken_executor_that_can_be_made_is_made_again():
    made = []

    def make():
        made.append(Immediate({} if made else {9: BrokenExecutor("died"), 11: BrokenExecutor()}))
        return made[-1]

    found = trained(executor=make)
    same(found, trained(shards=4))
    assert len(made) == 2 and all(executor.closed for executor in made)
    assert found[1].hints == {
        "worker lost": "a worker was lost (BrokenExecutor: died); what it was at was done again"
    }


def test_an_executor_that_breaks_again_and_again_is_left():
    made = []

    def make():
        made.append(Immediate({0: BrokenExecutor("died at once")}))
        return made[-1]

    found = trained(executor=make)
    same(found, trained(shards=4))
    assert len(made) == 4 and "workers gone" in found[1].hints
    assert all(executor.closed for executor in made)


@pytest.mark.parametrize("error", [CancelledError(), ValueError("KilledWorker")])
def test_a_shard_that_an_executor_gives_up_is_computed_here_and_the_others_there(error):
    executor = Immediate({9: error})
    found = trained(executor=executor)
    same(found, trained(shards=4))
    assert len(executor.handed_over) == 6 * 4
    assert type(error).__name__ in found[1].hints["worker lost"]


def test_an_executor_that_loses_a_shard_now_and_then_is_used_to_the_end():
    executor = Immediate({number: CancelledError() for number in range(4, 24, 3)})
    found = trained(executor=executor)
    same(found, trained(shards=4))
    assert len(executor.handed_over) == 6 * 4 and list(found[1].hints) == ["worker lost"]


def test_an_executor_that_never_answers_is_an_error():
    executor = Immediate(dict.fromkeys(range(9), ImportError("no module named nn")))
    with pytest.raises(RuntimeError, match="cannot run a shard: ImportError: no module named nn"):
        trained(executor=executor)


def test_a_closed_executor_is_an_error():
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
        trained(executor=pool)


def test_an_executor_that_closes_in_the_middle_is_done_without():
    pool = ThreadPoolExecutor(1)

    def close(history):
        pool.shutdown()

    found = trained(executor=pool, callback=close)
    same(found, trained(shards=4))
    assert "cannot schedule new futures" in found[1].hints["workers gone"]


# Interrupts.


def test_a_ctrl_c_while_shards_are_out_ends_with_whole_iterations_and_cancels_the_others():
    class Interrupted(Immediate):
        def submit(self, function, task):
            future = super().submit(function, task)
            if len(self.handed_over) > 18:
                waiting.append(Future())
                return waiting[-1]
            if len(self.handed_over) == 18:
                future.result = interrupt
            return future

    def interrupt():
        raise KeyboardInterrupt

    waiting = []
    found = trained(executor=Interrupted())
    assert found[1].interrupted and found[1].iteration == 4
    assert len(waiting) == 2 and all(future.cancelled() for future in waiting)
    rest = History.from_dict(found[1].as_dict())
    network = TwoLayerNetwork(2, 4, 2, hidden="tanh", seed=3)
    for p, number in zip(network.parameters(), found[0]):
        p.data = number
    same(trained(network, executor=Immediate(), resume=rest), trained(shards=4))


def test_a_ctrl_c_waits_until_a_task_is_handed_over():
    done = []
    with pytest.raises(KeyboardInterrupt), uninterrupted():
        signal.raise_signal(signal.SIGINT)
        done.append("handed over")
    assert done and signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="no masks of signals")
def test_a_process_that_is_started_by_a_submission_has_ctrl_c_blocked():
    with uninterrupted():
        assert signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks")
def test_workers_ignore_ctrl_c_and_end_by_sigterm():
    handlers = [
        signal.getsignal(signal.SIGINT),
        signal.signal(signal.SIGTERM, lambda *_: None),
    ]
    reading, writing = os.pipe()
    try:
        with uninterrupted():
            child = os.fork()
            if not child:
                try:
                    kinds = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
                    os.write(writing, repr(list(map(int, kinds))).encode())
                finally:
                    os._exit(0)
        os.waitpid(child, 0)
        os.write(writing, b".")  # a child that failed has written nothing
        assert os.read(reading, 99) == f"{[int(signal.SIG_IGN), int(signal.SIG_DFL)]}.".encode()
        assert signal.getsignal(signal.SIGINT) is handlers[0]
    finally:
        signal.signal(signal.SIGTERM, handlers[1])
        os.close(reading)
        os.close(writing)


def test_a_task_in_another_process_leaves_ctrl_c_to_the_owner():
    before = signal.getsignal(signal.SIGINT)
    try:
        task = Task("unknown", [], Shard([0], None, 1.0), False, os.getpid() + 1, 0)
        assert answer(task).missing
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    answer(task._replace(owner=os.getpid()))
    assert signal.getsignal(signal.SIGINT) is before


def test_a_worker_ends_when_its_parent_does(monkeypatch):
    class Parent:
        def join(self):
            ended.wait()

    ended, left = threading.Event(), threading.Event()
    monkeypatch.setattr(shards_module, "watched", [])
    monkeypatch.setattr(shards_module.multiprocessing, "parent_process", Parent)
    monkeypatch.setattr(shards_module.os, "_exit", lambda code: left.set())
    monkeypatch.setattr(shards_module, "leave_signals_to_the_owner", lambda: None)
    task = Task("unknown", [], Shard([0], None, 1.0), False, os.getpid() + 1)
    assert answer(task).missing and answer(task).missing
    assert len(shards_module.watched) == 1 and not left.is_set()
    ended.set()
    assert left.wait(5.0)


def test_a_worker_that_cannot_wait_for_its_parent_goes_on(monkeypatch):
    class Parent:
        def join(self):
            raise ValueError("Invalid file object: None")

    left = []
    monkeypatch.setattr(shards_module.os, "_exit", left.append)
    shards_module.end_after(Parent())
    assert not left


# Settings.


def test_shards_are_kept_with_the_history_and_a_resumed_training_has_the_same():
    whole = trained(shards=3)
    assert whole[1].settings.shards == 3
    network = TwoLayerNetwork(2, 4, 2, hidden="tanh", seed=3)
    _, half = trained(network, shards=3, iterations=2)
    half = History.from_dict(half.as_dict())
    with pytest.raises(ValueError, match="shards was 3, and is now 4; pass shards=3"):
        trained(network, executor=Immediate(), resume=half)
    with pytest.raises(ValueError, match="shards was 3, and is now 1"):
        trained(network, shards=1, resume=half)
    same(trained(network, resume=half), whole)


def test_a_history_of_earlier_versions_has_one_shard():
    _, history = trained(iterations=2)
    saved = history.as_dict()
    del saved["settings"]["shards"]
    assert History.from_dict(saved).settings.shards == 1


def test_the_number_of_shards_is_4_with_an_executor_and_1_without():
    assert trained(iterations=1)[1].settings.shards == 1
    assert trained(iterations=1, executor=Immediate())[1].settings.shards == 4
    with pytest.raises(ValueError, match="shards must be an int of at least 1, not 0"):
        trained(shards=0)


def test_a_cross_entropy_of_a_softmax_crosses_too():
    network = TwoLayerNetwork(2, 4, 2, output="softmax", seed=3)
    expected = trained(
        TwoLayerNetwork(2, 4, 2, output="softmax", seed=3), loss=cross_entropy, shards=4
    )
    same(trained(network, loss=cross_entropy, executor=Immediate()), expected)


def test_workers_can_be_used_apart_from_a_training():
    workers = Workers(Immediate(), Doubling())
    workers.begin()
    ((losses, gradient),) = workers.answers([1.0, 2.0], [Shard([3], None, 1.0)])
    assert losses == [3] and gradient.tolist() == [2.0, 4.0]
    workers.end()


class Doubling:
    def take(self, weights):
        self.weights = weights

    def __call__(self, batch, factors, share):
        return batch, shards_module.array("d", [2 * w for w in self.weights])
