"""Trainings that survive: checkpoints, signals, killed processes, full disks."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from autograd import atomic
from autograd.atomic import remove_abandoned, temporary_name, write_file
from nn import (
    SGD,
    Adam,
    Checkpoints,
    History,
    Momentum,
    TwoLayerNetwork,
    load_checkpoint,
    runs,
    stopping,
    train,
    xor,
)
from nn.sampling import Sampler
from testkit.interruptions import KINDS, campaign
from testkit.kernels import seldom

DATA = xor(24, seed=2)
BOTH = pytest.mark.parametrize("compiled", [False, True], ids=["recorded", "compiled"])


def small():
    return TwoLayerNetwork(2, 4, 2, hidden="tanh", seed=3)


def numbers(network):
    return [p.data for p in network.parameters()]


def trained(network, **options):
    options = {"step_size": 0.05, "batch_size": 5, "iterations": 20, "optimizer": Adam,
               "sampling": "epochs", "progress": False, **options}  # fmt: skip
    return train(network, DATA.inputs, DATA.targets, **options)


# Checkpoints.


@BOTH
@pytest.mark.parametrize("kept", ["checkpoint.json", "checkpoint.previous.json"])
def test_a_training_resumed_from_a_folder_or_file_has_the_bits_of_one_run(tmp_path, compiled, kept):
    whole, network = small(), small()
    history = trained(whole, compiled=compiled)
    trained(network, compiled=compiled, iterations=11, checkpoint=Checkpoints(tmp_path, 4))
    assert sorted(os.listdir(tmp_path)) == ["checkpoint.json", "checkpoint.previous.json"]
    other = TwoLayerNetwork(2, 4, 2, hidden="tanh", seed=99)
    ended = trained(other, compiled=compiled, resume=tmp_path / kept)
    assert ended.losses == history.losses and numbers(other) == numbers(whole)
    assert load_checkpoint(tmp_path).history.iteration == 11
    assert load_checkpoint(tmp_path / kept).history.iteration == (11 if kept == runs.NAME else 8)


def test_a_checkpoint_says_what_it_is_about_and_whether_it_is_done(tmp_path):
    about = {"data": "xor", "argv": ["train", "--data", "xor"]}
    network = small()
    trained(network, checkpoint=Checkpoints(tmp_path / "new", about=about))
    found = load_checkpoint(str(tmp_path / "new"))
    assert (found.about, found.done, found.weights) == (about, True, numbers(network))
    trained(network, checkpoint=tmp_path / "other", callback=lambda h: h.iteration == 3)
    assert not load_checkpoint(tmp_path / "other").done


def test_a_checkpoint_that_is_due_at_the_end_is_done(tmp_path):
    trained(small(), checkpoint=Checkpoints(tmp_path, 10))
    assert load_checkpoint(tmp_path).done


def test_nothing_is_made_before_there_is_something_to_write(tmp_path):
    with pytest.raises(ValueError, match="batch_size"):
        trained(small(), batch_size=0, checkpoint=tmp_path / "runs")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda data: data[:-40], "damaged: the checksum is another"),
        (lambda data: data.replace(b'"losses": [0.', b'"losses": [1.'), "the checksum is another"),
        (lambda data: b"", "not a chainrule checkpoint, or damaged"),
        (lambda data: b"\x80\x04\n", "not a chainrule checkpoint, or damaged"),
        (lambda data: data.replace(b'"version": 1', b'"version": 9'), "version 9"),
    ],
)
def test_a_damaged_checkpoint_is_told_and_the_one_before_it_is_read(tmp_path, spoil, message):
    trained(small(), checkpoint=Checkpoints(tmp_path, 8))
    path = tmp_path / "checkpoint.json"
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(ValueError, match=message):
        load_checkpoint(path)
    assert load_checkpoint(tmp_path).history.iteration == 16
    before = (tmp_path / "checkpoint.previous.json").read_bytes()
    trained(small(), iterations=3, checkpoint=tmp_path)  # never in the place of the whole one
    assert (tmp_path / "checkpoint.previous.json").read_bytes() == before
    for name in os.listdir(tmp_path):
        (tmp_path / name).write_bytes(spoil(before))
    with pytest.raises(ValueError, match=f"{message}.*{message}"):
        load_checkpoint(tmp_path)


def test_a_checkpoint_that_is_whole_but_wrong_is_refused(tmp_path):
    trained(small(), checkpoint=tmp_path)
    path = tmp_path / "checkpoint.json"
    content = json.loads(path.read_bytes().splitlines()[1])
    for change, message in (
        ({"weights": [1.0, None]}, "a weight is no finite number"),
        ({"weights": "many"}, "'weights' is missing or no list"),
        ({"history": {}}, "not the history of a training"),
    ):
        with pytest.raises(ValueError, match=message):
            runs.checkpoint_of({**content, **change})
    with pytest.raises(ValueError, match="has 22 parameters, but the network has 12"):
        trained(TwoLayerNetwork(2, 2, 2), resume=path)
    with pytest.raises(FileNotFoundError, match="no checkpoint in this folder"):
        trained(small(), resume=tmp_path.parent)


@pytest.mark.parametrize("options", [{"iterations": 0}, {"seconds": -1.0}, {"iterations": True}])
def test_checkpoints_that_cannot_be_say_why(options):
    with pytest.raises(ValueError, match="a number above 0 is expected"):
        Checkpoints("runs", **options)


def test_checkpoints_are_written_by_the_clock(tmp_path):
    written = []

    class Watched(Checkpoints):
        def write(self, network, history, done=False):
            written.append(history.iteration)
            super().write(network, history, done)

    trained(small(), iterations=6, checkpoint=Watched(tmp_path, seconds=1e-9))
    assert written == [1, 2, 3, 4, 5, 6]
    del written[:]
    trained(small(), iterations=6, checkpoint=Watched(tmp_path / "other", seconds=1e9))
    assert written == [6]


# How it ends.


MOMENTS = [(Sampler, "draw"), (Adam, "rule"), (History, "settle"), (Checkpoints, "due"),
           (Checkpoints, "write"), (atomic, "replace_file"), (os, "replace")]  # fmt: skip


@BOTH
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize(("owner", "moment"), MOMENTS, ids=[name for _, name in MOMENTS])
@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
def test_a_signal_at_any_moment_ends_cleanly(
    tmp_path, monkeypatch, compiled, name, owner, moment, times
):
    whole, network, calls = small(), small(), []
    history = trained(whole, compiled=compiled)
    original = getattr(owner, moment)

    def interrupted(*arguments, **options):
        calls.append(0)
        result = original(*arguments, **options)
        if len(calls) == 3:
            for _ in range(times):
                signal.raise_signal(getattr(signal, name))
        return result

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(owner, moment, interrupted)
    begun = trained(network, compiled=compiled, checkpoint=Checkpoints(tmp_path, 2))
    monkeypatch.undo()
    assert signal.getsignal(signal.SIGTERM) == before
    assert begun.interrupted and begun.stopped_by == {"SIGINT": "Ctrl-C"}.get(name, name)
    saved = load_checkpoint(tmp_path)
    assert saved.history.losses == begun.losses and saved.weights == numbers(network)
    assert all(name.startswith("checkpoint.") for name in os.listdir(tmp_path))
    other = small()
    ended = trained(other, compiled=compiled, resume=tmp_path)
    assert ended.losses == history.losses and numbers(other) == numbers(whole)
    assert not ended.interrupted and ended.stopped_by == ""


@BOTH
def test_a_training_that_diverges_keeps_the_last_good_weights(tmp_path, compiled):
    network = TwoLayerNetwork(2, 4, 2, output="linear", seed=3)
    with pytest.raises(FloatingPointError, match=r"diverged in iteration (\d+)") as caught:
        trained(network, compiled=compiled, optimizer=SGD, step_size=1e30, checkpoint=tmp_path)
    saved = load_checkpoint(tmp_path)
    assert saved.weights == numbers(network)
    assert saved.history.losses == caught.value.history.losses


def test_an_error_in_a_callback_keeps_what_was_learned(tmp_path):
    def fail(history):
        if history.iteration == 7:
            raise RuntimeError("mine")

    network = small()
    with pytest.raises(RuntimeError, match="mine") as caught:
        trained(network, callback=fail, checkpoint=tmp_path)
    assert load_checkpoint(tmp_path).weights == numbers(network)
    assert caught.value.history.iteration == 7


def test_a_disk_that_fills_ends_the_training_with_the_last_checkpoint_whole(tmp_path, monkeypatch):
    network, original = small(), os.fsync

    def full(file):
        if len(os.listdir(tmp_path)) == 3:  # both checkpoints, and the next one
            raise OSError(errno.ENOSPC, "No space left on device")
        original(file)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space") as caught:
        trained(network, checkpoint=Checkpoints(tmp_path, 4))
    assert load_checkpoint(tmp_path).history.iteration == 8
    assert caught.value.history.iteration == 12
    monkeypatch.undo()
    other, whole = small(), small()
    trained(whole)
    trained(other, resume=tmp_path)
    assert numbers(other) == numbers(whole)


def test_a_closed_pipe_ends_it_as_ctrl_c_does(tmp_path):
    def closed(history):
        if history.iteration == 5:
            raise BrokenPipeError

    network = small()
    history = trained(network, callback=closed, checkpoint=tmp_path)
    assert (history.interrupted, history.stopped_by) == (True, "a closed pipe")
    assert load_checkpoint(tmp_path).history.iteration == 5


def test_a_signal_that_a_callback_swallowed_does_not_silence_the_next_one(tmp_path):
    def swallow(history):
        if history.iteration in (3, 6):
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt:
                assert history.iteration == 3
                return
            raise AssertionError

    def raised(history):
        if history.iteration == 3:
            swallow(history)
        elif history.iteration == 6:
            signal.raise_signal(signal.SIGINT)

    history = trained(small(), callback=raised, checkpoint=tmp_path)
    assert history.interrupted and history.iteration == 6


def test_in_another_thread_and_without_checkpoints_the_handlers_are_left_alone(tmp_path):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    seen = []

    def look(history):
        seen.append([signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)])

    trained(small(), iterations=1, callback=look)
    thread = threading.Thread(
        target=trained,
        args=(small(),),
        kwargs={"iterations": 1, "callback": look, "checkpoint": tmp_path},
    )
    thread.start()
    thread.join()
    assert seen == [before, before]


def test_a_signal_that_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopping() as signals:
            signal.raise_signal(signal.SIGHUP)
        assert signals.received == []
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_program_that_stops_knows_its_exit_code():
    with stopping() as signals:
        with stopping() as inner:
            assert inner is signals
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)  # the second waits
        assert signals.name == "SIGTERM" and signals.exit_code == 143


# Files.


def test_a_killed_writer_leaves_one_file_and_the_next_removes_it(tmp_path):
    program = f"""
import os, signal
from autograd import atomic
os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
atomic.write_file({str(tmp_path / "model.json")!r}, "new")
"""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    for _ in range(3):
        run = subprocess.run([sys.executable, "-c", program], env=env, check=False)
        assert run.returncode == -signal.SIGKILL
        (left,) = os.listdir(tmp_path)
        assert left.startswith(".model.json.") and left.endswith(".new")
    write_file(tmp_path / "model.json", "whole")
    assert os.listdir(tmp_path) == ["model.json"]


def test_what_a_living_process_or_another_machine_writes_stays(tmp_path, monkeypatch):
    mine = temporary_name("a.json")
    monkeypatch.setattr(os, "getpid", lambda: 2**22 + 7)  # beyond what a process may have
    gone, other_target = temporary_name("a.json"), temporary_name("b.json")
    monkeypatch.setattr(atomic, "machine", lambda: "00000000")
    elsewhere = temporary_name("a.json")
    monkeypatch.undo()
    for name in (mine, gone, other_target, elsewhere, ".a.json.new"):
        (tmp_path / name).write_text("")
    remove_abandoned(str(tmp_path), "a.json")
    assert sorted(os.listdir(tmp_path)) == sorted([mine, other_target, elsewhere, ".a.json.new"])


@pytest.mark.parametrize("name", ["a" * 250, "é" * 120, "model (1).json"])
def test_any_name_of_a_file_has_room_for_its_temporary_name(tmp_path, name):
    write_file(tmp_path / name, "text")
    assert len(os.fsencode(temporary_name(name))) < 255
    assert os.listdir(tmp_path) == [name]


def test_two_threads_may_save_at_once(tmp_path):
    network = small()
    history = trained(network, iterations=3)
    errors = []

    def save():
        try:
            for _ in range(25):
                Checkpoints(tmp_path).write(network, history)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=save) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == [] and load_checkpoint(tmp_path).history.losses == history.losses
    assert sorted(os.listdir(tmp_path)) == ["checkpoint.json", "checkpoint.previous.json"]


# Processes, at random moments.


@pytest.mark.parametrize("count", [len(KINDS), *seldom(21)])
def test_interrupted_processes_lose_nothing(count):
    outcomes = campaign(count, seed=14, every=10)
    assert {outcome.kind for outcome in outcomes} == set(KINDS)
    for outcome in outcomes:
        assert outcome.same and outcome.lost <= 10, outcome
        assert set(outcome.left) <= {"checkpoint.json", "checkpoint.previous.json"}, outcome


def test_a_progress_that_goes_into_a_closed_pipe_ends_cleanly(tmp_path):
    program = f"""
import sys
from nn import TwoLayerNetwork, train, xor
from nn import progress
progress.SECONDS_BETWEEN_LINES = 0.0
sys.modules["tqdm"] = None
data = xor(24, seed=2)
history = train(TwoLayerNetwork(2, 4, 2), data.inputs, data.targets, iterations=100_000,
                checkpoint={str(tmp_path)!r})
assert history.stopped_by == "a closed pipe", history
"""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    run = subprocess.Popen([sys.executable, "-c", program], env=env, stderr=subprocess.PIPE)
    run.stderr.readline()
    run.stderr.close()
    assert run.wait(timeout=60) in (0, 120)  # 120: Python could not flush stderr at its end
    assert 0 < load_checkpoint(tmp_path).history.iteration < 100_000


@BOTH
def test_a_resume_takes_a_moment_of_a_running_training(tmp_path, compiled):
    whole, network, other = small(), small(), small()
    trained(whole, compiled=compiled, optimizer=Momentum)
    checkpoints = Checkpoints(tmp_path, 6)
    start = time.monotonic()
    trained(network, compiled=compiled, optimizer=Momentum, checkpoint=checkpoints)
    assert checkpoints.written == 20 and checkpoints.next > start
    trained(other, compiled=compiled, optimizer=Momentum, resume=tmp_path / runs.PREVIOUS)
    assert numbers(other) == numbers(whole)
