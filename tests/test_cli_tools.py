"""The commands that use a model: predict, evaluate and draw; what they say, write and refuse."""

import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree

import pytest

import nn.cli as cli
from nn import MLP, TwoLayerNetwork, load_iris, load_model, plots, save_model
from nn.cli import drawing
from nn.cli.options import parser
from nn.reports import ClassReport


def run(*arguments):
    return cli.main(list(map(str, arguments)))


@pytest.fixture(scope="module")
def iris(tmp_path_factory):
    """A model of iris, trained in a moment, and every seventh flower in a file of another order."""
    folder = tmp_path_factory.mktemp("iris")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cli.results, "write_pictures", lambda *_: [])
        options = ["-T", 100, "-q", "--checkpoint", "no", "--compiled", "no", "--out", folder]
        assert run("train", *options) == 0
    data = load_iris()
    lines = [f"class,{','.join(data.feature_names[::-1])}"]
    for x, label in list(zip(data.inputs, data.labels))[::7]:
        lines.append(f"{data.class_names[label]},{','.join(map(repr, x[::-1]))}")
    (folder / "own.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def quantity(tmp_path):
    """A model whose output is 2 x + 1, and a file that says so but for a row."""
    network = TwoLayerNetwork(1, 1, 1, hidden="linear", output="linear")
    for value, number in zip(network.parameters(), [2.0, 0.0, 1.0, 1.0]):
        value.data = number
    save_model(tmp_path / "line.json", network, feature_names=["x"])
    (tmp_path / "line.csv").write_text("x,y\n0,1\n1,3\n2,7\n3,many\n4,\n5,inf\n")
    return tmp_path


def said_of(capsys, *arguments):
    code = run(*arguments)
    said = capsys.readouterr()
    assert code == 0, said.err
    return said.out


def refusal(capsys, *arguments):
    assert run(*arguments) == 2
    said = capsys.readouterr()
    assert not said.out and said.err.count("\n") == 1
    return said.err


def test_evaluate_reports_on_a_file_whose_columns_have_another_order(iris, capsys):
    out = said_of(capsys, "evaluate", iris / "model.json", iris / "own.csv", "--target", "class")
    model = load_model(iris / "model.json")
    data = load_iris()
    flowers = list(zip(data.inputs, data.labels))[::7]
    right = sum(model.best(x) == label for x, label in flowers)
    assert f"({right} of {len(flowers)})" in out
    assert "found:" in out and "recall: setosa" in out
    assert "trained on" not in out


def test_evaluate_on_a_shipped_set_says_that_the_model_was_trained_on_it(iris, capsys):
    out = said_of(capsys, "evaluate", iris / "model.json", "iris")
    assert "of 150); the largest class alone: 33.3 %" in out
    assert "trained on rows of iris (all but the 20 % that were held out)" in out


def test_classes_that_the_model_does_not_know_are_counted_and_named(iris, capsys):
    rows = (iris / "own.csv").read_text() + "tulip,1,2,3,4\ntulip,1,2,3,4\nrose,1,2,3,4\n,1,2,3,4\n"
    (iris / "more.csv").write_text(rows)
    out = said_of(
        capsys, "evaluate", iris / "model.json", iris / "more.csv", "--target", "class", "--json"
    )
    found = json.loads(out)
    assert found["unknown_classes"] == {"tulip": 2, "rose": 1}
    assert found["report"]["rows"] == 22
    assert any("'rose' (1), 'tulip' (2)" in note for note in found["notes"])
    assert any("1 row with nothing in the column class" in note for note in found["notes"])


def test_a_file_without_the_target_is_an_error_that_says_so(iris, capsys):
    (iris / "bare.csv").write_text("a,b,c,d\n1,2,3,4\n")
    assert "no column 'sepal" in refusal(capsys, "evaluate", iris / "model.json", iris / "bare.csv")
    names = ",".join(load_iris().feature_names)
    (iris / "bare.csv").write_text(f"{names}\n1,2,3,4\n")
    told = refusal(capsys, "evaluate", iris / "model.json", iris / "bare.csv")
    assert "nothing to compare with" in told and "--target COLUMN" in told


def test_the_target_is_looked_for_by_the_name_of_the_training(iris, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cli.results, "write_pictures", lambda *_: [])
    assert run("train", "--data", iris / "own.csv", "--target", "class", "-T", 5, "-q",
               "--out", tmp_path / "own") == 0  # fmt: skip
    capsys.readouterr()
    text = (iris / "own.csv").read_text()
    (tmp_path / "other.csv").write_text(text.replace("class,", "kind,", 1))
    model = tmp_path / "own" / "model.json"
    told = refusal(capsys, "evaluate", model, tmp_path / "other.csv")
    assert "no single column 'class'" in told and "kind" in told
    for which in ("kind", "1"):
        assert "accuracy" in said_of(
            capsys, "evaluate", model, tmp_path / "other.csv", "--target", which
        )
    assert "accuracy" in said_of(capsys, "evaluate", model, iris / "own.csv")


def test_a_column_with_no_class_that_is_known_is_refused_with_what_is_there(iris, capsys):
    model = iris / "model.json"
    told = refusal(capsys, "evaluate", model, iris / "own.csv", "--target", 2)
    said = told.replace(str(iris), "")  # which may have any number in its name
    assert "nothing to compare with" in said and "does not know" in said and "100" not in said


def test_quantities_are_evaluated_and_cells_without_a_number_told(quantity, capsys):
    model, data = quantity / "line.json", quantity / "line.csv"
    found = json.loads(said_of(capsys, "evaluate", model, data, "--target", "y", "--json"))
    assert found["report"]["rows"] == 3
    assert found["report"]["rmse"] == pytest.approx((4 / 3) ** 0.5)
    assert found["unknown_classes"] == {}
    assert "'many' (1), 'inf' (1)" in found["notes"][0] and "nothing in" in found["notes"][1]
    out = said_of(capsys, "evaluate", model, data, "--target", "y", "--out", quantity / "pictures")
    assert "no picture" in out


@pytest.mark.parametrize("rule", ["drop", "mean"])
def test_missing_cells_are_treated_as_in_the_training(rule, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cli.results, "write_pictures", lambda *_: [])
    lines = [f"{i},{i % 7},{'ab'[i % 2]}" for i in range(20)]
    (tmp_path / "d.csv").write_text("\n".join(["x,y,kind", "?,2,a", "3,,b", *lines]) + "\n")
    assert run("train", "--data", tmp_path / "d.csv", "--missing", rule, "-T", 2, "-q",
               "--out", tmp_path / "m") == 0  # fmt: skip
    capsys.readouterr()
    out = said_of(capsys, "evaluate", tmp_path / "m" / "model.json", tmp_path / "d.csv")
    assert ("as in the training: 2 rows with a missing cell" in out) == (rule == "drop")
    assert ("of 20)" if rule == "drop" else "of 22)") in out


def test_the_confusion_matrix_is_drawn_into_a_folder(iris, tmp_path, capsys):
    out = said_of(capsys, "evaluate", iris / "model.json", "iris", "--out", tmp_path / "new" / "er")
    assert "confusion.svg" in out
    svg = (tmp_path / "new" / "er" / "confusion.svg").read_text()
    xml.etree.ElementTree.fromstring(svg)
    assert "virginica" in svg and "recall" in svg
    assert (tmp_path / "new" / "er" / "confusion.png").read_bytes()[:4] == b"\x89PNG"


def test_layout_options_and_unknown_names_are_refused_for_shipped_data(iris, capsys):
    assert "--sep is for CSV" in refusal(
        capsys, "evaluate", iris / "model.json", "iris", "--sep", ";"
    )
    told = refusal(capsys, "evaluate", iris / "model.json", "irs")
    assert "no such file, and none of iris, digits" in told
    told = refusal(capsys, "evaluate", iris / "model.json", "moons")
    assert "no column 'sepal" in told


def test_the_picture_of_a_matrix_has_counts_recalls_and_whole_rows_of_nothing():
    names = ["a" * 60, "<b> & $x^$", "none", "never found"]
    report = ClassReport([[9000, 0, 0, 0], [1, 3, 0, 0], [0, 0, 0, 0], [5, 0, 0, 0]], names)
    figure = plots.confusion(report)
    axes = figure.axes[0]
    counts = [text.get_text() for text in axes.texts]
    assert counts == [str(x) for row in report.counts for x in row]
    (right,) = axes.child_axes
    assert [text.get_text() for text in right.get_yticklabels()] == ["100 %", "75 %", "", "0 %"]
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels[1:] == names[1:] and len(labels[0]) <= 24
    inks = [text.get_color() for text in axes.texts]
    assert inks[0] != inks[1]  # white on dark, dark on white


def test_a_matrix_of_many_classes_has_only_the_counts_that_are_some_and_too_many_are_refused():
    counts = [[int(i == j) for j in range(40)] for i in range(40)]
    assert len(plots.confusion(ClassReport(counts, list(map(str, range(40))))).axes[0].texts) == 40
    with pytest.raises(ValueError, match="up to 80 classes, not 81"):
        plots.confusion(ClassReport([[1] * 81] * 81, ["x"] * 81))


def test_draw_writes_the_network_and_the_backward_flow(iris, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert "weights" in said_of(capsys, "draw", iris / "model.json")
    xml.etree.ElementTree.parse("network.svg")
    out = said_of(capsys, "draw", iris / "model.json", "--row", 3)
    assert "row 3 of iris: setosa" in out
    assert "error" in (tmp_path / "backward.svg").read_text("utf-8")
    out = said_of(capsys, "draw", iris / "model.json", iris / "own.csv", "--target", "class",
                  "--out", "deep/own.PNG", "--json")  # fmt: skip
    assert json.loads(out)["files"] == ["deep/own.png"]
    assert (tmp_path / "deep" / "own.png").read_bytes()[:4] == b"\x89PNG"


def test_draw_says_which_row_there_is_not_and_what_it_lacks(iris, capsys):
    model = iris / "model.json"
    assert "--row 151: iris has 150 rows" in refusal(capsys, "draw", model, "iris", "--row", 151)
    assert "--row must be an int of at least 1" in refusal(capsys, "draw", model, "--row", 0)
    (iris / "some.csv").write_text((iris / "own.csv").read_text() + "tulip,1,2,3,4\n,1,2,3,4\n")
    options = [iris / "some.csv", "--target", "class", "--row"]
    assert "'tulip' is no class" in refusal(capsys, "draw", model, *options, 23)
    assert "nothing there" in refusal(capsys, "draw", model, *options, 24)
    assert ".svg, .png, .pdf, .dot" in refusal(capsys, "draw", model, "--out", "network.gif")


def test_without_a_program_for_graphs_the_cure_is_said_and_text_is_written(
    iris, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(drawing, "engine", lambda form: None)
    monkeypatch.setattr(drawing, "no_engine", lambda form: "nothing draws: install it")
    out = tmp_path / "n.png"
    told = refusal(capsys, "draw", iris / "model.json", "--out", out)
    assert "install it" in told and "n.dot" in told and not out.exists()
    said_of(capsys, "draw", iris / "model.json", "--out", tmp_path / "new" / "n.dot")
    assert (tmp_path / "new" / "n.dot").read_text().startswith("digraph")


@pytest.mark.parametrize(
    "output, loss, target",
    [("sigmoid", "mse", [1.0]), ("tanh", "hinge", [1.0]), ("tanh", "mse", [1.0])],
)
def test_a_single_output_is_drawn_beside_its_own_class(output, loss, target, tmp_path):
    save_model(tmp_path / "m.json", MLP(1, [2, 1], output=output), class_names=["no", "yes"],
               training={"loss": loss})  # fmt: skip
    model = load_model(tmp_path / "m.json")
    assert drawing.target_of(model, "yes") == target
    assert drawing.target_of(model, "no") == ([-1.0] if output == "tanh" else [0.0])
    assert plots.drawn_names(model)["class_names"] == ["yes"]


def test_predict_prints_one_object_with_json_and_its_notes_elsewhere(iris, capsys):
    assert run("predict", iris / "model.json", iris / "own.csv", "--json") == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert found["format"] == "chainrule predict" and found["task"] == "classes"
    assert found["columns"] == [*load_iris().class_names, "class"]
    assert len(found["rows"]) == 22 and found["compared"] is None
    assert not said.err  # nor is the CSV there
    assert run("predict", iris / "model.json", iris / "own.csv") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == ",".join(map(str, found["rows"][0]))


def test_predict_compares_with_the_target_and_tells_what_is_not_compared(tmp_path, capsys):
    save_model(tmp_path / "m.json", MLP(1, [2], seed=1), class_names=["no", "yes"])
    (tmp_path / "d.csv").write_text("1,yes\n2,no\n3,maybe\n4,\n")
    out = said_of(capsys, "predict", tmp_path / "m.json", tmp_path / "d.csv", "--json")
    found = json.loads(out)
    assert found["compared"]["rows"] == 2
    assert "'maybe' (1)" in found["notes"][-2] and "1 row with nothing" in found["notes"][-1]


def test_a_decimal_comma_is_read_in_the_target_of_a_row_that_is_drawn(quantity):
    (quantity / "comma.csv").write_text("x;y\n0,5;2,5\n1,5;inf\n")
    model = load_model(quantity / "line.json")
    arguments = ["draw", str(quantity / "line.json"), str(quantity / "comma.csv"), "--target", "y"]
    row = drawing.row_of(parser().parse_args(arguments), model)
    assert row == ([0.5], [2.5], "2,5")
    with pytest.raises(ValueError, match="'inf' is not a finite number"):
        drawing.row_of(parser().parse_args([*arguments, "--row", "2"]), model)


def test_json_of_an_error_has_its_line_and_its_code(iris, capsys):
    for command in ("predict", "evaluate", "draw"):
        assert run(command, iris / "model.json", "none.csv", "--json") == 2
        said = capsys.readouterr()
        found = json.loads(said.out)
        assert found["exit_code"] == 2 and "none.csv" in found["error"]
        assert found["format"] == f"chainrule {command}" and "none.csv" in said.err


def test_where_the_terminal_has_ascii_only_reports_can_be_read(quantity):
    code = "import sys; from nn.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "evaluate", "line.json", "line.csv", "--target", "y"],
        env={"PYTHONIOENCODING": "ascii", "PYTHONPATH": os.getcwd()}, cwd=quantity,
        capture_output=True, check=True,
    )  # fmt: skip
    assert done.stdout.startswith(b"left out") or b"R^2: " in done.stdout
    assert b"R^2: 0.786" in done.stdout


def test_predictions_into_a_pipe_that_closes_end_without_a_traceback(quantity):
    (quantity / "long.csv").write_text("x\n" + "1\n" * 30_000)
    code = "import sys; from nn.cli import main; sys.exit(main(sys.argv[1:]))"
    running = subprocess.Popen(
        [sys.executable, "-c", code, "predict", "line.json", "long.csv"],
        env={"PYTHONPATH": os.getcwd()}, cwd=quantity, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    running.stdout.readline()
    running.stdout.close()
    assert running.stderr.read() == b""
    running.stderr.close()
    assert running.wait(timeout=20) == 141


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_ends_an_evaluation_with_one_line(quantity):
    os.mkfifo(quantity / "slow.csv")
    code = "import sys; from nn.cli import main; sys.exit(main(sys.argv[1:]))"
    running = subprocess.Popen(
        [sys.executable, "-c", code, "evaluate", "line.json", "slow.csv"],
        env={"PYTHONPATH": os.getcwd()}, cwd=quantity, stderr=subprocess.PIPE,
    )  # fmt: skip
    with open(quantity / "slow.csv", "w"):  # it has opened its end now, and waits
        time.sleep(0.2)
        running.send_signal(signal.SIGINT)
        assert running.stderr.read() == b"chainrule evaluate: stopped\n"
    running.stderr.close()
    assert running.wait(timeout=20) == 130
