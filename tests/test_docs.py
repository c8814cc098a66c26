"""The README: its pictures and counts, the paths that documents name, and the names of earlier ones."""

import importlib
import importlib.util
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from autograd.primitives import TABLE

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


def test_the_readme_counts_the_rows_of_the_table():
    counted = re.findall(r"its (\d+) rows", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert counted == [str(len(TABLE))], f"README.md: the table has {len(TABLE)} rows now"


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
