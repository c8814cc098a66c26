"""Who may import whom, and what an import costs.

The order stands in one place, the tree in docs/design/tree.md: a file imports what stands above it
there; DESIGN.md names the rooms of that tree. The order holds for imports inside functions and by `import_module` too, and for `nn` as for `autograd`; what
is imported for type checking only is free. That Python runs the `__init__` of a package before any
of its modules is no import of ours.
"""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import autograd

ROOT = Path(__file__).parent.parent
PACKAGES = ("autograd", "nn")
MOST_MODULES = 80  # of the standard library and ours, that `import autograd` loads


def paths_in(text):
    """Return the paths in a tree, in its order, from the root of the project; those of rooms end in /."""
    block = re.search(r"```tree\n(.*?)```", text, re.DOTALL).group(1)
    names, found = [], []
    for line in block.splitlines():
        depth = (len(line) - len(line.lstrip())) // 4
        names[depth:] = [line.split()[0]]
        found.append("".join(names))
    return found


def rooms_in(text):
    """Return the folders of a tree, in its order."""
    return [path for path in paths_in(text) if path.endswith("/")]


TREE = (ROOT / "docs/design/tree.md").read_text(encoding="utf-8")
ORDER = [path for path in paths_in(TREE) if path.endswith(".py")]


def module_of(path):
    """Return the dotted name of a file; that of an `__init__` is its package."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


TYPE_CHECKS = ("TYPE_CHECKING", "typing.TYPE_CHECKING")
IMPORTERS = ("import_module", "__import__")


def for_running(source):
    """Return the syntax tree of a file without what is there for type checking."""
    found = ast.parse(source)
    for block in ast.walk(found):
        if isinstance(block, ast.If) and ast.unparse(block.test) in TYPE_CHECKS:
            block.body = []
    return found


def names_imported(source):
    """Yield the dotted names that a file imports, wherever it does; `?` where none can be read.

    An attribute of a package is among them: `autograd.explain` is the module where there is one.
    """
    found = for_running(source)
    importers = set(IMPORTERS)
    bound = {}  # what a name of this file stands for, where that is a module of ours
    for node in ast.walk(found):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
                top = alias.name.split(".")[0]
                bound[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are written in full, so that they can be searched"
            for alias in node.names:
                yield f"{node.module}.{alias.name}"
                bound[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                if alias.name in IMPORTERS:
                    importers.add(alias.asname or alias.name)
    called = set()
    for node in ast.walk(found):  # a call comes before the function that it calls
        if isinstance(node, ast.Call) and is_importer(node.func, importers):
            called.add(node.func)
            yield name_called(node)
        elif is_importer(node, importers) and node not in called:
            yield f"? {ast.unparse(node)}"
        elif isinstance(node, ast.Attribute):
            name, _, rest = dotted(node).partition(".")
            if name in bound:
                yield f"{bound[name]}.{rest}"


def dotted(node):
    """Return the text of a name with attributes, "" for any other expression."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and dotted(node.value):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def is_importer(node, importers):
    """Tell whether a node is a function that imports what it is told."""
    if isinstance(node, ast.Attribute):
        return node.attr in IMPORTERS
    return isinstance(node, ast.Name) and node.id in importers


def name_called(call):
    """Return the name that a call imports: the first argument, a text that names a module in full."""
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    argument = call.args[0] if call.args else keywords.get("name")
    name = argument.value if isinstance(argument, ast.Constant) else None
    if isinstance(name, str) and name and not name.startswith("."):
        return name
    return f"? {ast.unparse(call)}"


def modules_imported(source, known):
    """Yield those of our modules that a file imports: `from a import b` is a.b where that is one."""
    for name in names_imported(source):
        if name.startswith("?"):
            yield name
        elif name.split(".")[0] in PACKAGES:
            yield module_in(name, known)


def module_in(name, known):
    """Return the module that a dotted name lies in; the name itself where no file bears it.

    A name that begins like a file which exists, but is not in the tree, lies in that file.
    """
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        module = ".".join(parts[:count])
        path = ROOT / module.replace(".", "/")
        if module in known or path.with_suffix(".py").exists():
            return module
    return name


def violations(sources, order):
    """Return what is wrong in files, a dict of texts by path, given the order of all paths."""
    known = {module_of(path): place for place, path in enumerate(order)}
    found = []
    for path, source in sources.items():
        if path not in order:
            found.append(no_line(path))
            continue
        place = known[module_of(path)]
        for name in dict.fromkeys(modules_imported(source, known)):
            if name.startswith("?"):
                found.append(f"{path}: no search finds what {name[2:]} imports")
            elif name not in known:
                found.append(f"{path} imports {name}, which is not in docs/design/tree.md")
            elif known[name] >= place:
                below = "which it is itself" if known[name] == place else "which stands below it"
                found.append(f"{path} imports {name}, {below}")
    return found


def no_line(path):
    """Return what is to be done about a file that has no line in the tree."""
    return f"{path} has no line in docs/design/tree.md: add one below all that it imports"


def misplaced(files, order):
    """Return what is wrong between the files that there are and the lines of the tree."""
    found = [no_line(path) for path in sorted(files - set(order))]
    found += [
        f"{path} has a line in docs/design/tree.md, but there is no such file"
        for path in dict.fromkeys(order)
        if path not in files
    ]
    found += [
        f"{path} has {order.count(path)} lines in docs/design/tree.md"
        for path in dict.fromkeys(order)
        if order.count(path) > 1
    ]
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
    assert misplaced(files, ORDER) == []


def test_the_rooms_of_the_design_are_those_of_the_tree():
    design = (ROOT / "DESIGN.md").read_text(encoding="utf-8")
    assert rooms_in(design) == rooms_in(TREE)


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
    "of a relative name": (
        "autograd/value.py",
        'import importlib\nimportlib.import_module(".explain", __package__)',
    ),
    "by import_module under another name": (
        "autograd/value.py",
        'from importlib import import_module as load\nload("autograd.explain")',
    ),
    "by import_module as a value": (
        "autograd/value.py",
        'import importlib\nload = importlib.import_module\nload("autograd.explain")',
    ),
    "by import_module with a keyword": (
        "autograd/value.py",
        'import importlib\nimportlib.import_module(name="autograd.explain")',
    ),
    "by import_module of nothing": ("autograd/value.py", "import importlib\nf.import_module()"),
    "where no types are checked": (
        "autograd/backward.py",
        "if not TYPE_CHECKING:\n    from autograd.value import Value",
    ),
    "where types are checked, or not": (
        "autograd/backward.py",
        "if TYPE_CHECKING or True:\n    from autograd.value import Value",
    ),
    "else than for type checking": (
        "autograd/backward.py",
        "if TYPE_CHECKING:\n    pass\nelse:\n    from autograd.value import Value",
    ),
    "of the package": ("autograd/value.py", "import autograd\nprint(autograd.grad)"),
    "of an attribute that is a module": (
        "autograd/value.py",
        "import autograd.coercion\nprint(autograd.explain.paths)",
    ),
    "of an attribute of the package": (
        "autograd/value.py",
        "import autograd.coercion\nprint(autograd.grad)",
    ),
    "of an attribute of a package under another name": (
        "autograd/testing/strategies.py",
        "import autograd.testing as t\nprint(t.laws, t.strategies)",
    ),
    "of itself": ("nn/train.py", "import nn.train"),
    "within nn": ("nn/losses.py", "from nn.train import train"),
}


@pytest.mark.parametrize("case", PLANTED)
def test_an_import_against_the_order_is_found(case):
    path, source = PLANTED[case]
    assert len(violations({path: source}, ORDER)) == 1


def test_an_attribute_of_what_stands_above_is_free():
    source = "import autograd.coercion as c\nimport autograd.modes\nprint(c.as_data, autograd.modes.MODE)"
    assert violations({"autograd/value.py": source}, ORDER) == []


def test_a_new_file_is_told_where_its_line_belongs():
    new = {"autograd/extra.py": "from autograd.value import Value"}
    line = "autograd/extra.py has no line in docs/design/tree.md: add one below all that it imports"
    assert violations(new, ORDER) == [line]
    assert misplaced({*ORDER, "autograd/extra.py"}, ORDER) == [line]


def test_an_import_of_a_file_without_a_line_says_so():
    order = [path for path in ORDER if path != "autograd/steps.py"]
    assert violations({"autograd/value.py": "from autograd.steps import Step"}, order) == [
        "autograd/value.py imports autograd.steps, which is not in docs/design/tree.md"
    ]


def test_a_line_twice_and_a_line_without_a_file_say_so():
    files = {"autograd/a.py"}
    assert misplaced(files, ["autograd/a.py", "autograd/a.py", "autograd/b.py"]) == [
        "autograd/b.py has a line in docs/design/tree.md, but there is no such file",
        "autograd/a.py has 2 lines in docs/design/tree.md",
    ]


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


def test_the_compiler_is_a_name_of_the_package_and_what_is_not_there_is_none():
    """Asked for as Python asks the first time: it is imported then."""
    assert autograd.__getattr__("compile") is importlib.import_module("autograd.compile")
    with pytest.raises(AttributeError, match="module 'autograd' has no attribute 'nothing'"):
        autograd.nothing  # noqa: B018


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
