"""Who may import whom, and what an import costs.

The order stands in one place, the tree in DESIGN.md: a file imports what stands above it there. That
holds for imports inside functions and by `import_module` too, and for `nn` as for `autograd`; what
is imported for type checking only is free. That Python runs the `__init__` of a package before any
of its modules is no import of ours.
"""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("autograd", "nn")
MOST_MODULES = 80  # of the standard library and ours, that `import autograd` loads


def tree(text):
    """Return the Python files of the tree in DESIGN.md, in its order, from the root of the project."""
    block = re.search(r"```tree\n(.*?)```", text, re.DOTALL).group(1)
    folders, found = [], []
    for line in block.splitlines():
        depth = (len(line) - len(line.lstrip())) // 4
        name = line.split()[0]
        folders[depth:] = [name.rstrip("/")]
        if name.endswith(".py"):
            found.append("/".join(folders))
    return found


ORDER = tree((ROOT / "DESIGN.md").read_text(encoding="utf-8"))


def module_of(path):
    """Return the dotted name of a file; that of an `__init__` is its package."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def for_running(source):
    """Return the syntax tree of a file without what is there for type checking."""
    found = ast.parse(source)
    for block in ast.walk(found):
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test):
            block.body = []
    return found


def names_imported(source):
    """Yield the dotted names that a file imports, wherever it does; `?` where none can be read."""
    for node in ast.walk(for_running(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are written in full, so that they can be searched"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
            ("import_module", "__import__")
        ):
            name = node.args[0]
            constant = isinstance(name, ast.Constant)
            yield name.value if constant else f"? {ast.unparse(node)}"


def modules_imported(source, known):
    """Yield those of our modules that a file imports: `from a import b` is a.b where that is one."""
    for name in names_imported(source):
        if name.startswith("?"):
            yield name
        elif name.split(".")[0] in PACKAGES:
            while name not in known and "." in name:
                name = name.rpartition(".")[0]
            yield name


def violations(sources, order):
    """Return what is wrong in files, a dict of texts by path, given the order of all paths."""
    known = {module_of(path): place for place, path in enumerate(order)}
    found = []
    for path, source in sources.items():
        place = known[module_of(path)]
        for name in modules_imported(source, known):
            if name.startswith("?"):
                found.append(f"{path}: no search finds what {name[2:]} imports")
            elif name not in known:
                found.append(f"{path}: {name} is not in the tree of DESIGN.md")
            elif known[name] >= place:
                found.append(f"{path} imports {name}, which stands below it")
    return found


@pytest.mark.parametrize("path", ORDER)
def test_a_file_imports_only_what_stands_above_it(path):
    source = (ROOT / path).read_text(encoding="utf-8")
    assert violations({path: source}, ORDER) == []


def test_every_file_has_its_place_in_the_tree():
    files = {
        path.relative_to(ROOT).as_posix()
        for name in PACKAGES
        for path in (ROOT / name).rglob("*.py")
    }
    assert files == set(ORDER)
    assert len(ORDER) == len(set(ORDER))


PLANTED = {
    "at the top": ("autograd/value.py", "from autograd.drawing.draw import draw_dot"),
    "inside a function": (
        "autograd/backward.py",
        "def f():\n    from autograd.value import Value",
    ),
    "by import_module": (
        "autograd/value.py",
        'import importlib\ndef f():\n    importlib.import_module("autograd.drawing.draw")',
    ),
    "of a package by name": ("autograd/value.py", "from autograd import functional"),
    "of a name of the package": ("autograd/value.py", "from autograd import grad"),
    "of nn": ("autograd/testing/strategies.py", "import nn"),
    "of nn by import_module": (
        "autograd/testing/strategies.py",
        'from importlib import import_module\nimport_module("nn.losses")',
    ),
    "of a computed name": (
        "autograd/compile/compiled.py",
        'import importlib\nimportlib.import_module(f"autograd.compile.{name}")',
    ),
    "of itself": ("nn/train.py", "import nn.train"),
    "within nn": ("nn/losses.py", "from nn.train import train"),
}


@pytest.mark.parametrize("case", PLANTED)
def test_an_import_against_the_order_is_found(case):
    path, source = PLANTED[case]
    assert len(violations({path: source}, ORDER)) == 1


def test_a_cycle_is_found():
    order = ["autograd/a.py", "autograd/b.py", "autograd/c.py"]
    sources = {
        "autograd/a.py": "def f():\n    import autograd.c",
        "autograd/b.py": "import autograd.a",
        "autograd/c.py": "from autograd import b",
    }
    assert violations(sources, order) == ["autograd/a.py imports autograd.c, which stands below it"]


def test_what_is_imported_for_type_checking_is_free():
    source = "if TYPE_CHECKING:\n    from autograd.value import Value\nimport autograd.primitives"
    assert violations({"autograd/backward.py": source}, ORDER) == []


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("tests", {"benchmarks"}),
        ("benchmarks", {"tests"}),
        ("testkit", {"tests", "benchmarks"}),
        ("autograd", {"nn", "tests", "benchmarks", "testkit"}),
        ("nn", {"tests", "benchmarks", "testkit"}),
    ],
)
def test_tests_benchmarks_and_what_they_share_stand_apart(folder, forbidden):
    files = list((ROOT / folder).rglob("*.py"))
    assert files
    for path in files:
        names = names_imported(path.read_text(encoding="utf-8"))
        assert {name.split(".")[0] for name in names}.isdisjoint(forbidden), path


def test_no_module_bears_the_name_of_something_public():
    import autograd

    stems = {Path(path).stem for path in ORDER if path.startswith("autograd/")}
    # `backward` is as old as the function, and the engine's best known room.
    assert stems & set(autograd.__all__) == {"backward"}


def test_import_needs_the_standard_library_only():
    program = (
        "import sys; before = set(sys.modules); import autograd; print(*set(sys.modules) - before)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    packages = {name.split(".")[0] for name in run.stdout.split()}
    assert packages <= sys.stdlib_module_names | {"autograd"}
    assert len(run.stdout.split()) < MOST_MODULES  # nothing large comes along
