"""Run the notebooks from top to bottom and write what they show.

    python notebooks/execute.py [NAME.ipynb ...]

Nothing that differs between two runs is kept: no times, no versions, no ids but the cells' own.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent
SECONDS = 300  # that a cell may take
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def paths() -> list[Path]:
    """Return the notebooks in the order of the chapter."""
    return sorted(FOLDER.glob("*.ipynb"))


def executed(path: Path) -> Any:
    """Return a notebook as a fresh kernel leaves it; an error in a cell is raised."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(FOLDER)}},
    )
    client.execute()
    return cleaned(notebook)


def cleaned(notebook: Any) -> Any:
    """Return a notebook without what differs between runs; prints that follow each other joined."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})
        if cell.cell_type == "code":
            cell.outputs = joined(cell.outputs)
    return notebook


def joined(outputs: list[Any]) -> list[Any]:
    """Return outputs in which a stream is one piece, however it arrived."""
    found: list[Any] = []
    for output in outputs:
        last = found[-1] if found else None
        same = last and last.output_type == output.output_type == "stream"
        if same and last.name == output.name:
            last.text += output.text
        else:
            found.append(output)
    return found


if __name__ == "__main__":
    for path in [FOLDER / name for name in sys.argv[1:]] or paths():
        nbformat.write(executed(path), path)
        print(path.name)
