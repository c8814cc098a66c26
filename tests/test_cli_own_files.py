"""The command line never writes over what is somebody else's, nor over what it reads."""

import pytest

from nn.cli import main
from nn.cli.locks import alone_in

TABLE = "a,b,kind\n" + "".join(f"{i},{i * i % 7},{'xy'[i % 2]}\n" for i in range(40))


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text(TABLE)


def trained(*options):
    return main(["train", "--data", "t.csv", "-q", "-T", "20", "--out", "run", *options])


def test_predict_writes_neither_over_its_data_nor_over_its_model(tmp_path, capsys):
    assert trained() == 0
    model = (tmp_path / "run" / "model.json").read_bytes()
    for out in ("t.csv", "run/model.json"):
        assert main(["predict", "run/model.json", "t.csv", "--out", out]) == 2
        assert f"--out {out}: that is the file that is read" in capsys.readouterr().err
    assert (tmp_path / "t.csv").read_text() == TABLE
    assert (tmp_path / "run" / "model.json").read_bytes() == model


@pytest.mark.parametrize("name", ["model.json", "history.csv"])
def test_train_does_not_write_over_a_file_that_it_did_not_write(name, tmp_path, capsys):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / name).write_text('{"mine": 1}\n')
    assert trained() == 2
    assert f"{name} was not written by chainrule train" in capsys.readouterr().err
    assert (tmp_path / "run" / name).read_text() == '{"mine": 1}\n'


def test_train_writes_over_its_own_results():
    assert trained() == 0
    assert trained("--seed", "1") == 0


def test_a_second_training_in_a_folder_is_refused_while_the_first_is_there(tmp_path, capsys):
    with alone_in(tmp_path / "run"):
        assert trained() == 2
    assert "another training is writing there now" in capsys.readouterr().err
    assert trained() == 0


def test_a_network_that_no_memory_holds_is_refused_at_once(capsys):
    assert trained("--hidden", "1000000000") == 2
    told = capsys.readouterr().err
    assert "--hidden 1000000000 makes 5,000,000,002 parameters" in told and "GB" in told


def test_options_that_would_do_nothing_are_refused(capsys):
    assert trained("--missing-indicator") == 2
    assert "--missing-indicator goes with --missing mean" in capsys.readouterr().err
    assert main(["train", "--out", ""]) == 2
    assert "--out is empty" in capsys.readouterr().err


def test_where_no_row_can_be_held_out_a_line_says_so(tmp_path, capsys):
    (tmp_path / "t.csv").write_text("a,kind\n1,x\n2,y\n")
    assert trained("--held-out", "0.5") == 0
    assert "no row is held out" in capsys.readouterr().out


def test_what_was_learned_is_told_also_where_it_cannot_be_saved(monkeypatch, capsys):
    def full(*_, **__):
        raise OSError(28, "No space left on device", "run/model.json")

    monkeypatch.setattr("nn.cli.results.save_model", full)
    assert trained() == 4
    told = capsys.readouterr()
    assert "training accuracy" in told.out and "No space left" in told.err
    assert "Traceback" not in told.err


def test_what_is_no_model_is_called_what_it_is(capsys):
    assert trained() == 0
    capsys.readouterr()
    assert main(["predict", "run", "t.csv"]) == 2
    assert "run: a folder; the model is run/model.json" in capsys.readouterr().err
    assert main(["predict", "run/checkpoint.json", "t.csv"]) == 2
    assert "a checkpoint, which chainrule resume goes on with" in capsys.readouterr().err
    assert main(["resume", "run/model.json"]) == 2
    assert "a model, and no checkpoint" in capsys.readouterr().err


def test_a_category_of_whole_numbers_may_be_written_with_a_fraction(tmp_path, capsys):
    assert trained("--categorical", "b") == 0
    (tmp_path / "new.csv").write_text("a,b\n3,2.0\n3,2\n")
    capsys.readouterr()
    assert main(["predict", "run/model.json", "new.csv"]) == 0
    first, second = capsys.readouterr().out.splitlines()[1:]
    assert first == second
