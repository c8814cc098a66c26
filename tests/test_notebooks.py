"""The notebooks are run again from top to bottom, and show what they showed.

`pytest -m notebooks` runs them; the other tests here only read them.
"""

import ast
import json
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "notebooks"
PATHS = sorted(FOLDER.glob("*.ipynb"))
COMPARED = ("text/plain", "text/html", "text/markdown", "text/latex", "image/svg+xml")
MAX_CELLS = 30
MAX_BYTES = 1_000_000

each = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def notebook_at(path):
    """Return the JSON of a notebook."""
    return json.loads(path.read_text(encoding="utf-8"))


def outputs_of(cells):
    """Yield what code cells show: texts and SVG as they are, of other pictures only that they are."""
    for cell in cells:
        for output in cell.get("outputs", ()):
            if output["output_type"] == "stream":
                yield cell["id"], output["name"], "".join(output["text"])
            for form, content in output.get("data", {}).items():
                text = "".join(content) if form in COMPARED else "a picture"
                yield cell["id"], form, text


@pytest.mark.notebooks
@each
def test_a_notebook_shows_the_same_when_it_is_run_again(path):
    import nbformat

    from notebooks.execute import executed

    again = json.loads(nbformat.writes(executed(path)))
    assert list(outputs_of(again["cells"])) == list(outputs_of(notebook_at(path)["cells"]))


def test_there_are_six_notebooks_in_the_order_of_the_chapter():
    assert [path.stem[:2] for path in PATHS] == ["1-", "2-", "3-", "4-", "5-", "6-"]


@each
def test_a_notebook_is_short_and_was_run_from_top_to_bottom(path):
    notebook = notebook_at(path)
    assert len(notebook["cells"]) <= MAX_CELLS and path.stat().st_size < MAX_BYTES
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert not [o for cell in code for o in cell["outputs"] if o["output_type"] == "error"]


@each
def test_a_notebook_is_clean(path):
    notebook = notebook_at(path)
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    assert not any(cell["metadata"] for cell in notebook["cells"])
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"0x[0-9a-f]{6,}|/tmp/|/home/|/root/|20\d\d-\d\d-\d\dT", text)


@each
def test_a_notebook_asks_questions_and_uses_the_library(path):
    notebook = notebook_at(path)
    words = "".join("".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "markdown")
    lines = [
        line
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
        for line in [*"".join(cell["source"]).splitlines(), ""]
        if not line.startswith("%")  # commands of Jupyter's own
    ]
    assert words.count("?") >= 3
    modules = {
        node.module
        for node in ast.walk(ast.parse("\n".join(lines)))
        if isinstance(node, ast.ImportFrom)
    }
    assert modules & {"autograd", "nn"}


def test_every_formula_of_the_chapter_gives_the_number_of_the_engine():
    notebook = notebook_at(FOLDER / "3-the-two-layer-network.ipynb")
    lines = [line for _, _, text in outputs_of(notebook["cells"]) for line in text.splitlines()]
    compared = [line for line in lines if " formula " in line and " engine " in line]
    assert len(compared) > 25 and all(line.endswith("same") for line in compared)
