"""What the documentation site is made of: its programs, its pages, docstrings as fields."""

import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SITE = ROOT / "docs" / "site"


def script(path, monkeypatch):
    """Import a file that is no module of a package."""
    monkeypatch.syspath_prepend(str(SITE))
    monkeypatch.delitem(sys.modules, "pages", raising=False)
    spec = importlib.util.spec_from_file_location(f"site_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def build(monkeypatch):
    return script(SITE / "build.py", monkeypatch)


@pytest.fixture
def answered(monkeypatch):
    """Run a program as the page to try it does."""
    program = script(SITE / "static" / "try_program.py", monkeypatch)
    return lambda text: json.loads(program.answer(text))


def printed_in_the_readme():
    """Return what the README shows below its twelve lines."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"## Twelve lines\n+```python\n(.*?)\n*```", readme, re.DOTALL)[1]
    return "".join(
        line + "\n" for line in block.splitlines() if not line.startswith((">>>", "..."))
    )


def test_the_page_prints_what_the_readme_shows(build, answered):
    found = answered(build.twelve_lines())
    assert found["text"] == printed_in_the_readme()
    assert found["name"] == "y"
    assert "<svg" in found["drawing"] and "chainrule-stepper" in found["stepper"]


def test_a_program_that_fails_shows_its_own_lines_and_what_it_made_before(answered):
    found = answered(
        "from autograd import Value\nx = Value(0.0, name='x')\ny = x + 1\nprint(1)\nx.log()"
    )
    lines = found["text"].splitlines()
    assert lines[:4] == [
        "1",
        "Traceback (most recent call last):",
        '  File "<program>", line 5, in <module>',
        "    x.log()",
    ]
    assert lines[-1].startswith("ValueError: log(x=0.0)")
    assert found["name"] == "y"


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("x = (", "SyntaxError"),
        ("raise SystemExit", "SystemExit"),
        ("from autograd import Value\nx = Value(1.0)\nfor _ in range(900): x = x + 1", "limit"),
    ],
)
def test_what_cannot_be_drawn_is_said_as_text(program, message, answered):
    found = answered(program)
    assert message in found["text"]
    assert found["drawing"] == found["stepper"] == ""


def test_the_last_value_is_the_one_that_was_bound_last(answered):
    program = "from autograd import Value\nx = Value(1.0)\ny = x * x\nx = y + 1\nz = 3"
    assert answered(program)["name"] == "x"


def test_the_gradients_of_the_steppers_are_right(build, monkeypatch):
    pages = script(SITE / "pages.py", monkeypatch)
    verdicts = {name: made().verdict for name, made in pages.STEPPERS.items()}
    assert verdicts == dict.fromkeys(["expression", "network", "attention"], "agrees")


@pytest.mark.parametrize(
    ("link", "there"),
    [
        ("(notebooks)", "(notebooks/index.md)"),
        ("(../notebooks/)", "(../notebooks/index.md)"),
        ("(notebooks/1.ipynb)", "(notebooks/1.ipynb)"),
        ("(../README.md#limits)", "(../index.md#limits)"),
        ("(nn/datasets/README.md)", "(nn/datasets/README.md)"),
    ],
)
def test_links_lead_to_the_pages_that_the_site_has(link, there, build):
    assert build.linked(f"see [it]{link}.") == f"see [it]{there}."


def test_sections_of_a_docstring_become_fields(monkeypatch):
    sections = script(SITE / "sections.py", monkeypatch)
    lines = ["Text.", "Args:", "    x, y: numbers,", "        both.", "Cost: O(1)", "", ">>> 1 + 1"]
    assert sections.with_fields(lines) == [
        "Text.",
        "",
        ":Args:",
        "    - ``x``, ``y``: numbers,",
        "      both.",
        ":Cost:",
        "    O(1)",
        "",
        ">>> 1 + 1",
    ]


def test_what_npm_could_not_do_is_said(build, monkeypatch, tmp_path):
    monkeypatch.setattr(build.shutil, "which", lambda name: None)
    assert build.copy_pyodide(tmp_path / "core") == "npm is missing"
    monkeypatch.undo()
    monkeypatch.setattr(build.shutil, "which", lambda name: f"/usr/bin/{name}")
    failed = build.subprocess.CompletedProcess([], 1, "", "no network")
    monkeypatch.setattr(build.subprocess, "run", lambda *args, **settings: failed)
    assert build.copy_pyodide(tmp_path / "core") == "npm could not fetch Pyodide: no network"
    assert not (tmp_path / "core").exists()


@pytest.mark.parametrize("fault", ["", "npm is missing"])
def test_the_page_is_told_whether_there_is_python(fault, build, tmp_path):
    (tmp_path / "static").mkdir()
    build.write_fault(tmp_path, fault)
    told = json.loads((tmp_path / "static" / "missing.json").read_text(encoding="utf-8"))
    assert told["fault"].endswith(fault) and bool(told["fault"]) == bool(fault)
