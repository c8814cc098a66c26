"""The pages that chainrule writes itself: three steppers and the playground."""

from pathlib import Path

from autograd import Value, dot, softmax, stepper
from autograd.stepping.page import Stepper
from nn import TwoLayerNetwork, mse_loss, playground


def expression() -> Stepper:
    """Return the twelve lines of the README."""
    x = Value(2.0, name="x")
    w = Value(-3.0, name="w")
    b = Value(6.5, name="b")
    y = (w * x + b).tanh()
    y.name = "y"
    return stepper(y)


def network() -> Stepper:
    """Return the error of a 2-3-1 network, with the letters of the textbook."""
    net = TwoLayerNetwork(2, 3, 1, seed=0)
    error = mse_loss(net([1.0, -2.0]), [1.0])
    return stepper(error, network=net)


def named(letter: str, numbers: list[float]) -> list[Value]:
    """Return Values with a letter and their place as names, counted from 1."""
    return [Value(number, name=f"{letter}{i}") for i, number in enumerate(numbers, start=1)]


def attention() -> Stepper:
    """Return one head of attention on two tokens: the second asks, both answer.

    Queries, keys and values are the tokens' numbers times one weight each, so that every product
    can be followed by eye; the loss is how far the head is from the number 1, squared.
    """
    first = named("s", [0.5, -1.0])
    second = named("t", [1.0, 0.25])
    to_query = named("q", [0.8, -0.4])
    to_key = named("k", [0.6, 0.9])
    to_value = named("v", [1.2, -0.7])
    query = [weight * x for weight, x in zip(to_query, second)]
    scores = []
    answers = []
    for token in (first, second):
        key = [weight * x for weight, x in zip(to_key, token)]
        scores.append(dot(query, key) / 2**0.5)
        answers.append(dot(to_value, token))
    head = dot(softmax(scores), answers)
    head.name = "head"
    loss = (head - 1.0) ** 2
    loss.name = "loss"
    return stepper(loss)


STEPPERS = {"expression": expression, "network": network, "attention": attention}


def write(folder: Path) -> None:
    """Write all pages into a folder."""
    folder.mkdir(parents=True)
    for name, made in STEPPERS.items():
        made().save(folder / f"{name}.html")
    playground(activation="tanh").save(folder / "playground.html")
