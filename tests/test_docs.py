"""The README and docs/: pictures, counts, figures, links, paths, and the names that earlier ones had."""

import importlib
import importlib.util
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from autograd.primitives import TABLE

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
SITE = ROOT / "docs" / "site"
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "DESIGN.md",
    ROOT / "CHANGELOG.md",
    ROOT / "benchmarks/REVIEW.md",
    # What the site has of its own stands in docs/site, and is held by tests/test_site.py.
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if SITE not in path.parents),
]
WORDS = {"README.md": 1400, "DESIGN.md": 1500}  # who wants more finds it in docs/


def name_of(page):
    """Return the path of a page from the root: two rooms may have pages of one name."""
    return page.relative_to(ROOT).as_posix()


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


def prose(text):
    """Return markdown without its blocks of code, and without code in a line."""
    return re.sub(r"`[^`\n]+`", "", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S))


def anchors(text):
    """Return what a link into a page can name: its headings, as GitHub spells them."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page, text):
    """Return the relative links of a page that lead to no file, or to no heading of it."""
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(text)):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if re.match(r"[a-z]+:", link):
            continue
        if not target.exists() or ROOT not in target.resolve().parents:
            broken.append(link)
        elif anchor:
            there = text if target == page else target.read_text(encoding="utf-8")
            broken += [link] * (anchor not in anchors(there))
    return broken


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_links_of_a_page_lead_to_files_and_headings_that_exist(page):
    text = page.read_text(encoding="utf-8")
    assert broken_links(page, text) == []


def test_links_to_nowhere_are_found():
    text = """# A title: of `two`
[a](#a-title-of-two) [b](#b) [c](trust.md#slopes) [d](trust.md#no) [e](none.md) [f](../LICENSE)
[g](https://example.org/none) `[h](none.md)` [i](../../none.md)
"""
    broken = broken_links(ROOT / "docs/limits.md", text)
    assert broken == ["#b", "trust.md#no", "none.md", "../../none.md"]


def test_every_page_of_docs_can_be_reached_from_the_readme():
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        text = prose(page.read_text(encoding="utf-8"))
        for path in re.findall(r"\]\(([^)#\s]+\.md)", text):
            target = (page.parent / path).resolve()
            if target not in reached:
                waiting.append(target)
    assert [name_of(page) for page in PAGES if page not in reached] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_begins_with_a_title_and_words_that_say_what_it_is_for(page):
    title, blank, first = page.read_text(encoding="utf-8").splitlines()[:3]
    assert title.startswith("# ") and not blank
    assert re.match(r"\w|`\w", first)


@pytest.mark.parametrize("name", WORDS)
def test_the_first_pages_are_short(name):
    assert len((ROOT / name).read_text(encoding="utf-8").split()) <= WORDS[name]


def test_the_times_in_the_readme_stand_in_the_dated_figures():
    times = re.compile(r"\b\d[\d.,]* (?:ns|µs|ms|s|seconds|minutes)\b")
    claimed = times.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    measured = (ROOT / "docs/measured.md").read_text(encoding="utf-8")
    assert "9.1 µs" in claimed
    assert [time for time in claimed if time not in times.findall(measured)] == []


def test_every_picture_is_shown_and_small():
    shown = set()
    for page in PAGES:
        named = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
        shown |= {(page.parent / path).resolve() for path in named}
    assert shown == set(IMAGES.iterdir())
    for path in shown:
        assert 0 < path.stat().st_size < 300_000, path


def test_the_readme_counts_the_rows_of_the_table():
    counted = re.findall(r"its (\d+) rows", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert counted == [str(len(TABLE))], f"README.md: the table has {len(TABLE)} rows now"


def test_the_rows_that_the_readme_quotes_are_those_of_the_table():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    quoted = re.findall(r"^\w+ = Primitive\(.*\)$", readme, re.MULTILINE)
    assert len(quoted) == 5
    table = (ROOT / "autograd" / "primitives.py").read_text(encoding="utf-8")
    rows = {re.sub(r"[\s,]", "", line) for line in table.splitlines()}
    assert [row for row in quoted if re.sub(r"[\s,]", "", row) not in rows] == []


def test_the_files_that_contributing_names_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:autograd|nn|tests|testkit)/[\w/]+\.py", text))
    assert "tests/test_rows.py" in named
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


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


DOCUMENTED_IN_0_2 = """
    autograd.primitives.Primitive autograd.primitives.TABLE autograd.primitives.mul
    autograd.compile.Compiled autograd.compile.GuardError
    autograd.testing.check_gradients autograd.testing.check_graph autograd.testing.Finding
    autograd.testing.GradientMismatch autograd.testing.InconclusiveCheck
    autograd.testing.NonDifferentiablePoint autograd.testing.check.GradientMismatch
    autograd.testing.oracles autograd.testing.laws autograd.testing.mutants.mutants
    autograd.testing.strategies.expressions autograd.testing.strategies.values
    nn.pictures.decision_boundary nn.pictures.hidden_units nn.pictures.loss_curve nn.data.Dataset
""".split()
OFFERED_BY_AUTOGRAD_0_2 = """
    absolute acos acosh asin asinh atan atan2 atanh backward backward_steps cbrt ceil clip
    contributions copysign cos cosh detect_anomaly dot draw_dot Edge elu erf erfc exp exp2 explain_nan
    expm1 floor gelu grad gradients hessian hvp hypot ieee jacobian jvp leaky_relu lgamma log log10
    log1p log2 log_sigmoid logsumexp maximum mean minimum no_grad norm paths power Primitive primitive
    prod relu round sigmoid sign silu sin sinh softmax softplus sqrt square Step stepper stop_gradient
    sum tan tanh topological_order trace Value value_and_grad vjp where compile
""".split()
OFFERED_BY_NN_0_2 = """
    ACTIVATIONS accuracy Adam AdamW binary_cross_entropy circles cross_entropy Dataset draw_backward
    draw_network hinge_loss History huber_loss INITS Layer load_digits load_iris load_model LOSSES MLP
    Model Module Momentum moons mse_loss Neuron one_hot Optimizer OPTIMIZERS read_csv RMSprop
    save_model SGD split Standardizer train TwoLayerNetwork xor
""".split()


@pytest.mark.parametrize(
    "path",
    [
        *DOCUMENTED_IN_0_2,
        *(f"autograd.{name}" for name in OFFERED_BY_AUTOGRAD_0_2),
        *(f"nn.{name}" for name in OFFERED_BY_NN_0_2),
    ],
)
def test_a_name_that_0_2_documented_is_where_it_was(path):
    module, _, name = path.rpartition(".")
    found = importlib.import_module(module)
    assert hasattr(found, name) or importlib.import_module(path)
