"""Neural networks on scalars: neurons, layers, losses, optimisers and Algorithm 3.1.

The textbook's two-layer network learns the three kinds of iris:

>>> from nn import TwoLayerNetwork, load_iris, train
>>> iris = load_iris()
>>> network = TwoLayerNetwork(n=4, p=8, q=3, seed=0)
>>> history = train(network, iris.inputs, iris.targets, iterations=20, progress=False)
>>> history.losses[0] > history.losses[-1]
True
"""

# fmt: off
try:
    from autograd import Value, dot  # noqa: F401  (another package may have taken the name)
except ImportError as error:
    import importlib.metadata
    import importlib.util

    _spec = importlib.util.find_spec("autograd")
    if _spec is None:
        raise ImportError("autograd is missing: pip install --force-reinstall chainrule") from error
    try:
        _version = importlib.metadata.version("autograd")
    except importlib.metadata.PackageNotFoundError:
        _version = "of unknown version"
    raise ImportError(
        f"another package called autograd is found first: {_spec.origin or 'without __init__.py'} "
        f"({_version}); nn needs the one that comes with chainrule. Uninstall the other "
        "(pip uninstall autograd; pip install --force-reinstall chainrule), "
        "or install chainrule in a fresh virtual environment"
    ) from error

from nn.data import (
    Dataset,
    Standardizer,
    circles,
    load_digits,
    load_iris,
    moons,
    one_hot,
    read_csv,
    spirals,
    split,
    xor,
)
from nn.evaluation import accuracy
from nn.figures import draw_backward, draw_network
from nn.history import History
from nn.layers import ACTIVATIONS, INITS, MLP, Layer, Neuron, TwoLayerNetwork
from nn.losses import (
    LOSSES,
    binary_cross_entropy,
    cross_entropy,
    hinge_loss,
    huber_loss,
    mse_loss,
)
from nn.model_files import Model, load_model, save_model
from nn.module import Module
from nn.optim import (
    OPTIMIZERS,
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Group,
    Momentum,
    Nesterov,
    Optimizer,
    RMSprop,
    weights_and_biases,
)
from nn.playground import playground
from nn.runs import Checkpoint, Checkpoints, load_checkpoint, stopping
from nn.schedules import Cosine, Linear, Schedule, Steps, WarmUp
from nn.settings import TrainingSettings
from nn.stepping import training_stepper
from nn.train import train
from nn.trainer import Step, Trainer

__all__ = [
    "accuracy", "ACTIVATIONS", "Adagrad", "Adam", "AdamW", "binary_cross_entropy", "Checkpoint",
    "Checkpoints", "circles", "Cosine", "cross_entropy", "Dataset", "draw_backward",
    "draw_network", "Group", "hinge_loss", "History", "huber_loss", "INITS", "Layer", "Linear",
    "load_checkpoint", "load_digits", "load_iris", "load_model", "LOSSES", "MLP", "Model",
    "Module", "Momentum", "moons", "mse_loss", "Nesterov", "Neuron", "one_hot", "Optimizer",
    "OPTIMIZERS", "playground", "read_csv", "RMSprop", "save_model", "Schedule", "SGD", "spirals",
    "split", "Standardizer", "Step", "Steps", "stopping", "train", "Trainer", "training_stepper",
    "TrainingSettings", "TwoLayerNetwork", "WarmUp", "weights_and_biases", "xor",
]
# fmt: on
