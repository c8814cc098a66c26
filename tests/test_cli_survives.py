"""The command line survives: checkpoints, resume, signals, full disks, closed pipes, --json."""

import contextlib
import errno
import json
import os
import runpy
import signal
import sys
from pathlib import Path

import pytest

import nn
import nn.cli as cli
from nn import load_checkpoint, load_model
from nn.cli import compiling
from nn.cli.options import parser
from nn.progress import is_watched
from testkit.interrupted_commands import EVERY, command_campaign

ROWS = [f"{x},{(x * 7) % 5},{'ab'[x % 3 == 0]}" for x in range(30)]
SLOW = 1e6  # seconds that a training is expected to take


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli.results, "write_pictures", lambda *_: [])
    Path("own.csv").write_text("\n".join(["x,y,kind", *ROWS]) + "\n")


def train(folder, *options, T=20):
    arguments = ["train", "--data", "own.csv", "--out", folder, "-T", str(T), "-q", *options]
    return cli.main(list(map(str, arguments)))


def resume(folder, *options):
    return cli.main(["resume", str(folder), "-q", *map(str, options)])


def results(folder):
    return {name: (Path(folder) / name).read_bytes() for name in ("model.json", "history.csv")}


def at(monkeypatch, t, act):
    """Do something after iteration t of each training."""
    real = cli.training.train

    def train(*arguments, **options):
        def callback(history):
            if history.iteration == t:
                act()

        return real(*arguments, callback=callback, **options)

    monkeypatch.setattr(cli.training, "train", train)


def stopped(monkeypatch, folder, *options, t=7, by=signal.SIGTERM, T=20):
    """Train until a signal comes after iteration t, and return the exit code."""
    with monkeypatch.context() as patch:
        at(patch, t, lambda: signal.raise_signal(by))
        return train(folder, *options, T=T)


# Resuming.


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--optimizer", "adamw", "--weight-decay", "0.1", "--schedule", "cosine", "--warm-up", "3",
         "--sampling", "epochs", "-b", "4"],
        ["--dropout", "0.25", "--validation", "0.25", "--loss", "cross_entropy", "--clip-norm", "1"],
        ["--compiled", "--momentum", "0.5", "--l1", "0.01", "--clip-value", "0.1"],
        ["--task", "quantity", "--target", "2", "--categorical", "kind"],
    ],
    ids=["usual", "schedule", "dropout", "compiled", "quantity"],
)  # fmt: skip
def test_a_training_that_is_resumed_writes_the_bytes_of_one_that_was_not_stopped(
    monkeypatch, capsys, options
):
    assert train("whole", *options) == 0
    report = capsys.readouterr().out.partition("training ")[2].partition("wrote")[0]
    assert stopped(monkeypatch, "parts", *options) == 143
    assert results("parts") != results("whole")
    assert load_model("parts/model.json").training["iterations"] == 7
    assert "to go on:  chainrule resume parts" in capsys.readouterr().out
    assert resume("parts") == 0
    assert results("parts") == results("whole")
    said = capsys.readouterr().out
    assert "going on after iteration 7 of 20" in said and report in said


def test_a_training_that_was_done_is_told_and_its_results_are_written_again(capsys):
    assert train("run") == 0
    before = results("run")
    os.unlink("run/model.json")
    assert resume("run") == 0
    assert "the training was done after 20 iterations" in capsys.readouterr().out
    assert results("run") == before
    assert resume("run", "-T", "30") == 0
    assert load_model("run/model.json").training["iterations"] == 30
    assert resume("run") == 0 and load_checkpoint("run").history.iteration == 30


def test_a_step_size_that_is_given_on_resume_is_used(monkeypatch):
    stopped(monkeypatch, "run")
    assert resume("run", "--step-size", "0.25") == 0
    assert load_model("run/model.json").training["step_size"] == 0.25
    assert load_checkpoint("run").history.optimizer["step_size"] == 0.25


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-T", "5"], "-T 5: 7 iterations are done already"),
        (["-T", "30"], "by a schedule for 20 iterations"),
        (["-T", "0"], "iterations must be an int of at least 1"),
        (["--step-size", "-1"], "step_size must be a finite number above 0.0"),
        (["--checkpoint", "often"], "--checkpoint 'often'"),
    ],
)
def test_what_cannot_be_resumed_is_one_line(monkeypatch, capsys, options, message):
    stopped(monkeypatch, "run", "--schedule", "linear")
    before = Path("run/checkpoint.json").read_bytes()
    capsys.readouterr()
    assert resume("run", *options) == 2
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1
    assert Path("run/checkpoint.json").read_bytes() == before


def test_the_file_of_the_data_is_found_again_or_what_is_wrong_with_it_is_told(monkeypatch, capsys):
    stopped(monkeypatch, "run")
    content = Path("own.csv").read_text()
    Path("own.csv").write_text(content + "1,2,a\n")
    assert resume("run") == 2
    assert "own.csv: the file has changed since the training began" in capsys.readouterr().err
    os.unlink("own.csv")
    assert resume("run") == 2
    assert f"{Path.cwd() / 'own.csv'}: the file of the training is gone" in capsys.readouterr().err
    Path("elsewhere").mkdir()
    Path("elsewhere/own.csv").write_text(content)
    os.rename("run", "elsewhere/run")
    monkeypatch.chdir("elsewhere")
    assert resume("run") == 0


def test_folders_without_a_checkpoint_of_the_command_line_are_told(capsys):
    Path("empty").mkdir()
    assert resume("empty") == 2
    assert "empty: there is no checkpoint here" in capsys.readouterr().err
    assert resume("nowhere") == 2
    assert "nowhere: there is no checkpoint here" in capsys.readouterr().err
    train("run", "--checkpoint", "no")
    assert sorted(os.listdir("run")) == ["history.csv", "model.json"]
    from nn import TwoLayerNetwork, xor
    from nn import train as api

    data = xor(20)
    api(TwoLayerNetwork(2, 2, 2), data.inputs, data.targets, iterations=3, progress=False,
        checkpoint="api")  # fmt: skip
    capsys.readouterr()
    assert resume("api") == 2
    assert "nn.train(..., resume='api')" in capsys.readouterr().err


def test_a_damaged_checkpoint_is_told_and_the_one_before_it_used(monkeypatch, capsys):
    train("whole")
    stopped(monkeypatch, "run", "--checkpoint", "3")
    path = Path("run/checkpoint.json")
    path.write_bytes(path.read_bytes()[:-50])
    capsys.readouterr()
    assert resume("run") == 0
    said = capsys.readouterr().out
    assert "damaged: the checksum is another; looking for the checkpoint before it" in said
    assert "going on after iteration 6 of 20" in said
    assert results("run") == results("whole")


# Checkpoints of another training in the same folder.


def test_a_checkpoint_that_was_not_done_is_kept_and_can_be_resumed(monkeypatch, capsys):
    train("whole")
    stopped(monkeypatch, "run")
    capsys.readouterr()
    assert train("run", T=4) == 0
    said = capsys.readouterr().out
    kept = Path("run/checkpoint.unfinished.json")
    assert f"stopped at iteration 7 of 20; it is kept:  chainrule resume {kept}" in said
    assert load_checkpoint(kept).history.iteration == 7
    assert load_checkpoint("run").history.iteration == 4
    assert resume(kept) == 0
    assert results("run") == results("whole")
    stopped(monkeypatch, "run", t=2)
    assert train("run", T=4) == 0
    assert load_checkpoint("run/checkpoint.unfinished-2.json").history.iteration == 2


def test_resuming_one_of_two_that_were_not_done_keeps_the_other(monkeypatch):
    train("whole")
    stopped(monkeypatch, "run")
    stopped(monkeypatch, "run", t=3)
    assert resume("run/checkpoint.unfinished.json") == 0
    assert results("run") == results("whole")
    assert load_checkpoint("run/checkpoint.unfinished-2.json").history.iteration == 3


def test_a_checkpoint_that_was_done_is_replaced(capsys):
    train("run", "--checkpoint", "3")
    assert sorted(os.listdir("run"))[:2] == ["checkpoint.json", "checkpoint.previous.json"]
    train("run", T=4)
    assert sorted(os.listdir("run")) == ["checkpoint.json", "history.csv", "model.json"]
    train("run", "--checkpoint", "no", T=4)
    assert sorted(os.listdir("run")) == ["history.csv", "model.json"]


def test_a_training_that_cannot_begin_leaves_the_folder_as_it_was(monkeypatch, capsys):
    stopped(monkeypatch, "run")
    before = {path.name: path.read_bytes() for path in Path("run").iterdir()}
    assert train("run", "-b", "1000") == 2
    assert {path.name: path.read_bytes() for path in Path("run").iterdir()} == before


# How it ends.


@pytest.mark.parametrize(
    ("by", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_it_with_its_code_and_what_was_learned(monkeypatch, capsys, by, code):
    assert stopped(monkeypatch, "run", by=by) == code
    name = {130: "Ctrl-C"}.get(code, by.name)
    said, told = capsys.readouterr()
    assert f"stopped by {name} after 7 iterations" in said and told == ""
    assert ("held-out accuracy" in said) == (name == "Ctrl-C")
    assert load_model("run/model.json").training["iterations"] == 7


@pytest.mark.parametrize(("t", "iterations"), [(7, 7), (None, 20)], ids=["second", "first"])
def test_ctrl_c_while_the_model_is_saved_waits_for_it(monkeypatch, capsys, t, iterations):
    real = cli.training.save
    saves = []

    def slow(*arguments):
        saves.append(arguments)
        signal.raise_signal(signal.SIGINT)
        real(*arguments)

    monkeypatch.setattr(cli.training, "save", slow)
    assert stopped(monkeypatch, "run", by=signal.SIGINT, t=t) == 130
    assert len(saves) == 1
    assert load_model("run/model.json").training["iterations"] == iterations
    assert f"stopped by Ctrl-C after {iterations} iterations" in capsys.readouterr().out


@pytest.mark.parametrize("where", ["say_results", "train"])
def test_ctrl_c_just_when_the_training_is_over_saves_it(monkeypatch, capsys, where):
    real = getattr(cli.training, where)

    def found(*arguments, **options):
        result = real(*arguments, **options)
        signal.raise_signal(signal.SIGINT)
        return result

    monkeypatch.setattr(cli.training, where, found)
    assert train("run") == 130
    assert load_model("run/model.json").training["iterations"] == 20
    assert "Traceback" not in capsys.readouterr().err


def test_ctrl_c_while_pictures_are_drawn_leaves_model_and_history(monkeypatch, capsys):
    train("whole")
    monkeypatch.setattr(cli.results, "draw", lambda *_: signal.raise_signal(signal.SIGINT))
    assert train("run") == 130
    assert results("run") == results("whole")
    assert capsys.readouterr().err == "chainrule train: stopped\n"


def test_ctrl_c_before_the_training_leaves_nothing(monkeypatch, capsys):
    monkeypatch.setattr(cli.jobs, "split", lambda *_: signal.raise_signal(signal.SIGINT))
    assert train("run") == 130
    assert capsys.readouterr() == ("", "chainrule train: stopped\n")
    assert not Path("run").exists()


def test_a_signal_before_the_first_iteration_leaves_nothing(monkeypatch, capsys):
    monkeypatch.setattr(nn.SGD, "step", lambda *_: signal.raise_signal(signal.SIGTERM))
    assert train("run", "--json") == 143
    said, told = capsys.readouterr()
    assert json.loads(said)["iterations"] == 0
    assert told.endswith("stopped before the first iteration: there is nothing to save\n")
    assert not Path("run").exists()


def test_a_signal_that_something_swallowed_ends_the_training_all_the_same(monkeypatch):
    def lost():
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)

    at(monkeypatch, 7, lost)
    assert train("run") == 143
    assert load_model("run/model.json").training["iterations"] == 8


def test_a_training_that_diverges_says_so_and_leaves_the_last_good_weights(capsys):
    assert train("run", "--output", "linear", "--alpha", "1e170", "--json") == 3
    said, told = capsys.readouterr()
    content = json.loads(said)
    assert content["exit_code"] == 3 and "diverged in iteration" in content["error"]
    assert "chainrule resume run --step-size A" in told and "Traceback" not in told
    assert load_model("run/model.json").training["iterations"] == content["iterations"] >= 1
    assert train("none", "--output", "linear", "--alpha", "1e307", "--loss", "mse", T=2) == 3


@pytest.mark.parametrize("name", ["model.json", "history.csv", "checkpoint.json"])
def test_a_full_disk_is_one_line_and_a_code_of_its_own(monkeypatch, capsys, name):
    def full(path, data, previous=None):
        if Path(path).name == name:
            raise OSError(errno.ENOSPC, "No space left on device")
        Path(path).write_bytes(data)

    monkeypatch.setattr("autograd.atomic.replace_file", full)
    assert train("run") == 4
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and f"run/{name}" in told
    assert Path("run/model.json").exists() == (name != "model.json")


class Closed:
    """A stream that closes after some lines."""

    def __init__(self, lines, number=errno.EPIPE):
        self.left = lines
        self.number = number

    def write(self, text):
        self.left -= 1
        if self.left < 0:
            raise OSError(self.number, "closed")

    def flush(self):
        pass


@pytest.mark.parametrize(("lines", "saved"), [(0, False), (1, True)])
@pytest.mark.parametrize("number", [errno.EPIPE, errno.EIO])
def test_a_closed_pipe_and_a_terminal_that_is_gone_end_it_quietly(
    monkeypatch, capsys, lines, saved, number
):
    monkeypatch.setattr(sys, "stdout", Closed(lines, number))
    assert train("run") == 141
    assert capsys.readouterr().err == ""
    assert Path("run/model.json").exists() == saved


def test_progress_on_a_closed_pipe_ends_it_and_on_a_lost_terminal_is_left_out(monkeypatch, capsys):
    arguments = ["train", "--data", "own.csv", "-T", "5", "--out"]
    for number, code, name in ((errno.EPIPE, 141, "pipe"), (errno.EIO, 0, "lost")):
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stderr", Closed(0, number))
            patch.setattr(Closed, "isatty", lambda self: False, raising=False)
            assert cli.main([*arguments, name]) == code
        assert load_model(f"{name}/model.json").training["iterations"] == 5


@pytest.mark.parametrize("choice", ["yes", "auto"])
def test_ctrl_c_while_a_package_is_imported_does_not_make_it_missing(monkeypatch, capsys, choice):
    def required():
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise ImportError("half of llvmlite") from None

    monkeypatch.setattr(compiling, "required", required)
    monkeypatch.setattr(compiling, "WORTH_SECONDS", 0.0)
    assert train("run", "--compiled", choice) == 130
    assert capsys.readouterr().err == "chainrule train: stopped\n" and not Path("run").exists()


def test_an_error_that_a_signal_caused_is_told_as_the_signal(monkeypatch, capsys):
    def half_imported(*_):
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        raise ImportError("cannot import half of a package")

    monkeypatch.setattr(cli.jobs, "split", half_imported)
    assert train("run") == 143
    assert capsys.readouterr().err == "chainrule train: stopped\n"


def test_a_folder_with_only_a_checkpoint_is_that_of_its_data(monkeypatch):
    monkeypatch.setattr(cli.training, "save", lambda *_: None)  # as where it was killed before
    for _ in range(2):
        assert cli.main(["train", "--data", "own.csv", "-T", "2", "-q"]) == 0
    Path("other").mkdir()
    Path("other/own.csv").write_text(Path("own.csv").read_text())
    assert cli.main(["train", "--data", "other/own.csv", "-T", "2", "-q"]) == 0
    assert sorted(os.listdir("runs")) == ["own", "own-2"]


def test_a_full_disk_behind_stdout_cannot_be_written_to(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdout", Closed(0, errno.ENOSPC))
    assert train("run") == 4
    assert "the output" in capsys.readouterr().err


def test_an_import_that_is_cut_off_is_no_traceback(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "nn.cli", None)
    import chainrule

    def cut(name, *_):
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.__import__", cut)
    with pytest.raises(SystemExit) as stop:
        chainrule.main()
    monkeypatch.undo()
    assert stop.value.code == 130
    assert capsys.readouterr().err == "chainrule: stopped\n"


def test_the_command_chainrule_is_the_command_line(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["chainrule", "--version"])
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit) as stop:
        runpy.run_module("chainrule", run_name="__main__")
    assert stop.value.code == 0 and capsys.readouterr().out.startswith("chainrule 0.")


def test_commands_interrupted_at_random_lose_nothing():
    kinds = ("SIGINT twice", "SIGKILL", "full disk")
    outcomes = command_campaign(3, seed=5, kinds=kinds, pictures=False, iterations=200)
    assert [outcome for outcome in outcomes if outcome.wrong or outcome.lost > EVERY] == []


# What is printed.


def test_json_is_one_object_and_all_else_goes_to_stderr(monkeypatch, capsys):
    assert train("run", "--json") == 0
    said, told = capsys.readouterr()
    content = json.loads(said)
    assert content["format"] == "chainrule train" and content["version"] == 1
    assert content["exit_code"] == 0 and content["error"] == content["stopped_by"] == ""
    assert content["iterations"] == 20 and content["settings"]["batch_size"] == 16
    assert content["training"]["rows"] == 24 and content["held_out"]["task"] == "classes"
    assert content["files"] == [str(Path("run") / name) for name in ("model.json", "history.csv")]
    assert content["compiled"] is False and content["seconds"] > 0
    assert any("target: column 3 (kind)" in note for note in content["notes"])
    assert "wrote run/model.json" in told and "training accuracy" in told
    assert stopped(monkeypatch, "parts", "--json") == 143
    content = json.loads(capsys.readouterr().out)
    assert (content["exit_code"], content["stopped_by"]) == (143, "SIGTERM")
    assert content["training"] is None and content["iterations"] == 7
    assert resume("parts", "--json") == 0
    assert json.loads(capsys.readouterr().out)["format"] == "chainrule resume"
    assert train("run", "--json", "--data", "none.csv") == 2
    content = json.loads(capsys.readouterr().out)
    assert content["exit_code"] == 2 and content["error"].startswith("--data none.csv: no such")


def test_letters_that_a_terminal_lacks_are_replaced(monkeypatch, capfdbinary):
    Path("own.csv").write_text("größe,y\n" + "".join(f"{x},{x / 3}\n" for x in range(20)))
    with open(1, "w", encoding="ascii", closefd=False) as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        assert train("run") == 0
        monkeypatch.undo()
    said = capfdbinary.readouterr().out
    assert b"held-out R^2: " in said and b"gr\\xf6\\xdfe" in said


def test_progress_is_a_bar_where_somebody_watches_and_else_lines(monkeypatch, capsys):
    assert not is_watched()
    assert cli.main(["train", "--data", "own.csv", "--out", "run", "-T", "5"]) == 0
    assert capsys.readouterr().err.splitlines()[-1].startswith("iteration 5 of 5 (epoch 3.3): loss")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert is_watched()
    assert cli.main(["train", "--data", "own.csv", "--out", "run", "-T", "5"]) == 0
    assert "5/5" in capsys.readouterr().err


# Options.


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--warm-up", "600"], "warm_up must be less than the 600 iterations"),
        (["--patience", "3"], "patience needs a share of samples for validation"),
        (["--validation", "1"], "validation must be"),
        (["--dropout", "1"], "dropout must be"),
        (["--clip-norm", "0"], "clip_norm must be"),
        (["--clip-value", "-1"], "clip_value must be"),
        (["--l1", "-1"], "l1 must be"),
        (["--weight-decay", "nan"], "weight_decay must be"),
        (["--momentum", "1.5"], "momentum must be"),
        (["--momentum", "0.9", "--optimizer", "adam"], "--momentum is for --optimizer sgd"),
        (["--checkpoint", "0"], "--checkpoint '0'"),
        (["--checkpoint", "infs"], "--checkpoint 'infs'"),
    ],
)
def test_numbers_that_cannot_be_are_found_before_a_file_is_read(
    monkeypatch, capsys, options, message
):
    monkeypatch.setattr(cli.jobs, "chosen_dataset", lambda *_: pytest.fail("the file was read"))
    assert cli.main(["train", "--out", "run", *options]) == 2
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1 and not Path("run").exists()


def test_weight_decay_shrinks_weights_and_not_biases():
    options = parser().parse_args(["train", "--weight-decay", "0.1"])
    from nn import TwoLayerNetwork

    network = TwoLayerNetwork(2, 3, 2)
    made = cli.chosen.optimizer_of(options, network)(network.parameters(), 0.5)
    assert made.weight_decay == 0.1 and made.groups[1][2] == {"weight_decay": 0.0, "l1": 0.0}
    usual = parser().parse_args(["train"])
    assert cli.chosen.optimizer_of(usual, network)(network.parameters(), 0.5).groups == []


def test_the_usual_number_of_iterations_of_a_file_grows_with_its_rows(capsys):
    options = parser().parse_args(["train", "--data", "own.csv"])
    settled = cli.chosen.training_settings
    assert settled(options, cli.options.OWN, 100).iterations == 1000
    assert settled(options, cli.options.OWN, 160_000).iterations == 50_000
    iris = parser().parse_args(["train"])
    assert settled(iris, cli.options.DATA["iris"], 160_000).iterations == 600


def test_a_training_is_compiled_where_that_is_installed_and_pays(monkeypatch):
    samples = int(SLOW / compiling.SECONDS_PER_SAMPLE)
    assert compiling.decided("auto", samples, 10).compiled
    assert not compiling.decided("auto", 600 * 32, 67).compiled  # the usual iris
    assert compiling.computed(100, rows=50, held_out=10) == 100 + (50 + 20 * 10) // 3
    assert not compiling.decided("no", samples, 10).compiled
    assert compiling.decided("yes", 1, 1).compiled

    def missing():
        raise ImportError("no llvmlite")

    monkeypatch.setattr(compiling, "required", missing)
    found = compiling.decided("auto", samples, 10)
    assert not found.compiled and 'pip install "chainrule[compile]"' in found.reason
    with pytest.raises(ImportError):
        compiling.decided("yes", 1, 1)


def test_a_compiled_training_is_told_and_kept_and_reports_on_arrays(capsys, monkeypatch):
    assert train("eager", "--compiled", "no") == 0
    eager = capsys.readouterr().out.partition("training acc")[2].partition("wrote")[0]
    monkeypatch.setattr(cli.results.Model, "outputs", lambda *_: pytest.fail("row by row"))
    assert train("run", "--compiled") == 0
    said = capsys.readouterr().out
    assert "computed on arrays, compiled" in said and eager in said
    assert load_model("run/model.json").training["compiled"] is True
    assert load_model("eager/model.json").training["compiled"] is False
