"""The README's pictures: they exist, they are pictures, and the script that it names writes them."""

import importlib.util
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"


def script():
    spec = importlib.util.spec_from_file_location(
        "pictures_of_the_readme", ROOT / "docs/pictures.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def texts(path):
    root = ElementTree.parse(path).getroot()
    return [text for text in root.itertext() if text.strip()]


def test_every_picture_of_the_readme_exists_and_is_small():
    named = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert {"docs/images/graph.svg", "docs/images/network.svg"} <= set(named)
    for path in named:
        assert 0 < (ROOT / path).stat().st_size < 300_000, path


def test_pictures_need_nothing_from_elsewhere():
    for path in IMAGES.glob("*.svg"):
        tags = {element.tag.rpartition("}")[2] for element in ElementTree.parse(path).iter()}
        assert not tags & {"script", "foreignObject"}
        assert "url(http" not in path.read_text(encoding="utf-8")


def test_the_script_writes_the_pictures_that_are_shown(tmp_path, capsys):
    script().main(tmp_path)
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {"graph.svg", "network.svg", "backward.svg", "boundary.svg"}
    assert all(name in capsys.readouterr().out for name in ["boundary.svg"])
    for name in ("graph.svg", "network.svg", "backward.svg"):
        assert texts(tmp_path / name) == texts(IMAGES / name), name
