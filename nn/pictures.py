"""The name of `nn.plots` up to 0.2."""

from nn.plots import (
    decision_boundary,
    hidden_units,
    loss_curve,
    save,
    text_curve,
    write_pictures,
)

__all__ = [
    "decision_boundary",
    "hidden_units",
    "loss_curve",
    "save",
    "text_curve",
    "write_pictures",
]
