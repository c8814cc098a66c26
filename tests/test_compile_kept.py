"""Machine code on disk: how much there is, what goes, and what is never taken for ours."""

import os
import re
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

import autograd
from autograd.compile import __main__ as command
from autograd.compile.machine import trimming
from testkit.kernels import seldom
from testkit.processes import printed_by

pytest.importorskip("llvmlite")
from autograd.compile.machine import codegen, kept, objects  # noqa: E402

DAY = trimming.DAY_SECONDS
MINE, OTHER = "0123456789abcdef", "fedcba9876543210"


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Return an empty folder that is the cache."""
    found = tmp_path / "root"
    found.mkdir(mode=0o700)
    monkeypatch.setenv(trimming.VARIABLE, str(found))
    monkeypatch.setattr(kept, "told", [])
    monkeypatch.setattr(objects, "addresses", {})
    codegen.compiled_together.cache_clear()
    codegen.of_primitive.cache_clear()
    yield found
    codegen.compiled_together.cache_clear()
    codegen.of_primitive.cache_clear()


def put(path, size, days):
    """Write a file that was used so many days ago."""
    path.parent.mkdir(exist_ok=True, mode=0o700)
    path.write_bytes(bytes(size))
    os.utime(path, (time.time() - days * DAY,) * 2)


def code_files(root):
    return sorted(path for path in root.rglob("*.code"))


def test_the_oldest_files_go_when_there_is_too_much(root, monkeypatch):
    monkeypatch.setattr(trimming, "MAX_BYTES", 1000)
    for folder, days in ((MINE, 1), (MINE, 3), (OTHER, 2), (OTHER, 4), (MINE, 0)):
        put(root / folder / f"{days}.code", 220, days)
    trimming.trim(root, root / MINE)
    assert {path.name for path in code_files(root)} == {"0.code", "1.code", "2.code"}
    trimming.trim(root, root / MINE)
    assert trimming.size(root) == 660


def test_what_a_killed_process_left_half_written_is_not_read_and_goes_by_its_age(root, monkeypatch):
    assert kept.code_for("meaning", lambda: b"code") == b"code"
    (whole,) = code_files(root)
    half = whole.with_name(".0123456789abcdef")
    put(half, 900, 3)
    assert kept.code_for("meaning", lambda: b"not asked for") == b"code"
    assert trimming.size(root) == whole.stat().st_size + 900
    monkeypatch.setattr(trimming, "MAX_BYTES", 500)
    trimming.trim(root, whole.parent)
    assert whole.exists() and not half.exists()


def test_nothing_goes_while_there_is_room(root):
    put(root / MINE / "a.code", 100, 300)
    put(root / OTHER / "b.code", 100, 300)
    trimming.trim(root, root / MINE)
    assert len(code_files(root)) == 2


def test_folders_of_other_versions_go_after_a_week_without_use(root):
    for folder, days in ((MINE, 30), (OTHER, 8), ("a" * 16, 6)):
        put(root / folder / "x.code", 10, days)
        (root / folder / "nested").mkdir()
        os.utime(root / folder, (time.time() - days * DAY,) * 2)
    trimming.trim(root, root / MINE)
    assert {path.name for path in root.iterdir()} == {MINE, "a" * 16}


def test_only_folders_of_versions_are_ever_touched(root, tmp_path, monkeypatch):
    monkeypatch.setattr(trimming, "MAX_BYTES", 0)
    theirs = tmp_path / "theirs"
    for place in (root / "photos" / "a.code", root / "a.code", theirs / "b.code"):
        put(place, 10, 900)
    (root / OTHER).symlink_to(theirs)
    (root / MINE).mkdir()
    (root / MINE / "link.code").symlink_to(theirs / "b.code")
    trimming.trim(root, root / MINE)
    trimming.empty(root)
    assert (root / "photos" / "a.code").exists() and (root / "a.code").exists()
    assert (theirs / "b.code").exists()
    assert not (root / MINE).exists()


def test_whoever_writes_keeps_to_the_bound(root, monkeypatch):
    monkeypatch.setattr(trimming, "MAX_BYTES", 30_000)
    monkeypatch.setattr(kept, "WRITES_UNTRIMMED", 1)
    put(root / OTHER / "old.code", 40_000, 2)
    compiled = autograd.compile(lambda x: abs(x).sqrt(), example=(1.0,), engine="llvm")
    assert compiled.value([-4.0]).tolist() == [2.0]
    assert not (root / OTHER / "old.code").exists()
    assert 0 < trimming.size(root) <= 30_000


def test_what_is_read_counts_as_used(root):
    assert kept.code_for("meaning", lambda: b"code") == b"code"
    (path,) = code_files(root)
    for days, moved in ((0.5, False), (2, True)):
        before = time.time() - days * DAY
        os.utime(path, (before, before))
        assert kept.code_for("meaning", lambda: b"not asked for") == b"code"
        assert (path.stat().st_mtime > before + 1) is moved


def test_emptying_it_disturbs_nobody_at_work(root, recwarn):
    first = autograd.compile(lambda x: abs(x), example=(1.0,), engine="llvm")
    assert first.value([-4.0]).tolist() == [4.0]
    assert trimming.empty(root) > 0 and not code_files(root)
    second = autograd.compile(lambda x: x.sqrt(), example=(1.0,), engine="llvm")
    assert second.value([4.0]).tolist() == [2.0] and first.value([-1.0]).tolist() == [1.0]
    assert code_files(root)
    assert (code_files(root)[0].parent.stat().st_mode & 0o777) == 0o700
    assert not recwarn.list


def test_one_command_tells_where_it_is_and_another_empties_it(root, capsys):
    put(root / MINE / "a.code", 1_500_000, 1)
    assert command.main([]) == 0
    assert f"1 files, 1.5 MB of 200 at most, in {root}" in capsys.readouterr().out
    assert command.main(["--empty-cache"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("1.5 MB removed") and "0 files" in told
    assert "engine: llvm, by llvmlite" in told and not list(root.iterdir())


@pytest.mark.parametrize(
    "package, text", [("numpy", "engine: none; pip install"), ("llvmlite", "numpy; for llvm, pip")]
)
def test_the_command_needs_no_package(package, text):
    program = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from autograd.compile.__main__ import main\n"
        "main([])\n"
    )
    assert text in printed_by(program)


def test_without_numpy_the_error_says_how_to_get_it():
    program = (
        "import sys; sys.modules['numpy'] = None\n"
        "import autograd\n"
        "try:\n"
        "    autograd.compile(abs)\n"
        "except ImportError as error:\n"
        "    print(error)\n"
    )
    found = printed_by(program)
    assert found == 'autograd.compile needs NumPy: pip install "chainrule[compile]"\n'


def test_without_a_home_the_command_says_that_no_code_is_kept(monkeypatch, capsys):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(trimming, "root", homeless)
    assert command.main([]) == 1
    assert capsys.readouterr().err == "no code is kept: Could not determine home directory.\n"


def test_a_report_says_where_code_is_kept_and_how_much(root):
    compiled = autograd.compile(lambda x: x.exp(), example=(1.0,), engine="llvm")
    compiled.value([1.0])
    (line,) = [line for line in compiled.explain().splitlines() if "kept code" in line]
    count = len(code_files(root))
    assert re.search(rf"{count} files, \d\.\d MB of 200 at most, in {root}; python -m", line)
    alone = autograd.compile(lambda x: x.exp(), example=(1.0,), engine="numpy")
    assert "kept code" not in alone.explain()


def test_a_report_says_why_no_code_is_kept(root):
    root.chmod(0o777)
    compiled = autograd.compile(lambda x: x.exp(), example=(1.0,), engine="llvm")
    with pytest.warns(RuntimeWarning, match="others may write"):
        assert compiled.value([0.0]).tolist() == [1.0]
    assert re.search("kept code  none on disk; .*others may write to", compiled.explain())


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no groups on this system")
@pytest.mark.parametrize(
    "name, members, private",
    [
        ("ada", [], True),
        ("ada", ["ada"], True),
        ("ada", ["ada", "bob"], False),
        ("ada", ["bob"], False),
        ("staff", [], False),
        ("staff", ["ada"], False),
    ],
)
def test_a_group_is_a_users_own_if_it_has_the_name_and_no_other_member(
    monkeypatch, name, members, private
):
    group = SimpleNamespace(gr_name=name, gr_mem=members)
    monkeypatch.setattr("pwd.getpwuid", lambda number: SimpleNamespace(pw_name="ada"))
    monkeypatch.setattr("grp.getgrgid", {7: group}.__getitem__)
    assert kept.is_private(7) is private
    assert not kept.is_private(8)  # nobody knows the group


# What code depends on


def version_of(package, monkeypatch):
    """Return the name of the folder for the sources that stand in a folder."""
    monkeypatch.setattr(kept, "PACKAGE", package)
    kept.version.cache_clear()
    return kept.version()


@pytest.fixture
def _own_version():
    yield
    kept.version.cache_clear()


def test_a_change_in_any_file_that_code_depends_on_is_another_folder(
    tmp_path, monkeypatch, _own_version
):
    package = tmp_path / "autograd"
    whole = kept.PACKAGE
    shutil.copytree(whole, package, ignore=shutil.ignore_patterns("__pycache__"))
    first = version_of(package, monkeypatch)
    assert first == version_of(whole, monkeypatch)
    for name in modules_of_the_machine():
        path = package / name
        before = path.read_bytes()
        path.write_bytes(before + b"\n")
        assert version_of(package, monkeypatch) != first, name
        path.write_bytes(before)


def modules_of_the_machine():
    """Return the files of the package that are loaded where kernels are written and compiled."""
    program = (
        "import sys\n"
        "from autograd.compile.machine import llvm_engine\n"
        "for name, module in sys.modules.items():\n"
        "    if name.split('.')[0] == 'autograd' and module.__file__:\n"
        "        print(module.__file__)\n"
    )
    paths = [Path(path).relative_to(kept.PACKAGE) for path in printed_by(program).splitlines()]
    assert Path("scalar_math.py") in paths and Path("compile/machine/kernels.py") in paths
    return [path for path in paths if path.parts[0] not in ("drawing", "stepping")]


@pytest.mark.parametrize(
    "told, other",
    [("get_host_cpu_name", "another"), ("get_host_cpu_features", objects.llvm.FeatureMap())],
    ids=["name", "features"],
)
def test_code_for_another_processor_is_not_taken(root, monkeypatch, told, other):
    asked = []

    def code():
        asked.append(None)
        return real("define void @f() {\n  ret void\n}\n")

    real = objects.object_code
    monkeypatch.setattr(objects, "object_code", lambda *_: code())
    assert all(objects.loaded("nothing", str, ["f"])) and len(asked) == 1
    assert all(objects.loaded("nothing", str, ["f"])) and len(asked) == 1
    monkeypatch.setattr(objects.llvm, told, lambda: other)
    assert all(objects.loaded("nothing", str, ["f"])) and len(asked) == 2
    assert len(code_files(root)) == 2


def test_a_folder_that_cannot_be_written_is_one_warning_and_the_right_numbers(root, monkeypatch):
    def denied(path, mode):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(kept, "open", denied, raising=False)
    with pytest.warns(RuntimeWarning, match="Permission denied.*CHAINRULE_CACHE") as told:
        compiled = autograd.compile(lambda x: x * x.exp(), example=(1.0,), engine="llvm")
        assert compiled.value_and_grad([0.0], inputs=True)[2].tolist() == [1.0]
    assert len(told) == 1 and not code_files(root)


INTERRUPTED = """
import math, os, signal
import autograd
from autograd import primitives as p
rows = os.environ["ROWS"].split()
awaited = False
def stop(*_):
    if awaited:
        raise KeyboardInterrupt
signal.signal(signal.SIGALRM, stop)
def found(row):
    f = autograd.compile(lambda x: row(x) * x, example=(0.5,), engine="llvm")
    value, _, slopes = f.value_and_grad([0.75], inputs=True)
    return value, slopes[0]
found(p.absolute)  # loads what an import that is cut off would leave in pieces
stopped = 0
for k, name in enumerate(rows):
    row = p.TABLE[name]
    for i in range(8):
        try:
            awaited = True
            signal.setitimer(signal.ITIMER_REAL, 0.002 + 0.004 * i + 0.0005 * k)
            found(row)
            awaited = False
        except KeyboardInterrupt:
            stopped += 1
        signal.setitimer(signal.ITIMER_REAL, 0)
    value, slope = found(row)
    x = autograd.Value(0.75)
    y = row(x) * x
    y.backward()
    assert math.isclose(value, y.data, rel_tol=1e-14) and math.isclose(slope, x.grad, rel_tol=1e-14)
print(stopped >= len(rows))
"""


ROWS = ["exp tanh gelu", "sqrt log1p sin erf softplus sigmoid silu expm1 square"]


@pytest.mark.parametrize("rows", [ROWS[0], *seldom(ROWS[1])])
def test_ctrl_c_while_something_is_compiled_leaves_the_compiler_in_order(rows, tmp_path):
    assert printed_by(INTERRUPTED, CHAINRULE_CACHE=str(tmp_path / "kept"), ROWS=rows) == "True\n"
