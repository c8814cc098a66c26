"""Who may import whom, and what an import costs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import autograd

PACKAGE = Path(autograd.__file__).parent
ORDER = [
    "special",
    "row",
    "primitives",
    "sequences",
    "mode",
    "operands",
    "steps",
    "backward",
    "value",
    "functional",
    "custom",
    "explain",
    "files",
    "render",
    "picture",
    "labels",
    "tree",
    "collapse",
    "draw",
    "testing",
    "stepper_model",
    "stepper_picture",
    "stepper_page",
    "stepper",
    "compile",
]
# Within `autograd/testing/`.
TESTING = [
    "replay",
    "forms",
    "oracles",
    "recording",
    "parameters",
    "fault",
    "check",
    "graph",
    "expressions",
    "mutants",
    "laws",
    "strategies",
]
# Within `autograd/compile/`.
COMPILER = [
    "rows",
    "symbols",
    "traced",
    "tape",
    "rules",
    "graph",
    "fuse",
    "schedule",
    "program",
    "mortal",
    "kinds",
    "lower",
    "batches",
    "report",
    "arrays",
    "strides",
    "plans",
    "pulls",
    "numpy_engine",
    "pointers",
    "kernels",
    "elementary",
    "functions",
    "generate",
    "team",
    "numba_engine",
    "function",
    "__init__",
]


def imported(tree):
    """Yield the modules of ours that a file imports, but for type checking."""
    for block in ast.walk(tree):
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test):
            block.body = []
    for statement in ast.walk(tree):
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith(
            "autograd"
        ):
            parts = statement.module.split(".")
            yield from [parts[1]] if len(parts) > 1 else (alias.name for alias in statement.names)
        elif isinstance(statement, ast.Import):
            yield from (
                a.name.split(".")[1] for a in statement.names if a.name.startswith("autograd.")
            )


def files_of(module):
    """Return the files of a module or of a package."""
    folder = PACKAGE / module
    return sorted(folder.glob("*.py")) if folder.is_dir() else [PACKAGE / f"{module}.py"]


@pytest.mark.parametrize("module", ORDER)
def test_imports_point_up_the_list_only(module):
    above = {*ORDER[: ORDER.index(module)], *([module] if (PACKAGE / module).is_dir() else [])}
    for file in files_of(module):
        assert set(imported(ast.parse(file.read_text()))) - {"autograd"} <= above


@pytest.mark.parametrize("module", TESTING)
def test_imports_within_testing_point_up_its_list_only(module):
    text = (PACKAGE / "testing" / f"{module}.py").read_text().partition('"""\n\n')[2]
    used = {name for name in TESTING if f"autograd.testing.{name} import" in text}
    allowed = {*TESTING[: TESTING.index(module)], *(["forms"] if module == "replay" else [])}
    assert used <= allowed


def test_every_file_has_its_place_in_the_list():
    files = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert files - {"__init__", "__pycache__"} <= set(ORDER)


@pytest.mark.parametrize("module", COMPILER)
def test_imports_of_the_compiler_point_up_its_list_only(module):
    source = (PACKAGE / "compile" / f"{module}.py").read_text()
    above = COMPILER[: COMPILER.index(module)]
    for statement in ast.walk(ast.parse(source)):
        if isinstance(statement, ast.ImportFrom) and statement.module == "autograd.compile":
            assert {alias.name for alias in statement.names} <= set(above)
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            package, _, name = statement.module.rpartition(".")
            if package == "autograd.compile" and name not in above:
                assert f"if TYPE_CHECKING:\n    from {statement.module}" in source


def test_the_list_of_the_compilers_modules_is_complete():
    assert {path.stem for path in (PACKAGE / "compile").glob("*.py")} == set(COMPILER)


def test_import_needs_the_standard_library_only():
    program = (
        "import sys; before = set(sys.modules); import autograd; print(*set(sys.modules) - before)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    packages = {name.split(".")[0] for name in run.stdout.split()}
    assert packages <= sys.stdlib_module_names | {"autograd"}
    assert len(run.stdout.split()) < 80  # nothing large comes along
