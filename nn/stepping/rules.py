"""What an optimiser does to a weight, in a line.

>>> from autograd import Value
>>> from nn.optim import SGD, Adam
>>> rule_of(SGD([Value(1.0)], 0.1)), is_plain_descent(SGD([Value(1.0)], 0.1))
('w ← w − α · g', True)
>>> rule_of(SGD([Value(1.0)], 0.1, momentum=0.9, l1=0.01))
'g ← g + 0.01 · sign(w) first; v ← 0.9 · v + g,  w ← w − α · v'
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autograd.stepping.lines import shown
from nn.optim import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
from nn.stepping.texts import said

RULES: dict[Any, str] = {
    Adagrad.rule: "Adagrad",
    RMSprop.rule: "RMSprop",
    Adam.rule: "Adam",
}
SETTINGS = ("momentum", "decay", "beta1", "beta2", "epsilon", "weight_decay", "l1", "clip_norm",
            "clip_value")  # fmt: skip
UPDATES = ("step", "advance", "updated", "computed", "penalized", "clipped")


def rule_of(optimizer: Optimizer) -> str:
    """Return what an optimiser does, and before that to the gradient, in one line."""
    numbers = {}
    for name in SETTINGS:
        setting = getattr(optimizer, name, None)
        if setting:
            numbers[name] = shown(setting)
    parts = [said(name, **numbers) for name in first_of(optimizer)]
    kind = type(optimizer).__name__
    parts.append(said(name_of(optimizer), name=kind, **numbers))
    return "; ".join(parts)


def first_of(optimizer: Optimizer) -> Iterator[str]:
    """Yield what happens to gradients or weights before the rule, by its names in the catalogue."""
    if optimizer.clip_norm:
        yield "clip norm"
    if optimizer.clip_value:
        yield "clip value"
    if optimizer.weight_decay:
        same_rule = type(optimizer).rule is Adam.rule
        decoupled = same_rule and isinstance(optimizer, AdamW)
        yield "weights decay" if decoupled else "weight decay"
    if optimizer.l1:
        yield "l1"


def name_of(optimizer: Optimizer) -> str:
    """Return the name that the rule has in the catalogue."""
    kind = type(optimizer)
    # A class that updates in a way of its own may do anything with its rule.
    if any(getattr(kind, name) is not getattr(Optimizer, name) for name in UPDATES):
        return "own rule"
    if kind.rule is not SGD.rule:
        return RULES.get(kind.rule, "own rule")
    # Whatever class it is, its rule is this one's.
    assert isinstance(optimizer, SGD)
    if not optimizer.momentum:
        return "SGD"
    return "SGD with nesterov" if optimizer.nesterov else "SGD with momentum"


def is_plain_descent(optimizer: Optimizer) -> bool:
    """Tell whether every update is w - α · g, and nothing else."""
    return name_of(optimizer) == "SGD" and not list(first_of(optimizer))


def rules_of(optimizer: Optimizer) -> tuple[list[str], list[bool]]:
    """Return the rule of each group, or of all, and whether it is plain gradient descent."""
    groups = [optimizer.with_settings(own) for _, _, own in optimizer.groups]
    rules = []
    plain = []
    for group in groups or [optimizer]:
        rules.append(rule_of(group))
        plain.append(is_plain_descent(group))
    return rules, plain
