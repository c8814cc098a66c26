"""Files as people have them: 20 small ones, each of a kind that real files are of, and what is right.

They are in `tests/data/people`, made up for this project. Every guess that is made is printed, every
refusal names the line, the column and the option that helps.
"""

import csv
import json
from pathlib import Path

import pytest

import nn.cli as cli
from nn import MLP, load_model, read_csv, save_model

FILES = Path(__file__).parent / "data" / "people"
KINDS = ["alba", "lutea", "rosea"]
ENOUGH = 300  # iterations


@pytest.fixture(autouse=True)
def in_a_folder_without_pictures(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli.results, "write_pictures", lambda *_: [])


def trained(name, *options, iterations=ENOUGH):
    """Train on a file and return the exit code and the model, which is None where none was saved."""
    path = FILES / name
    code = cli.main(
        ["train", "--data", str(path), "--quiet", "-T", str(iterations), *map(str, options)]
    )
    saved = Path("runs") / path.name.split(".")[0] / "model.json"
    return code, load_model(saved) if saved.exists() else None


def number_after(text, words):
    """Return the number behind some words of what was printed."""
    return float(text.partition(words)[2].split()[0].rstrip(",;%"))


FLOWERS = {
    "semicolons-decimal-comma.csv": ([], ["separator: semicolon", "decimal: comma"]),
    "utf16-from-a-spreadsheet.csv": ([], ["encoding: UTF-16", "separator: tab"]),
    "sep-line-and-bom.csv": ([], ["separator: semicolon (as the line sep= says)"]),
    "gbk.csv": ([], ["encoding: line 1: not UTF-8, read as GBK (--encoding)"]),
    "spaces-no-header.data": ([], ["separator: spaces", "header: none"]),
    "class-first-no-header.csv": (["--target", 1], ["header: none"]),
    "number-class-first-no-header.csv": (["--target", 1], ["header: none"]),
    "comments-and-blank-lines.csv": ([], ["comments: 2 lines", "header: line 3"]),
    "trailing-comma.csv": ([], ["separators at the end", "target: column 4 (kind)"]),
    "index-column.csv": (["--drop", 1], []),
}


@pytest.mark.parametrize("name", FLOWERS)
def test_sixty_flowers_are_sixty_flowers_however_they_are_written(name, capsys):
    options, notes = FLOWERS[name]
    code, model = trained(name, *options)
    said = capsys.readouterr().out
    assert code == 0 and "60 samples, 3 features, 3 classes" in said
    assert len(model.columns.columns) == 3 and model.task == "classes"
    assert number_after(said, "held-out accuracy: ") >= 90.0
    assert all(note in said for note in notes)
    expected = {
        "gbk.csv": ["白花", "红花", "黄花"],
        "number-class-first-no-header.csv": list("123"),
    }
    assert model.class_names == expected.get(name, KINDS)


def test_names_in_gbk_are_those_of_the_file(capsys):
    _, model = trained("gbk.csv", iterations=5)
    assert model.feature_names == ["花瓣长度", "花瓣宽度", "花萼长度"]
    assert "种类" in capsys.readouterr().out


def test_an_index_is_pointed_out_and_left_out_only_when_asked(capsys):
    _, model = trained("index-column.csv", iterations=5)
    said = capsys.readouterr().out
    assert "index? column 1 (no name): all different, in order" in said and "--drop 1" in said
    assert len(model.columns.columns) == 4
    _, model = trained("index-column.csv", "--drop", "1", iterations=5)
    assert "index?" not in capsys.readouterr().out and len(model.columns.columns) == 3


def test_missing_cells_are_refused_with_the_option_or_filled_or_dropped(capsys):
    code, _ = trained("missing-marks.csv")
    said = capsys.readouterr().err
    assert code == 2 and said.count("\n") == 1
    assert "line 2, column 2 (width): '?' is not a number" in said and "--missing mean" in said
    code, model = trained("missing-marks.csv", "--missing", "mean")
    assert code == 0 and "70 samples" in capsys.readouterr().out
    assert model.columns.missing == "mean" and 2 < model.columns.columns[1].fill < 4
    code, model = trained("missing-marks.csv", "--missing", "drop", iterations=5)
    rows = csv.reader((FILES / "missing-marks.csv").read_text().splitlines())
    whole = [row for row in rows if not {"?", "NA", "", "nan", "-"} & set(row)]
    assert f"{len(whole) - 1} samples" in capsys.readouterr().out
    code, model = trained(
        "missing-marks.csv", "--missing", "mean", "--missing-indicator", iterations=5
    )
    assert "width is missing" in model.feature_names


def test_the_mean_that_fills_is_that_of_the_training_rows(capsys):
    _, model = trained("missing-marks.csv", "--missing", "mean", "--held-out", 0, iterations=5)
    whole = model.columns.columns[1].fill
    _, other = trained("missing-marks.csv", "--missing", "mean", "--held-out", 0.5, iterations=5)
    assert other.columns.columns[1].fill != whole
    rows = read_csv(FILES / "missing-marks.csv", missing="mean").inputs
    assert sum(row[1] for row in rows) / len(rows) == pytest.approx(whole)


def test_texts_are_categories_also_with_commas_in_quotes(capsys):
    code, model = trained("categories-and-quotes.csv")
    said = capsys.readouterr().out
    assert code == 0 and "categories: animal (3), indoor (2), colour (4)" in said
    assert "colour=brown, spotted" in model.feature_names and len(model.feature_names) == 11
    assert model.class_names == ["no", "yes"]


@pytest.mark.parametrize(
    ("name", "target"), [("a-quantity.csv", "rent"), ("integer-quantity.csv", "seconds")]
)
def test_a_quantity_is_learned_as_one_and_predicted_in_its_unit(name, target, capsys):
    code, model = trained(name, iterations=1000)
    said = capsys.readouterr().out
    assert code == 0 and "task: quantity (--task)" in said and model.task == "quantity"
    assert number_after(said, "held-out R²: ") > 0.8 and "RMSE: " in said
    assert cli.main(["predict", f"runs/{Path(name).stem}/model.json", str(FILES / name)]) == 0
    said, noted = capsys.readouterr()
    rows = list(csv.reader(said.splitlines()))
    assert rows[0] == [target] and 100 < float(rows[1][0]) < 2000
    assert number_after(noted, "R²: ") > 0.8 and f"beside the column {target}" in noted


def test_the_task_can_be_said(capsys):
    _, model = trained("labels-from-one.csv", "--task", "quantity", iterations=5)
    assert model.task == "quantity"
    code, _ = trained("a-quantity.csv", "--task", "classes", iterations=5)
    assert code == 2 and "is it a quantity (--task quantity)" in capsys.readouterr().err
    code, _ = trained("a-quantity.csv", "--loss", "hinge", iterations=5)
    assert code == 2 and "--loss hinge is for classes" in capsys.readouterr().err


def test_one_in_fifty_is_told_with_share_and_recall_and_can_be_weighted(capsys):
    _, plain = trained("one-in-fifty.csv")
    said = capsys.readouterr().out
    assert "the largest class alone: 97.5 % (fine)" in said and "recall: faulty" in said
    _, weighted = trained("one-in-fifty.csv", "--class-weight", "balanced")
    assert weighted.training["class_weight"] == "balanced" and "class_weight" not in plain.training

    def faults(model):
        rows = read_csv(FILES / "one-in-fifty.csv").inputs
        return sum(model.best(row) == 0 for row in rows)

    assert faults(weighted) > faults(plain)


@pytest.mark.parametrize("loss", ["mse", "cross_entropy", "hinge", "binary_cross_entropy"])
def test_labels_from_one_are_two_classes_whatever_the_loss(loss, capsys):
    code, model = trained("labels-from-one.csv", "--loss", loss)
    assert code == 0 and model.class_names == ["1", "2"]
    assert number_after(capsys.readouterr().out, "held-out accuracy: ") > 60.0


def test_columns_are_found_by_name_and_a_renamed_one_is_an_error(capsys):
    trained("trailing-comma.csv")
    model = load_model("runs/trailing-comma/model.json")
    capsys.readouterr()
    other = FILES / "two-to-predict-other-order.csv"
    assert cli.main(["predict", "runs/trailing-comma/model.json", str(other)]) == 0
    found = [line.split(",")[-1] for line in capsys.readouterr().out.splitlines()[1:]]
    rows = [[float(x) for x in line.split(",")] for line in other.read_text().split()[1:]]
    assert found == model.predict([[length, width, petal] for petal, length, width in rows])
    renamed = FILES / "two-to-predict-renamed.csv"
    assert cli.main(["predict", "runs/trailing-comma/model.json", str(renamed)]) == 2
    said = capsys.readouterr().err
    assert "'length'" in said and "'Length'" in said and said.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("only-one-class.csv", "only one class, 'alba', in column 4 (kind)"),
        ("ragged.csv", "line 9: 3 columns, but line 1 has 4"),
    ],
)
def test_what_cannot_be_learned_is_one_clear_line(name, message, capsys):
    code, _ = trained(name)
    said = capsys.readouterr()
    assert code == 2 and said.out == "" and message in said.err and said.err.count("\n") == 1
    assert not Path("runs").exists()


# What the files do not have.


def test_two_files_of_one_name_do_not_share_a_folder(tmp_path, capsys):
    for folder in ("a", "b", "a"):
        (tmp_path / folder).mkdir(exist_ok=True)
        path = tmp_path / folder / "own.csv"
        path.write_text("x,kind\n1,a\n2,b\n3,a\n4,b\n")
        assert cli.main(["train", "--data", str(path), "-T", "2", "-q"]) == 0
    assert sorted(path.name for path in Path("runs").iterdir()) == ["own", "own-2"]
    assert load_model("runs/own-2/model.json").training["data"] == str(tmp_path / "b" / "own.csv")


@pytest.mark.parametrize(
    "option", [["-b", "0"], ["-T", "-1"], ["--alpha", "nan"], ["--hidden", "0"]]
)
def test_a_bad_number_is_found_before_the_file_is_read(monkeypatch, capsys, option):
    monkeypatch.setattr(cli.jobs, "chosen_dataset", lambda *_: pytest.fail("the file was read"))
    assert cli.main(["train", *option]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_hidden_layer_of_no_neurons_is_named_as_the_option(capsys):
    assert cli.main(["train", "--hidden", "0"]) == 2
    assert "--hidden must be an int of at least 1, not 0" in capsys.readouterr().err


def test_a_class_that_the_model_does_not_know_is_told(tmp_path, capsys):
    save_model(tmp_path / "m.json", MLP(1, [2], seed=1), class_names=["no", "yes"])
    (tmp_path / "d.csv").write_text("1,yes\n2,no\n3,maybe\n")
    assert cli.main(["predict", str(tmp_path / "m.json"), str(tmp_path / "d.csv")]) == 0
    noted = capsys.readouterr().err
    assert "of 3 as in the last column" in noted
    assert "1 row of a class in the last column of the file that the model does not know" in noted
    assert "'maybe'" in noted


def test_a_class_that_a_spreadsheet_would_run_is_made_harmless(tmp_path, capsys):
    formula = '=HYPERLINK("x")'
    save_model(tmp_path / "m.json", MLP(1, [2], seed=1), class_names=[formula, "-1"])
    (tmp_path / "d.csv").write_text("1\n2\n3\n")
    assert cli.main(["predict", str(tmp_path / "m.json"), str(tmp_path / "d.csv")]) == 0
    table = list(csv.reader(capsys.readouterr().out.splitlines()))
    assert table[0] == [f"'{formula}", "-1", "class"]


def test_one_output_knows_what_it_is(tmp_path, capsys):
    (tmp_path / "d.csv").write_text("x,y\n1,2\n")

    def said(network, **facts):
        save_model(tmp_path / "m.json", network, **facts)
        assert cli.main(["predict", str(tmp_path / "m.json"), str(tmp_path / "d.csv")]) == 0
        return list(csv.reader(capsys.readouterr().out.splitlines()))

    quantity = MLP(2, [1], output="linear", seed=1)
    assert said(quantity) == [["output"], [repr(quantity.eval()([1.0, 2.0]))]]
    small = MLP(2, [1], output="tanh", seed=1)
    small.load_state_dict({"layers.0.neurons.0.w": [0.1, 0.1], "layers.0.neurons.0.b": 0.0})
    names = {"class_names": ["no", "yes"]}
    assert said(small, **names, training={"loss": "hinge"})[1][-1] == "yes"  # above 0, below 1/2
    assert said(MLP(2, [1], output="sigmoid", seed=1), **names)[0] == ["no", "yes", "class"]


def test_a_model_of_a_table_is_not_read_as_one_of_numbers_by_older_versions(capsys):
    trained("a-quantity.csv", iterations=2)
    content = json.loads(Path("runs/a-quantity/model.json").read_text())
    assert content["version"] == 2 and content["columns"]["target"]["classes"] is None
