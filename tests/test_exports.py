"""Exports: one Python file that says what the model says, bit for bit, and runs nothing of a user's."""

import ast
import csv
import io
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import nn.cli as cli
from autograd.primitives import TABLE
from nn import MLP, Dataset, Model, TwoLayerNetwork, load_digits, load_iris, save_model
from nn.cli.exporting import path_beside
from nn.columns.choices import Choice
from nn.data import Standardizer, dataset_of, filled
from nn.exports import MARK, program_of
from nn.layers import ACTIVATIONS, activation_function
from nn.predictions import csv_text, predictions, table_for
from nn.tables.reading import Layout, read_table

PEOPLE = Path(__file__).parent / "data" / "people"
REFUSED = {"only-one-class.csv", "ragged.csv"}
OPTIONS = {
    "class-first-no-header.csv": Choice(target="1", missing="mean"),
    "number-class-first-no-header.csv": Choice(target="1", missing="mean"),
    "index-column.csv": Choice(drop=("1",)),
}
HARD = [
    x * sign for x in (0.0, 1e-300, 0.3, 1.0, 2.5, 19.0, 30.0, 41.0, 750.0, 1e300, math.inf)
    for sign in (1.0, -1.0)
] + [math.nan]  # fmt: skip
OF_ONE_OPERAND = [
    name
    for name, row in TABLE.items()
    if name not in ACTIVATIONS and len(row.partials) - len(row.defaults) == 1
]
OUTPUTS = {
    "sigmoid": ("mse", 3), "softmax": ("cross_entropy", 3), "linear": ("cross_entropy", 3),
    "tanh": ("mse", 3), "one sigmoid": ("mse", 1), "one tanh": ("mse", 1),
    "one linear": ("hinge", 1), "quantity": ("mse", 1),
}  # fmt: skip


def module_of(text):
    """Return what a program defines, run without its main part."""
    found = {"__name__": "exported"}
    exec(compile(text, "exported.py", "exec"), found)
    return found


def bits(numbers):
    return [x.hex() if isinstance(x, float) else x for x in numbers]


def model_on(dataset, activation="relu", output="sigmoid", loss="mse", outputs=None, hidden=5):
    """Return a model of random weights with the columns of a data set."""
    n = len(dataset.feature_names)
    q = outputs or len(dataset.class_names) or 1
    network = TwoLayerNetwork(n, hidden, q, activation, output, seed=3, init="uniform")
    for neuron in network.layers[1].neurons:
        neuron.b.data = 0.1
    flags = dataset.schema.flags if dataset.schema else ()
    names = dataset.class_names if outputs is None else None
    return Model(
        network, Standardizer.fit(dataset.inputs, flags), dataset.feature_names, names or None,
        {"data": dataset.name, "loss": loss}, dataset.schema,
    )  # fmt: skip


def outcome(function, *arguments):
    """Return the bits of a result, or the type of what is raised."""
    try:
        return bits([float(function(*arguments))])
    except (ValueError, ArithmeticError) as error:
        return type(error)


@pytest.mark.parametrize("name", [*ACTIVATIONS, *OF_ONE_OPERAND])
def test_an_exported_activation_has_the_bits_of_the_table(name):
    model = Model(MLP(1, [1, 1], activation=name, output=name, seed=0))
    found = module_of(program_of(model))
    function = activation_function(name)
    for x in HARD:
        wanted = outcome(function, x)
        for layer in ("hidden_activation", "output_activation"):
            assert outcome(lambda x: found[layer]([x])[0], x) == wanted, (x, layer)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_scores_and_answers_are_those_of_the_model(activation, output):
    loss, outputs = OUTPUTS[output]
    iris = load_iris()
    if output == "quantity":
        iris = replace(iris, labels=[3.5 + x for x in iris.labels], class_names=[])
    name = {"quantity": "linear"}.get(output, output.removeprefix("one "))
    model = model_on(iris, activation, name, loss, outputs)
    assert model.task == ("quantity" if output == "quantity" else "classes")
    found = module_of(program_of(model))
    rows = iris.inputs[::4]
    wanted = model.predict(rows)
    for row, answer in zip(rows, wanted):
        details = found["details"](row)
        assert bits(details) == bits(predictions(model, [row])[1])
        assert details[-1] == answer == found["predict"](dict(zip(iris.feature_names, row)))
    assert len(set(wanted)) > 1


def test_the_rows_of_digits_are_predicted_with_the_same_bits():
    digits = load_digits()
    model = model_on(digits, "tanh", "softmax", "cross_entropy", hidden=16)
    details = module_of(program_of(model))["details"]
    rows = digits.inputs[::20]
    assert [bits(details(row)) for row in rows] == list(map(bits, predictions(model, rows)[1:]))


def plain_file(table, path, separator):
    """Write a table without comments, in UTF-8."""
    text = io.StringIO()
    header = [] if table.header is None else [table.header]
    csv.writer(text, delimiter=separator).writerows([*header, *(cells for _, cells in table.rows)])
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    return path


@pytest.mark.parametrize("name", sorted({path.name for path in PEOPLE.iterdir()} - REFUSED))
def test_the_files_of_people_are_predicted_as_by_the_command(name, tmp_path):
    choice = OPTIONS.get(name, Choice(missing="mean", indicator=True))
    table = read_table(PEOPLE / name)
    dataset = filled(dataset_of(table, choice, "people"))
    output = "softmax" if dataset.class_names else "linear"
    model = model_on(dataset, "silu", output)
    found = module_of(program_of(model))
    separator = ";" if table.decimal == "," else ","
    path = str(plain_file(table, tmp_path / "plain.csv", separator))
    layout = Layout(separator, table.decimal, "utf-8", table.header is not None)
    wanted = predictions(model, model.columns.encode(table_for(model, path, layout)))
    assert found["predict_file"](path, separator, table.decimal) == csv_text(wanted)
    assert len(wanted) == len(table.rows) + 1
    if table.decimal == ".":
        for (_, cells), answer in zip(table.rows, wanted[1:]):
            assert bits(found["details"](cells)) == bits(answer)
            place = dataset.schema.target.place
            assert bits(found["details"](cells[:place] + cells[place + 1 :])) == bits(answer)
            used = [cells[column.place] for column in dataset.schema.columns]
            assert bits(found["details"](used)) == bits(answer)
            if table.header is not None:
                row = dict(reversed(list(zip(table.header, cells))))
                assert bits(found["details"](row)) == bits(answer)


def test_the_command_writes_a_program_that_runs_alone(tmp_path, capsys):
    table = PEOPLE / "categories-and-quotes.csv"
    dataset = filled(dataset_of(read_table(table), Choice(missing="mean"), "flowers"))
    model = model_on(dataset)
    save_model(
        tmp_path / "model.json", model.network, standardizer=model.standardizer,
        feature_names=model.feature_names, class_names=model.class_names,
        training={"data": "some/my-flowers.v2.csv", "iterations": 2}, schema=model.schema,
    )  # fmt: skip
    (tmp_path / "history.csv").write_text(
        "iteration,loss,held_out_loss,held_out_accuracy\n1,0.5,,\n2,0.4,0.25,0.875\n"
    )
    assert cli.main(["export", str(tmp_path / "model.json")]) == 0
    path = tmp_path / "predict_my_flowers.py"
    assert str(path) in capsys.readouterr().out
    assert "at the last iteration, loss 0.25, accuracy 87.5 %" in ast.get_docstring(
        ast.parse(path.read_text(encoding="utf-8"))
    )
    assert cli.main(["predict", str(tmp_path / "model.json"), str(table)]) == 0
    wanted = capsys.readouterr().out
    run = [sys.executable, "-I", "-S", str(path)]  # where no package can be imported
    done = subprocess.run([*run, str(table)], capture_output=True, text=True, encoding="utf-8")
    assert (done.stdout, done.stderr, done.returncode) == (wanted, "", 0)
    failed = subprocess.run([*run, "none.csv"], capture_output=True, text=True)
    assert failed.returncode == 2
    assert failed.stdout == ""
    assert "none.csv" in failed.stderr
    assert failed.stderr.count("\n") == 1


SMALL = "size,hue,kind\n1,red,a\n2,tan,b\n,red,a\n4,tan,b\n"
WRONG = {
    "hue,length\nred,1\n": "no column 'size'",
    "size,hue,size\n1,red,2\n": "2 columns 'size'",
    "size,hue\nten,red\n": "line 2, column 1 (size): 'ten' is not a number",
    "hue,size\nred,1\nblue,2\n": "line 3, column 1 (hue): 'blue' is none of the categories",
    "size,hue\n1e999,red\n": "'1e999' is not finite",
    "size,hue\n1,red\n,red\n": "line 3, column 1 (size): '' is not a number, so missing",
    "size,hue\n1,?\n": "'?' is not a category, so missing",
    "size,hue\nnan,tan\n": "'nan' is not finite, so missing",
    "size,hue\n1,red\n1\n": "line 3: 1 columns, but line 1 has 2",
    'size,hue\n1,"red\n': "line 2",
    "\n": "the file is empty",
}


@pytest.mark.parametrize("text", WRONG)
def test_wrong_files_are_refused_as_by_the_command(text, tmp_path):
    (tmp_path / "small.csv").write_text(SMALL.replace("\n,red", "\n3,red"))
    dataset = filled(dataset_of(read_table(tmp_path / "small.csv"), Choice(), "small"))
    model = model_on(dataset)
    path = tmp_path / "wrong.csv"
    path.write_text(text)
    with pytest.raises(ValueError) as found:
        module_of(program_of(model))["predict_file"](str(path))
    with pytest.raises(ValueError) as wanted:
        layout = Layout(",", ".", "utf-8", True)
        model.columns.encode(table_for(model, str(path), layout))
    assert WRONG[text] in str(found.value)
    assert str(wanted.value).startswith(str(found.value))


def test_a_file_with_another_separator_is_told_the_option(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text(";".join(load_iris().feature_names) + "\n5,1;3,5;1,4;0,2\n")
    model = model_on(load_iris())
    predict_file = module_of(program_of(model))["predict_file"]
    with pytest.raises(ValueError, match="other.csv: one column only; --sep"):
        predict_file(str(path))
    (answer,) = predictions(model, [[5.1, 3.5, 1.4, 0.2]])[1:]
    assert predict_file(str(path), ";", ",").splitlines()[1] == ",".join(map(str, answer))
    with pytest.raises(ValueError, match="'5,1' is not a number"):
        predict_file(str(path), ";")


def test_a_row_says_which_columns_it_lacks_and_has(tmp_path):
    (tmp_path / "small.csv").write_text(SMALL)
    dataset = dataset_of(read_table(tmp_path / "small.csv"), Choice(missing="mean"), "small")
    predict = module_of(program_of(model_on(filled(dataset))))["predict"]
    with pytest.raises(ValueError, match="row: no column 'hue'.* does not know, 'color'"):
        predict({"size": 1, "color": "red"})
    with pytest.raises(ValueError, match="row: 1 columns, but the network has 2 inputs: size, hue"):
        predict([1])
    with pytest.raises(TypeError, match="a row is a dict by column"):
        predict("1,red")
    assert predict({"hue": "red", "size": None}) == predict([math.nan, "red"])


EVIL = [
    '"""; import os; os.mkdir("made"); """', "'''\nimport os\n'''", "\\", 'a"\\', "{x}", "\\N{DASH}",
    "a\r\nimport os", "\u202e\u2028x", "\N{SNOWMAN}", "=cmd|' /C calc'!A0", "# coding: latin-1", "%s",
]  # fmt: skip


@pytest.mark.parametrize("name", EVIL)
def test_names_are_texts_and_are_never_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = {name: [1.0, 2.0, 3.0], "hue": [name, "tan", name], "kind": [name, "b", name]}
    model = model_on(Dataset.of(rows, "kind"), outputs=None)
    model.training.update(data=name, **{"key " + name: name})
    text = program_of(model, f"predict {name}.py", result=name)
    tree = ast.parse(text.encode("utf-8"))
    plain = program_of(model_on(Dataset.of({"x": [1.0, 2.0, 3.0], "hue": ["u", "tan", "u"],
                                            "kind": ["a", "b", "a"]}, "kind")))  # fmt: skip
    assert [type(x) for x in tree.body] == [type(x) for x in ast.parse(plain).body]
    assert name in ast.get_docstring(tree, clean=False).replace("\n", " ") or "\n" in name
    found = module_of(text.encode("utf-8"))
    assert set(found["HEADING"]) == {name, "b", "class"}
    assert (
        found["predict"]({name: 1.0, "hue": name}) == model.predict([{name: 1.0, "hue": name}])[0]
    )
    assert found["csv_text"]([[name, 1.0]]) == csv_text([[name, 1.0]])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_program_imports_the_standard_library_and_is_python_3_8(activation):
    model = model_on(load_iris(), activation, "softmax", "cross_entropy")
    text = program_of(model)
    tree = ast.parse(text, feature_version=(3, 8))
    names = {x.module for x in ast.walk(tree) if isinstance(x, ast.ImportFrom)}
    names |= {y.name for x in ast.walk(tree) if isinstance(x, ast.Import) for y in x.names}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names
    assert text == program_of(model)


def test_a_program_replaces_programs_only(tmp_path, capsys):
    model = tmp_path / "model.json"
    save_model(model, TwoLayerNetwork(2, 3, 2, seed=0))
    own = tmp_path / "own.py"
    own.write_text("print('mine')\n")
    for out, why in ((own, "did not write"), (model, "ends in .py"), (tmp_path / "x", ".py")):
        assert cli.main(["export", str(model), "--out", str(out)]) == 2
        said = capsys.readouterr().err
        assert why in said
        assert said.count("\n") == 1
    assert own.read_text() == "print('mine')\n"
    for _ in range(2):
        assert cli.main(["export", str(model), "--out", str(tmp_path / "new.py")]) == 0
    assert (tmp_path / "new.py").read_text(encoding="utf-8").startswith(MARK)
    assert cli.main(["export", str(own)]) == 2
    assert "own.py: not a model" in capsys.readouterr().err


@pytest.mark.parametrize(
    "data, name",
    [("iris", "predict_iris.py"), ("a/b c.1.csv", "predict_b_c.py"), ("../..", "predict_model.py"),
     ("花.csv", "predict_花.py"), (None, "predict_net.py")],
)  # fmt: skip
def test_a_program_has_the_name_of_the_data(data, name):
    model = Model(TwoLayerNetwork(1, 1, 1), training={} if data is None else {"data": data})
    assert path_beside(Path("runs/net.json"), model) == Path("runs") / name


def test_a_network_of_ones_own_cannot_be_exported():
    with pytest.raises(ValueError, match="the activation mine is your own"):
        program_of(Model(TwoLayerNetwork(1, 1, 1, hidden=mine)))


def mine(x):
    return x * x
