"""Hostile files: models and tables that are cut, forged or endless; disks that are full."""

import contextlib
import errno
import gzip
import importlib
import json
import os
import random
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

import nn.cli as cli
from autograd.atomic import write_file
from nn import MLP, Standardizer, TwoLayerNetwork, data_files, load_model, read_csv, save_model

BIAS = '"layers.0.neurons.0.b": 0.0'
posix = pytest.mark.skipif(os.name != "posix", reason="of POSIX systems")


def saved(path):
    """Save a small model with all its parts and return the text of the file."""
    save_model(
        path, TwoLayerNetwork(2, 2, 2, seed=1), standardizer=Standardizer([0.0, 1.0], [1.0, 2.0]),
        feature_names=["a", "b"], class_names=["no", "yes"], training={"loss": "mse"},
    )  # fmt: skip
    return path.read_text(encoding="utf-8")


# Models.


def test_a_model_cut_at_every_byte_is_refused(tmp_path):
    path = tmp_path / "m.json"
    content = saved(path).encode()
    for n in range(len(content) - 1):  # the last byte is a line end
        path.write_bytes(content[:n])
        with pytest.raises(ValueError, match="m.json: not a model, or cut off"):
            load_model(path)


def test_a_model_with_any_byte_spoiled_is_loaded_whole_or_refused(tmp_path):
    path, source = tmp_path / "m.json", random.Random(0)
    content = saved(path).encode()
    loaded = 0
    for _ in range(600):
        spoiled = bytearray(content)
        spoiled[source.randrange(len(content))] = source.randrange(256)
        path.write_bytes(spoiled)
        try:
            model = load_model(path)
        except ValueError as error:
            assert "m.json: " in str(error)
        else:
            loaded += 1
            assert len(model.network.parameters()) == 12
            with contextlib.suppress(ArithmeticError):  # a scale of 1e-300 is a scale
                assert len(model.outputs([0.5, -0.5])) == 2
    assert 0 < loaded < 500


def test_the_order_of_the_keys_does_not_matter(tmp_path):
    path = tmp_path / "m.json"
    content = json.loads(saved(path))
    expected = load_model(path).outputs([0.3, -0.4])

    def shuffled(x):
        if not isinstance(x, dict):
            return x
        keys = list(x)
        random.Random(3).shuffle(keys)
        return {key: shuffled(x[key]) for key in keys}

    assert list(shuffled(content)["state"]) != list(content["state"])
    path.write_text(json.dumps(shuffled(content)))
    assert load_model(path).outputs([0.3, -0.4]) == expected


def test_a_model_of_every_other_shape_is_refused(tmp_path):
    path = tmp_path / "m.json"
    content = json.loads(saved(path))
    shapes = [[n, p, q] for n in (1, 2, 3) for p in (1, 2, 3) for q in (1, 2, 3)]
    for sizes in [*shapes, [2, 2], [2, 2, 2, 2], [2], [], [2, 0, 2], [2, -2, 2], [2, True, 2],
                  [2, 2.0, 2], ["2", 2, 2], [2, 10**30, 2], [1] * 10_000]:  # fmt: skip
        if sizes != [2, 2, 2]:
            content["architecture"]["sizes"] = sizes
            path.write_text(json.dumps(content))
            with pytest.raises(ValueError, match="m.json: ") as caught:
                load_model(path)
            assert len(str(caught.value)) < 400


HOSTILE = {
    "a key twice": ('"version": 1', '"version": 1, "version": 1', "'version' stands twice"),
    "a number twice": (BIAS, f"{BIAS}, {BIAS}", "'layers.0.neurons.0.b' stands twice"),
    "a huge int": (BIAS, BIAS[:-3] + "9" * 400, "9… is not a finite number"),
    "an int beyond Python": (BIAS, BIAS[:-3] + "9" * 5000, "9… is not a finite number"),
    "a huge float": (BIAS, BIAS[:-3] + "1e400", "1e400 is not a finite number"),
    "a huge fact": ('"mse"', "-1e999", "-1e999 is not a finite number"),
    "NaN": (BIAS, BIAS[:-3] + "NaN", "NaN is not a finite number"),
    "Infinity": ('"mse"', "-Infinity", "-Infinity is not a finite number"),
    "nesting": ('"mse"', "[" * 200_000, "nested too deep"),
    "nested objects": ('"mse"', '{"a":' * 200_000, "nested too deep"),
    "half a character": ('"yes"', '"\\ud800"', "'class_names' is no list of names"),
    "a function": ('"relu"', '"exec"', "activation 'exec' is not known"),
    "a path": ('"relu"', '"../../etc/passwd"', "is not known"),
    "a type": ('"TwoLayerNetwork"', '"Module"', "a 'Module' of 3 sizes is not known"),
    "a long version": ('"version": 1', f'"version": "{"v" * 10**6}"', "but this reads version 1"),
    "two models": ("}\n", "}\n{}", "Extra data"),
    "a list": ('{\n "format"', '[{\n "format"', "cut off"),
    "a true number": (BIAS, BIAS[:-3] + "true", "a number expected, not bool True"),
    "an object as number": (BIAS, BIAS[:-3] + "{}", "a number expected, not dict"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_model_is_refused_in_one_short_line(tmp_path, name):
    path = tmp_path / "m.json"
    old, new, message = HOSTILE[name]
    text = saved(path)
    assert old in text
    path.write_text(new.join(text.rsplit(old, 1)), encoding="utf-8")
    with pytest.raises(ValueError, match="m.json: ") as caught:
        load_model(path)
    assert message in str(caught.value) and len(str(caught.value)) < 300


def test_a_model_with_a_byte_order_mark_is_a_model(tmp_path):
    path = tmp_path / "m.json"
    text = saved(path)
    path.write_text("\ufeff" + text, encoding="utf-8")
    assert load_model(path).class_names == ["no", "yes"]
    path.write_text(text, encoding="utf-16")
    with pytest.raises(ValueError, match="a binary file"):
        load_model(path)


@posix
@pytest.mark.parametrize("read", [load_model, read_csv], ids=lambda read: read.__name__)
def test_a_file_without_an_end_is_refused(monkeypatch, read):
    monkeypatch.setattr(data_files, "MAX_BYTES", 3 * 2**20)
    with pytest.raises(ValueError, match="/dev/zero: more than 3145728 bytes"):
        read("/dev/zero")


@pytest.mark.parametrize(
    ("facts", "error", "message"),
    [
        ({"class_names": ["one"]}, ValueError, "not saved: 1 class_names, but the network has 2"),
        (
            {"feature_names": ["a", 3]},
            ValueError,
            "not saved: .*'feature_names' is no list of names",
        ),
        ({"class_names": ["a", "\ud800"]}, ValueError, "not saved: .*surrogates not allowed"),
        ({"standardizer": Standardizer([0.0], [1.0])}, ValueError, "not saved: .* has 1 features"),
        ({"training": {"rate": float("nan")}}, ValueError, "not saved: NaN is not a finite number"),
        ({"training": {"net": object()}}, TypeError, "not saved: .*object is not JSON"),
        ({"training": {("a", 1): 1}}, TypeError, "not saved: keys must be str"),
    ],
)
def test_what_could_not_be_loaded_is_not_saved(tmp_path, facts, error, message):
    path = tmp_path / "m.json"
    before = saved(path)
    with pytest.raises(error, match=f"m.json: {message}"):
        save_model(path, TwoLayerNetwork(2, 2, 2), **facts)
    assert path.read_text(encoding="utf-8") == before and os.listdir(tmp_path) == ["m.json"]


def test_facts_that_go_round_in_a_circle_or_too_deep_are_not_saved(tmp_path):
    circle, deep = [], []
    circle.append(circle)
    for _ in range(100_000):
        deep = [deep]
    for facts in (circle, deep):
        with pytest.raises(ValueError, match="m.json: not saved"):
            save_model(tmp_path / "m.json", TwoLayerNetwork(2, 2, 2), training={"a": facts})
    assert os.listdir(tmp_path) == []
    while deep:
        deep = deep.pop()


# Saving: full disks, unwritable folders, links and devices.


def test_a_disk_that_is_full_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    program = (
        "import resource, signal, sys\n"
        "from nn import MLP, save_model\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "save_model(sys.argv[1], MLP(10, [100]))\n"
    )
    pytest.importorskip("resource")
    path = tmp_path / "m.json"
    before = saved(path)
    run = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True)
    assert f"OSError: [Errno {errno.EFBIG}] File too large: '{path}'" in run.stderr
    assert path.read_text(encoding="utf-8") == before and os.listdir(tmp_path) == ["m.json"]


@pytest.mark.parametrize("step", ["open", "write", "fsync", "chmod", "replace"])
def test_an_error_in_any_step_of_a_save_leaves_the_old_file_and_nothing_beside_it(
    tmp_path, monkeypatch, step
):
    path = tmp_path / "m.json"
    before = saved(path)

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    class Full:
        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def write(self, data):
            self.file.write(data[:10])
            full()

    files = importlib.import_module("autograd.atomic")
    patched = {"open": (files, "open"), "write": (files, "open"), "fsync": (os, "fsync"),
               "chmod": (os, "chmod"), "replace": (os, "replace")}[step]  # fmt: skip
    fault = (lambda *a: Full(open(*a))) if step == "write" else full  # noqa: SIM115
    monkeypatch.setattr(*patched, fault, raising=False)
    with pytest.raises(OSError, match=r"No space left on device: '.*m\.json'") as caught:
        save_model(path, TwoLayerNetwork(2, 9, 2))
    monkeypatch.undo()
    assert caught.value.errno == errno.ENOSPC and caught.value.filename == str(path)
    assert path.read_text(encoding="utf-8") == before and os.listdir(tmp_path) == ["m.json"]


@posix
def test_an_unwritable_folder_leaves_the_old_file():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        before = saved(folder / "m.json")
        folder.chmod(0o555)
        root = os.geteuid() == 0
        if root:  # who may write anywhere
            os.seteuid(65534)
        try:
            with pytest.raises(PermissionError, match=r"'.*m\.json'"):
                save_model(folder / "m.json", TwoLayerNetwork(2, 9, 2))
        finally:
            if root:
                os.seteuid(0)
            folder.chmod(0o755)
        assert (folder / "m.json").read_text(encoding="utf-8") == before
        assert os.listdir(folder) == ["m.json"]


@pytest.mark.parametrize("place", ["missing/m.json", "file/m.json", ".", "folder"])
def test_a_place_that_cannot_hold_a_file_is_named_as_it_was_given(tmp_path, place):
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError) as caught:
        write_file(tmp_path / place, "x")
    assert caught.value.filename == str(tmp_path / place)
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


@posix
def test_a_link_stays_a_link_and_a_file_keeps_its_permissions(tmp_path):
    path, link = tmp_path / "m.json", tmp_path / "latest.json"
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to("m.json")
    write_file(link, "new")
    assert link.is_symlink() and path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    dangling = tmp_path / "dangling"
    dangling.symlink_to("later.json")
    write_file(dangling, "new")
    assert dangling.is_symlink() and (tmp_path / "later.json").read_text() == "new"


@posix
def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    end = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    try:
        write_file(pipe, "through")
        assert stat.S_ISFIFO(pipe.stat().st_mode)
        assert os.read(end, 100) == b"through"
    finally:
        os.close(end)


@posix
def test_a_model_can_be_saved_to_the_standard_output():
    program = "from nn import MLP, save_model; save_model('/dev/stdout', MLP(1, [1], seed=0))"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert json.loads(run.stdout)["architecture"]["sizes"] == [1, 1]


def test_a_name_of_the_greatest_length_can_be_saved(tmp_path):
    name = "m" * 250 + ".json"
    write_file(tmp_path / name, "x")
    assert os.listdir(tmp_path) == [name]


def test_threads_that_save_to_one_place_leave_one_whole_file(tmp_path):
    path, seen, whole, done = tmp_path / "m.json", set(), [], []
    contents = [str(k) * 5000 for k in range(3)]
    write_file(path, contents[0])

    def write(content):
        try:
            for _ in range(40):
                write_file(path, content)
            whole.append(content)
        finally:
            done.append(content)

    def look():
        while len(done) < 3:
            seen.add(path.read_text())

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    threads.append(threading.Thread(target=look))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(whole) == 3 and seen <= set(contents) and os.listdir(tmp_path) == ["m.json"]


# Tables.

TABLE = b"a,b,kind\n1,2,yes\n3,4,no\n5,6,yes\n"


def test_a_table_cut_at_every_byte_is_whole_rows_or_refused(tmp_path):
    path = tmp_path / "t.csv"
    for n in range(len(TABLE)):
        path.write_bytes(TABLE[:n])
        try:
            dataset = read_csv(path)
        except ValueError as error:
            assert "t.csv" in str(error)
        else:
            assert dataset.inputs == [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]][: len(dataset)]


@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_byte_order_mark_line_ends_and_packing_change_nothing(tmp_path, ends, mark, pack):
    path = tmp_path / "t.csv"
    path.write_bytes(pack(mark + TABLE.replace(b"\n", ends)))
    dataset = read_csv(path)
    assert dataset.feature_names == ["a", "b"] and dataset.labels == [1, 0, 1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (gzip.compress(b"", mtime=0), "the file is empty"),
        (gzip.compress(TABLE, mtime=0)[:-9], "a damaged gzip file"),
        (TABLE + b"7,8\n", "line 5: 2 columns, but line 1 has 3"),
        (TABLE + b"7,8,no,9\n", "line 5: 4 columns, but line 1 has 3"),
        (TABLE + b"7,8,\xff\n", "line 5: not UTF-8"),
        (TABLE + b"7,8,n\0\n", "a binary file"),
        (bytes(range(256)) * 4, "a binary file"),
        ("ab\n".encode("utf-16"), "UTF-16"),
        ("ab\n".encode("utf-32"), "UTF-16|binary"),
        (TABLE + b'7,8,"no\n', "line 5: unexpected end of data"),
        (TABLE + b"7," + b"9" * 200_000 + b",no\n", "line 5: field larger than field limit"),
        (TABLE + b"7," + b"9" * 1000 + b",no\n", r"line 5, column 2 \(b\): '9{39} is not finite"),
        (b"1,2\n" * 3, "only one class, '2'"),
    ],
    ids=range(15),
)
def test_a_hostile_table_is_refused_with_its_place(tmp_path, content, message):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"t\.csv.*({message})") as caught:
        read_csv(path)
    assert len(str(caught.value)) < 300


def test_a_packed_bomb_is_refused_before_it_fills_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(data_files, "MAX_BYTES", 2**21)
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"0,1\n" * 2**21))
    assert path.stat().st_size < 2**16
    with pytest.raises(ValueError, match="t.csv.gz: more than 2097152 bytes"):
        read_csv(path)


def test_a_table_of_100_000_rows_is_read(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("".join(f"{i},{i % 7},{'yes' if i % 2 else 'no'}\n" for i in range(100_000)))
    dataset = read_csv(path)
    assert len(dataset) == 100_000 and dataset.inputs[-1] == [99_999.0, 99_999 % 7]


def test_features_of_one_name_are_told_apart_by_their_place(tmp_path, capsys):
    path, model = tmp_path / "t.csv", tmp_path / "m.json"
    save_model(model, MLP(2, [2], seed=1), feature_names=["x", "x"], class_names=["no", "yes"])
    path.write_text("x,x\n1,2\n")
    assert cli.main(["predict", str(model), str(path)]) == 0
    said = capsys.readouterr().out.splitlines()[1]
    assert [float(x) for x in said.split(",")[:2]] == load_model(model).outputs([1.0, 2.0])
