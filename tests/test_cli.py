"""The command line: what it writes, what it says, and how it fails."""

import csv
import json
import runpy
import signal
import subprocess
import sys
import xml.etree.ElementTree

import pytest

import autograd
import nn.cli as cli
from nn import load_model

QUICK = ["--iterations", "30", "--quiet"]


def run(*arguments):
    return cli.main(list(map(str, arguments)))


def test_the_main_job_learns_iris_and_says_where_it_wrote_what(tmp_path, capsys):
    assert run("train", "--out", tmp_path / "run") == 0
    said, progress = capsys.readouterr()
    assert "iteration 600 of 600" in progress
    accuracy = float(said.partition("held-out accuracy: ")[2].split()[0])
    assert accuracy >= 93.0
    told = [
        path
        for line in said.splitlines()
        if line.startswith("wrote ")
        for path in line.removeprefix("wrote ").partition(":")[0].split()
    ]
    names = {path.name for path in (tmp_path / "run").iterdir()} - {"checkpoint.json"}
    assert sorted(told) == sorted(str(tmp_path / "run" / name) for name in names)
    assert {"model.json", "history.csv", "network.dot", "loss.svg", "loss.png"} <= names
    for stem in ("network", "network-before", "backward", "backward-before", "hidden"):
        xml.etree.ElementTree.parse(tmp_path / "run" / f"{stem}.svg")
        assert (tmp_path / "run" / f"{stem}.png").read_bytes()[:4] == b"\x89PNG"
    xml.etree.ElementTree.parse(tmp_path / "run" / "loss.svg")
    with open(tmp_path / "run" / "history.csv") as file:
        assert len(list(csv.reader(file))) == 601


def test_two_runs_write_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        code = "import sys; from nn.cli import main; sys.exit(main(sys.argv[1:]))"
        subprocess.run(
            [sys.executable, "-c", code, "train", *QUICK, "--out", str(tmp_path / name)],
            env={"PYTHONHASHSEED": str(ord(name)), "PYTHONPATH": "."}, check=True, capture_output=True,
        )  # fmt: skip
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert len(names) >= 15
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


@pytest.mark.parametrize(
    "options",
    [
        ["--data", "xor", "--hidden", "5", "--activation", "tanh", "--loss", "cross_entropy"],
        [
            "--data",
            "moons",
            "--loss",
            "binary_cross_entropy",
            "--optimizer",
            "adam",
            "--sampling",
            "epochs",
        ],
        ["--data", "circles", "--loss", "hinge", "--optimizer", "momentum", "--held-out", "0.5"],
        [
            "--loss",
            "huber",
            "--output",
            "linear",
            "--optimizer",
            "rmsprop",
            "--seed",
            "3",
            "--batch-size",
            "1",
        ],
        ["--optimizer", "adamw", "--step-size", "0.01", "--init", "he"],
        ["--data", "spirals"],
    ],
)
def test_every_option_works(tmp_path, capsys, options):
    assert run("train", *options, *QUICK, "--out", tmp_path) == 0
    assert "held-out accuracy" in capsys.readouterr().out


def test_a_csv_is_learned_and_predicted(tmp_path, capsys):
    path = tmp_path / "own.csv"
    rows = [
        (x, y, "far" if x * x + y * y > 4 else "near") for x in range(-3, 4) for y in range(-3, 4)
    ]
    path.write_text("x,y,where\n" + "".join(f"{x},{y},{w}\n" for x, y, w in rows))
    assert run("train", "--data", path, "--iterations", 300, "--quiet", "--out", tmp_path) == 0
    capsys.readouterr()
    assert run("predict", tmp_path / "model.json", path) == 0
    said, noted = capsys.readouterr()
    table = list(csv.reader(said.splitlines()))
    assert table[0] == ["far", "near", "class"] and len(table) == 50
    assert int(noted.split()[0]) >= 45
    model = load_model(tmp_path / "model.json")
    assert [float(x) for x in table[1][:2]] == model.outputs([-3.0, -3.0])
    assert run("predict", tmp_path / "model.json", path, "--out", tmp_path / "p.csv") == 0
    assert list(csv.reader((tmp_path / "p.csv").read_text().splitlines())) == table


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--data", "flowers"], "--data flowers: no such file, and none of iris"),
        (["train", "--hidden", "0"], "must be an int of at least 1, not 0"),
        (["train", "--batch-size", "1000"], "1000 cannot be drawn from 120"),
        (["train", "--iterations", "0"], "iterations"),
        (["train", "--step-size", "-1"], "step_size"),
        (["train", "--held-out", "2"], "2"),
        (
            ["train", "--loss", "cross_entropy", "--output", "sigmoid"],
            "cross_entropy needs --output",
        ),
        (["train", "--data", "xor", "--target", "x"], "--target is for CSV files"),
        (["predict", "no.json", "no.csv"], "no.json"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(tmp_path, capsys, arguments, message):
    out = ["--out", str(tmp_path / "run"), "--quiet"] if arguments[0] == "train" else []
    assert run(*arguments, *out) == 2
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1 and said.startswith("chainrule ")


@pytest.mark.parametrize(
    "arguments", [[], ["train", "--hidden", "many"], ["train", "--colour"], ["fly"]]
)
def test_bad_options_are_one_line_and_exit_code_2(capsys, arguments):
    with pytest.raises(SystemExit) as stop:
        run(*arguments)
    assert stop.value.code == 2
    assert capsys.readouterr().err.strip().count("\n") <= 1


def test_a_folder_that_cannot_be_written_is_named_before_the_training(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert run("train", "--out", tmp_path / "file" / "run") == 4
    assert str(tmp_path / "file") in capsys.readouterr().err


def test_help_explains_the_letters(capsys):
    with pytest.raises(SystemExit) as stop:
        run("train", "--help")
    said = capsys.readouterr().out
    assert stop.value.code == 0
    for word in ("alpha", "hidden neurons", "mini-batch", "default"):
        assert word in said


def test_the_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit) as stop:
        run("--version")
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"chainrule {autograd.__version__}\n"


def test_the_module_is_the_same_command(tmp_path):
    command = [sys.executable, "-m", "nn", "train", *QUICK, "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"wrote {tmp_path / 'model.json'}" in done.stdout


def test_the_module_runs_only_as_the_main_one(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["chainrule", "--version"])
    runpy.run_module("nn.__main__", run_name="imported")
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # it would ignore signals from here on
    with pytest.raises(SystemExit) as stop:
        runpy.run_module("nn.__main__", run_name="__main__")
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"chainrule {autograd.__version__}\n"


def test_counts_that_cannot_be_are_refused_before_anything_is_made(tmp_path, capsys):
    assert run("train", "--iterations", "0", "--out", tmp_path / "run") == 2
    assert capsys.readouterr().out == "" and not (tmp_path / "run").exists()


def test_ctrl_c_saves_what_was_learned(tmp_path, capsys, monkeypatch):
    real = cli.training.train

    def interrupted(*arguments, **options):
        def stop(history):
            if history.iteration == 5:
                raise KeyboardInterrupt

        return real(*arguments, callback=stop, **options)

    monkeypatch.setattr(cli.training, "train", interrupted)
    assert run("train", "--out", tmp_path, "--quiet") == 130
    assert "stopped by Ctrl-C after 5 iterations" in capsys.readouterr().out
    assert json.loads((tmp_path / "model.json").read_text())["training"]["iterations"] == 5


def test_without_matplotlib_the_curve_is_text_and_the_extra_is_named(tmp_path, capsys, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert run("train", *QUICK, "--out", tmp_path) == 0
    said = capsys.readouterr().out
    assert 'pip install "chainrule[train]"' in said
    assert "iterations 1 to 30" in (tmp_path / "loss.txt").read_text()
    assert (tmp_path / "network.svg").exists()


def test_without_an_engine_the_network_is_svg_and_dot_text(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("autograd.drawing.render.engines", lambda: iter(()))
    assert run("train", *QUICK, "--out", tmp_path) == 0
    assert (tmp_path / "network.dot").exists() and (tmp_path / "network.svg").exists()
    assert not (tmp_path / "network.png").exists()
    assert "for png pictures of the network: pip install graphviz-pure" in capsys.readouterr().out


def test_a_problem_in_the_plane_has_its_decision_boundary(tmp_path, capsys):
    assert run("train", "--data", "moons", *QUICK, "--out", tmp_path) == 0
    said = capsys.readouterr().out
    assert f"wrote {tmp_path / 'boundary.svg'} {tmp_path / 'boundary.png'}: the decision" in said
    xml.etree.ElementTree.parse(tmp_path / "boundary.svg")
